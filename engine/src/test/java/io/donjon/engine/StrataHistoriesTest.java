package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.ChangeCursor;
import io.donjon.Cursor;
import io.donjon.Durability;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Reader;
import io.donjon.ScanOption;
import io.donjon.Snapshot;
import io.donjon.Version;
import io.donjon.extents.sim.Seeds;
import io.donjon.extents.sim.SimWorld;
import io.donjon.versioning.Line;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The histories of sim/strata.py through the real buffer, flush, merge and reads: puts and deletes over trees of versions,
 * flushes of a few entries, merges as the policy wants them and of any closed group, cut along the line. The truth is
 * brute force: what was written to each version, and its parents.
 */
class StrataHistoriesTest {
    private static final double ALPHA = 1.0;

    /** More than anything that is merged here. */
    private static final int PIECE_BYTES = 64 << 20;

    /** So many versions' worth of entries are no band of their own in the workloads. */
    private static final int BAND_BYTES = 2 << 10;

    static LongStream seeds() {
        return Seeds.first(Integer.getInteger("seeds", 30));
    }

    /** A version as the truth has it: written by numbers, read by walking to the first ancestor that says something. */
    private static final class Node {
        final @Nullable Node parent;
        final Map<Integer, @Nullable Integer> written = new HashMap<>();
        Reader reader;
        boolean head = true;

        Node(@Nullable Node parent, Reader reader) {
            this.parent = parent;
            this.reader = reader;
        }

        VersionRef target() {
            return ((Reads.Target) reader).target();
        }

        NavigableMap<byte[], byte[]> content(int keys) {
            NavigableMap<byte[], byte[]> content = new TreeMap<>(Model.KEY_ORDER);
            for (int key = 0; key < keys; key++) {
                Integer value = get(key);
                if (value != null) {
                    content.put(History.key(key), History.value(value));
                }
            }
            return content;
        }

        @Nullable Integer get(int key) {
            for (Node node = this; node != null; node = node.parent) {
                if (node.written.containsKey(key)) {
                    return node.written.get(key);
                }
            }
            return null;
        }
    }

    /** A tree of versions in a store. */
    private static final class History {
        final StoreHandle store;
        final MergePolicy policy;
        final int mem;
        final List<Node> alive = new ArrayList<>();
        final Set<Long> written = new HashSet<>();
        int buffered;
        int births;
        int values;
        long breakpointsWritten;
        private long lastCounted;

        History(StoreHandle store, double ratio, int mem) {
            this.store = store;
            this.policy = new MergePolicy(store.engine().catalog().forest().line(), ratio);
            this.mem = mem;
            alive.add(new Node(null, store.createKeyspace("k0")));
        }

        /** A child of any version: a head becomes a snapshot and its keyspace goes on, a snapshot is cloned. */
        Node born(Node parent) {
            births++;
            Node child;
            if (parent.head) {
                Keyspace keyspace = (Keyspace) parent.reader;
                parent.reader = keyspace.snapshot("s" + births);
                parent.head = false;
                child = new Node(parent, keyspace);
            } else {
                child = new Node(parent, ((Snapshot) parent.reader).cloneAs("k" + births));
            }
            alive.add(child);
            return child;
        }

        void drop(Node node) {
            if (node.head) {
                ((Keyspace) node.reader).drop();
            } else {
                ((Snapshot) node.reader).drop();
            }
            alive.remove(node);
        }

        List<Node> heads() {
            return alive.stream().filter(node -> node.head).toList();
        }

        void put(Node head, int key) {
            int value = values++;
            ((Keyspace) head.reader).put(key(key), value(value));
            head.written.put(key, value);
            wrote(head, key);
        }

        void delete(Node head, int key) {
            values++;
            ((Keyspace) head.reader).delete(key(key));
            head.written.put(key, null);
            wrote(head, key);
        }

        private void wrote(Node head, int key) {
            written.add((long) System.identityHashCode(head) << 32 | key);
            if (++buffered >= mem) {
                flush();
            }
        }

        void flush() {
            buffered = 0;
            store.engine().commits().sealNow();
            while (!store.engine().states().current().sealed.isEmpty()) {
                store.engine().environment().pause(10_000);
            }
            countNew();
            while (merge(policy::pick)) {
                countNew();
            }
        }

