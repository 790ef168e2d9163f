package io.donjon.engine;

import io.donjon.extents.ExtentStore;
import io.donjon.versioning.Line;
import io.donjon.versioning.Overlay;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Merges arrays, newest first, into one, or into several that divide the line between them: overlays their step
 * functions key by key (design.md section 2). Equal neighbours become one breakpoint; what nobody can read disappears; a
 * tombstone becomes a pass, and vanishes, where no older array outside the merge can hold the key. Where the output is
 * cut, the right part begins with what is visible there, and the left one may say, beyond its band, what that is (its
 * {@linkplain ArrayFooter.Outlook outlook}). No key's breakpoints are gathered. It ends between two keys once
 * it has written enough, and says what is left of the inputs. One thread; whoever runs it holds the inputs and the older
 * arrays.
 */
final class Merge implements Overlay.Output {
    /** What an input, or the output, holds at some rank. */
    private static final class Held {
        int kind;

        /** Whether it is there as part of a key frame. */
        boolean copy;

        byte[] block = {};
        int at;
        int length;
        LargeValue large = new LargeValue(0, 0, 0, 0);

        @Nullable ArrayRun array;

        void take(BlockEntry entry, ArrayRun from) {
            kind = entry.kind();
            copy = entry.isCopy();
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
            copy = other.copy;
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

    /** The arrays of one age, one after the other, at the next breakpoint that somebody can read. */
    private final class Input {
        /** By their keys; they share none. */
        final List<ArrayRun> arrays;

        /** The number of the first of them among all that are merged. */
        final int firstSource;

        private int open;
        ArrayCursor cursor;
        int rank;
        boolean valid;
        final Held held = new Held();

        // Of the open array: what has been passed, and where it lay that was passed last.
        private long passed;
        private long passedData;
        private long passedValues;

        /** Bytes of the arrays that have been passed, and bytes read of them. */
        private long passedBytes;

        private long bytesRead;

        Input(List<ArrayRun> arrays, int firstSource) {
            this.arrays = arrays;
            this.firstSource = firstSource;
            this.cursor = cursor(0);
        }

        private ArrayCursor cursor(int number) {
            ArrayCursor made =
                    new ArrayCursor(arrays.get(number), store, ArrayCursor.Reading.STREAMING, readAheadBytes, null);
            made.first();
            return made;
        }

        int source() {
            return firstSource + open;
        }

        void next() {
            if (cursor.entry().kind() == StepKind.LARGE) {
                passedValues = cursor.entry().large().offset();
            }
            passed++;
            passedData = cursor.blockOffset();
            cursor.next();
        }

        /** Goes on to where somebody can read something. */
        void settle() {
            while (true) {
                int[] ranks = map.ranks(arrays.get(open));
                while (cursor.isValid()) {
                    rank = ranks[Math.toIntExact(cursor.entry().rank())];
                    if (rank != RankMap.NOWHERE) {
                        valid = true;
                        return;
                    }
                    next();
                }
                if (open + 1 == arrays.size()) {
                    valid = false;
                    return;
                }
                bytesRead += cursor.bytesRead();
                passedBytes += arrays.get(open).info().bytes();
                cursor = cursor(++open);
                passed = 0;
                passedData = 0;
                passedValues = 0;
            }
        }

        /** About how many bytes have been passed. */
        long passedBytes() {
            return passedBytes
                    + Math.max(0, passedData - arrays.get(open).data().begin());
        }

        long bytesRead() {
            return bytesRead + cursor.bytesRead();
        }

        /** Says what is left of the arrays of which something has been passed, or keys below where the merge has ended. */
        void leave(byte @Nullable [] end, List<Left> left) {
            int gone = valid ? open : arrays.size();
            for (int i = 0; i < gone; i++) {
                left.add(new Left(arrays.get(i), null, 0, 0, 0));
            }
            if (valid && ArrayInfo.compareKeysFrom(arrays.get(open).info().keysFrom(), end) < 0) {
                ArrayRun array = arrays.get(open);
                BlockEntry entry = cursor.entry();
                byte[] from = Arrays.copyOf(entry.key(), entry.keyLength());
                left.add(new Left(array, from, array.info().breakpoints() - passed, passedData, passedValues));
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

    /** A part of the line, and the array that is written for it. */
    private final class Band {
        /** The output ranks at which it begins and ends. */
        final int begin;

        final int end;

        /** Its ends, as places. */
        final int from;

        final int to;

        /** The first output rank that it says nothing of: the end, or the one behind for an outlook. */
        private int told;

        /** So many entries the outlook may still have. */
        private long outlookLeft = Math.max(OUTLOOK_ENTRIES_LEAST, expectedEntries / OUTLOOK_SHARE);

        /** Null as long as there is nothing to write. */
        private @Nullable ArrayWriter writer;

        /** What was written last, if that was for the present key. */
        private final Held written = new Held();

        private long writtenFor;

        Band(int begin, int end) {
            this.begin = begin;
            this.end = end;
            this.from = begin == 0 ? map.from : map.places[begin];
            this.to = end == map.places.length ? map.to : map.places[end];
            this.told = map.hasOutlook(end) ? end + 1 : end;
        }

        ArrayWriter writer() {
            ArrayWriter out = writer;
            if (out == null) {
                out = new ArrayWriter(store, tuning, expectedBytes, end - begin);
                writer = out;
            }
            return out;
        }

        boolean isFilled() {
            return writer != null;
        }

        /** Writes what holds from one rank up to another, if that is not what was written last. */
        void write(int fromRank, int toRank) {
            if (writtenFor != keys) {
                written.pass();
                writtenFor = keys;
            }
            boolean beyond = fromRank == end;
            // What an outlook passes over is not there.
            boolean needless =
                    pending.kind == StepKind.TOMBSTONE && (beyond || !isInOlder(fromRank, Math.min(toRank, end)));
            if (needless ? written.kind == StepKind.PASS : pending.sameAs(written)) {
                return;
            }
            if (beyond && --outlookLeft < 0) {
                // A band of which the next version keeps so little costs a diff as much as a scan, outlook or not.
                told = end;
                return;
            }
            written.take(pending);
            boolean copy = false;
            if (needless) {
                written.pass();
            } else if (StepKind.isValue(pending.kind)) {
                copy = fromRank == begin && (pendingRank < fromRank || pending.copy);
            }
            ArrayWriter out = writer();
            long before = out.bytes();
            add(out, fromRank - begin, written.kind, copy);
            bytes += out.bytes() - before;
        }

        /** Ends its array, of which there must be something. */
        ArrayWriter.Ended close() {
            return writer().end(catalog.forest().ids(map.places, begin, end), told > end);
        }

        void abandon() {
            if (writer != null) {
                writer.abandon();
            }
        }
    }

    /**
     * What is left of an input.
     *
     * @param keysFrom where its range begins from now on; null if nothing is left
     * @param breakpoints how many of them are left
     * @param data an offset in the data extent before which nothing is needed any more
     * @param values likewise in the extent of large values
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Left(ArrayRun array, byte @Nullable [] keysFrom, long breakpoints, long data, long values) {}

    /**
     * An array that was written.
     *
     * @param from the place at which its band begins
     * @param to the place at which its band ends
     */
    record Output(ArrayWriter.Written written, int from, int to) {}

    /**
     * What came of a merge.
     *
     * @param outputs the arrays, in line order; none where one would be empty
     * @param keysFrom full key at which their range begins
     * @param keysTo full key at which their range ends, not included; null for none
     * @param left the inputs that are not as they were
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Result(
            List<Output> outputs,
            byte[] keysFrom,
            byte @Nullable [] keysTo,
            List<Left> left,
            long bytesRead,
            long bytesWritten) {}

    /** Keys between two looks at how much of the inputs has been passed. */
    private static final int LOOK_EVERY = 1 << 10;

    /** So many times what it may write a merge passes of its inputs before it ends, where little comes of them. */
    private static final int PASS_TIMES = 4;

    /** An outlook has at most one of so many entries of a band of usual size. */
    private static final int OUTLOOK_SHARE = 16;

    private static final int OUTLOOK_ENTRIES_LEAST = 8;

    private final ExtentStore store;
    private final Catalog catalog;
    private final Tuning tuning;
    private final List<ArrayRun> group;
    private final List<ArrayRun> older;
    private final RankMap map;
    private final Input[] inputs;

    /** By source, which is an array's number among those that are merged. */
    private final Input[] inputOf;

    private final int readAheadBytes;
    private final long bytesMax;

    // Of a band.
    private final long expectedBytes;
    private final long expectedEntries;

    private final Overlay overlay;
    private final List<Band> bands = new ArrayList<>();

    /** Bytes that have been written, each counted once. */
    private long bytes;

    private final BooleanSupplier cancelled;

    // The present key.
    private byte[] key = new byte[64];
    private int keyLength = -1;
    private long keys;
    private final FullKey fullKey = new FullKey();
    private final BlockEntry scratch = new BlockEntry();

    /** The first rank behind the tree of the present key: what would begin there concerns nobody. */
    private long tree = -1;

    private int treeEnd;

    /** What holds from a rank on, not yet written since it is not known how far. */
    private final Held pending = new Held();

    private int pendingRank = -1;

    /** The band that the pending rank lies in, or one before it. */
    private int band;

    /**
     * A merge.
     *
     * @param group what is merged, newest first: a closed group
     * @param older every array outside of it that may hold older breakpoints than any of it
     * @param map where ranks of the group go
     * @param cuts ranks of the output, ascending and above 0: there it is cut
     * @param bytesMax with so much written it ends
     */
    Merge(
            ExtentStore store,
            Catalog catalog,
            Tuning tuning,
            List<ArrayRun> group,
            List<ArrayRun> older,
            RankMap map,
            int[] cuts,
            long bytesMax,
            BooleanSupplier cancelled) {
        this.store = store;
        this.catalog = catalog;
        List<List<ArrayRun>> runs = MergePolicy.runs(group);
        this.group = runs.stream().flatMap(List::stream).toList();
        this.older = older;
        this.cancelled = cancelled;
        this.map = map;
        this.tuning = tuning.sharedBy(cuts.length + 1);
        this.bytesMax = bytesMax;
        this.readAheadBytes = tuning.mergeAheadBytes(runs.size());
        this.inputs = new Input[runs.size()];
        this.inputOf = new Input[group.size()];
        int source = 0;
        for (int i = 0; i < inputs.length; i++) {
            inputs[i] = new Input(runs.get(i), source);
            Arrays.fill(inputOf, source, source + runs.get(i).size(), inputs[i]);
            source += runs.get(i).size();
        }
        this.overlay = new Overlay(this.group.stream().mapToInt(map::end).toArray(), this);
        long groupBytes = Math.max(1, MergePolicy.bytes(group));
        long entries =
                group.stream().mapToLong(array -> array.info().breakpoints()).sum();
        this.expectedBytes = Math.min(bytesMax, groupBytes) / (cuts.length + 1);
        this.expectedEntries = (long) ((double) entries * expectedBytes / groupBytes);
        int begin = 0;
        for (int cut : cuts) {
            bands.add(new Band(begin, cut));
            begin = cut;
        }
        bands.add(new Band(begin, map.places.length));
    }

    /** Runs it until nothing is left or enough is written. */
    Result run() {
        boolean done = false;
        try {
            for (Input input : inputs) {
                input.settle();
            }
            Order order = new Order();
            order.build();
            int steps = 0;
            byte[] end = null;
            for (int next = order.winner(); next >= 0 && end == null; next = order.winner()) {
                BlockEntry entry = inputs[next].cursor.entry();
                boolean begins = keyLength < 0 || !entry.keyEquals(key, keyLength);
                if (begins) {
                    endKey();
                }
                if (begins && isEnough()) {
                    end = Arrays.copyOf(entry.key(), entry.keyLength());
                } else {
                    if (begins) {
                        beginKey(entry);
                    }
                    take(inputs[next]);
                    order.replay();
                }
                if ((++steps & 0xfff) == 0 && cancelled.getAsBoolean()) {
                    throw new CancellationException("the merge was cancelled");
                }
            }
            endKey();
            Result result = finish(end);
            done = true;
            return result;
        } finally {
            if (!done) {
                bands.forEach(Band::abandon);
            }
        }
    }

    /** Whether to end between two keys. */
    private boolean isEnough() {
        if (keys == 0) {
            return false;
        }
        if (bytes >= bytesMax) {
            return true;
        }
        if (keys % LOOK_EVERY != 0) {
            return false;
        }
        long passed = 0;
        for (Input input : inputs) {
            passed += input.passedBytes();
        }
        return passed / PASS_TIMES >= bytesMax;
    }

    private void take(Input input) {
        overlay.advance(input.rank);
        input.held.take(input.cursor.entry(), input.cursor.array());
        overlay.step(input.source(), input.held.kind == StepKind.PASS);
        input.next();
        input.settle();
    }

    private void beginKey(BlockEntry entry) {
        keys++;
        keyLength = entry.keyLength();
        if (key.length < keyLength) {
            key = new byte[Math.max(keyLength, 2 * key.length)];
        }
        System.arraycopy(entry.key(), 0, key, 0, keyLength);
        long keyTree = FullKey.treeOf(key);
        if (keyTree != tree) {
            tree = keyTree;
            treeEnd = map.treeEnd(keyTree);
            treeEnd += treeEnd == map.places.length && map.hasOutlook(treeEnd) ? 1 : 0;
        }
        pendingRank = -1;
        band = 0;
        overlay.begin();
    }

    private void endKey() {
        if (keyLength >= 0) {
            overlay.end();
            write(Integer.MAX_VALUE);
            keyLength = -1;
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
            pending.take(inputOf[source].held);
        }
        pendingRank = rank;
    }

    /** Writes what holds from the pending rank up to another, into every band that this meets. */
    private void write(int upTo) {
        if (pendingRank < 0) {
            return;
        }
        int end = Math.min(upTo, treeEnd);
        while (band < bands.size() && bands.get(band).told <= pendingRank) {
            band++;
        }
        for (int i = band; i < bands.size() && bands.get(i).begin < end; i++) {
            Band into = bands.get(i);
            into.write(Math.max(pendingRank, into.begin), Math.min(end, into.told));
        }
        pendingRank = -1;
    }

    /** Writes the pending value, or a kind without one. */
    private void add(ArrayWriter out, int rank, int kind, boolean copy) {
        switch (kind) {
            case StepKind.PASS, StepKind.TOMBSTONE -> out.add(key, keyLength, rank, kind);
            case StepKind.VALUE -> {
                if (pending.length <= tuning.largeBytes()) {
                    out.addValue(key, keyLength, rank, copy, pending.block, pending.at, pending.length);
                } else {
                    BytesSource source = new BytesSource(pending.block, pending.at, pending.length);
                    out.addLarge(key, keyLength, rank, copy, source);
                }
            }
            default -> {
                if (pending.large.length() <= tuning.largeBytes()) {
                    byte[] bytes = new byte[(int) pending.large.length()];
                    pending.reader().copy(0, bytes, bytes.length);
                    out.addValue(key, keyLength, rank, copy, bytes, 0, bytes.length);
                } else {
                    out.addLarge(key, keyLength, rank, copy, pending.reader());
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
        int to = toRank == map.places.length ? map.to : map.places[toRank];
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

    private Result finish(byte @Nullable [] end) {
        long bytesRead = 0;
        List<Left> left = new ArrayList<>();
        for (Input input : inputs) {
            bytesRead += input.bytesRead();
            input.leave(end, left);
        }
        byte[] keysFrom = MergePolicy.keysFrom(group);
        byte[] keysTo = end == null ? MergePolicy.keysTo(group) : end;
        List<Output> outputs = new ArrayList<>();
        long bytesWritten = 0;
        List<Band> filled = bands.stream().filter(Band::isFilled).toList();
        List<ArrayWriter.Written> written =
                ArrayWriter.finishAll(filled.stream().map(Band::close).toList());
        for (int i = 0; i < filled.size(); i++) {
            outputs.add(new Output(written.get(i), filled.get(i).from, filled.get(i).to));
            bytesWritten += written.get(i).bytesWritten();
        }
        return new Result(outputs, keysFrom, keysTo, left, bytesRead, bytesWritten);
    }
}
