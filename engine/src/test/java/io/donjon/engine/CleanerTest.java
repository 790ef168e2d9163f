package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.CleanReport;
import io.donjon.Cursor;
import io.donjon.DonjonException;
import io.donjon.Durability;
import io.donjon.Job;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Reader;
import io.donjon.Snapshot;
import io.donjon.StoreClosedException;
import io.donjon.StoreStats;
import io.donjon.Version;
import io.donjon.VersionQuery;
import io.donjon.VersionSpace;
import io.donjon.extents.Codec;
import io.donjon.extents.sim.Seeds;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What nobody can read any more gives its space back, by itself or when asked. Time is simulated. */
class CleanerTest {
    private static final long SECOND = 1_000_000_000L;
    private static final int KEYS = 400;
    private static final int VALUE_BYTES = 300;

    /** With a ratio of 0 nothing is merged but by the cleaner. */
    private static SimStore store(double ratio) {
        return new SimStore(
                1, 1, Tunings.of(1 << 20, 2, 64 << 10, 512, 64, ratio, 64 << 10, Codec.RAW), Durability.ASYNC);
    }

    private static void live(Consumer<StoreHandle> life) {
        live(1, life);
    }

    private static void live(long seed, Consumer<StoreHandle> life) {
        live(new SimWorld(seed), store(0), life);
    }

    private static void live(SimWorld world, SimStore sim, Consumer<StoreHandle> life) {
        assertTrue(world.run(() -> {
            StoreHandle store = sim.open(world);
            life.accept(store);
            if (!store.engine().commits().isClosed()) {
                assertEquals(List.of(), store.verify().result().problems());
                store.close();
            }
        }));
    }

    private static byte[] key(int number) {
        return ByteBuffer.allocate(4).putInt(number).array();
    }

    private static byte[] value(int number, int round) {
        byte[] value = new byte[VALUE_BYTES];
        new SplittableRandom(31L * number + round).nextBytes(value);
        return value;
    }

    private static void fill(Keyspace keyspace, int round) {
        for (int number = 0; number < KEYS; number++) {
            keyspace.put(key(number), value(number, round));
        }
    }

    /** A keyspace of which all keys were written so many times, each time to an array of its own. */
    private static Keyspace layers(StoreHandle store, int rounds) {
        Keyspace a = store.createKeyspace("a");
        for (int round = 1; round <= rounds; round++) {
            fill(a, round);
            ByHand.flush(store);
        }
        return a;
    }

    private static void rest(StoreHandle store, long seconds) {
        store.engine().environment().pause(seconds * SECOND);
    }

    private static List<ArrayRun> arrays(StoreHandle store) {
        return store.engine().states().current().arrays;
    }

    private static long bytes(StoreHandle store) {
        return MergePolicy.bytes(arrays(store));
    }

    /** What the files of arrays take. */
    private static long onDisk(StoreHandle store) {
        return store.stats().disks().get(0).bytes();
    }

    // ---- arrays of which nothing can be read ----

    @Test
    void aDroppedKeyspaceGivesItsSpaceBackThoughNobodyWritesAnything() {
        live(store -> {
            Keyspace a = layers(store, 1);
            long one = onDisk(store);
            fill(store.createKeyspace("b"), 2);
            ByHand.flush(store);
            a.drop();
            rest(store, 3);
            assertEquals(1, arrays(store).size());
            assertTrue(onDisk(store) < one + 10_000, () -> onDisk(store) + " bytes, once " + one);
            assertArrayEquals(
                    value(7, 2), Objects.requireNonNull(store.keyspace("b")).get(key(7)));
            assertEquals(0, store.stats().merging().mergeRead());
        });
    }

    @Test
    void dropsWaitNotForEverForABufferThatFillsSlowly() {
        live(store -> {
            Keyspace a = store.createKeyspace("a");
            Keyspace b = store.createKeyspace("b");
            fill(a, 1);
            ByHand.flush(store);
            b.put(key(1), value(1, 1));
            a.drop();
            rest(store, 3);
            // A flush of so little is not worth it yet.
            assertEquals(1, arrays(store).size());
            rest(store, 20);
            assertEquals(1, arrays(store).size());
            assertTrue(bytes(store) < 2000, () -> bytes(store) + " bytes");
        });
    }