        /** Arrays get their numbers as they are written. */
        private void countNew() {
            long last = lastCounted;
            for (ArrayRun array : arrays()) {
                breakpointsWritten += array.id() > last ? values(array) : 0;
                lastCounted = Math.max(lastCounted, array.id());
            }
        }

        private static long values(ArrayRun array) {
            ArrayCounts counts = array.footer().counts();
            return counts.values() + counts.tombstones();
        }

        List<ArrayRun> arrays() {
            return store.engine().states().current().arrays;
        }

        boolean merge(Merges.Choice choice) {
            return pinned(before -> {
                List<ArrayRun> merged = new ArrayList<>();
                if (!store.engine().background().merges().mergeOne((arrays, busy) -> {
                    merged.clear();
                    merged.addAll(choice.from(arrays, busy));
                    // The cleaner drops what is dead as it finds it.
                    return merged.isEmpty() || !policy.mayRun(merged, busy) ? List.of() : List.copyOf(merged);
                })) {
                    return false;
                }
                return pinned(after -> {
                    for (ArrayRun array : after) {
                        if (!before.contains(array)) {
                            // One of another age the cleaner has written beside it, when these were there or not yet.
                            boolean mine = array.age() == merged.get(0).age();
                            assertTidy(
                                    array,
                                    before.stream()
                                            .filter(other ->
                                                    other.age() < array.age() && !(mine && merged.contains(other)))
                                            .toList());
                        }
                    }
                    return true;
                });
            });
        }

        /** Looks at the arrays while nobody takes their files away. */
        private <T> T pinned(Function<List<ArrayRun>, T> look) {
            ReadState state = store.engine().states().acquire();
            try {
                return look.apply(state.arrays);
            } finally {
                store.engine().states().release(state);
            }
        }

        /** The most arrays whose bands one version lies in. */
        int arraysOfAnyVersion() {
            int most = 0;
            for (Node node : alive) {
                int place = node.target().place();
                long count =
                        arrays().stream().filter(array -> isIn(array, place)).count();
                most = Math.max(most, (int) count);
            }
            return most;
        }

        /** Merges all that overlaps, so that of each band there is one array. */
        void mergeAll() {
            boolean merged = true;
            while (merged) {
                merged = merge((arrays, busy) -> arrays.stream()
                        .map(array -> policy.closed(overlapping(array), arrays))
                        .filter(group -> group.size() > 1 && policy.mayRun(group, busy))
                        .findFirst()
                        .orElse(List.of()));
            }
        }

        private List<ArrayRun> overlapping(ArrayRun array) {
            Line line = store.engine().catalog().forest().line();
            return arrays().stream()
                    .filter(other ->
                            line.compare(array.from(), other.to()) < 0 && line.compare(other.from(), array.to()) < 0)
                    .toList();
        }

        /**
         * How many times what it shows in an array some version pays for a scan of it; arrays of too few bytes for two
         * bands left out.
         */
        double worstPaid() {
            return pinned(this::worstPaid);
        }

        private double worstPaid(List<ArrayRun> arrays) {
            double worst = 0;
            for (ArrayRun array : arrays) {
                ArrayCounts counts = array.footer().counts();
                if (array.info().bytes() < 4 * BAND_BYTES) {
                    continue;
                }
                long size = counts.values() + counts.largeValues() + counts.tombstones();
                for (Node node : alive) {
                    int place = node.target().place();
                    if (isIn(array, place)) {
                        worst = Math.max(worst, (double) size / Math.max(1, visible(array, place)));
                    }
                }
            }
            return worst;
        }

        private int visible(ArrayRun array, int place) {
            long rank = Ranks.floor(array, place, store.engine().catalog().forest());
            ArrayCursor cursor =
                    new ArrayCursor(array, store.engine().store(), ArrayCursor.Reading.STREAMING, 4096, null);
            byte[] key = {};
            int visible = 0;
            boolean shown = false;
            for (boolean more = cursor.first(); more; more = cursor.next()) {
                BlockEntry entry = cursor.entry();
                if (!entry.keyEquals(key, key.length)) {
                    visible += shown ? 1 : 0;
                    shown = false;
                    key = Arrays.copyOf(entry.key(), entry.keyLength());
                }
                shown = entry.rank() <= rank ? StepKind.isValue(entry.kind()) : shown;
            }
            return visible + (shown ? 1 : 0);
        }

