package io.donjon;

import java.util.List;

/**
 * What a walk through everything on disk found.
 *
 * @param arrays arrays walked
 * @param blocks blocks whose checksum was compared, each copy counted
 * @param entries breakpoints seen in data blocks
 * @param logGroups groups of records seen in the log
 * @param bytes bytes read from the disks
 * @param problems what is wrong, in the order in which it was found; at most 1000
 */
public record VerifyReport(long arrays, long blocks, long entries, long logGroups, long bytes, List<Problem> problems) {
    /**
     * Something that is wrong.
     *
     * @param place disk, file, offset, extent, array or version
     * @param what what was found and what was expected
     */
    public record Problem(String place, String what) {}

    /** Whether nothing is wrong. */
    public boolean clean() {
        return problems.isEmpty();
    }
}
