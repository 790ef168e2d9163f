package io.donjon.extents;

import java.util.List;

/**
 * How the disks of a store are opened.
 *
 * @param directories the directories that are there, in any order
 * @param missing paths of directories that were asked for and could not be reached, for messages
 * @param createIfMissing whether a store is made where there is none
 * @param copies copies of each chunk of a store that is made
 * @param direct whether log and superchunk files are accessed past the page cache
 * @param degraded whether half of the members is enough
 * @param cacheBytes the block cache's budget
 * @param segmentBytes the size of log segments, a multiple of 4096
 * @param reserveBytes how much room is kept at most on each disk for flushes and merges when it is full
 * @param openFilesMax how many superchunk files are kept open for reading
 */
public record ExtentConfig(
        List<Directory> directories,
        List<String> missing,
        boolean createIfMissing,
        int copies,
        boolean direct,
        boolean degraded,
        long cacheBytes,
        int segmentBytes,
        long reserveBytes,
        int openFilesMax) {
    Directory.Access access() {
        return direct ? Directory.Access.DIRECT : Directory.Access.BUFFERED;
    }

    Directory.Access logAccess() {
        return direct ? Directory.Access.DIRECT : Directory.Access.APPENDING;
    }
}
