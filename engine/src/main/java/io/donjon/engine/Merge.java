package io.donjon.engine;

import io.donjon.extents.ExtentStore;
import io.donjon.versioning.Line;
import io.donjon.versioning.Overlay;
import io.donjon.versioning.VersionForest;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Merges arrays, newest first, into one: overlays their step functions key by key (design.md section 2). Equal
 * neighbours become one breakpoint; what nobody can read disappears; a tombstone becomes a pass, and vanishes, where no
 * older array outside the merge can hold the key. No key's breakpoints are gathered. One thread; whoever runs it holds
 * the inputs and the older arrays.
 */
final class Merge implements Overlay.Output {
    /** What an input, or the output, holds at some rank. */
    private static final class Held {
        int kind;
        byte[] block = {};
        int at;
        int length;
        LargeValue large = new LargeValue(0, 0, 0, 0);

        @Nullable ArrayRun array;

        void take(BlockEntry entry, ArrayRun from) {
            kind = entry.kind();
            block = entry.block();
            at = entry.valueAt();
            length = entry.valueLength();
            if (kind == StepKind.LARGE) {
                large = entry.large();
            }
            array = from;
        }

        void take(Held other) {
            kind = other.kind;
            block = other.block;
            at = other.at;
            length = other.length;
            large = other.large;
            array = other.array;
        }

        void pass() {
            kind = StepKind.PASS;
        }

        boolean sameAs(Held other) {
            if (kind != other.kind) {
                return false;
            }
            return switch (kind) {
                case StepKind.VALUE ->
                    Arrays.equals(block, at, at + length, other.block, other.at, other.at + other.length);
                case StepKind.LARGE -> sameLarge(other);
                default -> true;
            };
        }

        private boolean sameLarge(Held other) {
            if (large.length() != other.large.length() || large.hash() != other.large.hash()) {
                return false;
            }
            if (array == other.array && large.offset() == other.large.offset()) {
                return true;
            }
            // Equal hashes do not make equal bytes where somebody makes an effort.
            ValueSource mine = reader();
            ValueSource theirs = other.reader();
            byte[] a = new byte[LargeValue.PIECE_BYTES];
            byte[] b = new byte[LargeValue.PIECE_BYTES];
            for (long from = 0; from < large.length(); from += a.length) {
                int count = (int) Math.min(a.length, large.length() - from);
                mine.copy(from, a, count);
                theirs.copy(from, b, count);
                if (!Arrays.equals(a, 0, count, b, 0, count)) {
                    return false;
                }
            }
            return true;
        }

        ValueSource reader() {
            ArrayRun from = array;
            if (from == null) {
                throw new IllegalStateException("a large value of no array");
            }
            return from.reader(large);
        }
    }

    /** An input at its next breakpoint that somebody can read. */
    private static final class Input {
        final ArrayCursor cursor;
        final int[] ranks;
        int rank;
        boolean valid;
        final Held held = new Held();

        Input(ArrayCursor cursor, int[] ranks) {
            this.cursor = cursor;
            this.ranks = ranks;
        }

        void settle() {
            valid = cursor.isValid();
            while (valid) {
                rank = ranks[Math.toIntExact(cursor.entry().rank())];
                if (rank != RankMap.NOWHERE) {
                    return;
                }
                valid = cursor.next();
            }
        }
    }

    private final class Order extends LoserTree {
        Order() {
            super(inputs.length);
        }

        @Override
        boolean hasEnded(int source) {
            return !inputs[source].valid;
        }

        @Override
        boolean beats(int a, int b) {
            Input one = inputs[a];
            Input other = inputs[b];
            if (!one.valid || !other.valid) {
                return one.valid || (!other.valid && a < b);
            }
            BlockEntry entry = one.cursor.entry();
            BlockEntry otherEntry = other.cursor.entry();
            int order = entry.compareKey(otherEntry.key(), otherEntry.keyLength());
            if (order != 0) {
                return order < 0;
            }
            return one.rank != other.rank ? one.rank < other.rank : a < b;
        }
    }

    /** What came of a merge: the array, if anything is left, and its band as places. */
    record Result(ArrayWriter.@Nullable Written written, int from, int to, long bytesRead, long bytesWritten) {}

    private final Catalog catalog;
    private final Tuning tuning;
    private final List<ArrayRun> older;
    private final RankMap map;
    private final Input[] inputs;
    private final Overlay overlay;
    private final ArrayWriter out;
    private final BooleanSupplier cancelled;

    // The present key.
    private byte[] key = new byte[64];
    private int keyLength = -1;
    private final FullKey fullKey = new FullKey();
    private final BlockEntry scratch = new BlockEntry();

    /** The first rank behind the tree of the present key: what would begin there concerns nobody. */
    private long tree = -1;

    private int treeEnd;
    private final Map<Long, Integer> treeEnds;

    /** What holds from a rank on, not yet written since it is not known how far; and what was written last. */
    private final Held pending = new Held();

    private int pendingRank = -1;
    private final Held written = new Held();

    /**
     * A merge.
     *
     * @param group what is merged, newest first: a closed group
     * @param older every array outside of it that may hold older breakpoints than any of it
     */
    Merge(
            ExtentStore store,
            Catalog catalog,
            Tuning tuning,
            List<ArrayRun> group,
            List<ArrayRun> older,
            BooleanSupplier cancelled) {
        this.catalog = catalog;
        this.tuning = tuning;
        this.older = older;
        this.cancelled = cancelled;
        this.map = RankMap.of(group, catalog);
        this.treeEnds = treeEnds(map, catalog.forest());
        this.inputs = new Input[group.size()];
        for (int i = 0; i < inputs.length; i++) {
            ArrayCursor cursor = new ArrayCursor(
                    group.get(i), store, ArrayCursor.Reading.STREAMING, tuning.mergeAheadBytes(group.size()), null);
            inputs[i] = new Input(cursor, map.ranks[i]);
        }
        this.overlay = new Overlay(map.ends, this);
        this.out = new ArrayWriter(store, tuning);
    }

