package io.donjon.extents;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The group that is being written to the log. Small groups, the usual ones, leave in one write. Of one that outgrows the
 * buffer the later pieces are written first and the first piece, with the header, last: without it nothing of the group
 * counts.
 *
 * <p>Writes begin and end at multiples of the file's write unit; what a unit held before is kept and written again with
 * the same bytes. One thread at a time.
 */
final class GroupBuffer {
    /** Writes a piece to all copies; the buffer's position is moved to its limit or not at all. */
    interface Sink {
        void write(ByteBuffer piece, long at) throws IOException;
    }

    private final ByteBuffer head;
    private final ByteBuffer tail;

    /** The same bytes again, for parts of them: made once, since a commit must make no garbage. */
    private final ByteBuffer headPart;

    private final ByteBuffer tailPart;
    private final Checksums checksums = new Checksums();
    private int unit = 1;
    private long segment;

    /** Where in the file the head's first byte belongs, and where the group begins. */
    private long headAt;

    private long groupAt;

    /** The piece that grows: the head, or once that is full the tail, which begins at {@link #tailAt} in the file. */
    private ByteBuffer open;

    private long tailAt;

    /** Of the tail's pieces so far, in the order of the file. */
    private boolean spilled;

    /**
     * @param access of the files: each kind takes other memory without a detour
     */
    GroupBuffer(int bytes, Directory.Access access) {
        this.head = newPiece(bytes, access);
        this.tail = newPiece(bytes, access);
        this.headPart = head.duplicate();
        this.tailPart = tail.duplicate();
        this.open = head;
    }

    private static ByteBuffer newPiece(int bytes, Directory.Access access) {
        int unit = FileHeader.BYTES;
        return access == Directory.Access.DIRECT
                ? ByteBuffer.allocateDirect(bytes + unit).alignedSlice(unit).slice(0, bytes)
                : ByteBuffer.allocate(bytes);
    }

    /** Goes on in a new segment, whose first group begins at {@code at}, a multiple of the write unit. */
    void enter(long newSegment, long at, int writeUnit) {
        segment = newSegment;
        unit = writeUnit;
        headAt = at;
        groupAt = at;
        head.clear();
        open = head;
    }

    /** Begins a group behind the last one. */
    void begin() {
        spilled = false;
        open = head;
        head.position((int) (groupAt - headAt) + LogFormat.BODY_AT);
        checksums.begin(segment, groupAt);
    }

    /** Where the group begins. */
    long groupAt() {
        return groupAt;
    }

    void u8(int value, Sink sink) throws IOException {
        if (!open.hasRemaining()) {
            spill(sink);
        }
        open.put((byte) value);
    }

    void varint(long value, Sink sink) throws IOException {
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            u8((int) (rest | 0x80), sink);
            rest >>>= 7;
        }
        u8((int) rest, sink);
    }

    /** What remains in a buffer, whose position is not moved. */
    void raw(ByteBuffer bytes, Sink sink) throws IOException {
        int from = bytes.position();
        int left = bytes.remaining();
        while (left > 0) {
            if (!open.hasRemaining()) {
                spill(sink);
            }
            int piece = Math.min(left, open.remaining());
            open.put(open.position(), bytes, from, piece);
            open.position(open.position() + piece);
            from += piece;
            left -= piece;
        }
    }

    private void spill(Sink sink) throws IOException {
        if (spilled) {
            checksums.add(part(tailPart, 0, tail.position()));
            writeTail(sink);
            tailAt += tail.capacity();
        } else {
            spilled = true;
            checksums.add(part(headPart, (int) (groupAt - headAt) + LogFormat.BODY_AT, head.position()));
            tailAt = headAt + head.capacity();
        }
        tail.clear();
        open = tail;
    }

    private static ByteBuffer part(ByteBuffer whole, int from, int to) {
        return whole.limit(to).position(from);
    }

    private void writeTail(Sink sink) throws IOException {
        pad(tail);
        sink.write(part(tailPart, 0, tail.position()), tailAt);
    }

    private void pad(ByteBuffer piece) {
        while (piece.position() % unit != 0) {
            piece.put((byte) 0);
        }
    }

    /**
     * Ends the group and writes it, or what of it has not been.
     *
     * @return how many bytes it takes, header included
     */
    int end(Sink sink) throws IOException {
        int start = (int) (groupAt - headAt);
        checksums.add(
                spilled
                        ? part(tailPart, 0, tail.position())
                        : part(headPart, start + LogFormat.BODY_AT, head.position()));
        long endAt = (spilled ? tailAt : headAt) + open.position();
        int bytes = Math.toIntExact(endAt - groupAt);
        head.putInt(start + LogFormat.TAG_AT, LogFormat.tag(segment, groupAt));
        head.putInt(start + LogFormat.LENGTH_AT, bytes - LogFormat.BODY_AT);
        head.putInt(
                start + LogFormat.CRC_AT,
                checksums.add(part(headPart, start, start + LogFormat.CRC_AT)).value());
        if (spilled) {
            writeTail(sink);
        }
        pad(head);
        int from = start / unit * unit;
        sink.write(part(headPart, from, head.position()), headAt + from);
        keepLastUnit(endAt);
        return bytes;
    }

    /** The next group may begin within a unit: its first bytes must be written again together with it. */
    private void keepLastUnit(long endAt) {
        ByteBuffer last = spilled ? tail : head;
        long lastAt = spilled ? tailAt : headAt;
        groupAt = endAt;
        long unitAt = endAt / unit * unit;
        // Moved to the front only when the head has run full: the copy is then paid for by many groups.
        boolean roomy = !spilled && endAt - headAt <= head.capacity() / 2;
        if (!roomy) {
            int kept = (int) (endAt - unitAt);
            if (kept > 0) {
                head.put(0, last, (int) (unitAt - lastAt), kept);
            }
            headAt = unitAt;
        }
        open = head;
    }
}
