package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Durability;
import io.donjon.Keyspace;
import io.donjon.Snapshot;
import io.donjon.Version;
import io.donjon.VersionQuery;
import io.donjon.extents.Environment;
import io.donjon.extents.sim.PowerCuts;
import io.donjon.extents.sim.Seeds;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The histories of sim/line.py through the real code: random ones, and for each rule whose breach {@code line.py break}
 * shows to give wrong answers the shortest history that would show it here. Rules about cuts and places that
 * leave wait for the code that they are about.
 */
class LineHistoriesTest extends ByHand {
    private static final int LIVES = 4;
    private static final int STEPS = 150;
    private static final int READS_AT_ONCE = 12;
    private static final int MANY_READS_AT_ONCE = 300;

    /** Histories beside those of the other test. */
    private static final long FIRST_OF_MANY = 1_000_000;

    static LongStream seeds() {
        return Seeds.first(Integer.getInteger("seeds", 40));
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void randomHistories(long seed) {
        randomHistory(seed, READS_AT_ONCE);
    }

    /**
     * Reads equal brute force: so many, {@code -Dreads=10000000}, of random keys at random versions, while random leaves
     * are written to, inner versions cloned, others dropped or rolled back to, any closed groups merged, and the power is
     * cut. The line that begins with "random-reads" says how many there were.
     */
    @Test
    void manyReadsOfRandomForestsEqualBruteForce() {
        Long given = Long.getLong("seed");
        long wanted = given == null ? Long.getLong("reads", 150_000) : 1;
        long reads = 0;
        long seed = given == null ? FIRST_OF_MANY : given;
        for (; reads < wanted; seed++) {
            try {
                reads += randomHistory(seed, MANY_READS_AT_ONCE);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("-Dseed=" + seed + " repeats it", e);
            }
        }
        System.out.printf("random-reads=%d last-seed=%d%n", reads, seed - 1);
    }

    private static long randomHistory(long seed, int readsAtOnce) {
        SplittableRandom random = new SplittableRandom(seed);
        LineHistory history = new LineHistory(random.nextLong(), readsAtOnce);
        SimWorld world = new SimWorld(random.nextLong());
        boolean everythingKept = true;
        for (int life = 0; life < LIVES; life++) {
            SimStore store = new SimStore(1, 1, Tunings.random(random.split()), Durability.ASYNC);
            SimWorld here = world;
            boolean kept = everythingKept;
            boolean last = life == LIVES - 1;
            assertTrue(here.run(() -> {
                history.live(store.open(here), kept, STEPS);
                if (last) {
                    history.checkAll();
                }
            }));
            Survival survival = List.of(Survival.values()).get(random.nextInt(Survival.values().length));
            everythingKept = survival == Survival.ALL_KEPT;
            world = here.reboot(survival);
        }
        return history.reads();
    }

    // ---- one history for each rule ----

    /** Merges the arrays of these ages, counted from the newest, 0, and whatever must go along. */
    private static void merge(StoreHandle store, int... which) {
        Merges merges = store.engine().background().merges();
        assertTrue(merges.mergeOne((arrays, busy) -> merges.policy()
                .closed(Arrays.stream(which).mapToObj(arrays::get).toList(), arrays)));
    }

    /** Versions that come and go without a write: the log is let go, and what is replayed is nothing. */
    @Test
    void anEmptyFlushMovesTheLineOn() {
        live(Survival.ALL_KEPT, store -> {
            Keyspace k = store.createKeyspace("k");
            k.snapshot("s").drop();
            assertTrue(store.stats().log().bytes() > 0);
            flush(store);
            assertEquals(0, store.stats().log().bytes());
            assertEquals(0, arrays(store));
            assertEquals(store.stats().sequence(), store.engine().image().lastSequence());
        });
    }

    @Test
    void aMergeKeepsNoWriteBufferFromBeingFreed() {
        live(Survival.ALL_KEPT, store -> {
            Keyspace k = store.createKeyspace("k");
            for (int array = 0; array < 2; array++) {
                for (int i = 0; i < 1000; i++) {
                    put(k, array + " " + i, "x".repeat(100));
                }
                flush(store);
            }
            put(k, "a", "1");
            Generation active = store.engine().states().current().active;
            Merges merges = store.engine().background().merges();
            Environment environment = store.engine().environment();
            Environment.Worker merging = environment.start("merging", () -> merge(store, 0, 1));
            while (merges.running() == 0) {
                environment.pause(1_000);
            }
            flush(store);
            while (active.isHeld() && merges.running() > 0) {
                environment.pause(1_000);
            }
            assertEquals(1, merges.running(), "the merge has ended, and nothing is known");
            assertFalse(active.isHeld());
            merging.join();
            assertEquals(2, arrays(store));
        });
    }

    private static int arrays(StoreHandle store) {
        return store.engine().states().current().arrays.size();
    }

    @Test
    void mergesBelieveOnlyDropsOfTheManifestsLine() {
        live(Survival.ALL_LOST, store -> {
            Keyspace k = store.createKeyspace("k");
            put(k, "a", "old");
            k.snapshot("s");
            put(k, "a", "new");
            flush(store);
            snapshot(store, "k", "s").drop();
            merge(store, 0);
            assertEquals(1, arrays(store));
        });
        live(Survival.ALL_KEPT, store -> {
            // The drop was lost with the log.
            assertHolds("old", snapshot(store, "k", "s"), "a");
            assertHolds("new", keyspace(store, "k"), "a");
        });
    }

    @Test
    void mergeGroupsAreClosedByAge() {
        live(Survival.ALL_KEPT, store -> {
            Keyspace k = store.createKeyspace("k");
            put(k, "a", "1");
            put(k, "b", "1");
            flush(store);
            put(k, "a", "2");
            flush(store);
            put(k, "b", "3");
            flush(store);
            assertEquals(3, arrays(store));
            merge(store, 0, 2);
            assertEquals(1, arrays(store));
            assertHolds("2", k, "a");
            assertHolds("3", k, "b");
        });
    }

    @Test
    void generationsAreInstalledInTheOrderOfTheirSeals() {
        // The power goes at every single change: whenever the second generation is there, so is the first.
        PowerCuts.everywhere(1, cut -> {
            cut.run(() -> {
                StoreHandle store = sim.open(cut);
                Keyspace k = store.createKeyspace("k");
                put(k, "a", "1");
                store.engine().commits().sealNow();
                k.snapshot("s");
                put(k, "a", "2");
                store.engine().commits().sealNow();
                put(k, "a", "3");
                awaitFlushes(store, 0);
                put(k, "b", "4");
            });
            SimWorld after = cut.reboot(Survival.ALL_LOST);
            assertTrue(after.run(() -> {
                StoreHandle store = sim.open(after);
                Keyspace k = store.keyspace("k");
                if (k != null) {
                    Snapshot s = k.snapshotNamed("s");
                    byte[] a = k.get(bytes("a"));
                    if (s != null) {
                        assertHolds("1", s, "a");
                        assertNotNull(a);
                    }
                    if (store.engine().states().current().arrays.size() == 2) {
                        assertNotNull(s);
                        assertArrayEquals(bytes("2"), a);
                    }
                    if (a != null && a[0] > '1') {
                        assertNotNull(s);
                    }
                }
            }));
        });
    }

    @Test
    void arrayLineAndPositionGoTogether() {
        // With array and line in two edits a cut in between would replay births of a line that has them already.
        PowerCuts.everywhere(2, cut -> {
            cut.run(() -> {
                StoreHandle store = sim.open(cut);
                Keyspace k = store.createKeyspace("k");
                put(k, "a", "1");
                Snapshot s = k.with(Durability.SYNC).snapshot("s");
                Keyspace c = s.cloneAs("c");
                put(c, "a", "clone");
                c.with(Durability.SYNC).snapshot("of c");
                flush(store);
                k.with(Durability.SYNC).snapshot("t");
            });
            SimWorld after = cut.reboot(Survival.ALL_KEPT);
            assertTrue(after.run(() -> {
                StoreHandle store = sim.open(after);
                Keyspace c = store.keyspace("c");
                if (c != null && c.snapshotNamed("of c") != null) {
                    assertHolds("1", snapshot(store, "k", "s"), "a");
                    assertHolds("clone", c, "a");
                    assertHolds("1", keyspace(store, "k"), "a");
                    long versions = store.stats().versions();
                    assertEquals(keyspace(store, "k").snapshotNamed("t") == null ? 4 : 5, versions);
                }
            }));
        });
    }

    @Test
    void theEditCarriesTheLineUpToTheSealAndNoFurther() {
        live(Survival.ALL_KEPT, store -> {
            Keyspace k = store.createKeyspace("k");
            put(k, "a", "1");
            store.engine().commits().sealNow();
            // Behind the seal, before it is installed.
            Snapshot s = k.snapshot("s");
            put(k, "a", "2");
            Keyspace c = s.cloneAs("c");
            put(c, "a", "3");
            awaitFlushes(store, 0);
            store.sync();
        });
        for (int life = 0; life < 2; life++) {
            live(Survival.ALL_KEPT, store -> {
                assertHolds("1", snapshot(store, "k", "s"), "a");
                assertHolds("2", keyspace(store, "k"), "a");
                assertHolds("3", keyspace(store, "c"), "a");
                flush(store);
            });
        }
    }

    @Test
    void birthsAndDropsAreInTheLogWithThePuts() {
        live(Survival.ALL_LOST, store -> {
            Keyspace k = store.createKeyspace("k");
            put(k, "a", "1");
            store.sync();
            put(k, "a", "2");
            Snapshot s = k.snapshot("s");
            put(s.cloneAs("c"), "a", "3");
            k.drop();
        });
        live(Survival.ALL_KEPT, store -> {
            // Nothing behind the last sync is there: neither the puts nor the births and the drop.
            assertHolds("1", keyspace(store, "k"), "a");
            assertNull(store.keyspace("c"));
            assertNull(keyspace(store, "k").snapshotNamed("s"));
            assertEquals(1, store.stats().versions());
        });
    }

    @Test
    void replayBeginsAtExactlyTheByteOfTheSeal() {
        live(Survival.ALL_KEPT, store -> {
            Keyspace k = store.createKeyspace("k");
            put(k, "a", "1");
            Snapshot s = k.snapshot("s");
            put(k, "a", "2");
            flush(store);
            Keyspace c = s.cloneAs("c");
            put(c, "b", "3");
            store.sync();
        });
        live(Survival.ALL_KEPT, store -> {
            // Replayed from the beginning, the put of 1 would be painted up to the clone only, and hide nothing; that
            // of
            // 2 would stand in the buffer again. Only what lies behind the seal may
            // be there: a breakpoint at the clone and a marker behind it.
            assertEquals(2, store.engine().states().current().active.buffer.entries());
            assertHolds("1", keyspace(store, "c"), "a");
            assertHolds("3", keyspace(store, "c"), "b");
            assertHolds("2", keyspace(store, "k"), "a");
            assertHolds(null, snapshot(store, "k", "s"), "b");
        });
    }

    @Test
    void theLineIsRecoveredInItsOrder() {
        List<String> expected = List.of("other", "s", "c2", "of c", "c", "t", "k");
        live(Survival.ALL_KEPT, store -> {
            Keyspace k = store.createKeyspace("k");
            Snapshot s = k.snapshot("s");
            k.snapshot("t");
            Keyspace c = s.cloneAs("c");
            c.snapshot("of c");
            store.createKeyspace("other");
            s.cloneAs("c2");
            assertEquals(expected, names(store));
            store.sync();
        });
        live(Survival.ALL_KEPT, store -> {
            assertEquals(expected, names(store));
            flush(store);
            store.close();
        });
        live(Survival.ALL_KEPT, store -> assertEquals(expected, names(store)));
    }

    private static List<String> names(StoreHandle store) {
        try (Stream<Version> versions = store.versions(VersionQuery.all().readable())) {
            return versions.map(version -> String.valueOf(version.name())).toList();
        }
    }

    @Test
    void aNewVersionGoesDirectlyBehindItsParent() {
        live(Survival.ALL_KEPT, store -> {
            Keyspace k = store.createKeyspace("k");
            put(k, "a", "1");
            Snapshot s = k.snapshot("s");
            put(k, "a", "2");
            // Behind the subtree of s it would find 2 before it.
            Keyspace c = s.cloneAs("c");
            assertHolds("1", c, "a");
            flush(store);
            assertHolds("1", c, "a");
            assertHolds("1", s.cloneAs("d"), "a");
        });
    }

    @Test
    void aMarkerSaysWhatHeldThereBefore() {
        live(Survival.ALL_KEPT, store -> {
            Keyspace k = store.createKeyspace("k");
            put(k, "a", "1");
            Snapshot s = k.snapshot("s");
            k.snapshot("t");
            Keyspace c = s.cloneAs("c");
            // Paints up to the head's snapshot t, where 1 holds and goes on to.
            put(c, "a", "2");
            assertHolds("1", snapshot(store, "k", "t"), "a");
            assertHolds("1", k, "a");
            assertHolds("1", s, "a");
            flush(store);
            assertHolds("1", k, "a");
            assertHolds("2", c, "a");
            // And where nothing was known, older arrays are asked.
            put(c, "a", "3");
            assertHolds("1", k, "a");
            flush(store);
            merge(store, 0, 1);
            assertHolds("1", k, "a");
            assertHolds("3", c, "a");
        });
    }

    @Test
    void aPutAndTheSnapshotBehindItAreReplayedInTheirOrder() {
        live(Survival.ALL_KEPT, store -> {
            Keyspace k = store.createKeyspace("k");
            put(k, "a", "1");
            k.snapshot("s");
            put(k, "a", "2");
            store.sync();
        });
        live(Survival.ALL_KEPT, store -> {
            assertHolds("1", snapshot(store, "k", "s"), "a");
            assertHolds("2", keyspace(store, "k"), "a");
        });
    }
}
