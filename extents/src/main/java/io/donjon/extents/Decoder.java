package io.donjon.extents;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Takes fields of docs/format.md from bytes that came from a disk. Whatever does not fit is a {@link StorageException}
 * that names the place: no length is believed before it was compared with what is there.
 */
public final class Decoder {
    private static final char REPLACEMENT = '\ufffd';

    private final Object place;
    private final ByteBuffer in;
    private final int start;

    /**
     * @param place what the bytes are, for messages; only its {@code toString} is used, and only if something is wrong
     * @param in what remains in it is decoded; its position moves
     */
    public Decoder(Object place, ByteBuffer in) {
        this.place = place;
        this.in = in;
        this.start = in.position();
    }

    /** A decoder of a byte array. */
    public Decoder(Object place, byte[] bytes) {
        this(place, ByteBuffer.wrap(bytes));
    }

    /** Whether anything is left. */
    public boolean hasMore() {
        return in.hasRemaining();
    }

    /** How many bytes are left. */
    public int remaining() {
        return in.remaining();
    }

    /** How many bytes were taken. */
    public int taken() {
        return in.position() - start;
    }

    /** A copy of what was taken since as many bytes as {@code before} were. */
    public byte[] takenSince(int before) {
        byte[] bytes = new byte[taken() - before];
        in.get(start + before, bytes);
        return bytes;
    }

    /** A byte, 0 to 255. */
    public int u8() {
        need(1);
        return in.get() & 0xff;
    }

    /** Four bytes. */
    public int u32() {
        need(Integer.BYTES);
        return in.getInt();
    }

    /** Eight bytes. */
    public long u64() {
        need(Long.BYTES);
        return in.getLong();
    }

    /** An unsigned LEB128. */
    public long varint() {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            int b = u8();
            if (shift == 63 && b > 1) {
                throw bad("a varint of more than 64 bits");
            }
            value |= (long) (b & 0x7f) << shift;
            if (b < 0x80) {
                return value;
            }
        }
        throw bad("a varint of more than 10 bytes");
    }

    /** A varint that must lie between two bounds, both included. */
    public long varint(String what, long least, long most) {
        long value = varint();
        if (value < least || value > most) {
            throw bad(what + " is " + Long.toUnsignedString(value) + ", not " + least + " to " + most);
        }
        return value;
    }

    /** A varint that must be an int of at least 0. */
    public int count(String what) {
        return (int) varint(what, 0, Integer.MAX_VALUE);
    }

    /** A varint length and as many bytes, as a view of what is decoded. */
    public ByteBuffer slice() {
        int length = count("length");
        need(length);
        ByteBuffer slice = in.slice(in.position(), length);
        in.position(in.position() + length);
        return slice;
    }

    /** A varint length and as many bytes. */
    public byte[] bytes() {
        ByteBuffer slice = slice();
        byte[] bytes = new byte[slice.remaining()];
        slice.get(bytes);
        return bytes;
    }

    /** As many bytes, without a length before them. */
    public byte[] raw(int length) {
        need(length);
        byte[] bytes = new byte[length];
        in.get(bytes);
        return bytes;
    }

    /** A varint length and as many bytes of UTF-8. */
    public String text() {
        ByteBuffer slice = slice();
        if (slice.hasArray()) {
            int from = slice.arrayOffset() + slice.position();
            String text = new String(slice.array(), from, slice.remaining(), StandardCharsets.UTF_8);
            // What is no UTF-8 is replaced by this character, which is rarely there by right.
            if (text.indexOf(REPLACEMENT) < 0) {
                return text;
            }
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(slice).toString();
        } catch (CharacterCodingException e) {
            throw bad("a text is not UTF-8");
        }
    }

    /** A decoder for the bytes behind a varint length. */
    public Decoder nested() {
        return new Decoder(place, slice());
    }

    /** The tag of an item. Those that are no int are all alike: no release knows them yet. */
    public int tag() {
        long tag = varint();
        return tag >= 0 && tag < Integer.MAX_VALUE ? (int) tag : Integer.MAX_VALUE;
    }

    /**
     * What to do with an item whose tag is not known: it may be passed over only if the tag says so.
     *
     * @see "docs/format.md, conventions"
     */
    public void passOver(int tag) {
        if (tag < 64) {
            throw new StorageException(
                    StorageException.Kind.TOO_NEW,
                    place + ": item " + tag + " is not known to this release, which a reader must not pass over",
                    null);
        }
    }

    /** What is wrong at the present position. */
    public StorageException bad(String what) {
        return StorageException.damaged(place, what + ", at byte " + taken());
    }

    private void need(int count) {
        if (count < 0 || in.remaining() < count) {
            throw bad(count + " bytes wanted, " + in.remaining() + " left");
        }
    }
}
