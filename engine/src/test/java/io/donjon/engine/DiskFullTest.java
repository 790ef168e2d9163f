package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Cursor;
import io.donjon.DiskFullException;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Snapshot;
import io.donjon.View;
import io.donjon.extents.Codec;
import io.donjon.extents.StorageException;
import io.donjon.extents.sim.SimDisk;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Disks that fill up and are freed again: that costs the write, and nothing else. Time is simulated: what must happen
 * within a second of room must happen without anybody's help.
 */
class DiskFullTest {
    private static final long SECOND = 1_000_000_000L;
    private static final int STEPS = 60;

    /** {@code -Dseed=17} replays one, {@code -Dfull.seeds=500} runs more. */
    static LongStream seeds() {
        Long one = Long.getLong("seed");
        return one == null ? LongStream.range(0, Integer.getInteger("full.seeds", 40)) : LongStream.of(one);
    }

    // ---- one script at many fill levels ----

    /** {@code -Dfull.levels=200} tries more levels, one every 4 KiB as these. */
    @ParameterizedTest(name = "{0} disks, {1} copies")
    @CsvSource({"1,1", "2,2", "3,1"})
    void aFullDiskCostsTheWriteAndNothingElseAtEveryLevel(int disks, int copies) {
        int levels = Integer.getInteger("full.levels", 16);
        for (int level = 0; level < levels; level++) {
            Script script = new Script(disks, copies, 600_000L + level * 4096L);
            try {
                script.run();
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError(disks + " disks, " + copies + " copies, level " + level, e);
            }
        }
        System.out.println("disk-full: disks=" + disks + " copies=" + copies + " levels=" + levels);
    }

    private static final class Script {
        final SimStore store;
        final int disks;
        final long capacity;
        final SimWorld world;
        final NavigableMap<byte[], byte[]> expected = new TreeMap<>(Model.KEY_ORDER);
        int written;

        Script(int disks, int copies, long capacity) {
            this.disks = disks;
            this.capacity = capacity;
            this.store = new SimStore(disks, copies, Tunings.small());
            this.world = new SimWorld(capacity);
        }

        void limit(SimWorld in, long bytes) {
            for (int i = 0; i < disks; i++) {
                in.disk("d" + i).limitCapacity(bytes);
            }
        }

        boolean put(Keyspace keyspace) {
            byte[] key = ("key " + written * 7919 % 1000).getBytes(StandardCharsets.UTF_8);
            byte[] value = new byte[900];
            new SplittableRandom(written).nextBytes(value);
            written++;
            try {
                keyspace.put(key, value);
                expected.put(key, value);
                return true;
            } catch (DiskFullException e) {
                String message = Objects.requireNonNull(e.getMessage());
                assertTrue(message.contains("/d") && message.contains("bytes"), message);
                return false;
            }
        }

        void run() {
            assertTrue(world.run(this::fill));
            for (int i = 0; i < disks; i++) {
                assertEquals(List.of(), world.disk("d" + i).openNames());
            }
            SimWorld after = world.reboot(Survival.ALL_LOST);
            for (int i = 0; i < disks; i++) {
                SimDisk disk = after.disk("d" + i);
                disk.limitCapacity(disk.usedBytes());
            }
            assertTrue(after.run(() -> reopen(after)));
        }

        private void fill() {
            StoreHandle opened = store.open(world);
            limit(world, capacity);
            Keyspace keyspace = opened.createKeyspace("k");
            List<Snapshot> snapshots = new ArrayList<>();
            NavigableMap<byte[], byte[]> first = new TreeMap<>(Model.KEY_ORDER);
            int refused = 0;
            while (refused < 20) {
                if (!put(keyspace)) {
                    refused++;
                    opened.engine().environment().pause(SECOND / 10);
                } else if (written % 20 == 0 && refused == 0) {
                    try {
                        snapshots.add(keyspace.snapshot("s" + snapshots.size()));
                        if (snapshots.size() == 1) {
                            first = Model.copy(expected);
                        }
                    } catch (DiskFullException full) {
                        refused++;
                    }
                }
                assertTrue(written < 20_000, "the disk is never full");
            }
            checkReads(opened, keyspace, snapshots.get(0), first);
            for (int i = 1; i < snapshots.size(); i++) {
                snapshots.get(i).drop();
            }
            opened.sync();
            opened.engine().environment().pause(5 * SECOND);
            checkReads(opened, keyspace, snapshots.get(0), first);
            assertEquals(null, opened.stats().readOnlyReason());
            assertEquals(List.of(), opened.verify().result().problems());
            room(world, opened, keyspace);
            checkReads(opened, keyspace, snapshots.get(0), first);
            while (put(keyspace)) {
                limit(world, capacity);
            }
            // On a disk that is full again.
            opened.close();
        }

