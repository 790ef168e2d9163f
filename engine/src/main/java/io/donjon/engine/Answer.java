package io.donjon.engine;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a buffer or an array says about a key at a version. It copies nothing: what it stands for must be pinned as long as
 * it is asked. Reused without allocation but for large values; one thread at a time.
 */
final class Answer {
    private static final byte[] NOTHING = {};

    private int kind = StepKind.PASS;

    // Of kind VALUE from a block.
    private byte[] block = NOTHING;
    private int at;
    private int length;

    // Of kind LARGE.
    private @Nullable LargeValue large;
    private @Nullable ArrayRun array;

    // Of kind VALUE from a buffer.
    private @Nullable WriteBuffer buffer;
    private int state;

    /** Says nothing. */
    void pass() {
        kind = StepKind.PASS;
        large = null;
        array = null;
        buffer = null;
    }

    /** Says what a breakpoint of an array does. */
    void take(BlockEntry entry, ArrayRun of) {
        pass();
        kind = entry.kind();
        if (kind == StepKind.LARGE) {
            large = entry.large();
            array = of;
        } else {
            block = entry.block();
            at = entry.valueAt();
            length = entry.valueLength();
        }
    }

    /** Says what a state of a buffer does; {@link WriteBuffer#NONE} says nothing. */
    void take(WriteBuffer of, int ofState) {
        pass();
        if (ofState != WriteBuffer.NONE) {
            kind = of.kind(ofState);
            buffer = of;
            state = ofState;
        }
    }

    /** Says what another one does. */
    void take(Answer other) {
        kind = other.kind;
        block = other.block;
        at = other.at;
        length = other.length;
        large = other.large;
        array = other.array;
        buffer = other.buffer;
        state = other.state;
    }

    /** Whether older data has to be asked. */
    boolean isPass() {
        return kind == StepKind.PASS;
    }

    /** Whether there is a value. */
    boolean isValue() {
        return StepKind.isValue(kind);
    }

    private long length() {
        if (buffer != null) {
            return buffer.valueLength(state);
        }
        return large != null ? large.length() : length;
    }

    /** Puts the value, of which there must be one, where it can be read. */
    void value(ValueHolder into) {
        if (buffer != null) {
            int bytes = buffer.valueLength(state);
            buffer.copyValue(state, 0, into.copy(bytes), 0, bytes);
        } else if (large != null && array != null) {
            byte[] bytes = array.largeValue(large);
            into.view(bytes, 0, bytes.length);
        } else {
            into.view(block, at, length);
        }
    }

    /** Whether both have the same bytes as their value. Large values are read only if all else is equal. */
    boolean hasValueOf(Answer other, ValueHolder own, ValueHolder others) {
        if (length() != other.length()) {
            return false;
        }
        if (large != null && other.large != null) {
            if (large.hash() != other.large.hash()) {
                return false;
            }
            if (array == other.array && large.equals(other.large)) {
                return true;
            }
        } else if (large == null && other.large == null && buffer == null && other.buffer == null) {
            return Arrays.equals(block, at, at + length, other.block, other.at, other.at + length);
        }
        value(own);
        other.value(others);
        return own.buffer().equals(others.buffer());
    }
}
