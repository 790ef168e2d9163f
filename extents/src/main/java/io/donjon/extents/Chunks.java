package io.donjon.extents;

/** The units of placement (docs/format.md section 3). */
final class Chunks {
    /** Bytes of a chunk, the unit that is placed on a disk. */
    static final int BYTES = 1 << 20;

    static final int SHIFT = 20;

    /** Chunks in a superchunk file, the unit of sequential access and of freeing. */
    static final int PER_FILE = 64;

    private Chunks() {}

    /** How many chunks hold that many bytes. */
    static int count(long bytes) {
        return (int) ((bytes + BYTES - 1) >>> SHIFT);
    }

    /** Where a slot begins in its file. */
    static long position(int slot) {
        return FileHeader.BYTES + ((long) slot << SHIFT);
    }
}
