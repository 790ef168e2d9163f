package io.donjon.engine;

import io.donjon.extents.ExtentStore;
import io.donjon.versioning.Line;
import io.donjon.versioning.VersionForest;
import org.jspecify.annotations.Nullable;

/**
 * Writes a sealed buffer as an array, breakpoint by breakpoint, as it stands (design.md sections 2 and 3). One thread.
 */
final class Flush {
    private final ExtentStore store;
    private final VersionForest forest;
    private final Tuning tuning;

    /** An array that is written, and its band as places. */
    record Result(ArrayWriter.Written written, int from, int to) {}

    Flush(ExtentStore store, VersionForest forest, Tuning tuning) {
        this.store = store;
        this.forest = forest;
        this.tuning = tuning;
    }

    /** Writes the array; null if the buffer holds nothing. */
    @Nullable Result write(WriteBuffer buffer) {
        if (buffer.first() == WriteBuffer.NONE) {
            return null;
        }
        Line line = forest.line();
        int[] places = buffer.places().inOrder(line);
        buffer.places().rank(places);
        int to = bandEnd(buffer, places, line);
        ArrayWriter out = new ArrayWriter(store, tuning, buffer.bytes());
        boolean done = false;
        try {
            writeAll(buffer, to, line, out);
            ArrayWriter.Written written = out.finish(ids(places, to, line));
            done = true;
            return new Result(written, places[0], to);
        } finally {
            if (!done) {
                out.abandon();
            }
        }
    }

    /**
     * Where the band ends: behind the last value of every key. A key's last value lasts to its marker, or if it has none
     * to the end of the tree; that is where the next tree begins.
     */
    private int bandEnd(WriteBuffer buffer, int[] places, Line line) {
        int end = places[places.length - 1];
        int tree = VersionForest.NONE;
        int treeEnd = end;
        for (int node = buffer.first(); node != WriteBuffer.NONE; ) {
            int next = buffer.after(node);
            boolean lastOfKey = next == WriteBuffer.NONE || !buffer.sameKey(node, next);
            if (lastOfKey && buffer.kind(buffer.newest(node)) != StepKind.PASS) {
                // Keys are sorted by tree, so each tree is walked once.
                int ofKey = forest.tree(buffer.place(node));
                if (ofKey != tree) {
                    tree = ofKey;
                    treeEnd = endOfTree(buffer.place(node));
                }
                if (line.compare(treeEnd, end) > 0) {
                    end = treeEnd;
                }
            }
            node = next;
        }
        return end;
    }

    private int endOfTree(int place) {
        int last = place;
        for (int next = forest.nextInTree(last); next != VersionForest.NONE; next = forest.nextInTree(next)) {
            last = next;
        }
        int behind = forest.next(last);
        return behind == VersionForest.NONE ? Line.END : behind;
    }

    private void writeAll(WriteBuffer buffer, int to, Line line, ArrayWriter out) {
        byte[] key = new byte[64];
        byte[] value = new byte[tuning.largeBytes()];
        for (int node = buffer.first(); node != WriteBuffer.NONE; node = buffer.after(node)) {
            int place = buffer.place(node);
            if (to != Line.END && line.compare(place, to) >= 0) {
                // A marker at the end of the band says what the end says by itself.
                continue;
            }
            int room = FullKey.TREE_BYTES + Math.max(Long.BYTES, buffer.keyLength(node));
            if (key.length < room) {
                key = new byte[2 * room];
            }
            int keyLength = buffer.copyKey(node, key);
            long rank = buffer.places().get(place);
            int state = buffer.newest(node);
            int kind = buffer.kind(state);
            int length = buffer.valueLength(state);
            if (kind != StepKind.VALUE) {
                out.add(key, keyLength, rank, kind);
            } else if (length <= tuning.largeBytes()) {
                buffer.copyValue(state, 0, value, 0, length);
                out.addValue(key, keyLength, rank, false, value, 0, length);
            } else {
                out.addLarge(key, keyLength, rank, false, new BufferedValue(buffer, state, length));
            }
        }
    }

    private record BufferedValue(WriteBuffer buffer, int state, long length) implements ValueSource {
        @Override
        public void copy(long from, byte[] into, int count) {
            buffer.copyValue(state, (int) from, into, 0, count);
        }
    }

    /** The version table: the ids of all places before the band's end. */
    private long[] ids(int[] places, int to, Line line) {
        int count = places.length;
        while (count > 0 && to != Line.END && line.compare(places[count - 1], to) >= 0) {
            count--;
        }
        long[] ids = new long[count];
        for (int rank = 0; rank < count; rank++) {
            ids[rank] = forest.id(places[rank]);
        }
        return ids;
    }
}
