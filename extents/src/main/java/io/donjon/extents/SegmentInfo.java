package io.donjon.extents;

/** A segment of the log as the manifest names it. Immutable. */
final class SegmentInfo {
    static final long OPEN = -1;

    private final long id;
    private final int[] disks;
    private final long end;

    SegmentInfo(long id, int[] disks, long end) {
        this.id = id;
        this.disks = disks;
        this.end = end;
    }

    /** Never used again; segments follow each other in the order of their ids. */
    long id() {
        return id;
    }

    /** For each copy, the disk that has it; not to be changed. */
    int[] disks() {
        return disks;
    }

    /** The length of its file up to which it must be sound, or {@link #OPEN} as long as it may grow. */
    long end() {
        return end;
    }

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
