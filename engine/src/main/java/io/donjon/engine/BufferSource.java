package io.donjon.engine;

import io.donjon.versioning.Line;

/** What a write buffer says about keys at a place, as of a commit. */
final class BufferSource extends RangeSource {
    /** So many breakpoints of a key are passed one by one; the rest by a search. */
    private static final int STEPS_MAX = 8;

    private final WriteBuffer buffer;
    private final Line line;
    private final int place;
    private final long sequence;
    private final FullKey scratch = new FullKey();

    /** The first node of the next key, or the last one of the key before: the direction of the scan decides. */
    private int node;

    private int state;

    BufferSource(WriteBuffer buffer, Line line, int place, long sequence) {
        this.buffer = buffer;
        this.line = line;
        this.place = place;
        this.sequence = sequence;
    }

    @Override
    void seekForward(FullKey from, boolean inclusive) {
        node = inclusive ? buffer.firstAtOrAfter(from) : buffer.firstAfter(from);
        next();
    }

    @Override
    void seekBackward(FullKey from, boolean inclusive) {
        node = inclusive ? buffer.lastAtOrBeforeKey(from) : buffer.lastBeforeKey(from);
        previous();
    }

    @Override
    void next() {
        valid = false;
        while (node != WriteBuffer.NONE && !valid) {
            takeKey();
            int answer = WriteBuffer.NONE;
            int steps = 0;
            boolean same = true;
            while (same && steps < STEPS_MAX && line.compare(buffer.place(node), place) <= 0) {
                int here = buffer.stateAt(node, sequence);
                answer = here == WriteBuffer.NONE ? answer : here;
                steps++;
                node = buffer.after(node);
                same = node != WriteBuffer.NONE && buffer.isOf(node, scratch);
            }
            if (same) {
                answer = steps == STEPS_MAX ? buffer.find(scratch, place, sequence) : answer;
                node = buffer.firstAfter(scratch);
            }
            take(answer);
        }
    }

    @Override
    void previous() {
        valid = false;
        while (node != WriteBuffer.NONE && !valid) {
            takeKey();
            take(buffer.find(scratch, place, sequence));
            node = buffer.lastBeforeKey(scratch);
        }
    }

    private void takeKey() {
        room(FullKey.TREE_BYTES + Math.max(Long.BYTES, buffer.keyLength(node)));
        keyLength = buffer.copyKey(node, key);
        scratch.setFull(key, 0, keyLength);
    }

    private void take(int answer) {
        state = answer;
        kind = answer == WriteBuffer.NONE ? StepKind.PASS : buffer.kind(answer);
        valid = kind != StepKind.PASS;
    }

    @Override
    void value(ValueHolder into) {
        int length = buffer.valueLength(state);
        buffer.copyValue(state, 0, into.copy(length), 0, length);
    }
}
