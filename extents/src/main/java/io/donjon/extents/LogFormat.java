package io.donjon.extents;

import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * Layout of a log segment behind its file header (docs/format.md section 4): groups without gaps, each
 *
 * <pre>
 *  at  size  field
 *   0     4  tag     from segment and offset, to find groups behind a damaged one
 *   4     4  length  of the body, at least 1
 *   8     4  crc     seeded with (segment, offset), over the body and then [0, 8)
 *  12     n  body    u8 kind, then: START u64 base, u64 stable; COMMIT varint d, varint sequence, operations
 * </pre>
 *
 * <p>The checksum ends with the header because a long body is on its way to the disk before its length is known.
 */
final class LogFormat {
    static final int TAG_AT = 0;
    static final int LENGTH_AT = TAG_AT + Integer.BYTES;
    static final int CRC_AT = LENGTH_AT + Integer.BYTES;
    static final int BODY_AT = CRC_AT + Integer.BYTES;

    static final int START = 0;
    static final int COMMIT = 1;

    /** The first group of a segment: always a start. */
    static final int FIRST_AT = FileHeader.BYTES;

    static final int START_BODY_BYTES = 1 + 2 * Long.BYTES;
    static final int START_BYTES = BODY_AT + START_BODY_BYTES;

    // Fields of the file header.
    static final int SEGMENT_AT = FileHeader.BODY_AT;
    static final int COPY_AT = SEGMENT_AT + Long.BYTES;
    static final int STATE_AT = COPY_AT + Integer.BYTES;
    static final int GENERATION_AT = STATE_AT + Integer.BYTES;
    static final int EDIT_AT = GENERATION_AT + Long.BYTES;
    static final int PREPARED = 0;
    static final int BEGUN = 1;

    private LogFormat() {}

    /** The header of a segment's file, sealed. */
    static ByteBuffer header(UUID store, UUID disk, long segment, int copy, int state, ManifestPosition named) {
        ByteBuffer header = FileHeader.begin(FileHeader.Kind.LOG, store, disk);
        header.putLong(SEGMENT_AT, segment)
                .putInt(COPY_AT, copy)
                .putInt(STATE_AT, state)
                .putLong(GENERATION_AT, named.generation())
                .putLong(EDIT_AT, named.edit());
        return FileHeader.seal(header);
    }

    static int tag(long segment, long offset) {
        return (int) ((segment * 0x9E3779B97F4A7C15L + offset * 0xC2B2AE3D27D4EB4FL) >>> 32);
    }

    /** The checksum of a group that lies whole in a buffer, without a look at the position of the buffer. */
    static int checksum(Checksums checksums, long segment, long offset, ByteBuffer in, int at) {
        int length = in.getInt(at + LENGTH_AT);
        return checksums
                .begin(segment, offset)
                .add(in.slice(at + BODY_AT, length))
                .add(in.slice(at, CRC_AT))
                .value();
    }

    /**
     * The length of the body of the sound group that begins at an offset of a segment, or -1 if none does.
     *
     * @param file the segment's file from its beginning on
     */
    static int soundBody(Checksums checksums, long segment, ByteBuffer file, int at) {
        if (file.limit() - at <= BODY_AT || file.getInt(at + TAG_AT) != tag(segment, at)) {
            return -1;
        }
        int length = file.getInt(at + LENGTH_AT);
        if (length < 1 || length > file.limit() - at - BODY_AT) {
            return -1;
        }
        return file.getInt(at + CRC_AT) == checksum(checksums, segment, at, file, at) ? length : -1;
    }
}
