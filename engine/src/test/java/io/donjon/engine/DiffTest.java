package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.ChangeCursor;
import io.donjon.CursorExpiredException;
import io.donjon.DroppedException;
import io.donjon.Durability;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Snapshot;
import io.donjon.StoreClosedException;
import io.donjon.Version;
import io.donjon.extents.BlockCache;
import io.donjon.extents.Codec;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What {@code Store.diff} promises beside its answers, which {@link Machine} and {@link LineHistory} compare with theirs. */
class DiffTest {
    private static final int KEYS = 10_000;
    private static final int CHANGED = KEYS / 100;
    private static final int VALUE_BYTES = 100;
    private static final int SNAPSHOTS = 30;

    /** About as many breakpoints in a block as in one of 16 KiB there are of ten times as many snapshots. */
    private static final Tuning CHAIN = Tunings.of(256 << 10, 2, 256 << 20, 2048, 16384, 1.0, 1 << 20, Codec.RAW);

    /** The same, where nothing is merged while it is read. */
    private static final Tuning UNMERGED_CHAIN =
            Tunings.of(256 << 10, 2, 256 << 20, 2048, 16384, 0.0, 1 << 20, Codec.RAW);

    /** Nothing is merged, and what is flushed is held by few cursors. */
    private static final Tuning UNMERGED = Tunings.of(16 << 10, 1, 1 << 20, 512, 64, 0.0, 64 << 10, Codec.RAW);

    private SimWorld world = new SimWorld(1);

    private void live(Tuning tuning, Consumer<StoreHandle> life) {
        SimWorld here = world;
        assertTrue(here.run(() -> life.accept(new SimStore(1, 1, tuning, Durability.ASYNC).open(here))));
        world = here.reboot(Survival.ALL_KEPT);
    }

    private static byte[] key(int number) {
        // So that neighbours in order are not neighbours in number: each changed key lies in a block of its own.
        return ByteBuffer.allocate(8).putLong(number * 0x9E3779B97F4A7C15L).array();
    }

    private static Keyspace k(StoreHandle store) {
        return Objects.requireNonNull(store.keyspace("k"));
    }

    private static Version snapshot(StoreHandle store, String name) {
        return Objects.requireNonNull(k(store).snapshotNamed(name), name).version();
    }

    // ---- how much is read ----

    /** Of a chain of snapshots with 1 % changed each, in one array: both values of a key lie side by side. */
    @Test
    void neighboursCostABlockForEachChangedKeyAndTheDirectories() {
        chain(true);
        for (int older : new int[] {0, SNAPSHOTS / 2, SNAPSHOTS - 2}) {
            assertReads(older, 1.1);
        }
    }

    /** Where the newest arrays have not been merged with the others yet, the old value of a key lies apart. */
    @Test
    void whatWasWrittenLatelyCostsTwoBlocksForEachChangedKey() {
        chain(false);
        assertReads(SNAPSHOTS - 2, 2.1);
    }

    private void chain(boolean merged) {
        live(merged ? UNMERGED_CHAIN : CHAIN, store -> {
            Keyspace keyspace = store.createKeyspace("k");
            SplittableRandom random = new SplittableRandom(1);
            byte[] value = new byte[VALUE_BYTES];
            for (int key = 0; key < KEYS; key++) {
                random.nextBytes(value);
                keyspace.put(key(key), value);
            }
            for (int s = 0; s < SNAPSHOTS; s++) {
                keyspace.snapshot("s" + s);
                for (int n = 0; n < CHANGED; n++) {
                    random.nextBytes(value);
                    keyspace.put(key((s * CHANGED + n) % KEYS), value);
                }
            }
            settle(store);
            if (merged) {
                assertTrue(store.engine().background().merges().mergeOne((arrays, busy) -> arrays));
            }
            store.close();
        });
    }

