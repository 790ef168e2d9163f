package io.donjon.engine;

/**
 * Layout of an exported snapshot as a stream of bytes (docs/format.md section 8).
 *
 * <pre>
 *  preamble:
 *   0  8  magic     "DONJONEX"
 *   8  2  format    1; a reader refuses a larger number
 *  10  2  required  reserved: features that a reader must know
 *  12  4  crc       seeded with (0, 0), over bytes [0, 12)
 *
 *  then chunks:
 *   0  4  length    bytes of the body, at least 1
 *   4  1  kind      1 header, 2 changes, 3 end
 *   5  3  reserved
 *   8  4  crc       seeded with (number of the chunk from 0, its position in the stream), over bytes [0, 8) and the body
 *  12  n  body
 *
 *  header   u64 and u64 identity of the snapshot, u64 and u64 that of its base (zeros: there is none), varint created,
 *           text name, text name of its tree. The first chunk, and no other
 *  changes  in ascending order of keys, over all chunks: u8 1, bytes key, bytes value; or u8 2, bytes key: the key is gone
 *  end      varint keys with values, varint keys that are gone, u32 crc seeded with (0, 0) over all before this chunk.
 *           The last chunk
 * </pre>
 */
final class SnapshotStream {
    static final long MAGIC = 0x444F4E4A4F4E4558L;
    static final int FORMAT = 1;
    static final int PREAMBLE_BYTES = 16;
    static final int CHECKED_BYTES = 12;
    static final int CHUNK_HEADER_BYTES = 12;
    static final int CHUNK_CHECKED_BYTES = 8;

    static final int HEADER = 1;
    static final int CHANGES = 2;
    static final int END = 3;

    static final int PUT = 1;
    static final int GONE = 2;

    /** A chunk is closed once its body has so many bytes. */
    static final int BODY_BYTES = 64 << 10;

    /** The most that a body has: all but what closes it, and the largest change. */
    static final int BODY_BYTES_MAX = 2 * BODY_BYTES + FullKey.KEY_BYTES_MAX + Arguments.VALUE_BYTES_MAX;

    private SnapshotStream() {}
}
