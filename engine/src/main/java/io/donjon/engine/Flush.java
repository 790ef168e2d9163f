package io.donjon.engine;

import io.donjon.extents.ExtentStore;
import io.donjon.versioning.Line;
import io.donjon.versioning.VersionForest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Writes a sealed buffer as an array, breakpoint by breakpoint, as it stands (design.md sections 2 and 3). Where nothing
 * is painted between far places it becomes a few arrays, so that none answers for what lies between. One thread.
 */
final class Flush {
    /** A buffer becomes so many arrays at most. */
    static final int PARTS_MAX = 3;

    private final ExtentStore store;
    private final VersionForest forest;
    private final Tuning tuning;
    private final int partsMax;

    /** An array that is written, and its band as places. */
    record Result(ArrayWriter.Written written, int from, int to) {}

    /** A part of the line on which something is painted everywhere: from one rank to another, and its ends as places. */
    private record Painted(int begin, int end, int from, int to) {}

    /**
     * A flush.
     *
     * @param partsMax so many arrays are written at most
     */
    Flush(ExtentStore store, VersionForest forest, Tuning tuning, int partsMax) {
        this.store = store;
        this.forest = forest;
        this.tuning = tuning;
        this.partsMax = partsMax;
    }

    /**
     * Writes the arrays, in line order; none if the buffer holds nothing.
     *
     * @param arrays what there is already: no part needs to overlap those that lie between two parts
     */
    List<Result> write(WriteBuffer buffer, List<ArrayRun> arrays) {
        Line line = forest.line();
        int[] places = buffer.places().inOrder(line);
        buffer.places().rank(places);
        List<Painted> parts = parts(painted(buffer, places), arrays, line);
        Tuning share = tuning.sharedBy(Math.max(1, parts.size()));
        List<ArrayWriter> writers = new ArrayList<>();
        boolean done = false;
        try {
            for (Painted part : parts) {
                writers.add(new ArrayWriter(store, share, buffer.bytes() / parts.size(), part.end - part.begin));
            }
            writeAll(buffer, parts, writers);
            List<ArrayWriter.Ended> ended = new ArrayList<>();
            for (int i = 0; i < parts.size(); i++) {
                Painted part = parts.get(i);
                ended.add(writers.get(i).end(forest.ids(places, part.begin, part.end), false));
            }
            List<Result> results = new ArrayList<>();
            for (ArrayWriter.Written written : ArrayWriter.finishAll(ended)) {
                Painted part = parts.get(results.size());
                results.add(new Result(written, part.from, part.to));
            }
            done = true;
            return results;
        } finally {
            if (!done) {
                writers.forEach(ArrayWriter::abandon);
            }
        }
    }

    /**
     * Where something is painted. A key's last value lasts to its marker, or if it has none to the end of the tree; that
     * is where the next tree begins.
     */
    private List<Painted> painted(WriteBuffer buffer, int... places) {
        int[] treeEnds = new int[places.length];
        for (int rank = places.length - 1; rank >= 0; rank--) {
            boolean last = rank == places.length - 1 || forest.tree(places[rank]) != forest.tree(places[rank + 1]);
            treeEnds[rank] = last ? rank + 1 : treeEnds[rank + 1];
        }
        int[] changes = new int[places.length + 1];
        for (int node = buffer.first(); node != WriteBuffer.NONE; ) {
            int next = buffer.after(node);
            if (buffer.kind(buffer.newest(node)) != StepKind.PASS) {
                int rank = buffer.places().get(buffer.place(node));
                boolean lastOfKey = next == WriteBuffer.NONE || !buffer.sameKey(node, next);
                changes[rank]++;
                changes[lastOfKey ? treeEnds[rank] : buffer.places().get(buffer.place(next))]--;
            }
            node = next;
        }
        List<Painted> painted = new ArrayList<>();
        int depth = 0;
        for (int rank = 0; rank < places.length; ) {
            depth += changes[rank];
            int begin = rank++;
            if (depth == 0) {
                continue;
            }
            while (rank < treeEnds[begin] && depth + changes[rank] > 0) {
                depth += changes[rank++];
            }
            int to = rank == treeEnds[begin] ? endOfTree(places[rank - 1]) : places[rank];
            painted.add(new Painted(begin, rank, places[begin], to));
        }
        return painted;
    }

    /** What is painted in a few parts, so that the parts overlap as little as possible of what is there already. */
    private List<Painted> parts(List<Painted> painted, List<ArrayRun> arrays, Line line) {
        if (painted.isEmpty()) {
            return painted;
        }
        long[] between = new long[painted.size() - 1];
        for (ArrayRun array : arrays) {
            int gap = gapBehind(painted, array.from(), line);
            if (gap >= 0 && gap < between.length && line.compare(array.to(), painted.get(gap + 1).from) <= 0) {
                between[gap] += array.info().bytes();
            }
        }
        List<Integer> gaps = new ArrayList<>();
        if (tuning.strata().alpha() > 0) {
            IntStream.range(0, between.length)
                    .filter(gap -> between[gap] >= tuning.strata().bandBytes())
                    .boxed()
                    .sorted(Comparator.comparingLong(gap -> -between[gap]))
                    .limit(partsMax - 1)
                    .sorted()
                    .forEach(gaps::add);
        }
        gaps.add(painted.size() - 1);
        List<Painted> parts = new ArrayList<>();
        Painted first = painted.get(0);
        for (int gap : gaps) {
            Painted last = painted.get(gap);
            parts.add(new Painted(first.begin, last.end, first.from, last.to));
            first = gap + 1 < painted.size() ? painted.get(gap + 1) : last;
        }
        return parts;
    }

    /** The number of the last part that ends at or before a place, -1 if none does. */
    private static int gapBehind(List<Painted> painted, int place, Line line) {
        int low = -1;
        int high = painted.size() - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (line.compare(painted.get(middle).to, place) <= 0) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    private int endOfTree(int place) {
        int behind = forest.endOfTree(place);
        return behind == VersionForest.NONE ? Line.END : behind;
    }

    private void writeAll(WriteBuffer buffer, List<Painted> parts, List<ArrayWriter> writers) {
        byte[] key = new byte[64];
        byte[] value = new byte[tuning.largeBytes()];
        for (int node = buffer.first(); node != WriteBuffer.NONE; node = buffer.after(node)) {
            int placed = buffer.places().get(buffer.place(node));
            int part = 0;
            while (part < parts.size() && parts.get(part).end <= placed) {
                part++;
            }
            if (part == parts.size() || placed < parts.get(part).begin) {
                // A marker at the end of a band says what the end says by itself.
                continue;
            }
            ArrayWriter out = writers.get(part);
            int rank = placed - parts.get(part).begin;
            int room = FullKey.TREE_BYTES + Math.max(Long.BYTES, buffer.keyLength(node));
            if (key.length < room) {
                key = new byte[2 * room];
            }
            int keyLength = buffer.copyKey(node, key);
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
}