    /** Reads the difference of two neighbours with nothing in the cache, and looks which data blocks are there then. */
    private void assertReads(int older, double blocksMost) {
        live(UNMERGED_CHAIN, store -> {
            Set<Long> data = new LinkedHashSet<>();
            for (ArrayRun array : store.engine().states().current().arrays) {
                ArrayCursor all =
                        new ArrayCursor(array, store.engine().store(), ArrayCursor.Reading.STREAMING, 64 << 10, null);
                for (boolean more = all.first(); more; more = all.next()) {
                    data.add(array.data().id() << 40 | all.blockOffset());
                }
            }
            int changes = 0;
            try (ChangeCursor cursor =
                    store.diff(snapshot(store, "s" + older), snapshot(store, "s" + (older + 1)), KeyRange.all())) {
                while (cursor.next()) {
                    assertEquals(ChangeCursor.Kind.CHANGED, cursor.kind());
                    assertEquals(
                            VALUE_BYTES,
                            Objects.requireNonNull(cursor.oldValue()).remaining());
                    assertEquals(
                            VALUE_BYTES,
                            Objects.requireNonNull(cursor.newValue()).remaining());
                    changes++;
                }
            }
            assertEquals(CHANGED, changes);
            BlockCache cache = store.engine().store().cache();
            long read = data.stream()
                    .filter(block -> cache.get(block >>> 40, block & ((1L << 40) - 1)) != null)
                    .count();
            assertTrue(data.size() > 5 * CHANGED, () -> data.size() + " blocks: a scan would do as well");
            assertTrue(read <= blocksMost * CHANGED, () -> read + " data blocks for " + CHANGED + " changed keys");
            store.close();
        });
    }

    /** Arrays of clones that stand between the two, and hold neither, are not opened. */
    @Test
    void clonesInBetweenThatWereFlushedApartAreNotRead() {
        live(UNMERGED, store -> {
            Keyspace keyspace = store.createKeyspace("k");
            keyspace.put(key(0), new byte[1]);
            Snapshot s = keyspace.snapshot("s");
            Keyspace clone = s.cloneAs("c");
            Snapshot between = clone.snapshot("between");
            Keyspace inner = between.cloneAs("inner");
            settle(store);
            for (int key = 0; key < 100; key++) {
                inner.put(key(key), new byte[50]);
            }
            settle(store);
            long hits = asked(store);
            try (ChangeCursor cursor = store.diff(s.version(), keyspace.version(), KeyRange.all())) {
                assertFalse(cursor.next());
            }
            assertTrue(asked(store) - hits < 20, () -> asked(store) - hits + " blocks asked for");
        });
    }

    /** What lies behind the range, of the same tree and of another, is not walked over in search of a change. */
    @Test
    void aRangeOfABufferCostsNothingOfWhatLiesBehind() {
        LongAdder calls = new LongAdder();
        Tuning counting = Tunings.withSlabs(UNMERGED_CHAIN, size -> counting(new HeapSlab(size), calls));
        live(counting, store -> {
            Keyspace keyspace = store.createKeyspace("k");
            Keyspace behind = store.createKeyspace("behind");
            Snapshot s = keyspace.snapshot("s");
            keyspace.put(number(0), new byte[1]);
            Snapshot t = keyspace.snapshot("t");
            for (int key = 0; key < 1000; key++) {
                keyspace.put(number(key), new byte[2]);
                behind.put(number(key), new byte[1]);
            }
            KeyRange range = KeyRange.between(number(0), number(5));
            for (Version to : List.of(t.version(), keyspace.version())) {
                long before = calls.sum();
                assertEquals(to.equals(t.version()) ? 1 : 5, changes(store, s.version(), to, range));
                long made = calls.sum() - before;
                // A search costs about twenty nodes, of a few fields each.
                assertTrue(made < 3_000, () -> made + " calls to the buffer's memory");
            }
        });
    }

    private static Slab counting(Slab slab, LongAdder calls) {
        return (Slab) Proxy.newProxyInstance(
                Slab.class.getClassLoader(), new Class<?>[] {Slab.class}, (proxy, method, arguments) -> {
                    calls.increment();
                    return method.invoke(slab, arguments);
                });
    }

    private static byte[] number(int key) {
        return ByteBuffer.allocate(4).putInt(key).array();
    }

    private static int changes(StoreHandle store, Version from, Version to, KeyRange range) {
        try (ChangeCursor cursor = store.diff(from, to, range)) {
            int changes = 0;
            while (cursor.next()) {
                changes++;
            }
            return changes;
        }
    }

