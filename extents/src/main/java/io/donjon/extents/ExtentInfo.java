package io.donjon.extents;

import java.util.HashSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;

/** Where an extent is. Immutable. */
final class ExtentInfo {
    /** Begins the names of superchunk files; the extent's id follows, in 16 digits. */
    static final String FILE_PREFIX = "x-";

    private static final HexFormat HEX = HexFormat.of();

    /** No extent is longer. */
    static final long LENGTH_MAX = 1L << 50;

    private static final int SLOT_BITS = 8;
    private static final int FILE_BITS = 32;

    private final long id;
    private final long length;
    private final int copies;

    /** Of chunk i and copy j in element {@code i * copies + j}: disk, file and slot, packed by {@link #place}. */
    private final long[] places;

    /** The chunks before this one are needed no more, and may be gone. */
    private final int begin;

    ExtentInfo(long id, long length, int copies, long[] places, int begin) {
        this.id = id;
        this.length = length;
        this.copies = copies;
        this.places = places;
        this.begin = begin;
    }

    /** The same extent, of which only the chunks from this one on are needed. */
    ExtentInfo from(int chunk) {
        return new ExtentInfo(id, length, copies, places, chunk);
    }

    /** Whether it can be said that only the chunks from this one on are needed: what was given back stays so. */
    boolean canBeginAt(long chunk) {
        return chunk >= begin && chunk <= chunks();
    }

    /** The first chunk that is needed; as many as there are if none is. */
    int begin() {
        return begin;
    }

    /** How many bytes a copy has that are needed. */
    long bytesNeeded() {
        return length - Math.min(length, (long) begin << Chunks.SHIFT);
    }

    /** How many bytes of a chunk are written. */
    long bytesOf(int chunk) {
        return Math.min(length - ((long) chunk << Chunks.SHIFT), Chunks.BYTES);
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

    /** The places of all copies of all chunks, the given back ones included; not to be changed. */
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
        // Every read of a block needs one.
        String number = file >>> Short.SIZE == 0 ? HEX.toHexDigits((short) file) : Integer.toHexString(file);
        return FILE_PREFIX + HEX.toHexDigits(extent) + '-' + copy + '-' + number;
    }

    /** The extent whose file has this name, or -1 if no extent's has. */
    static long ofFile(String name) {
        int end = FILE_PREFIX.length() + 16;
        if (name.length() <= end || !name.startsWith(FILE_PREFIX)) {
            return -1;
        }
        try {
            return HexFormat.fromHexDigitsToLong(name, FILE_PREFIX.length(), end);
        } catch (IllegalArgumentException foreign) {
            return -1;
        }
    }

    /** The names of the files on a disk that have any chunk from this one on. */
    Set<String> fileNames(int disk, int fromChunk) {
        Set<String> names = new HashSet<>();
        for (int i = fromChunk * copies; i < places.length; i++) {
            if (disk(places[i]) == disk) {
                names.add(fileName(id, i % copies, file(places[i])));
            }
        }
        return names;
    }

    /** How long the needed files on a disk are, by their names: up to the end of the last chunk in each. */
    void fileLengths(int disk, Map<String, Long> lengths) {
        for (int i = begin * copies; i < places.length; i++) {
            if (disk(places[i]) == disk) {
                long used = bytesOf(i / copies);
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
        return new ExtentInfo(id, length, copies, places, 0);
    }
}