    @Test
    void anArrayStaysAsLongAsACursorReadsTheDroppedVersion() {
        live(store -> {
            Keyspace a = store.createKeyspace("a");
            fill(a, 1);
            Snapshot s = a.snapshot("s");
            ByHand.flush(store);
            try (Cursor cursor = s.scan(KeyRange.all())) {
                assertTrue(cursor.next());
                s.drop();
                a.drop();
                rest(store, 3);
                assertEquals(1, arrays(store).size());
                for (int number = 1; number < KEYS; number++) {
                    assertTrue(cursor.next());
                    assertArrayEquals(value(number, 1), cursor.valueBytes());
                }
            }
            rest(store, 3);
            assertEquals(0, arrays(store).size());
        });
    }

    @Test
    void whatWasDroppedBeforeACrashGivesItsSpaceBackAfterIt() {
        SimWorld world = new SimWorld(1);
        SimStore sim = store(0);
        world.run(() -> {
            StoreHandle store = sim.open(world);
            Keyspace a = layers(store, 1);
            a.with(Durability.SYNC).drop();
        });
        live(world.reboot(Survival.ALL_LOST), sim, store -> {
            assertEquals(1, arrays(store).size());
            rest(store, 3);
            assertEquals(0, arrays(store).size());
        });
    }

    @Test
    void anArrayOfWhichAnythingCanBeReadStays() {
        live(store -> {
            Keyspace a = store.createKeyspace("a");
            fill(a, 1);
            Snapshot s = a.snapshot("s");
            Keyspace clone = s.cloneAs("clone");
            fill(clone, 2);
            ByHand.flush(store);
            a.drop();
            s.drop();
            rest(store, 3);
            assertEquals(1, arrays(store).size());
            for (int number = 0; number < KEYS; number++) {
                assertArrayEquals(value(number, 2), clone.get(key(number)));
            }
            clone.drop();
            rest(store, 3);
            assertEquals(0, arrays(store).size());
        });
    }

    // ---- arrays of which a part can be read ----

    /** So many snapshots, each with all keys changed, in one array. */
    private static List<Snapshot> history(StoreHandle store, int snapshots) {
        Keyspace a = store.createKeyspace("a");
        List<Snapshot> history = new ArrayList<>();
        for (int round = 0; round < snapshots; round++) {
            fill(a, round);
            history.add(a.snapshot("s" + round));
        }
        store.clean().result();
        assertEquals(1, arrays(store).size());
        return history;
    }

    private static void assertHolds(Snapshot snapshot, int round) {
        for (int number = 0; number < KEYS; number++) {
            assertArrayEquals(value(number, round), snapshot.get(key(number)));
        }
    }

    @Test
    void anArrayIsWrittenAnewOnceTooMuchOfItIsDead() {
        live(store -> {
            List<Snapshot> history = history(store, 10);
            long all = bytes(store);
            long merges = store.stats().merging().merges();
            // The last snapshot is what the keyspace shows, too.
            history.get(3).drop();
            history.get(0).drop();
            assertEquals(
                    new StoreStats.Dead(0, Math.round(0.3 * all), false),
                    store.stats().dead());
            rest(store, 3);
            assertEquals(all, bytes(store));
            long dead = store.stats().dead().bytes();
            assertEquals(0.2, (double) dead / all, 0.02);
            assertEquals(
                    new StoreStats.Dead(dead, Math.round(0.3 * all), true),
                    store.stats().dead());
            history.get(1).drop();
            history.get(6).drop();
            rest(store, 3);
            assertEquals(merges + 1, store.stats().merging().merges());
            assertEquals(0.6, (double) bytes(store) / all, 0.05);
            for (int round : new int[] {2, 4, 5, 7, 8, 9}) {
                assertHolds(history.get(round), round);
            }
            rest(store, 10);
            assertEquals(merges + 1, store.stats().merging().merges());
            assertEquals(
                    new StoreStats.Dead(0, Math.round(0.3 * bytes(store)), true),
                    store.stats().dead());
        });
    }

    @Test
    void whatWasDroppedBeforeTheOpenIsDeadSoonAfterIt() {
        SimWorld world = new SimWorld(1);
        SimStore sim = store(0);
        live(world, sim, store -> {
            store.createKeyspace("gone").drop();
            assertTrue(store.stats().dead().current(), "there is nothing that could be dead");
            history(store, 4).get(1).drop();
        });
        live(world, sim, store -> {
            assertFalse(store.stats().dead().current());
            while (!store.stats().dead().current()) {
                world.environment().pause(20_000);
            }
            assertEquals(0.25, (double) store.stats().dead().bytes() / bytes(store), 0.03);
        });
    }

