package io.donjon.engine;

import io.donjon.extents.Checksums;
import io.donjon.extents.Decoder;
import io.donjon.extents.StorageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads a snapshot in the form of {@link SnapshotStream}, up to its end mark and no further. Nothing in it is believed
 * before its checksum has been seen, and no length before as many bytes are there; that nothing is missing is known only
 * once {@link #next} has returned false. One thread at a time.
 */
final class StreamReader {
    private static final String PLACE = "the stream of a snapshot";

    private final InputStream in;
    private final Checksums chunkSum = new Checksums();
    private final Checksums wholeSum = new Checksums().begin(0, 0);
    private final StreamHeader header;
    private Decoder body;
    private int kind;
    private long chunks;
    private long position;

    /** The checksum of all before the present chunk. */
    private int sumBefore;

    private byte[] key = {};
    private boolean any;
    private @Nullable ByteBuffer value;
    private long puts;
    private long gone;

    /** A reader that has read preamble and header. */
    StreamReader(InputStream in) throws IOException {
        this.in = in;
        byte[] preamble = read(SnapshotStream.PREAMBLE_BYTES);
        Decoder fields = new Decoder(PLACE, preamble);
        if (fields.u64() != SnapshotStream.MAGIC) {
            throw new StorageException(StorageException.Kind.NO_STORE, PLACE + " does not begin like one", null);
        }
        int format = fields.u32();
        if (fields.u32()
                != chunkSum.begin(0, 0)
                        .add(preamble, 0, SnapshotStream.CHECKED_BYTES)
                        .value()) {
            throw fields.bad("its preamble has a wrong checksum");
        }
        if (format != SnapshotStream.FORMAT << Short.SIZE) {
            throw new StorageException(
                    StorageException.Kind.TOO_NEW,
                    PLACE + " has format " + (format >>> Short.SIZE) + " and required features " + (format & 0xffff)
                            + "; this release reads format " + SnapshotStream.FORMAT,
                    null);
        }
        body = readChunk();
        if (kind != SnapshotStream.HEADER) {
            throw body.bad("its first chunk is of kind " + kind);
        }
        header = StreamHeader.decode(body);
        requireEnd();
    }

    StreamHeader header() {
        return header;
    }

    /** Moves to the next change; false behind the last one, if all that was written has been read. */
    boolean next() throws IOException {
        if (kind == SnapshotStream.END) {
            return false;
        }
        if (!body.hasMore()) {
            body = readChunk();
            if (kind == SnapshotStream.END) {
                checkEnd();
                return false;
            }
            if (kind != SnapshotStream.CHANGES) {
                throw body.bad("a chunk of kind " + kind);
            }
        }
        takeChange();
        return true;
    }

    /** The key of the present change. */
    ByteBuffer key() {
        return ByteBuffer.wrap(key);
    }

    /** Its value, or null if the key is gone; valid until the next move. */
    @Nullable ByteBuffer value() {
        return value;
    }

    private void takeChange() {
        int what = body.u8();
        byte[] next = body.bytes();
        if (next.length > FullKey.KEY_BYTES_MAX || (any && Arrays.compareUnsigned(key, next) >= 0)) {
            throw body.bad(next.length > FullKey.KEY_BYTES_MAX ? "a key that is too long" : "keys out of order");
        }
        key = next;
        any = true;
        if (what == SnapshotStream.PUT) {
            ByteBuffer bytes = body.slice();
            if (bytes.remaining() > Arguments.VALUE_BYTES_MAX) {
                throw body.bad("a value that is too long");
            }
            value = bytes;
            puts++;
        } else if (what == SnapshotStream.GONE && !header.isFull()) {
            value = null;
            gone++;
        } else {
            throw body.bad("a change of kind " + what);
        }
    }

    private void checkEnd() {
        long putsThen = body.varint();
        long goneThen = body.varint();
        int sum = body.u32();
        if (putsThen != puts || goneThen != gone) {
            throw body.bad(puts + " values and " + gone + " keys that are gone were read, " + putsThen + " and "
                    + goneThen + " were written");
        }
        if (sum != sumBefore) {
            throw body.bad("the checksum of the whole is wrong");
        }
        requireEnd();
    }

    private void requireEnd() {
        if (body.hasMore()) {
            throw body.bad(body.remaining() + " bytes too many in a chunk");
        }
    }

    private Decoder readChunk() throws IOException {
        sumBefore = wholeSum.value();
        long at = position;
        byte[] head = read(SnapshotStream.CHUNK_HEADER_BYTES);
        String place = PLACE + ", chunk " + chunks + " at byte " + at;
        Decoder fields = new Decoder(place, head);
        int length = fields.u32();
        int flags = fields.u32();
        if (length < 1 || length > SnapshotStream.BODY_BYTES_MAX) {
            throw fields.bad("a chunk of " + length + " bytes");
        }
        byte[] bytes = read(length);
        chunkSum.begin(chunks++, at)
                .add(head, 0, SnapshotStream.CHUNK_CHECKED_BYTES)
                .add(bytes, 0, length);
        if (fields.u32() != chunkSum.value()) {
            throw fields.bad("a wrong checksum");
        }
        kind = flags >>> (Integer.SIZE - Byte.SIZE);
        if (flags != kind << (Integer.SIZE - Byte.SIZE)) {
            throw fields.bad("reserved bytes are set");
        }
        return new Decoder(place, bytes);
    }

    private byte[] read(int count) throws IOException {
        // In steps: a length that nothing backs takes no memory.
        byte[] bytes = in.readNBytes(count);
        if (bytes.length < count) {
            throw StorageException.damaged(
                    PLACE, "it ends at byte " + (position + bytes.length) + ", before its end mark");
        }
        wholeSum.add(bytes, 0, count);
        position += count;
        return bytes;
    }
}
