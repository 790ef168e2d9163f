package io.donjon.engine;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A value as a scan hands it out: a view of the block it lies in, or a copy. One thread at a time; nothing is allocated
 * while values come from one block, or are copied and are no longer than those before.
 */
final class ValueHolder {
    private static final byte[] NOTHING = {};

    private byte[] viewed = NOTHING;
    private ByteBuffer view = ByteBuffer.wrap(NOTHING).asReadOnlyBuffer();
    private byte[] copy = NOTHING;
    private int copyLength;
    private ByteBuffer copyView = ByteBuffer.wrap(NOTHING).asReadOnlyBuffer();
    private boolean copied;
    private int from;
    private int length;

    /** Holds bytes where they are. */
    void view(byte[] bytes, int offset, int count) {
        if (viewed != bytes) {
            viewed = bytes;
            view = ByteBuffer.wrap(bytes).asReadOnlyBuffer();
        }
        from = offset;
        length = count;
        copied = false;
    }

    /** Room for a copy, to be filled from its start. */
    byte[] copy(int count) {
        if (copy.length < count) {
            copy = new byte[Math.max(count, 2 * copy.length)];
            copyView = ByteBuffer.wrap(copy).asReadOnlyBuffer();
        }
        copyLength = count;
        copied = true;
        return copy;
    }

    /** The value, read-only. */
    ByteBuffer buffer() {
        ByteBuffer buffer = copied ? copyView : view;
        int at = copied ? 0 : from;
        // The caller may have changed everything about it.
        return buffer.order(ByteOrder.BIG_ENDIAN)
                .limit(at + (copied ? copyLength : length))
                .position(at);
    }

    /** Makes what was handed out before unreadable, as far as it was copied: for tests of callers. */
    void poison() {
        Arrays.fill(copy, (byte) 0xdb);
    }
}
