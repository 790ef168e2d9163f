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
import io.donjon.Snapshot;
import io.donjon.StoreClosedException;
import io.donjon.extents.Codec;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

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

    private static void flush(StoreHandle store) {
        store.engine().commits().sealNow();
        while (!store.engine().states().current().sealed.isEmpty()) {
            store.engine().environment().pause(1_000_000);
        }
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
        SimWorld world = new SimWorld(1);
        live(world, store(0), store -> {
            Keyspace a = store.createKeyspace("a");
            fill(a, 1);
            flush(store);
            long one = onDisk(store);
            fill(store.createKeyspace("b"), 2);
            flush(store);
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
        SimWorld world = new SimWorld(1);
        live(world, store(0), store -> {
            Keyspace a = store.createKeyspace("a");
            Keyspace b = store.createKeyspace("b");
            fill(a, 1);
            flush(store);
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
        SimWorld world = new SimWorld(1);
        live(world, store(0), store -> {
            Keyspace a = store.createKeyspace("a");
            fill(a, 1);
            Snapshot s = a.snapshot("s");
            flush(store);
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
            Keyspace a = store.createKeyspace("a");
            fill(a, 1);
            flush(store);
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
        SimWorld world = new SimWorld(1);
        live(world, store(0), store -> {
            Keyspace a = store.createKeyspace("a");
            fill(a, 1);
            Snapshot s = a.snapshot("s");
            Keyspace clone = s.cloneAs("clone");
            fill(clone, 2);
            flush(store);
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

    // ---- on request ----

    @Test
    void cleaningBringsTheArraysOfABandTogether() {
        SimWorld world = new SimWorld(1);
        live(world, store(0), store -> {
            Keyspace a = store.createKeyspace("a");
            for (int round = 1; round <= 4; round++) {
                fill(a, round);
                flush(store);
            }
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
        SimWorld world = new SimWorld(1);
        live(world, store(0), store -> {
            List<Keyspace> keyspaces = List.of(store.createKeyspace("a"), store.createKeyspace("b"));
            for (Keyspace keyspace : keyspaces) {
                fill(keyspace, 1);
                flush(store);
            }
            keyspaces.forEach(Keyspace::drop);
            CleanReport report = store.clean().result();
            assertEquals(new CleanReport(2, report.bytesBefore(), 0, 0, 2, 0), report);
            assertEquals(0, store.stats().merging().mergeRead());
        });
    }

    @Test
    void cleaningCanBeCancelledAndGoesOnWhenAskedAgain() {
        SimWorld world = new SimWorld(1);
        live(world, store(0), store -> {
            Keyspace a = store.createKeyspace("a");
            for (int round = 1; round <= 3; round++) {
                fill(a, round);
                flush(store);
            }
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
        SimWorld world = new SimWorld(1);
        live(world, store(0), store -> {
            Keyspace a = store.createKeyspace("a");
            for (int round = 1; round <= 3; round++) {
                fill(a, round);
                flush(store);
            }
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
            Keyspace a = store.createKeyspace("a");
            fill(a, 1);
            flush(store);
            boolean[] over = {false};
            var writer = world.environment().start("writer", () -> {
                for (int round = 2; !over[0]; round++) {
                    fill(a, round);
                    flush(store);
                }
            });
            CleanReport report = store.clean().result();
            over[0] = true;
            writer.join();
            assertFalse(report.arraysBefore() == 0);
        });
    }
}