        private void checkReads(
                StoreHandle opened, Keyspace keyspace, Snapshot snapshot, NavigableMap<byte[], byte[]> first) {
            assertEquals(Dump.text(expected), Dump.text(Dump.of(keyspace)));
            assertEquals(Dump.text(first), Dump.text(Dump.of(snapshot)));
            try (View view = keyspace.view();
                    Cursor cursor = keyspace.scan(KeyRange.all())) {
                assertTrue(cursor.next());
                assertArrayEquals(view.get(cursor.keyBytes()), cursor.valueBytes());
            }
            assertNotNull(opened.keyspace("k"));
        }

        /** Writes go on within a second of there being room. */
        private void room(SimWorld in, StoreHandle opened, Keyspace keyspace) {
            limit(in, capacity + (1 << 20));
            long from = opened.engine().environment().nanoTime();
            boolean done = put(keyspace);
            while (!done) {
                opened.engine().environment().pause(SECOND / 100);
                done = put(keyspace);
                long waited = opened.engine().environment().nanoTime() - from;
                assertTrue(waited < SECOND, () -> "no write goes through " + waited + " ns after there was room");
            }
        }

        private void reopen(SimWorld after) {
            StoreHandle opened = store.open(after);
            Keyspace keyspace = Objects.requireNonNull(opened.keyspace("k"));
            Snapshot snapshot = Objects.requireNonNull(keyspace.snapshotNamed("s0"));
            assertEquals(Dump.text(expected), Dump.text(Dump.of(keyspace)));
            snapshot.drop();
            room(after, opened, keyspace);
            assertEquals(Dump.text(expected), Dump.text(Dump.of(keyspace)));
            assertEquals(List.of(), opened.verify().result().problems());
            opened.close();
        }
    }

    // ---- random histories ----

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void agreesWithTheOracleWhileRoomComesAndGoes(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int disks = 1 + random.nextInt(3);
        int copies = 1 + random.nextInt(Math.min(2, disks));
        Machine machine = new Machine(random.nextLong());
        SimWorld world = new SimWorld(random.nextLong());
        boolean everythingKept = true;
        for (int life = 0; life < 3; life++) {
            SimStore store = new SimStore(disks, copies, Tunings.random(random.split()));
            SimWorld here = world;
            boolean kept = everythingKept;
            boolean close = random.nextBoolean();
            SplittableRandom choices = random.split();
            assertTrue(world.run(() -> live(machine, store, here, kept, close, choices)));
            Survival survival = List.of(Survival.values()).get(random.nextInt(Survival.values().length));
            everythingKept = survival == Survival.ALL_KEPT || close;
            world = world.reboot(survival);
            boolean full = random.nextInt(4) > 0 && hasReserves(world, disks);
            squeeze(world, disks, full ? 0 : 1 << 30);
        }
    }

    private static void live(
            Machine machine, SimStore store, SimWorld world, boolean kept, boolean close, SplittableRandom random) {
        StoreHandle opened = store.open(world);
        machine.judge(opened, kept);
        for (int step = 0; step < STEPS; step++) {
            if (random.nextInt(8) == 0) {
                squeeze(world, store.disks, random.nextInt(3) == 0 ? 1 << 30 : random.nextInt(100_000));
            }
            machine.stepUnless(DiskFullTest::isFull);
        }
        machine.assertEverything();
        assertEquals(List.of(), opened.verify().result().problems());
        if (random.nextBoolean()) {
            squeeze(world, store.disks, 1 << 30);
            long from = world.environment().nanoTime();
            while (!machine.stepUnless(DiskFullTest::isFull)) {
                long waited = world.environment().nanoTime() - from;
                assertTrue(waited < SECOND, () -> "still full " + waited + " ns after there was room");
                world.environment().pause(SECOND / 100);
            }
        }
        if (close) {
            opened.close();
        }
    }

