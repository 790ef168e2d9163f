package io.donjon.engine;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Finds what holds for a key at a version, and gives access to it. Reused without allocation: one thread at a time. What
 * it found stays valid as long as the state that was searched is pinned and nothing else is looked up.
 */
final class Lookup {
    private final BlockEntry entry = new BlockEntry();
    private int kind;
    private @Nullable WriteBuffer buffer;
    private int state;
    private @Nullable ArrayRun array;

    /**
     * Looks a key up: newest first, the first answer that is not PASS holds.
     *
     * @return the kind of what holds; PASS if nothing in the state knows the key
     */
    int find(ReadState in, long sequence, FullKey key, int place, Ranks ranks) {
        array = null;
        if (inBuffer(in.active.buffer, key, place, sequence)) {
            return kind;
        }
        for (int i = 0; i < in.sealed.size(); i++) {
            if (inBuffer(in.sealed.get(i).buffer, key, place, sequence)) {
                return kind;
            }
        }
        buffer = null;
        for (int i = 0; i < ranks.count(); i++) {
            kind = ranks.array(i).find(key, ranks.rank(i), entry);
            if (kind != StepKind.PASS) {
                array = ranks.array(i);
                return kind;
            }
        }
        kind = StepKind.PASS;
        return kind;
    }

    private boolean inBuffer(WriteBuffer in, FullKey key, int place, long sequence) {
        state = in.find(key, place, sequence);
        if (state == WriteBuffer.NONE) {
            return false;
        }
        buffer = in;
        kind = in.kind(state);
        return kind != StepKind.PASS;
    }

    /** Whether the key has a value. */
    boolean isPresent() {
        return StepKind.isValue(kind);
    }

    /** The value's length; at most {@link Integer#MAX_VALUE} since values are limited. */
    int length() {
        return buffer != null ? buffer.valueLength(state) : (int) entry.length();
    }

    /** A copy of the value. */
    byte[] copy() {
        if (buffer != null) {
            byte[] value = new byte[buffer.valueLength(state)];
            buffer.copyValue(state, 0, value, 0, value.length);
            return value;
        }
        if (kind == StepKind.LARGE && array != null) {
            return array.largeValue(entry.large());
        }
        byte[] value = new byte[entry.valueLength()];
        System.arraycopy(entry.block(), entry.valueAt(), value, 0, value.length);
        return value;
    }

    /** Copies the value into a buffer that has room for it. */
    void copyTo(ByteBuffer into) {
        if (buffer == null && kind == StepKind.VALUE) {
            into.put(entry.block(), entry.valueAt(), entry.valueLength());
        } else if (buffer != null && into.hasArray()) {
            int length = buffer.valueLength(state);
            buffer.copyValue(state, 0, into.array(), into.arrayOffset() + into.position(), length);
            into.position(into.position() + length);
        } else {
            into.put(copy());
        }
    }

    /** The value as a read-only buffer, without a copy where its bytes lie still. */
    ByteBuffer view() {
        boolean still = buffer == null && kind == StepKind.VALUE;
        ByteBuffer bytes = still
                ? ByteBuffer.wrap(entry.block(), entry.valueAt(), entry.valueLength())
                        .slice()
                : ByteBuffer.wrap(copy());
        return bytes.asReadOnlyBuffer();
    }

    /** Whether the value has exactly these bytes. */
    boolean hasValue(ByteBuffer expected) {
        return isPresent() && length() == expected.remaining() && view().equals(expected);
    }
}
