package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Cursor;
import io.donjon.Durability;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.VerifyReport;
import io.donjon.extents.Codec;
import io.donjon.extents.sim.Seeds;
import io.donjon.extents.sim.SimDisk;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A merge commits as it goes (design.md section 4): its inputs give back what has been merged, readers keep what they
 * see, and a crash loses one piece. With arrays of several chunks, since room comes back by those.
 */
class PiecesTest {
    private static final int KEYS = 4000;
    private static final long MIB = 1 << 20;

    /** Nothing is merged unless the test says so. */
    private static Tuning tuning(Tuning.Strata strata) {
        return new Tuning(
                32 << 20,
                4,
                1 << 20,
                64 << 20,
                4096,
                256,
                10,
                0.0,
                strata,
                256 << 10,
                1,
                64 << 10,
                64 << 10,
                1 << 20,
                16,
                Codec.RAW,
                HeapSlab::new);
    }

    private SimStore sim = new SimStore(1, 1, tuning(Tuning.Strata.OFF), Durability.ASYNC);
    private SimWorld world = new SimWorld(1);

    /** Lives once in the present world, to its end or until the power is cut; whether it held. */
    private boolean live(Survival survival, Consumer<StoreHandle> life) {
        SimWorld here = world;
        boolean held = here.run(() -> life.accept(sim.open(here)));
        world = here.reboot(survival);
        return held;
    }

    /** The value of a key after so many rounds: small ones lie in data blocks, a tenth of them apart. */
    private static byte[] value(int key, int round) {
        int last = round - 1 - (key + round - 1) % 2;
        byte[] value = new byte[key % 10 == 3 ? 3000 : 900];
        new SplittableRandom(31L * key + Math.max(0, last)).nextBytes(value);
        return value;
    }

    private static byte[] key(int key) {
        return ByteBuffer.allocate(4).putInt(key).array();
    }

    private static Keyspace keyspace(StoreHandle store) {
        return Objects.requireNonNull(store.keyspace("k"));
    }

    /** Three arrays of some MiB: all keys, then every other one twice. */
    private static void fill(StoreHandle store) {
        Keyspace k = store.createKeyspace("k");
        for (int round = 1; round <= 3; round++) {
            for (int key = 0; key < KEYS; key++) {
                if (round == 1 || (key + round - 1) % 2 == 0) {
                    k.put(key(key), value(key, round));
                }
            }
            ByHand.flush(store);
        }
        assertEquals(3, arrays(store).size());
    }

    private static List<ArrayRun> arrays(StoreHandle store) {
        return store.engine().states().current().arrays;
    }

    private static boolean mergeAll(StoreHandle store) {
        return store.engine().background().merges().mergeOne((arrays, busy) -> busy.isEmpty() ? arrays : List.of());
    }

    /** In one merge, or in several where there is no room for that. */
    private static void mergeToOneAge(StoreHandle store) {
        while (arrays(store).stream().mapToLong(ArrayRun::age).distinct().count() > 1) {
            assertTrue(mergeAll(store));
        }
    }

    private static void assertHolds(StoreHandle store) {
        Keyspace k = keyspace(store);
        for (int key = 0; key < KEYS; key += 7) {
            assertArrayEquals(value(key, 3), k.get(key(key)), "key " + key);
        }
        try (Cursor cursor = k.scan(KeyRange.all())) {
            assertScan(cursor, 0);
        }
        VerifyReport report = store.verify().result();
        assertTrue(report.clean(), () -> report.problems().toString());
    }

    private static void assertScan(Cursor cursor, int from) {
        for (int key = from; key < KEYS; key++) {
            assertTrue(cursor.next());
            byte[] found = new byte[cursor.value().remaining()];
            cursor.value().get(found);
            assertArrayEquals(value(key, 3), found, "key " + key);
        }
        assertFalse(cursor.next());
    }

    private static long bytes(StoreHandle store) {
        return arrays(store).stream().mapToLong(array -> array.info().bytes()).sum();
    }