    private static boolean isFull(RuntimeException e) {
        return e instanceof DiskFullException
                || (e instanceof StorageException storage && storage.kind() == StorageException.Kind.NO_SPACE);
    }

    /** Whether every disk has kept what a store needs to be opened when the disk is full. */
    private static boolean hasReserves(SimWorld world, int disks) {
        for (int i = 0; i < disks; i++) {
            SimDisk disk = world.disk("d" + i);
            long kept = 0;
            for (String name : disk.names()) {
                try {
                    kept += name.matches("reserve-\\d+") ? disk.contents(name).length : 0;
                } catch (NoSuchFileException e) {
                    throw new AssertionError(e);
                }
            }
            if (kept < 256 << 10) {
                return false;
            }
        }
        return true;
    }

    /** Leaves so much room on each disk. */
    private static void squeeze(SimWorld world, int disks, long room) {
        for (int i = 0; i < disks; i++) {
            SimDisk disk = world.disk("d" + i);
            disk.limitCapacity(disk.usedBytes() + room);
        }
    }

    // ---- drops ----

    /** They are what makes room again. */
    @Test
    void aDropGoesThroughWhereNoWriteDoes() {
        SimWorld world = new SimWorld(6);
        // With a buffer so large that it is the log which has no room.
        SimStore store = new SimStore(1, 1, Tunings.of(8 << 20, 1, 64 << 10, 512, 64, 1.0, 256 << 10, Codec.LZ4));
        assertTrue(world.run(() -> {
            StoreHandle opened = store.open(world);
            Keyspace keyspace = opened.createKeyspace("k");
            List<Snapshot> snapshots = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                keyspace.put(new byte[] {(byte) i}, new byte[100]);
                snapshots.add(keyspace.snapshot("s" + i));
            }
            opened.engine().environment().pause(5 * SECOND);
            squeeze(world, 1, 0);
            for (Snapshot snapshot : snapshots) {
                fillTheLog(keyspace, new byte[1000]);
                fillTheLog(keyspace, new byte[0]);
                snapshot.drop();
            }
            squeeze(world, 1, 1 << 30);
            opened.engine().environment().pause(SECOND);
            keyspace.put(new byte[] {2}, new byte[0]);
            assertEquals(List.of(), opened.verify().result().problems());
            opened.close();
        }));
    }

    private static void fillTheLog(Keyspace keyspace, byte[] value) {
        DiskFullException full = assertThrows(DiskFullException.class, () -> {
            while (true) {
                keyspace.put(new byte[] {1}, value);
            }
        });
        assertTrue(String.valueOf(full.getMessage()).contains("no room for log segment"), full.getMessage());
    }

    // ---- one disk of several ----

    @Test
    void aFullDiskAmongOthersIsNotLeftOut() {
        SimWorld world = new SimWorld(5);
        SimStore store = new SimStore(3, 2, Tunings.small());
        assertTrue(world.run(() -> {
            StoreHandle opened = store.open(world);
            Keyspace keyspace = opened.createKeyspace("k");
            world.disk("d1").limitCapacity(world.disk("d1").usedBytes());
            byte[] value = new byte[1000];
            Arrays.fill(value, (byte) 'v');
            int refused = 0;
            for (int i = 0; refused < 10; i++) {
                try {
                    keyspace.put(new byte[] {(byte) i}, value);
                } catch (DiskFullException e) {
                    refused++;
                    opened.engine().environment().pause(SECOND / 10);
                }
            }
            assertTrue(opened.stats().disks().stream()
                    .allMatch(disk -> disk.state() == io.donjon.StoreStats.Disk.State.IN_USE));
            world.disk("d1").limitCapacity(1 << 30);
            opened.engine().environment().pause(SECOND);
            keyspace.put(new byte[0], value);
            opened.close();
        }));
    }
}