    @Test
    void cleaningLeavesNothingDead() {
        live(store -> {
            List<Snapshot> history = history(store, 10);
            long all = bytes(store);
            history.get(4).drop();
            CleanReport report = store.clean().result();
            assertEquals(1, report.merges());
            assertEquals(0.9, (double) bytes(store) / all, 0.02);
            assertEquals(0, store.clean().result().merges());
            assertHolds(history.get(3), 3);
            assertHolds(history.get(5), 5);
        });
    }

    /** -Dseed=17 replays one. */
    static LongStream seeds() {
        return Seeds.first(Integer.getInteger("clean.seeds", 6));
    }

    /** A random forest of versions, at rest. */
    private static void grow(
            StoreHandle store, SplittableRandom random, List<Keyspace> keyspaces, List<Snapshot> snapshots) {
        keyspaces.add(store.createKeyspace("k0"));
        fill(keyspaces.get(0), 0);
        for (int step = 1; step < 40; step++) {
            Keyspace keyspace = keyspaces.get(random.nextInt(keyspaces.size()));
            int changes = random.nextInt(2 * KEYS);
            for (int n = 0; n < changes; n++) {
                int number = random.nextInt(KEYS);
                if (random.nextInt(8) == 0) {
                    keyspace.delete(key(number));
                } else {
                    keyspace.put(key(number), value(number, random.nextInt(step)));
                }
            }
            snapshots.add(keyspace.snapshot("s" + step));
            if (random.nextInt(4) == 0) {
                Snapshot origin = snapshots.get(random.nextInt(snapshots.size()));
                keyspaces.add(origin.cloneAs("k" + step));
            }
        }
        store.clean().result();
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void whatDroppingAVersionWouldFreeIsWhatItDoesFree(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        live(seed, store -> {
            List<Snapshot> snapshots = new ArrayList<>();
            grow(store, random, new ArrayList<>(), snapshots);
            long said = 0;
            long freed = 0;
            for (int drops = 0; drops < 8; drops++) {
                long before = bytes(store);
                Snapshot snapshot = snapshots.remove(random.nextInt(snapshots.size()));
                VersionSpace space = space(store, snapshot.version());
                said += space.freed();
                snapshot.drop();
                store.clean().result();
                assertEquals((double) space.freed(), (double) (before - bytes(store)), 0.01 * before);
                freed += before - bytes(store);
                Version left = store.version(space.version().id());
                assertTrue(left == null || space(store, left).freed() == 0, "a dropped version has space");
            }
            assertEquals(1, (double) said / freed, 0.1, said + " bytes said, " + freed + " freed");
        });
    }

    private static VersionSpace space(StoreHandle store, Version version) {
        try (Stream<VersionSpace> all = store.space(VersionQuery.all().tree(version.tree()))) {
            return all.filter(space -> space.version().id() == version.id())
                    .findFirst()
                    .orElseThrow();
        }
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void whatIsExclusiveAndWhatIsSharedIsWhatAWalkOverAllVersionsFinds(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        live(seed, store -> {
            List<Keyspace> keyspaces = new ArrayList<>();
            List<Snapshot> snapshots = new ArrayList<>();
            grow(store, random, keyspaces, snapshots);
            Map<Long, Reader> readers = new HashMap<>();
            keyspaces.forEach(keyspace -> readers.put(keyspace.version().id(), keyspace));
            snapshots.forEach(snapshot -> readers.put(snapshot.version().id(), snapshot));
            List<VersionSpace> spaces;
            try (Stream<VersionSpace> all = store.space(VersionQuery.all().readable())) {
                spaces = all.toList();
            }
            double[] exclusive = new double[spaces.size()];
            double[] shared = new double[spaces.size()];
            double all = 0;
            for (int number = 0; number < KEYS; number++) {
                List<ByteBuffer> values = new ArrayList<>();
                for (VersionSpace space : spaces) {
                    byte[] value = Objects.requireNonNull(
                                    readers.get(space.version().id()))
                            .get(key(number));
                    values.add(value == null ? ByteBuffer.allocate(0) : ByteBuffer.wrap(value));
                }
                for (int from = 0, to; from < values.size(); from = to) {
                    to = from + 1;
                    while (to < values.size() && values.get(to).equals(values.get(from))) {
                        to++;
                    }
                    int length = values.get(from).remaining();
                    all += length;
                    for (int i = from; i < to; i++) {
                        (to - from == 1 ? exclusive : shared)[i] += length;
                    }
                }
            }
            double scale = bytes(store) / all;
            double difference = 0;
            double whole = 0;
            for (int i = 0; i < spaces.size(); i++) {
                difference += Math.abs(spaces.get(i).exclusive() - scale * exclusive[i]);
                difference += Math.abs(spaces.get(i).shared() - scale * shared[i]);
                whole += scale * (exclusive[i] + shared[i]);
            }
            assertTrue(difference < 0.1 * whole, difference + " bytes of " + whole);
        });
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void theDeadShareIsWhatWritingAnewGivesBack(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        live(seed, store -> {
            List<Keyspace> keyspaces = new ArrayList<>();
            List<Snapshot> snapshots = new ArrayList<>();
            grow(store, random, keyspaces, snapshots);
            store.clean().result();
            long before = bytes(store);
            for (int drops = random.nextInt(snapshots.size()); drops > 0; drops--) {
                snapshots.remove(random.nextInt(snapshots.size())).drop();
            }
            if (random.nextBoolean() && keyspaces.size() > 1) {
                keyspaces.remove(random.nextInt(keyspaces.size())).drop();
            }
            ByHand.flush(store);
            Readers readers = Readers.of(store.engine().catalog());
            double live = 0;
            for (ArrayRun array : arrays(store)) {
                double dead =
                        new Liveness(array, readers, store.engine().catalog().forest()).deadShare();
                live += (1 - dead) * array.info().bytes();
            }
            store.clean().result();
            assertEquals(1, live / bytes(store), 0.1, "of " + before + " bytes " + bytes(store) + " are left");
        });
    }

    // ---- on request ----

    @Test
    void cleaningBringsTheArraysOfABandTogether() {
        live(store -> {
            Keyspace a = layers(store, 4);
            fill(a, 5);
            Snapshot s = a.snapshot("s");
            a.put(key(0), value(0, 6));
            Job<CleanReport> job = store.clean();
            CleanReport report = job.result();
            assertTrue(job.isDone());
            assertEquals(1.0, job.progress());
            assertEquals(4, report.arraysBefore());
            assertEquals(1, report.arrays());
            assertEquals(arrays(store).size(), report.arrays());
            assertEquals(1, report.merges());
            assertTrue(report.bytes() < report.bytesBefore() / 3, report::toString);
            assertArrayEquals(value(0, 6), a.get(key(0)));
            assertArrayEquals(value(0, 5), s.get(key(0)));
            CleanReport again = store.clean().result();
            assertEquals(0, again.merges());
            assertEquals(report.bytes(), again.bytes());
        });
    }

    @Test
    void cleaningDropsWhatCannotBeReadWithoutReadingIt() {
        live(store -> {
            List<Keyspace> keyspaces = List.of(store.createKeyspace("a"), store.createKeyspace("b"));
            for (Keyspace keyspace : keyspaces) {
                fill(keyspace, 1);
                ByHand.flush(store);
            }
            keyspaces.forEach(Keyspace::drop);
            CleanReport report = store.clean().result();
            assertEquals(new CleanReport(2, report.bytesBefore(), 0, 0, 2, 0), report);
            assertEquals(0, store.stats().merging().mergeRead());
        });
    }

    @Test
    void cleaningCanBeCancelledAndGoesOnWhenAskedAgain() {
        live(store -> {
            Keyspace a = layers(store, 3);
            Job<CleanReport> job = store.clean();
            job.cancel();
            assertThrows(CancellationException.class, job::result);
            assertEquals(3, arrays(store).size());
            assertEquals(1, store.clean().result().arrays());
            assertArrayEquals(value(7, 3), a.get(key(7)));
        });
    }

    @Test
    void aCleaningEndsWithTheStore() {
        live(store -> {
            layers(store, 3);
            Job<CleanReport> job = store.clean();
            store.close();
            try {
                job.result();
            } catch (DonjonException closed) {
                assertTrue(closed instanceof StoreClosedException);
            }
            assertTrue(job.isDone());
            assertThrows(StoreClosedException.class, store::clean);
        });
    }

    @Test
    void cleaningLeavesAloneWhatIsWrittenMeanwhile() {
        SimWorld world = new SimWorld(1);
        live(world, store(1.0), store -> {
            Keyspace a = layers(store, 1);
            boolean[] over = {false};
            var writer = world.environment().start("writer", () -> {
                for (int round = 2; !over[0]; round++) {
                    fill(a, round);
                    ByHand.flush(store);
                }
            });
            CleanReport report = store.clean().result();
            over[0] = true;
            writer.join();
            assertFalse(report.arraysBefore() == 0);
        });
    }
}
