package io.donjon.extents;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A byte array that grows as fields of docs/format.md are put behind each other. One thread at a time.
 */
public final class Encoder {
    /** The longest varint. */
    public static final int VARINT_BYTES_MAX = 10;

    private byte[] bytes;
    private int length;

    /** An empty encoder with room for {@code capacity} bytes before it grows. */
    public Encoder(int capacity) {
        bytes = new byte[Math.max(capacity, 16)];
    }

    /** How many bytes there are. */
    public int length() {
        return length;
    }

    /** The bytes so far; valid until the next change, and only the first {@link #length()} of them. */
    public byte[] array() {
        return bytes;
    }

    /** A copy of the bytes. */
    public byte[] toBytes() {
        return Arrays.copyOf(bytes, length);
    }

    /** The bytes as a buffer to read from; valid until the next change. */
    public ByteBuffer toBuffer() {
        return ByteBuffer.wrap(bytes, 0, length);
    }

    /** Forgets everything from {@code newLength} on. */
    public Encoder truncate(int newLength) {
        if (newLength < 0 || newLength > length) {
            throw new IndexOutOfBoundsException("length " + newLength + " of " + length);
        }
        length = newLength;
        return this;
    }

    /** Makes room for {@code more} bytes. */
    public void reserve(int more) {
        if (bytes.length - length < more) {
            long wanted = Math.max((long) length + more, 2L * bytes.length);
            bytes = Arrays.copyOf(bytes, (int) Math.min(wanted, Integer.MAX_VALUE - 8));
        }
    }

    /** A byte. */
    public Encoder u8(int value) {
        reserve(1);
        bytes[length++] = (byte) value;
        return this;
    }

    /** Four bytes, big-endian. */
    public Encoder u32(int value) {
        reserve(Integer.BYTES);
        setU32(length, value);
        length += Integer.BYTES;
        return this;
    }

    /** Eight bytes, big-endian. */
    public Encoder u64(long value) {
        return u32((int) (value >>> 32)).u32((int) value);
    }

    /** An unsigned LEB128. */
    public Encoder varint(long value) {
        reserve(VARINT_BYTES_MAX);
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            bytes[length++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        bytes[length++] = (byte) rest;
        return this;
    }

    /** Bytes as they are, without their length. */
    public Encoder raw(byte[] from, int offset, int count) {
        reserve(count);
        System.arraycopy(from, offset, bytes, length, count);
        length += count;
        return this;
    }

    /** What remains in a buffer, as it is; its position is not moved. */
    public Encoder raw(ByteBuffer from) {
        int count = from.remaining();
        reserve(count);
        from.get(from.position(), bytes, length, count);
        length += count;
        return this;
    }

    /** A varint length and the bytes. */
    public Encoder bytes(byte[] from) {
        return varint(from.length).raw(from, 0, from.length);
    }

    /** A varint length and what remains in a buffer, whose position is not moved. */
    public Encoder bytes(ByteBuffer from) {
        return varint(from.remaining()).raw(from);
    }

    /** A varint length and what another encoder holds. */
    public Encoder bytes(Encoder from) {
        return varint(from.length).raw(from.bytes, 0, from.length);
    }

    /** A varint length and the UTF-8 of a text. */
    public Encoder text(String text) {
        return bytes(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Zeros. */
    public Encoder zeros(int count) {
        reserve(count);
        Arrays.fill(bytes, length, length + count, (byte) 0);
        length += count;
        return this;
    }

    /** Replaces four bytes that were put before. */
    public void setU32(int at, int value) {
        bytes[at] = (byte) (value >>> 24);
        bytes[at + 1] = (byte) (value >>> 16);
        bytes[at + 2] = (byte) (value >>> 8);
        bytes[at + 3] = (byte) value;
    }
}