    /** In an array whose first key lies behind the range nothing is looked for. */
    @Test
    void arraysBehindTheRangeAreNotRead() {
        live(UNMERGED, store -> {
            Keyspace keyspace = store.createKeyspace("k");
            Snapshot s = keyspace.snapshot("s");
            keyspace.put(number(0), new byte[1]);
            settle(store);
            long arrays = 10;
            for (int array = 1; array <= arrays; array++) {
                keyspace.put(number(1), new byte[] {(byte) array});
                settle(store);
            }
            Snapshot t = keyspace.snapshot("t");
            KeyRange range = KeyRange.between(number(0), number(1));
            assertEquals(1, changes(store, s.version(), t.version(), range));
            // Now it is known what ranks the versions have in the arrays; whether these have the key has to be asked.
            long before = asked(store);
            assertEquals(1, changes(store, s.version(), t.version(), range));
            long one = asked(store) - before;
            assertTrue(one < 2 * arrays, () -> one + " blocks asked for");
        });
    }

    private static long asked(StoreHandle store) {
        return store.stats().cache().hits() + store.stats().cache().misses();
    }

    private static void settle(StoreHandle store) {
        store.engine().commits().sealNow();
        while (!store.engine().states().current().sealed.isEmpty()) {
            store.engine().environment().pause(10_000);
        }
    }

    // ---- values ----

    @Test
    void largeValuesAreComparedByTheirBytes() {
        live(UNMERGED, store -> {
            Keyspace keyspace = store.createKeyspace("k");
            byte[] large = new byte[100_000];
            byte[] other = large.clone();
            other[99_999] = 1;
            for (int key = 0; key < 4; key++) {
                keyspace.put(key(key), large);
            }
            Snapshot s = keyspace.snapshot("s");
            settle(store);
            keyspace.put(key(1), large);
            keyspace.put(key(2), other);
            keyspace.put(key(3), Arrays.copyOf(large, 99_999));
            Snapshot t = keyspace.snapshot("t");
            for (int round = 0; round < 2; round++) {
                // From the buffer, then from an array of its own.
                try (ChangeCursor cursor = store.diff(s.version(), t.version(), KeyRange.all())) {
                    int found = 0;
                    while (cursor.next()) {
                        boolean second = Arrays.equals(cursor.keyBytes(), key(2));
                        assertArrayEquals(second ? key(2) : key(3), cursor.keyBytes());
                        assertArrayEquals(large, bytes(cursor.oldValue()));
                        assertArrayEquals(second ? other : Arrays.copyOf(large, 99_999), bytes(cursor.newValue()));
                        found++;
                    }
                    assertEquals(2, found);
                }
                settle(store);
            }
        });
    }

    private static byte @Nullable [] bytes(@Nullable ByteBuffer buffer) {
        if (buffer == null) {
            return null;
        }
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(buffer.position(), bytes);
        return bytes;
    }

    /** More breakpoints of one key than blocks hold, so that what is known of it lies in several. */
    @Test
    void aKeyOfManyBlocksHasTheRightValuesBetweenAnyTwo() {
        live(UNMERGED, store -> {
            Keyspace keyspace = store.createKeyspace("k");
            int snapshots = 120;
            for (int s = 0; s < snapshots; s++) {
                keyspace.put(key(0), new byte[] {(byte) s, (byte) (s >>> 8), 0, 0, 0, 0, 0, 0, 0, 0});
                if (s % 7 == 0) {
                    keyspace.put(key(s + 1), new byte[1]);
                }
                keyspace.snapshot("s" + s);
            }
            settle(store);
            SplittableRandom random = new SplittableRandom(5);
            for (int n = 0; n < 500; n++) {
                int a = random.nextInt(snapshots);
                int b = random.nextInt(snapshots);
                try (ChangeCursor cursor =
                        store.diff(snapshot(store, "s" + a), snapshot(store, "s" + b), KeyRange.all())) {
                    boolean seen = false;
                    while (cursor.next()) {
                        if (Arrays.equals(cursor.keyBytes(), key(0))) {
                            seen = true;
                            assertEquals(
                                    (byte) a,
                                    Objects.requireNonNull(cursor.oldValue())
                                            .get(cursor.oldValue().position()));
                            assertEquals(
                                    (byte) b,
                                    Objects.requireNonNull(cursor.newValue())
                                            .get(cursor.newValue().position()));
                        }
                    }
                    assertEquals(a != b, seen);
                }
            }
        });
    }

