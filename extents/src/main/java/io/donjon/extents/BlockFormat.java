package io.donjon.extents;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Locale;

/**
 * Layout of a block: the unit of checksumming, compression and caching (docs/format.md section 3).
 *
 * <pre>
 *  at  size  field
 *   0     4  crc       CRC-32C seeded with (extent, offset), over [4, 16 + stored)
 *   4     1  type
 *   5     1  codec
 *   6     2  reserved
 *   8     4  stored    bytes behind this header, at least 1
 *  12     4  plain     bytes after unpacking, at least 1
 *  16     n  the stored bytes
 * </pre>
 */
final class BlockFormat {
    static final int CRC_AT = 0;
    static final int TYPE_AT = CRC_AT + Integer.BYTES;
    static final int CODEC_AT = TYPE_AT + 1;
    static final int RESERVED_AT = CODEC_AT + 1;
    static final int STORED_AT = RESERVED_AT + Short.BYTES;
    static final int PLAIN_AT = STORED_AT + Integer.BYTES;
    static final int HEADER_BYTES = PLAIN_AT + Integer.BYTES;

    /** A block never straddles a chunk, so none is larger. */
    static final int SIZE_MAX = Chunks.BYTES;

    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

    private BlockFormat() {}

    static int intAt(byte[] bytes, int at) {
        return (int) INTS.get(bytes, at);
    }

    static void setInt(byte[] bytes, int at, int value) {
        INTS.set(bytes, at, value);
    }

    /**
     * Checks and unpacks a block.
     *
     * @param size what the block should take, header included, as whoever points to it says
     * @return the block
     * @throws StorageException if it is not what was written at this place of this extent; the place in the message is
     *     {@code extent E offset O}
     */
    static Block decode(long extent, long offset, byte[] bytes, int at, int size, Checksums checksums) {
        if (size <= HEADER_BYTES) {
            throw damaged(extent, offset, "a block of " + size + " bytes");
        }
        int stored = intAt(bytes, at + STORED_AT);
        if (stored != size - HEADER_BYTES) {
            throw damaged(extent, offset, "the header says " + stored + " stored bytes, not " + (size - HEADER_BYTES));
        }
        int crc = intAt(bytes, at + CRC_AT);
        int actual = checksums
                .begin(extent, offset)
                .add(bytes, at + TYPE_AT, size - TYPE_AT)
                .value();
        if (crc != actual) {
            throw damaged(
                    extent,
                    offset,
                    String.format(Locale.ROOT, "crc32c is 0x%08x, the header says 0x%08x", actual, crc));
        }
        BlockType type = BlockType.of(bytes[at + TYPE_AT] & 0xff);
        Codec codec = Codec.of(bytes[at + CODEC_AT] & 0xff);
        if (type == null || codec == null || bytes[at + RESERVED_AT] != 0 || bytes[at + RESERVED_AT + 1] != 0) {
            throw new StorageException(
                    StorageException.Kind.TOO_NEW,
                    place(extent, offset) + ": type " + bytes[at + TYPE_AT] + ", codec " + bytes[at + CODEC_AT]
                            + " or what is reserved is not known to this release",
                    null);
        }
        int plainBytes = intAt(bytes, at + PLAIN_AT);
        if (plainBytes < 1 || plainBytes > PLAIN_MAX) {
            throw damaged(extent, offset, "plain length " + plainBytes + " outside 1.." + PLAIN_MAX);
        }
        byte[] plain = codec.decompress(bytes, at + HEADER_BYTES, stored, plainBytes);
        if (plain == null) {
            throw damaged(extent, offset, codec + " does not unpack to " + plainBytes + " bytes");
        }
        return new Block(type, plain, size);
    }

    /** No more than this is ever packed into one block. */
    static final int PLAIN_MAX = SIZE_MAX - HEADER_BYTES;

    /**
     * Encodes all of a block but its checksum.
     *
     * @param into gets the block from its start on; it has room for the header and the plain bytes
     * @return what the block takes, header included
     */
    static int encode(BlockType type, Codec codec, byte[] plain, int length, byte[] into) {
        // Not worth unpacking at every read unless it saves an eighth.
        int stored = codec.compress(plain, 0, length, into, HEADER_BYTES, length - length / 8);
        Codec used = codec;
        if (stored < 1) {
            used = Codec.RAW;
            stored = length;
            System.arraycopy(plain, 0, into, HEADER_BYTES, length);
        }
        into[TYPE_AT] = (byte) type.number();
        into[CODEC_AT] = (byte) used.number();
        into[RESERVED_AT] = 0;
        into[RESERVED_AT + 1] = 0;
        setInt(into, STORED_AT, stored);
        setInt(into, PLAIN_AT, length);
        return HEADER_BYTES + stored;
    }

    /** Puts the checksum into an encoded block, once its place is known. */
    static void seal(long extent, long offset, byte[] block, int size, Checksums checksums) {
        setInt(
                block,
                CRC_AT,
                checksums
                        .begin(extent, offset)
                        .add(block, TYPE_AT, size - TYPE_AT)
                        .value());
    }

    static String place(long extent, long offset) {
        return "extent " + extent + " offset " + offset;
    }

    static StorageException damaged(long extent, long offset, String what) {
        return StorageException.damaged(place(extent, offset), what);
    }
}
