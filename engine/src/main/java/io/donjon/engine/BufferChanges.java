package io.donjon.engine;

import io.donjon.versioning.Line;
import org.jspecify.annotations.Nullable;

/** Where a write buffer may say something else about a key at one of two places than at the other. */
final class BufferChanges extends ChangeSource {
    /** So many breakpoints of a key are looked at one by one; the rest by a search. */
    private static final int STEPS_MAX = 8;

    private final WriteBuffer buffer;
    private final Line line;
    private final VersionAt first;
    private final VersionAt second;
    private final FullKey scratch = new FullKey();
    private int node;

    /** A version's place, and the newest commit that is seen of it. */
    record VersionAt(int place, long sequence) {}

    BufferChanges(WriteBuffer buffer, Line line, VersionAt first, VersionAt second, End end) {
        super(end);
        this.buffer = buffer;
        this.line = line;
        this.first = first;
        this.second = second;
    }

    @Override
    void seek(FullKey from) {
        node = buffer.firstAtOrAfter(from);
        await(from.bytes(), from.length(), node != WriteBuffer.NONE);
    }

    /** A key whose breakpoints nobody sees yet may be among them: it is no change then. */
    @Override
    void next() {
        valid = false;
        pending = false;
        while (node != WriteBuffer.NONE && !valid) {
            buffer.copyKey(node, scratch);
            if (isBeyond(scratch.bytes(), scratch.length())) {
                return;
            }
            boolean same = true;
            for (int steps = 0; same && steps < STEPS_MAX; steps++) {
                valid |= isBetween(node);
                node = buffer.after(node);
                same = node != WriteBuffer.NONE && buffer.isOf(node, scratch);
            }
            if (same) {
                valid |= isBetween(buffer.lastOfKey(scratch, second.place()));
                node = buffer.firstAfter(scratch);
            }
            takeKey(scratch.bytes(), scratch.length());
        }
    }

    private boolean isBetween(int of) {
        return of != WriteBuffer.NONE
                && line.compare(buffer.place(of), first.place()) > 0
                && line.compare(buffer.place(of), second.place()) <= 0;
    }

    @Override
    void answer(FullKey asked, @Nullable Answer atFirst, @Nullable Answer atSecond) {
        if (atFirst != null) {
            atFirst.take(buffer, buffer.find(asked, first.place(), first.sequence()));
        }
        if (atSecond != null) {
            atSecond.take(buffer, buffer.find(asked, second.place(), second.sequence()));
        }
    }

    @Override
    void close() {}
}
