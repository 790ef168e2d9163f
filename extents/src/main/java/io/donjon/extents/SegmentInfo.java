package io.donjon.extents;

/**
 * A segment of the log.
 *
 * @param id never used again; segments follow each other in the order of their ids
 * @param disks for each copy, the disk that has it
 * @param end the length of its file up to which it must be sound, or {@link #OPEN} as long as it may grow
 */
record SegmentInfo(long id, int[] disks, long end) {
    static final long OPEN = -1;

    /** The name of its file (docs/format.md section 1). */
    String fileName() {
        return fileName(id);
    }

    static String fileName(long id) {
        return String.format("log-%016x", id);
    }

    SegmentInfo endedAt(long length) {
        return new SegmentInfo(id, disks, length);
    }
}