        /** Values and deletions in all arrays. */
        double storedValues() {
            return arrays().stream().mapToLong(History::values).sum();
        }

        /** What a merge must leave: no equal neighbours, nothing for versions that nobody reads, no needless tombstone. */
        private void assertTidy(ArrayRun array, List<ArrayRun> older) {
            Catalog catalog = store.engine().catalog();
            ArrayCursor cursor =
                    new ArrayCursor(array, store.engine().store(), ArrayCursor.Reading.STREAMING, 4096, null);
            byte[] key = {};
            String last = "";
            for (boolean more = cursor.first(); more; more = cursor.next()) {
                BlockEntry entry = cursor.entry();
                boolean same = entry.keyEquals(key, key.length);
                String now = entry.kind() + text(entry);
                assertFalse(same && now.equals(last), "equal neighbours in " + array);
                assertTrue(same || entry.kind() != StepKind.PASS, "a key that begins with a pass in " + array);
                boolean beyond = entry.rank() == array.footer().places();
                int place = beyond ? array.to() : catalog.forest().place(array.version((int) entry.rank()));
                assertTrue(beyond || catalog.isReadable(place), "a breakpoint at a dropped version in " + array);
                if (entry.kind() == StepKind.TOMBSTONE) {
                    FullKey full = new FullKey().setFull(entry.key(), 0, entry.keyLength());
                    assertTrue(
                            older.stream().anyMatch(other -> other.mayHave(full, new BlockEntry())),
                            "a tombstone over nothing in " + array);
                }
                key = Arrays.copyOf(entry.key(), entry.keyLength());
                last = now;
            }
        }

        /** Whoever stands right behind a band is what its array says beyond it. */
        void checkOutlooks(int keys) {
            pinned(arrays -> {
                arrays.forEach(array -> checkOutlook(array, keys));
                return arrays;
            });
        }

        private void checkOutlook(ArrayRun array, int keys) {
            Node behind = array.footer().outlook().whole() ? at(array.to()) : null;
            for (int number = 0; behind != null && number < keys; number++) {
                FullKey key = new FullKey().set(behind.target().treeId(), ByteBuffer.wrap(key(number)));
                if (array.info().covers(key.bytes(), key.length())) {
                    BlockEntry found = new BlockEntry();
                    Answer said = new Answer();
                    said.pass();
                    if (array.find(key, array.footer().places(), found) != StepKind.PASS) {
                        said.take(found, array);
                    }
                    Integer shown = behind.get(number);
                    String what = "key " + number + " behind " + array;
                    assertEquals(shown != null, said.isValue(), what);
                    if (shown != null) {
                        ValueHolder value = new ValueHolder();
                        said.value(value);
                        assertEquals(ByteBuffer.wrap(value(shown)), value.buffer(), what);
                    }
                }
            }
        }

        private @Nullable Node at(int place) {
            return alive.stream()
                    .filter(node -> node.target().place() == place)
                    .findFirst()
                    .orElse(null);
        }

        /** Compares two versions of a tree: any two, or such as stand on both sides of the end of a band. */
        void checkDiff(SplittableRandom random, int keys) {
            List<ArrayRun> arrays = arrays();
            Node one = alive.get(random.nextInt(alive.size()));
            Node other = alive.get(random.nextInt(alive.size()));
            if (random.nextInt(4) > 0 && !arrays.isEmpty()) {
                ArrayRun array = arrays.get(random.nextInt(arrays.size()));
                Node behind = at(array.to());
                List<Node> within = alive.stream()
                        .filter(node -> isIn(array, node.target().place()))
                        .toList();
                if (behind != null && !within.isEmpty()) {
                    one = within.get(random.nextInt(within.size()));
                    other = behind;
                }
            }
            Node from = random.nextBoolean() ? one : other;
            Node to = from == one ? other : one;
            try (ChangeCursor cursor = store.diff(version(from), version(to), KeyRange.all())) {
                Changes.assertAhead(Changes.between(from.content(keys), to.content(keys)), cursor);
            }
        }