    @Test
    void aMergeNeedsNoMoreRoomThanAFewSteps() {
        live(Survival.ALL_KEPT, PiecesTest::fill);
        SimDisk disk = world.disk("d0");
        assertTrue(live(Survival.ALL_KEPT, store -> {
            assertTrue(bytes(store) > 8 * MIB, () -> "only " + bytes(store));
            disk.limitCapacity(disk.usedBytes() + 4 * MIB);
            mergeToOneAge(store);
            assertTrue(arrays(store).size() > 3);
            assertTrue(bytes(store) < 6 * MIB, () -> "still " + bytes(store));
            assertHolds(store);
        }));
        assertTrue(live(Survival.ALL_KEPT, PiecesTest::assertHolds));
    }

    /** Each round has all keys and a snapshot of its own: bands that take turns in every array. */
    @Test
    void aMergeThatCutsAlongTheLineNeedsNoMoreEither() {
        sim = new SimStore(1, 1, tuning(new Tuning.Strata(1.0, MIB)), Durability.ASYNC);
        int rounds = 6;
        live(Survival.ALL_KEPT, store -> {
            Keyspace k = store.createKeyspace("k");
            for (int part = 0; part < 2; part++) {
                for (int round = 1; round <= rounds; round++) {
                    Keyspace of = part == 0 ? k : Objects.requireNonNull(store.keyspace("c" + round));
                    for (int key = part; key < KEYS / 2; key += 2) {
                        of.put(key(key), value(2 * key, 2 * round));
                    }
                    if (part == 0) {
                        k.snapshot("s" + round).cloneAs("c" + round);
                    }
                }
                ByHand.flush(store);
            }
        });
        SimDisk disk = world.disk("d0");
        assertTrue(live(Survival.ALL_KEPT, store -> {
            long before = bytes(store);
            assertTrue(before > 8 * MIB, () -> "only " + before);
            disk.limitCapacity(disk.usedBytes() + 4 * MIB);
            mergeToOneAge(store);
            long bands = arrays(store).stream().map(ArrayRun::from).distinct().count();
            assertTrue(
                    bands > 1 && arrays(store).size() > 2 * bands,
                    () -> arrays(store).size() + " arrays of " + bands + " bands");
            for (int round = 1; round <= rounds; round++) {
                Keyspace c = Objects.requireNonNull(store.keyspace("c" + round));
                for (int key = 0; key < KEYS / 2; key += 7) {
                    assertArrayEquals(value(2 * key, 2 * round), c.get(key(key)), "key " + key);
                }
            }
            VerifyReport report = store.verify().result();
            assertTrue(report.clean(), () -> report.problems().toString());
        }));
    }

    @Test
    void whoeverReadsKeepsWhatHeSees() {
        live(Survival.ALL_KEPT, PiecesTest::fill);
        SimDisk disk = world.disk("d0");
        assertTrue(live(Survival.ALL_KEPT, store -> {
            Cursor early = keyspace(store).scan(KeyRange.all());
            assertTrue(early.next());
            long before = disk.usedBytes();
            assertTrue(mergeAll(store));
            assertTrue(disk.usedBytes() > before + 3 * MIB);
            assertScan(early, 1);
            assertTrue(early.seek(ByteBuffer.wrap(key(5))));
            early.close();
            store.engine().background().wake();
            while (disk.usedBytes() > before) {
                store.engine().environment().pause(10_000_000);
            }
            assertHolds(store);
        }));
    }

    static LongStream seeds() {
        return Seeds.first(Integer.getInteger("seeds", 20));
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void aMergeThatIsCutOffGoesOnWhereItEnded(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        world = new SimWorld(seed);
        live(Survival.ALL_KEPT, PiecesTest::fill);
        boolean held = true;
        for (int life = 0; held && life < 3; life++) {
            SimWorld here = world;
            // Some 300 changes of the disk make one merge.
            long cut = 1L + random.nextInt(life == 0 ? 400 : 250);
            Survival survival = List.of(Survival.values()).get(random.nextInt(Survival.values().length));
            held = live(survival, store -> {
                here.power().cutAtChange(here.power().changes() + cut);
                mergeAll(store);
            });
            assertTrue(live(Survival.ALL_KEPT, PiecesTest::assertHolds), () -> "after a cut at change " + cut);
        }
        assertTrue(live(Survival.ALL_KEPT, store -> {
            mergeToOneAge(store);
            assertTrue(arrays(store).stream().noneMatch(array -> array.data().begin() > 0));
            assertHolds(store);
        }));
    }
}
