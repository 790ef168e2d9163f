package io.donjon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real threads at one store: what each of them sees is one point in time, and close waits for them. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ConcurrencyTest {
    private static final int ACCOUNTS = 16;
    private static final int SUM = ACCOUNTS * 100;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @SuppressWarnings("NullAway.Init")
    private Store store;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<Future<?>> running = new ArrayList<>();
    private final List<AtomicInteger> rounds = new ArrayList<>();
    private final AtomicBoolean over = new AtomicBoolean();

    @BeforeEach
    void open() {
        store = Store.open(StoreOptions.at(folder)
                .createIfMissing(true)
                .durability(Durability.ASYNC)
                .memoryBytes(StoreOptions.MEMORY_BYTES_MIN));
    }

    @AfterEach
    void close() {
        over.set(true);
        threads.shutdown();
        store.close();
    }

    /** Something a thread does again and again until the test is over; it counts how often. */
    private AtomicInteger again(Runnable body) {
        AtomicInteger times = new AtomicInteger();
        rounds.add(times);
        running.add(threads.submit(() -> {
            while (!over.get()) {
                body.run();
                times.incrementAndGet();
            }
        }));
        return times;
    }

    /** Lets the threads go on for a while, and on a busy machine until each of them has been round a few times. */
    private void runFor(long millis) throws Exception {
        runFor(millis, () -> true);
    }

    private void runFor(long millis, BooleanSupplier enough) throws Exception {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (running.stream().noneMatch(Future::isDone)
                && (System.nanoTime() < end
                        || !enough.getAsBoolean()
                        || rounds.stream().anyMatch(n -> n.get() < 3))) {
            Thread.sleep(10);
        }
        finish();
    }

    private void finish() throws InterruptedException, ExecutionException {
        over.set(true);
        for (Future<?> thread : running) {
            thread.get();
        }
        running.clear();
        over.set(false);
    }

    private static byte[] key(int number) {
        return ByteBuffer.allocate(4).putInt(number).array();
    }

    /** An account's balance, in a value long enough that buffers fill and are flushed and merged meanwhile. */
    private static byte[] balance(int amount) {
        return ByteBuffer.allocate(700).putInt(0, amount).array();
    }

    private static int amount(byte[] value) {
        return ByteBuffer.wrap(value).getInt();
    }

    private static int sum(Reader reader, ScanOption... options) {
        int sum = 0;
        int count = 0;
        try (Cursor cursor = reader.scan(KeyRange.all(), options)) {
            while (cursor.next()) {
                sum += cursor.value().getInt();
                count++;
            }
        }
        assertEquals(ACCOUNTS, count);
        return sum;
    }

    private void transfer(Keyspace from, Keyspace to, SplittableRandom random, Durability durability) {
        int debit = random.nextInt(ACCOUNTS);
        int credit = (debit + 1 + random.nextInt(ACCOUNTS - 1)) % ACCOUNTS;
        byte[] one = Objects.requireNonNull(from.get(key(debit)));
        byte[] other = Objects.requireNonNull(to.get(key(credit)));
        int amount = random.nextInt(50);
        WriteBatch batch = store.newBatch().allOrNothing(true);
        batch.replace(from, key(debit), one, balance(amount(one) - amount));
        batch.replace(to, key(credit), other, balance(amount(other) + amount));
        Commit commit = store.write(batch, durability);
        assertEquals(commit.applied(0), commit.applied(1));
    }

    private Keyspace accounts(String name) {
        Keyspace keyspace = store.createKeyspace(name);
        for (int i = 0; i < ACCOUNTS; i++) {
            keyspace.put(key(i), balance(100));
        }
        return keyspace;
    }

    private static int sumOfAll(Reader reader) {
        int[] sum = {0};
        List<byte[]> keys = new ArrayList<>();
        for (int i = 0; i < ACCOUNTS; i++) {
            keys.add(key(i));
        }
        reader.getAll(
                keys, (key, value) -> sum[0] += Objects.requireNonNull(value).getInt());
        return sum[0];
    }

    @Test
    void everyReaderSeesOnePointInTime() throws Exception {
        Keyspace a = accounts("a");
        Keyspace b = accounts("b");
        AtomicInteger names = new AtomicInteger();
        for (int writer = 0; writer < 3; writer++) {
            SplittableRandom random = new SplittableRandom(writer);
            Durability durability = writer == 0 ? Durability.SYNC : Durability.ASYNC;
            again(() -> transfer(a, a, random, durability));
        }
        SplittableRandom random = new SplittableRandom(9);
        again(() -> transfer(b, b, random, Durability.ASYNC));
        again(() -> assertEquals(SUM, sum(a)));
        again(() -> assertEquals(SUM, sumOfAll(a)));
        again(() -> {
            try (View view = a.view()) {
                int sum = sum(view, ScanOption.REVERSE);
                assertEquals(SUM, sum);
                assertEquals(SUM, sumOfAll(view));
            }
        });
        again(() -> {
            Snapshot snapshot = a.snapshot("s" + names.incrementAndGet());
            assertEquals(SUM, sum(snapshot));
            Keyspace clone = snapshot.cloneAs("c" + names.incrementAndGet());
            transfer(clone, clone, new SplittableRandom(1), Durability.ASYNC);
            assertEquals(SUM, sum(clone));
            assertEquals(SUM, sum(snapshot, ScanOption.REVERSE));
            clone.drop();
            snapshot.drop();
        });
        runFor(2_500, () -> store.stats().merging().flushes() > 2);
        assertTrue(store.verify().result().clean());
    }

    @Test
    void snapshotsOfSeveralKeyspacesAreOfOnePointInTime() throws Exception {
        Keyspace a = accounts("a");
        Keyspace b = accounts("b");
        AtomicInteger names = new AtomicInteger();
        for (int writer = 0; writer < 2; writer++) {
            SplittableRandom random = new SplittableRandom(writer);
            boolean there = writer == 0;
            again(() -> transfer(there ? a : b, there ? b : a, random, Durability.ASYNC));
        }
        again(() -> {
            String name = "s" + names.incrementAndGet();
            List<Snapshot> both = store.snapshotAll(Map.of(a, name, b, name));
            assertEquals(2 * SUM, sum(both.get(0)) + sum(both.get(1)));
            both.forEach(Snapshot::drop);
        });
        runFor(1_000);
    }

    /** The marker first, then the value: a version behind the one written to never sees what is written there. */
    @Test
    void aPaintNeverShowsBehindItsEnd() throws Exception {
        Keyspace k = store.createKeyspace("k");
        Snapshot s = k.snapshot("s");
        Snapshot behind = k.snapshot("t");
        Keyspace clone = s.cloneAs("c");
        AtomicInteger newest = new AtomicInteger();
        AtomicInteger writes = again(() -> clone.put(key(newest.incrementAndGet()), balance(1)));
        for (int reader = 0; reader < 2; reader++) {
            again(() -> {
                int near = newest.get();
                for (int i = Math.max(0, near - 2); i < near + 3; i++) {
                    assertNull(behind.get(key(i)));
                    assertNull(k.get(key(i)));
                }
            });
        }
        runFor(700, () -> writes.get() > 100);
    }

    /** Writes are seen in their order, whatever their durability: who sees one sees all before it. */
    @Test
    void whatIsSeenIsAPrefix() throws Exception {
        Keyspace k = store.createKeyspace("k");
        AtomicInteger next = new AtomicInteger();
        again(() -> {
            int i = next.get();
            k.with(i % 7 == 0 ? Durability.SYNC : Durability.ASYNC).put(key(i), key(i));
            next.incrementAndGet();
        });
        again(() -> k.with(Durability.SYNC).put(new byte[] {1}, new byte[0]));
        again(() -> {
            int acknowledged = next.get();
            if (acknowledged > 0) {
                assertNotNull(k.get(key(acknowledged - 1)), "an acknowledged write is not seen");
            }
            for (int i = acknowledged + 2; i > acknowledged - 2 && i > 0; i--) {
                if (k.contains(key(i))) {
                    assertTrue(k.contains(key(i - 1)), "a write is seen, and not the one before it");
                }
            }
            long sequence = store.stats().sequence();
            store.sync();
            assertTrue(store.stats().durableSequence() >= sequence);
        });
        runFor(1_000);
    }

    @Test
    void dropsWaitForScans() throws Exception {
        Keyspace k = store.createKeyspace("k");
        AtomicInteger names = new AtomicInteger();
        again(() -> {
            for (int i = 0; i < ACCOUNTS; i++) {
                k.put(key(i), balance(100));
            }
            Snapshot snapshot = k.snapshot("s" + names.incrementAndGet());
            try (Cursor cursor = snapshot.scan(KeyRange.all())) {
                snapshot.drop();
                for (int i = 0; i < ACCOUNTS; i++) {
                    k.put(key(i), balance(0));
                    if (i == 8) {
                        store.write(filler(k), Durability.ASYNC);
                    }
                    assertTrue(cursor.next());
                    assertEquals(100, cursor.value().getInt());
                }
            }
        });
        again(() -> store.write(filler(k), Durability.ASYNC));
        runFor(1_500);
    }

    private WriteBatch filler(Keyspace k) {
        WriteBatch batch = store.newBatch();
        for (int i = 0; i < 1000; i++) {
            batch.put(k, key(1000 + i), new byte[1000]);
        }
        return batch;
    }

    /** Close waits for calls under way: what they acknowledged is there afterwards, and none of them ends otherwise. */
    @RepeatedTest(8)
    void closeWaitsForEverybody() throws Exception {
        int writers = 3;
        AtomicIntegerArray acknowledged = new AtomicIntegerArray(writers);
        Keyspace k = store.createKeyspace("k");
        Queue<Cursor> left = new ArrayDeque<>();
        for (int writer = 0; writer < writers; writer++) {
            int mine = writer;
            Keyspace to = k.with(writer == 0 ? Durability.SYNC : Durability.ASYNC);
            again(untilClosed(() -> {
                int next = acknowledged.get(mine) + 1;
                to.put(
                        new byte[] {(byte) mine},
                        ByteBuffer.allocate(5000).putInt(0, next).array());
                acknowledged.set(mine, next);
            }));
        }
        again(untilClosed(() -> {
            // Left open, but for the last few: close lets go of what they hold.
            Cursor cursor = k.scan(KeyRange.all());
            left.add(cursor);
            if (left.size() > 20) {
                left.remove().close();
            }
            cursor.next();
        }));
        again(untilClosed(() -> {
            try (View view = k.view()) {
                view.get(new byte[] {0});
            }
        }));
        AtomicInteger names = new AtomicInteger();
        rounds.add(again(
                untilClosed(() -> k.snapshot("s" + names.incrementAndGet()).drop())));
        for (AtomicInteger round : rounds) {
            while (round.get() < 3) {
                Thread.sleep(1);
            }
        }
        store.close();
        finish();
        open();
        Keyspace again = Objects.requireNonNull(store.keyspace("k"));
        for (int writer = 0; writer < writers; writer++) {
            int found = amount(Objects.requireNonNull(again.get(new byte[] {(byte) writer})));
            int least = acknowledged.get(writer);
            assertTrue(found == least || found == least + 1, "acknowledged " + least + ", found " + found);
        }
        assertEquals(List.of(), store.verify().result().problems());
    }

    private Runnable untilClosed(Runnable body) {
        return () -> {
            try {
                body.run();
            } catch (StoreClosedException closed) {
                while (!over.get()) {
                    Thread.onSpinWait();
                }
            }
        };
    }
}