        private Version version(Node node) {
            return Objects.requireNonNull(store.version(node.target().id()));
        }

        private boolean isIn(ArrayRun array, int place) {
            Line line = store.engine().catalog().forest().line();
            return line.compare(array.from(), place) <= 0 && line.compare(place, array.to()) < 0;
        }

        void check(SplittableRandom random, int keys, int reads) {
            for (int n = 0; n < reads; n++) {
                Node node = alive.get(random.nextInt(alive.size()));
                int key = random.nextInt(keys);
                Integer expected = node.get(key);
                assertArrayEquals(
                        expected == null ? null : value(expected), node.reader.get(key(key)), () -> "key " + key);
            }
        }

        /** Scans a version whole, forward or backward. */
        void checkScan(Node node, int keys, boolean reverse) {
            NavigableMap<Integer, Integer> expected = new TreeMap<>();
            for (int key = 0; key < keys; key++) {
                Integer value = node.get(key);
                if (value != null) {
                    expected.put(key, value);
                }
            }
            ScanOption[] options = reverse ? new ScanOption[] {ScanOption.REVERSE} : new ScanOption[0];
            try (Cursor cursor = node.reader.scan(KeyRange.all(), options)) {
                for (Map.Entry<Integer, Integer> entry : (reverse ? expected.descendingMap() : expected).entrySet()) {
                    assertTrue(cursor.next());
                    assertArrayEquals(key(entry.getKey()), cursor.keyBytes());
                    assertArrayEquals(value(entry.getValue()), cursor.valueBytes());
                }
                assertFalse(cursor.next());
            }
        }

        static byte[] key(int number) {
            return ByteBuffer.allocate(4).putInt(number).array();
        }

        static byte[] value(int number) {
            // Now and then one that lies apart, and everywhere some that are equal.
            byte[] value = new byte[number % 97 == 0 ? 200 : 4];
            ByteBuffer.wrap(value).putInt(number / 2);
            return value;
        }
    }

    private static String text(BlockEntry entry) {
        if (entry.kind() == StepKind.LARGE) {
            return " " + entry.large().hash();
        }
        return entry.kind() == StepKind.VALUE
                ? Arrays.toString(
                        Arrays.copyOfRange(entry.block(), entry.valueAt(), entry.valueAt() + entry.valueLength()))
                : "";
    }

