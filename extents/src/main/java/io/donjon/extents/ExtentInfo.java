package io.donjon.extents;

import java.util.Map;

/** Where an extent is. Immutable. */
final class ExtentInfo {
    /** Begins the names of superchunk files; the extent's id follows, in 16 digits. */
    static final String FILE_PREFIX = "x-";

    /** No extent is longer. */
    static final long LENGTH_MAX = 1L << 50;

    private static final int SLOT_BITS = 8;
    private static final int FILE_BITS = 32;

    private final long id;
    private final long length;
    private final int copies;

    /** Of chunk i and copy j in element {@code i * copies + j}: disk, file and slot, packed by {@link #place}. */
    private final long[] places;

    ExtentInfo(long id, long length, int copies, long[] places) {
        this.id = id;
        this.length = length;
        this.copies = copies;
        this.places = places;
    }

    /** Never used again. */
    long id() {
        return id;
    }

    /** In bytes. */
    long length() {
        return length;
    }

    /** How many copies each chunk has. */
    int copies() {
        return copies;
    }

    /** The places of all copies of all chunks; not to be changed. */
    long[] places() {
        return places;
    }

    /** Packs a place. */
    static long place(int disk, int file, int slot) {
        return ((long) disk << (FILE_BITS + SLOT_BITS)) | ((long) file << SLOT_BITS) | slot;
    }

    static int disk(long place) {
        return (int) (place >>> (FILE_BITS + SLOT_BITS));
    }

    static int file(long place) {
        return (int) (place >>> SLOT_BITS);
    }

    static int slot(long place) {
        return (int) place & ((1 << SLOT_BITS) - 1);
    }

    int chunks() {
        return Chunks.count(length);
    }

    long place(int chunk, int copy) {
        return places[chunk * copies + copy];
    }

    /** The name of a superchunk file (docs/format.md section 1). */
    static String fileName(long extent, int copy, int file) {
        return String.format(FILE_PREFIX + "%016x-%d-%04x", extent, copy, file);
    }

    /** The extent whose file has this name, or -1 if no extent's has. */
    static long ofFile(String name) {
        int end = FILE_PREFIX.length() + 16;
        if (name.length() <= end || !name.startsWith(FILE_PREFIX)) {
            return -1;
        }
        try {
            return Long.parseLong(name, FILE_PREFIX.length(), end, 16);
        } catch (NumberFormatException foreign) {
            return -1;
        }
    }

    /** How long the files on a disk are, by their names: up to the end of the last chunk in each. */
    void fileLengths(int disk, Map<String, Long> lengths) {
        for (int i = 0; i < places.length; i++) {
            if (disk(places[i]) == disk) {
                long used = Math.min(length - (long) (i / copies) * Chunks.BYTES, Chunks.BYTES);
                long whole = (used + FileHeader.BYTES - 1) / FileHeader.BYTES * FileHeader.BYTES;
                lengths.merge(
                        fileName(id, i % copies, file(places[i])), Chunks.position(slot(places[i])) + whole, Math::max);
            }
        }
    }

    void encode(Encoder out) {
        out.varint(id).varint(length).varint(copies);
        for (long place : places) {
            out.varint(disk(place)).varint(file(place)).u8(slot(place));
        }
    }

    static ExtentInfo decode(Decoder in) {
        long id = in.varint();
        long length = in.varint("extent length", 1, LENGTH_MAX);
        int copies = (int) in.varint("copies", 1, 255);
        long count = (long) Chunks.count(length) * copies;
        // Three bytes at least for each: no more is believed than can be there.
        if (count > in.remaining() / 3) {
            throw in.bad("extent " + id + " has " + count + " places in " + in.remaining() + " bytes");
        }
        long[] places = new long[(int) count];
        for (int i = 0; i < places.length; i++) {
            int disk = (int) in.varint("disk", 0, 0xffff);
            int file = (int) in.varint("file", 0, Integer.MAX_VALUE);
            int slot = in.u8();
            if (slot >= Chunks.PER_FILE) {
                throw in.bad("slot is " + slot + ", not 0 to " + (Chunks.PER_FILE - 1));
            }
            places[i] = place(disk, file, slot);
        }
        return new ExtentInfo(id, length, copies, places);
    }
}
