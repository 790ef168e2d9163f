package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Cursor;
import io.donjon.Durability;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Reader;
import io.donjon.ScanOption;
import io.donjon.Snapshot;
import io.donjon.extents.Codec;
import io.donjon.extents.sim.Seeds;
import io.donjon.extents.sim.SimWorld;
import io.donjon.versioning.Line;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The histories of sim/strata.py through the real buffer, flush, merge and reads: puts and deletes over trees of versions,
 * flushes of a few entries, merges as the policy wants them and of any closed group. The truth is brute force: what was
 * written to each version, and its parents. Cuts are for a later release.
 */
class StrataHistoriesTest {
    /** Nothing is flushed or merged unless the history does it. */
    private static final Tuning BY_HAND = Tunings.of(1 << 22, 4, 1 << 20, 512, 64, 0.0, 1 << 20, Codec.RAW);

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
            List<ArrayRun> arrays = arrays();
            if (!arrays.isEmpty()) {
                breakpointsWritten += values(arrays.get(0));
            }
            while (merge(policy::pick)) {
                breakpointsWritten += values(newest());
            }
        }

        private ArrayRun newest() {
            // A merge's output is the last that got a number.
            return arrays().stream().reduce((a, b) -> a.id() > b.id() ? a : b).orElseThrow();
        }

        private static long values(ArrayRun array) {
            ArrayCounts counts = array.footer().counts();
            return counts.values() + counts.tombstones();
        }

        List<ArrayRun> arrays() {
            return store.engine().states().current().arrays;
        }

        boolean merge(Merges.Choice choice) {
            List<ArrayRun> before = arrays();
            if (!store.engine().background().merges().mergeOne(choice)) {
                return false;
            }
            for (ArrayRun array : arrays()) {
                if (!before.contains(array)) {
                    assertTidy(array);
                }
            }
            return true;
        }

        /** The most arrays whose bands one version lies in. */
        int arraysOfAnyVersion() {
            Line line = store.engine().catalog().forest().line();
            int most = 0;
            for (Node node : alive) {
                int place = ((Reads.Target) node.reader).target().place();
                long count = arrays().stream()
                        .filter(array -> line.compare(array.from(), place) <= 0 && line.compare(place, array.to()) < 0)
                        .count();
                most = Math.max(most, (int) count);
            }
            return most;
        }

        /** What a merge must leave: no equal neighbours, nothing for versions that nobody reads, no needless tombstone. */
        private void assertTidy(ArrayRun array) {
            Catalog catalog = store.engine().catalog();
            List<ArrayRun> older =
                    arrays().stream().filter(other -> other.age() < array.age()).toList();
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
                int place = catalog.forest().place(array.version((int) entry.rank()));
                assertTrue(catalog.isReadable(place), "a breakpoint at a dropped version in " + array);
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

    private static void run(long seed, Consumer<StoreHandle> body) {
        SimStore sim = new SimStore(1, 1, BY_HAND, Durability.ASYNC);
        SimWorld world = new SimWorld(seed);
        assertTrue(world.run(() -> body.accept(sim.open(world))));
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void randomHistories(long seed) {
        run(seed, store -> randomHistory(store, new SplittableRandom(seed)));
    }

    private static void randomHistory(StoreHandle store, SplittableRandom random) {
        int keys = pick(random, 5, 20, 60, 200);
        int versions = pick(random, 5, 30, 120);
        int steps = pick(random, 600, 1500);
        double wild = random.nextBoolean() ? 0.3 : 0;
        History history = new History(store, new double[] {0.5, 1, 2}[random.nextInt(3)], pick(random, 8, 20, 50));
        for (int step = 0; step < steps && !history.alive.isEmpty(); step++) {
            double dice = random.nextDouble();
            List<Node> heads = history.heads();
            if (dice < (double) versions / steps || heads.isEmpty()) {
                history.born(history.alive.get(random.nextInt(history.alive.size())));
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
            return some.isEmpty() ? some : history.policy.closed(some, arrays);
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
        run(1, store -> {
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
            assertTrue(amplification <= bound, workload + ": each entry was written " + amplification + " times");
            int arrays = history.arraysOfAnyVersion();
            assertTrue(arrays <= bound, workload + ": a version has " + arrays + " arrays");
            assertEquals(List.of(), store.verify().result().problems());
        });
    }
}
