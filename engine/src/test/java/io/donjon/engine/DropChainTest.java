package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Compression;
import io.donjon.Durability;
import io.donjon.Keyspace;
import io.donjon.Snapshot;
import io.donjon.Store;
import io.donjon.StoreOptions;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Drops 9 of 10 snapshots of a chain at random, beside a load at half its full rate, and sees the space come back without
 * being asked for: 100-byte entries, 1 % of the keys changed from snapshot to snapshot, nothing compressed.
 *
 * <p>{@code -Ddrop.keys=1000000 -Ddrop.snapshots=1000 -Ddrop.memory=256 -Ddrop.seconds=60} is the chain of issue 11. The line that begins with
 * "drop-chain" is for programs: bytes of arrays to bytes of what is readable, and the longest pauses in milliseconds, of the
 * load and of a thread that does nothing else than look at the clock.
 */
class DropChainTest {
    private static final int KEYS = Integer.getInteger("drop.keys", 20_000);
    private static final int SNAPSHOTS = Integer.getInteger("drop.snapshots", 100);
    private static final int CHANGED = KEYS / 100;
    private static final int VALUE_BYTES = 84;

    /** How long the load goes on once the snapshots are dropped. */
    private static final int SECONDS = Integer.getInteger("drop.seconds", 3);

    /** How long nothing may have changed before the cleaner counts as done. */
    private static final long QUIET_NANOS = 3_000_000_000L;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    /** By key: the snapshots, by number, before which it was written, ascending; its first writing left out. */
    private final List<List<Integer>> written = new ArrayList<>();

    private static byte[] key(int number) {
        return ByteBuffer.allocate(16)
                .putLong(number * 0x9E3779B97F4A7C15L)
                .putLong(number)
                .array();
    }

    private static byte[] value(int key, int round) {
        byte[] value = new byte[VALUE_BYTES];
        new Random(31L * key + round).nextBytes(value);
        return value;
    }

    @Test
    void spaceComesBackAndNobodyWaitsForIt() throws InterruptedException {
        try (Store store = Store.open(StoreOptions.at(folder)
                .createIfMissing(true)
                .durability(Durability.ASYNC)
                .compression(Compression.NONE)
                .memoryBytes(Long.getLong("drop.memory", StoreOptions.MEMORY_BYTES_MIN >> 20) << 20))) {
            Keyspace chain = store.createKeyspace("k");
            List<Snapshot> snapshots = load(chain);
            Keyspace other = store.createKeyspace("load");
            double full = rate(other);
            Clock idle = new Clock(0, () -> {});
            Clock load = new Clock(full / 2, writer(other));
            idle.start();
            load.start();
            List<Integer> order = new ArrayList<>();
            for (int i = 0; i < SNAPSHOTS; i++) {
                order.add(i);
            }
            Collections.shuffle(order, new Random(1));
            List<Integer> dropped = order.subList(0, SNAPSHOTS * 9 / 10);
            dropped.forEach(number -> snapshots.get(number).drop());
            Thread.sleep(1_000L * SECONDS);
            idle.end();
            load.end();
            other.drop();
            awaitQuiet(store);
            check(snapshots, order.subList(dropped.size(), SNAPSHOTS));
            long bytes = ((StoreHandle) store)
                    .engine().states().current().arrays.stream()
                            .mapToLong(array -> array.info().bytes())
                            .sum();
            double space = (double) bytes / readable(order.subList(dropped.size(), SNAPSHOTS));
            System.out.printf(
                    Locale.ROOT,
                    "drop-chain: space=%.3f bytes=%d pause=%.1f idle=%.1f rate=%.0f%n",
                    space,
                    bytes,
                    load.longest / 1e6,
                    idle.longest / 1e6,
                    full);
            assertTrue(space < 4, () -> space + " times what is readable");
        }
    }