    /** Runs it. */
    Result run() {
        boolean done = false;
        try {
            for (Input input : inputs) {
                input.cursor.first();
                input.settle();
            }
            Order order = new Order();
            order.build();
            int steps = 0;
            for (int next = order.winner(); next >= 0; next = order.winner()) {
                take(next);
                order.replay();
                if ((++steps & 0xfff) == 0 && cancelled.getAsBoolean()) {
                    throw new CancellationException("the merge was cancelled");
                }
            }
            endKey();
            Result result = finish();
            done = true;
            return result;
        } finally {
            if (!done) {
                out.abandon();
            }
        }
    }

    private void take(int number) {
        Input input = inputs[number];
        BlockEntry entry = input.cursor.entry();
        if (keyLength < 0 || !entry.keyEquals(key, keyLength)) {
            endKey();
            beginKey(entry);
        }
        overlay.advance(input.rank);
        input.held.take(entry, input.cursor.array());
        overlay.step(number, input.held.kind == StepKind.PASS);
        input.cursor.next();
        input.settle();
    }

    private void beginKey(BlockEntry entry) {
        keyLength = entry.keyLength();
        if (key.length < keyLength) {
            key = new byte[Math.max(keyLength, 2 * key.length)];
        }
        System.arraycopy(entry.key(), 0, key, 0, keyLength);
        long keyTree = FullKey.treeOf(key);
        if (keyTree != tree) {
            tree = keyTree;
            treeEnd = treeEnds.getOrDefault(keyTree, 0);
        }
        written.pass();
        pendingRank = -1;
        overlay.begin();
    }

    /** By tree: the first output rank behind it. */
    private static Map<Long, Integer> treeEnds(RankMap map, VersionForest forest) {
        Map<Long, Integer> ends = new HashMap<>();
        for (int rank = 0; rank < map.places.length; rank++) {
            ends.put(forest.id(forest.tree(map.places[rank])), rank + 1);
        }
        return ends;
    }

    private void endKey() {
        if (keyLength >= 0) {
            overlay.end();
            write(Integer.MAX_VALUE);
        }
    }

    @Override
    public void holds(int rank, int source) {
        if (rank >= treeEnd) {
            return;
        }
        write(rank);
        if (source == Overlay.PASS) {
            pending.pass();
        } else {
            pending.take(inputs[source].held);
        }
        pendingRank = rank;
    }

    /** Writes what holds from the pending rank up to another, if that is not what was written last. */
    private void write(int upTo) {
        if (pendingRank < 0) {
            return;
        }
        if (pending.kind == StepKind.TOMBSTONE && !isInOlder(pendingRank, upTo)) {
            pending.pass();
        }
        if (!pending.sameAs(written)) {
            written.take(pending);
            add(pendingRank);
        }
        pendingRank = -1;
    }

    private void add(int rank) {
        switch (pending.kind) {
            case StepKind.PASS, StepKind.TOMBSTONE -> out.add(key, keyLength, rank, pending.kind);
            case StepKind.VALUE -> {
                if (pending.length <= tuning.largeBytes()) {
                    out.addValue(key, keyLength, rank, pending.block, pending.at, pending.length);
                } else {
                    out.addLarge(key, keyLength, rank, new BytesSource(pending.block, pending.at, pending.length));
                }
            }
            default -> {
                if (pending.large.length() <= tuning.largeBytes()) {
                    byte[] bytes = new byte[(int) pending.large.length()];
                    pending.reader().copy(0, bytes, bytes.length);
                    out.addValue(key, keyLength, rank, bytes, 0, bytes.length);
                } else {
                    out.addLarge(key, keyLength, rank, pending.reader());
                }
            }
        }
    }

    private static final class BytesSource implements ValueSource {
        private final byte[] bytes;
        private final int offset;
        private final int length;

        BytesSource(byte[] bytes, int offset, int length) {
            this.bytes = bytes;
            this.offset = offset;
            this.length = length;
        }

        @Override
        public long length() {
            return length;
        }

        @Override
        public void copy(long from, byte[] into, int count) {
            System.arraycopy(bytes, offset + (int) from, into, 0, count);
        }
    }

    /** Whether an older array may say something about the key between two ranks. */
    private boolean isInOlder(int fromRank, int toRank) {
        Line line = catalog.forest().line();
        int from = map.places[fromRank];
        int to = toRank == Integer.MAX_VALUE ? map.to : map.places[toRank];
        boolean asked = false;
        for (ArrayRun array : older) {
            if (line.compare(array.from(), to) < 0 && line.compare(from, array.to()) < 0) {
                if (!asked) {
                    fullKey.setFull(key, 0, keyLength);
                    asked = true;
                }
                if (array.mayHave(fullKey, scratch)) {
                    return true;
                }
            }
        }
        return false;
    }

    private Result finish() {
        long bytesRead = 0;
        for (Input input : inputs) {
            bytesRead += input.cursor.bytesRead();
        }
        if (out.isEmpty()) {
            out.abandon();
            return new Result(null, map.from, map.to, bytesRead, out.bytesWritten());
        }
        long[] ids = new long[map.places.length];
        for (int rank = 0; rank < ids.length; rank++) {
            ids[rank] = catalog.forest().id(map.places[rank]);
        }
        ArrayWriter.Written array = out.finish(ids);
        return new Result(array, map.from, map.to, bytesRead, array.bytesWritten());
    }
}