    private static void run(long seed, Tuning.Strata strata, long pieceBytes, Consumer<StoreHandle> body) {
        SimStore sim = new SimStore(1, 1, Tunings.byHand(strata, pieceBytes), Durability.ASYNC);
        SimWorld world = new SimWorld(seed);
        assertTrue(world.run(() -> body.accept(sim.open(world))));
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void randomHistories(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Tuning.Strata strata = new Tuning.Strata(pick(random, 1, 2, 4) / 2.0, pick(random, 64, 400));
        run(seed, strata, pick(random, 512, 4 << 10, PIECE_BYTES), store -> randomHistory(store, random));
    }

    private static void randomHistory(StoreHandle store, SplittableRandom random) {
        int keys = pick(random, 5, 20, 60, 200);
        int versions = pick(random, 5, 30, 120);
        int steps = pick(random, 600, 1500);
        double wild = random.nextBoolean() ? 0.3 : 0;
        double chain = new double[] {0, 0.8, 0.98}[random.nextInt(3)];
        History history = new History(store, new double[] {0.5, 1, 2}[random.nextInt(3)], pick(random, 8, 20, 50));
        for (int step = 0; step < steps && !history.alive.isEmpty(); step++) {
            double dice = random.nextDouble();
            List<Node> heads = history.heads();
            if (dice < (double) versions / steps || heads.isEmpty()) {
                boolean grows = random.nextDouble() < chain && !heads.isEmpty();
                history.born(
                        grows ? heads.get(heads.size() - 1) : history.alive.get(random.nextInt(history.alive.size())));
            } else if (dice < 1.5 * versions / steps && history.alive.size() > 2) {
                history.drop(history.alive.get(random.nextInt(history.alive.size())));
            } else {
                List<Node> newest = heads.subList(Math.max(0, heads.size() - 6), heads.size());
                Node head = newest.get(random.nextInt(newest.size()));
                if (random.nextInt(10) < 7) {
                    history.put(head, random.nextInt(keys));
                } else {
                    history.delete(head, random.nextInt(keys));
                }
                if (history.buffered == 0 && random.nextDouble() < wild) {
                    mergeAnything(history, random);
                }
            }
            if (step % 20 == 19) {
                history.check(random, keys, 30);
                history.checkDiff(random, keys);
                history.checkOutlooks(keys);
            }
        }
        history.flush();
        history.check(random, keys, 500);
        for (Node node : history.alive) {
            history.checkScan(node, keys, random.nextBoolean());
        }
        assertEquals(List.of(), store.verify().result().problems());
    }

    private static void mergeAnything(History history, SplittableRandom random) {
        history.merge((arrays, busy) -> {
            List<ArrayRun> some = new ArrayList<>();
            for (int n = 1 + random.nextInt(3); n > 0 && !arrays.isEmpty(); n--) {
                ArrayRun array = arrays.get(random.nextInt(arrays.size()));
                if (!some.contains(array)) {
                    some.add(array);
                }
            }
            List<ArrayRun> group = some.isEmpty() ? some : history.policy.closed(some, arrays);
            // The cleaner may be dropping some of them.
            return history.policy.mayRun(group, busy) ? group : List.of();
        });
    }

    private static int pick(SplittableRandom random, int... choices) {
        return choices[random.nextInt(choices.length)];
    }

    // ---- the measured workloads ----

    /** The shapes of trees that the simulation measures, a tenth as large. */
    enum Workload {
        CHAIN,
        STAR,
        FOREST,
        PAPER,
        APART
    }

    @ParameterizedTest
    @EnumSource(Workload.class)
    void workloads(Workload workload) {
        run(1, new Tuning.Strata(ALPHA, BAND_BYTES), PIECE_BYTES, store -> {
            SplittableRandom random = new SplittableRandom(workload.name().length());
            int mem = 100;
            History history = new History(store, 1.0, mem);
            Node base = history.alive.get(0);
            int keys = workload == Workload.APART ? 4_000 : 800;
            if (workload != Workload.APART) {
                for (int i = 0; i < 800; i++) {
                    history.put(base, i);
                }
            }
            Node head = history.born(base);
            for (int v = 0; v < 40; v++) {
                for (int i = 0; i < 50; i++) {
                    List<Node> heads = history.heads();
                    boolean spread = workload == Workload.PAPER || workload == Workload.APART;
                    Node to = spread ? heads.get(random.nextInt(heads.size())) : head;
                    history.put(to, random.nextInt(keys));
                }
                head = history.born(
                        switch (workload) {
                            case CHAIN -> head;
                            case STAR, APART -> base;
                            case FOREST, PAPER -> history.alive.get(random.nextInt(history.alive.size()));
                        });
            }
            history.flush();
            history.check(random, keys, 2_000);
            history.checkScan(head, keys, false);
            history.checkScan(base, keys, true);
            double n = history.written.size();
            double amplification = history.breakpointsWritten / n;
            double bound = 1.5 + Math.log(n / mem) / Math.log(2);
            assertTrue(amplification <= 1.5 * bound, workload + ": each entry was written " + amplification + " times");
            int arrays = history.arraysOfAnyVersion();
            assertTrue(arrays <= bound, workload + ": a version has " + arrays + " arrays");
            history.mergeAll();
            double paid = history.worstPaid();
            assertTrue(paid <= 6, workload + ": some version pays " + paid + " times what it shows");
            double space = history.storedValues() / n;
            assertTrue(space <= 2.2, workload + ": each entry is stored " + space + " times");
            System.out.printf(
                    Locale.ROOT,
                    "strata: workload=%s entries=%.0f amplification=%.2f arrays=%d worst=%.2f space=%.2f bands=%d%n",
                    workload,
                    n,
                    amplification,
                    arrays,
                    paid,
                    space,
                    history.arrays().size());
            history.check(random, keys, 2_000);
            assertEquals(List.of(), store.verify().result().problems());
        });
    }
}