    private List<Snapshot> load(Keyspace chain) {
        for (int key = 0; key < KEYS; key++) {
            written.add(new ArrayList<>());
            chain.put(key(key), value(key, -1));
        }
        List<Snapshot> snapshots = new ArrayList<>();
        Random random = new Random(2);
        for (int number = 0; number < SNAPSHOTS; number++) {
            for (int n = 0; n < CHANGED; n++) {
                int key = random.nextInt(KEYS);
                chain.put(key(key), value(key, number));
                List<Integer> rounds = written.get(key);
                if (rounds.isEmpty() || rounds.get(rounds.size() - 1) != number) {
                    rounds.add(number);
                }
            }
            snapshots.add(chain.snapshot("s" + number));
        }
        return snapshots;
    }

    /** The last round, at or before a snapshot, in which a key was written; -1 for its first writing. */
    private int round(int key, int snapshot) {
        int round = -1;
        for (int written : written.get(key)) {
            round = written <= snapshot ? written : round;
        }
        return round;
    }

    private void check(List<Snapshot> snapshots, List<Integer> kept) {
        Random random = new Random(3);
        for (int n = 0; n < 2_000; n++) {
            int number = kept.get(random.nextInt(kept.size()));
            int key = random.nextInt(KEYS);
            assertArrayEquals(
                    value(key, round(key, number)), snapshots.get(number).get(key(key)), () -> "snapshot " + number);
        }
    }

    /** Bytes of keys and values that some snapshot of these, or the head, shows. */
    private long readable(List<Integer> kept) {
        List<Integer> ascending = new ArrayList<>(kept);
        Collections.sort(ascending);
        ascending.add(SNAPSHOTS);
        long entries = 0;
        for (int key = 0; key < KEYS; key++) {
            int before = Integer.MIN_VALUE;
            for (int snapshot : ascending) {
                int round = round(key, snapshot);
                entries += round != before ? 1 : 0;
                before = round;
            }
        }
        return entries * (16 + VALUE_BYTES);
    }

    private static void awaitQuiet(Store store) throws InterruptedException {
        long bytes = -1;
        long since = System.nanoTime();
        while (System.nanoTime() - since < QUIET_NANOS) {
            long now = store.stats().merging().mergeWritten()
                    + store.stats().arrays().size();
            if (now != bytes || store.stats().merging().running() > 0) {
                bytes = now;
                since = System.nanoTime();
            }
            Thread.sleep(50);
        }
    }

    /** A step of a load on some keys of its own, written over and over. */
    private static Runnable writer(Keyspace keyspace) {
        Random random = new Random(4);
        return () -> {
            int key = random.nextInt(10_000);
            keyspace.put(key(key), value(key, 0));
            Objects.requireNonNull(keyspace.get(key(key)));
        };
    }

    /** Steps a second as fast as they go. */
    private static double rate(Keyspace keyspace) {
        Runnable step = writer(keyspace);
        long began = System.nanoTime();
        int steps = 0;
        while (System.nanoTime() - began < 1_000_000_000L) {
            step.run();
            steps++;
        }
        return steps;
    }

    /** A thread that does something at a rate, or looks at the clock all the time, and notes the longest pause. */
    private static final class Clock {
        private final Thread thread;
        private volatile boolean ending;
        private long longest;

        Clock(double perSecond, Runnable step) {
            thread = new Thread(() -> {
                long period = perSecond == 0 ? 1_000_000 : (long) (1e9 / perSecond);
                long due = System.nanoTime();
                while (!ending) {
                    LockSupport.parkNanos(due - System.nanoTime());
                    long began = System.nanoTime();
                    step.run();
                    long now = System.nanoTime();
                    // A thread that does nothing is late; one that does something is late or slow.
                    longest = Math.max(longest, perSecond == 0 ? now - due : now - began);
                    due = Math.max(due + period, now);
                }
            });
        }

        void start() {
            thread.start();
        }

        void end() throws InterruptedException {
            ending = true;
            thread.join();
        }
    }
}
