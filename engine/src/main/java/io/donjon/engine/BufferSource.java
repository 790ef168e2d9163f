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
        valid = node != WriteBuffer.NONE;
        if (!valid) {
            return;
        }
        takeKey();
        int answer = WriteBuffer.NONE;
        int steps = 0;
        boolean same = true;
        while (same && steps < STEPS_MAX && line.compare(buffer.place(node), place) <= 0) {
            int here = buffer.stateAt(node, sequence);
            answer = here == WriteBuffer.NONE ? answer : here;
            steps++;
            same = step();
        }
        if (same && steps == STEPS_MAX) {
            answer = buffer.find(scratch, place, sequence);
        }
        for (; same && steps < 2 * STEPS_MAX; steps++) {
            same = step();
        }
        if (same) {
            node = buffer.firstAfter(scratch);
        }
        take(answer);
    }

    /** Moves to the next node; whether it is of the present key. */
    private boolean step() {
        node = buffer.after(node);
        return node != WriteBuffer.NONE && buffer.isOf(node, scratch);
    }

    @Override
    void previous() {
        valid = node != WriteBuffer.NONE;
        if (valid) {
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
    }

    @Override
    void value(ValueHolder into) {
        int length = buffer.valueLength(state);
        buffer.copyValue(state, 0, into.copy(length), 0, length);
    }
}