    // ---- the contract ----

    @Test
    void versionsOfDifferentTreesAndForeignOnesAreRefused() {
        live(UNMERGED, store -> {
            Version one = store.createKeyspace("k").version();
            Version other = store.createKeyspace("other").version();
            assertThrows(IllegalArgumentException.class, () -> store.diff(one, other, KeyRange.all()));
            Version foreign = new Version(999, 0, "k", Version.Kind.HEAD, "k", java.time.Instant.EPOCH, true);
            assertThrows(IllegalArgumentException.class, () -> store.diff(one, foreign, KeyRange.all()));
            try (ChangeCursor cursor = store.diff(one, one, KeyRange.all())) {
                assertFalse(cursor.next());
            }
        });
    }

    @Test
    void aDroppedVersionIsRefusedButNotTakenFromACursor() {
        live(UNMERGED, store -> {
            Keyspace keyspace = store.createKeyspace("k");
            keyspace.put(key(1), new byte[1]);
            Snapshot s = keyspace.snapshot("s");
            keyspace.delete(key(1));
            keyspace.put(key(2), new byte[1]);
            Snapshot t = keyspace.snapshot("t");
            Version from = s.version();
            Version to = t.version();
            try (ChangeCursor cursor = store.diff(from, to, KeyRange.all())) {
                s.drop();
                t.drop();
                settle(store);
                store.engine().background().merges().mergeOne((arrays, busy) -> arrays);
                int found = 0;
                while (cursor.next()) {
                    boolean removed = Arrays.equals(key(1), cursor.keyBytes());
                    assertEquals(removed ? ChangeCursor.Kind.REMOVED : ChangeCursor.Kind.ADDED, cursor.kind());
                    assertEquals(removed, cursor.newValue() == null);
                    assertEquals(!removed, cursor.oldValue() == null);
                    found++;
                }
                assertEquals(2, found);
            }
            assertThrows(DroppedException.class, () -> store.diff(from, to, KeyRange.all()));
            assertThrows(DroppedException.class, () -> store.diff(to, keyspace.version(), KeyRange.all()));
        });
    }

    /** Where memory is short a diff of immutable versions takes up where it was; one of a head says that it cannot. */
    @Test
    void anExpiredDiffOfSnapshotsGoesOn() {
        live(UNMERGED, store -> {
            Keyspace keyspace = store.createKeyspace("k");
            Snapshot s = keyspace.snapshot("s");
            for (int key = 0; key < 50; key++) {
                keyspace.put(key(key), new byte[] {(byte) key});
            }
            Snapshot t = keyspace.snapshot("t");
            DiffCursor immutable = (DiffCursor) store.diff(s.version(), t.version(), KeyRange.all());
            DiffCursor ofHead = (DiffCursor) store.diff(s.version(), keyspace.version(), KeyRange.all());
            int found = 0;
            while (immutable.next()) {
                byte[] value = bytes(immutable.newValue());
                byte[] key = immutable.keyBytes();
                assertTrue(immutable.expire());
                settle(store);
                assertArrayEquals(value, bytes(immutable.newValue()));
                assertArrayEquals(key, immutable.keyBytes());
                assertNull(immutable.oldValue());
                assertTrue(found % 2 == 0 || immutable.expire());
                keyspace.put(key(1000 + found), new byte[1]);
                found++;
            }
            assertEquals(50, found);
            assertTrue(ofHead.next());
            assertTrue(ofHead.expire());
            assertThrows(CursorExpiredException.class, ofHead::newValue);
            assertThrows(CursorExpiredException.class, ofHead::next);
            ofHead.close();
            immutable.close();
            immutable.close();
            assertThrows(IllegalStateException.class, immutable::next);
            assertThrows(IllegalStateException.class, immutable::key);
            ChangeCursor left = store.diff(s.version(), t.version(), KeyRange.all());
            assertTrue(left.next());
            store.close();
            assertThrows(StoreClosedException.class, left::next);
        });
    }
}
