package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Cursor;
import io.donjon.CursorExpiredException;
import io.donjon.DroppedException;
import io.donjon.Durability;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Reader;
import io.donjon.ScanOption;
import io.donjon.Snapshot;
import io.donjon.StoreClosedException;
import io.donjon.StoreOptions;
import io.donjon.VerifyReport;
import io.donjon.VersionQuery;
import io.donjon.View;
import io.donjon.WriteBatch;
import io.donjon.extents.ChannelDirectory;
import io.donjon.extents.Codec;
import io.donjon.extents.Environment;
import io.donjon.extents.IoMeter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Many real threads at one store on a real directory, with buffers so small that they are flushed and merged all the
 * time: what is read is always right, and close ends everything by one named exception.
 *
 * <p>{@code -Dstress.seconds=60} lets each test run so long, {@code -Dstress.steps=1000000} lets cursors make so many
 * steps while the store is closed under them, and {@code -Dseed=7} draws another history.
 */
class StressTest {
    private static final double SECONDS = Double.parseDouble(System.getProperty("stress.seconds", "4"));
    private static final long STEPS = Long.getLong("stress.steps", 100_000);
    private static final long SEED = Long.getLong("seed", 1);
    private static final int KEYS = 200;

    /** Where write buffers have their memory. */
    enum Memory {
        CHRONICLE,
        HEAP;

        Slab slab(int size) {
            return this == HEAP ? new HeapSlab(size) : new ChronicleSlab(size);
        }
    }

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private final AtomicInteger names = new AtomicInteger();

    private StoreHandle open(Memory memory) {
        StoreOptions options = StoreOptions.at(folder)
                .createIfMissing(true)
                .durability(Durability.ASYNC)
                .memoryBytes(StoreOptions.MEMORY_BYTES_MIN);
        Tuning tuning = new Tuning(
                128 << 10,
                1,
                1 << 20,
                1 << 20,
                1024,
                256,
                10,
                1.0,
                new Tuning.Strata(1.0, 16 << 10),
                64 << 10,
                2,
                64 << 10,
                64 << 10,
                1 << 20,
                4,
                Codec.LZ4,
                memory::slab);
        IoMeter meter = new IoMeter();
        try {
            return new StoreHandle(new Engine(
                    options,
                    tuning,
                    Environment.system(),
                    List.of(ChannelDirectory.openOrCreate(folder, meter)),
                    List.of(),
                    meter));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String name() {
        return "n" + names.incrementAndGet();
    }

    private static byte[] key(int number) {
        return ByteBuffer.allocate(4).putInt(number).array();
    }

    private static byte[] value(int number) {
        return ByteBuffer.allocate(300).putInt(0, number).putInt(296, number).array();
    }

    /** The number in a value, which must be whole. */
    private static int number(byte @Nullable [] value) {
        return number(ByteBuffer.wrap(Objects.requireNonNull(value, "a key is missing")));
    }

    private static int number(ByteBuffer value) {
        int number = value.getInt(value.position());
        assertEquals(300, value.remaining());
        assertEquals(number, value.getInt(value.position() + 296));
        return number;
    }

    // ---- snapshots against writers ----

    /**
     * Each writer counts: he writes his number to all keyspaces in one batch, then to one of them alone, in turn. What a
     * snapshot shows of a writer must be where he was at one moment.
     */
    @ParameterizedTest
    @EnumSource(Memory.class)
    void snapshotsOfSeveralKeyspacesAreOnePrefixOfEveryWriter(Memory memory) throws Exception {
        int writers = 8;
        int width = 3;
        try (StoreHandle store = open(memory)) {
            List<Keyspace> keyspaces = new ArrayList<>();
            for (int i = 0; i < width; i++) {
                keyspaces.add(store.createKeyspace("k" + i));
            }
            AtomicIntegerArray begun = new AtomicIntegerArray(writers);
            AtomicIntegerArray done = new AtomicIntegerArray(writers);
            for (int writer = 0; writer < writers; writer++) {
                count(store, keyspaces, writer, 0);
            }
            Crew crew = new Crew(SEED);
            for (int writer = 0; writer < writers; writer++) {
                int mine = writer;
                crew.again("writer " + writer, random -> {
                    begun.incrementAndGet(mine);
                    count(store, keyspaces, mine, begun.get(mine));
                    done.incrementAndGet(mine);
                });
            }
            AtomicInteger taken = new AtomicInteger();
            for (int taker = 0; taker < 2; taker++) {
                Deque<Taken> kept = new ArrayDeque<>();
                crew.again("taker " + taker, random -> {
                    int[] least = copy(done);
                    Map<Keyspace, String> wanted = new LinkedHashMap<>();
                    keyspaces.forEach(keyspace -> wanted.put(keyspace, name()));
                    List<Snapshot> snapshots = store.snapshotAll(wanted);
                    int[] most = copy(begun);
                    Taken now = new Taken(snapshots, read(snapshots, writers, random));
                    assertPrefix(now, least, most);
                    kept.addLast(now);
                    if (kept.size() > 3) {
                        Taken old = kept.removeFirst();
                        assertEquals(old.shown, read(old.snapshots, writers, random), "a snapshot has changed");
                        old.snapshots.forEach(Snapshot::drop);
                    }
                    taken.incrementAndGet();
                });
            }
            crew.again("viewer", random -> {
                Keyspace keyspace = keyspaces.get(random.nextInt(width));
                int index = keyspaces.indexOf(keyspace);
                try (View view = keyspace.view()) {
                    List<Integer> shown = read(List.of(view), writers, random);
                    for (int writer = 0; writer < writers; writer++) {
                        assertTurn(shown.get(2 * writer), shown.get(2 * writer + 1), index, width);
                    }
                    assertEquals(shown, read(List.of(view), writers, random), "a view has changed");
                }
                assertEquals("k" + index, keyspace.name());
                assertEquals(keyspace, store.keyspace("k" + index));
            });
            crew.runFor(
                    SECONDS, () -> taken.get() > 10 && store.stats().merging().merges() > 3);
            crew.end();
            assertEquals(List.of(), store.verify().result().problems());
        }
    }

    /** What was read of snapshots: of each writer and keyspace the number in the batch, and that alone. */
    private record Taken(List<Snapshot> snapshots, List<Integer> shown) {}

    private static void count(StoreHandle store, List<Keyspace> keyspaces, int writer, int number) {
        WriteBatch batch = store.newBatch();
        keyspaces.forEach(keyspace -> batch.put(keyspace, key(2 * writer), value(number)));
        store.write(batch, Durability.ASYNC);
        if (number == 0) {
            keyspaces.forEach(keyspace -> keyspace.put(key(2 * writer + 1), value(0)));
        } else {
            Keyspace turn = keyspaces.get(number % keyspaces.size());
            turn.with(number % 64 == 0 ? Durability.SYNC : Durability.ASYNC).put(key(2 * writer + 1), value(number));
        }
    }

    private static int[] copy(AtomicIntegerArray counts) {
        int[] copy = new int[counts.length()];
        for (int i = 0; i < copy.length; i++) {
            copy[i] = counts.get(i);
        }
        return copy;
    }

    /** Reads all numbers, in one of several ways; writer by writer, within that reader by reader. */
    private static List<Integer> read(List<? extends Reader> readers, int writers, SplittableRandom random) {
        int[][] found = new int[readers.size()][2 * writers];
        for (int i = 0; i < found.length; i++) {
            Reader reader = readers.get(i);
            int[] numbers = found[i];
            int way = random.nextInt(4);
            if (way == 0) {
                for (int key = 0; key < numbers.length; key++) {
                    numbers[key] = number(reader.get(key(key)));
                }
            } else if (way == 1) {
                List<byte[]> keys = new ArrayList<>();
                for (int key = 0; key < numbers.length; key++) {
                    keys.add(key(key));
                }
                reader.getAll(
                        keys,
                        (key, value) -> numbers[ByteBuffer.wrap(key).getInt()] = number(Objects.requireNonNull(value)));
            } else {
                int count = 0;
                ScanOption[] options = way == 2 ? new ScanOption[0] : new ScanOption[] {ScanOption.REVERSE};
                try (Cursor cursor = reader.scan(KeyRange.all(), options)) {
                    for (; cursor.next(); count++) {
                        numbers[cursor.key().getInt()] = number(cursor.value());
                    }
                }
                assertEquals(numbers.length, count);
            }
        }
        List<Integer> all = new ArrayList<>();
        for (int writer = 0; writer < writers; writer++) {
            for (int[] numbers : found) {
                all.add(numbers[2 * writer]);
                all.add(numbers[2 * writer + 1]);
            }
        }
        return all;
    }

    private static void assertPrefix(Taken taken, int[] least, int[] most) {
        int width = taken.snapshots.size();
        for (int writer = 0; writer < least.length; writer++) {
            List<Integer> shown = taken.shown.subList(writer * 2 * width, (writer + 1) * 2 * width);
            int number = shown.get(0);
            assertTrue(
                    least[writer] <= number && number <= most[writer],
                    number + " is not between " + least[writer] + " and " + most[writer]);
            for (int i = 0; i < width; i++) {
                assertEquals(number, shown.get(2 * i), "a batch is seen in parts: " + shown);
                assertTurn(number, shown.get(2 * i + 1), i, width);
            }
        }
    }

    /** A keyspace shows the last of its turns up to the number of the batch, which itself may be still to come. */
    private static void assertTurn(int number, int alone, int index, int width) {
        int turn = number - Math.floorMod(number - index, width);
        boolean right = alone == Math.max(0, turn) || (turn == number && alone == Math.max(0, turn - width));
        assertTrue(right, "keyspace " + index + " shows batch " + number + " and alone " + alone);
    }

    // ---- cursors against flushes, merges and drops ----

    /** Every round writes all keys at once and keeps that as a snapshot; cursors see whole rounds, whatever goes on. */
    @ParameterizedTest
    @EnumSource(Memory.class)
    void cursorsSeeTheirRoundWhileBuffersAreFlushedArraysMergedAndVersionsDropped(Memory memory) throws Exception {
        try (StoreHandle store = open(memory)) {
            Keyspace k = store.createKeyspace("k");
            write(store, k, 0);
            Deque<Snapshot> snapshots = new ConcurrentLinkedDeque<>(List.of(k.snapshot(name())));
            Deque<Keyspace> clones = new ConcurrentLinkedDeque<>();
            AtomicInteger round = new AtomicInteger();
            AtomicLong steps = new AtomicLong();
            Crew crew = new Crew(SEED);
            crew.again("writer", random -> {
                write(store, k, round.incrementAndGet());
                snapshots.addLast(k.snapshot(name()));
                if (random.nextInt(4) == 0) {
                    k.rollback(Objects.requireNonNull(snapshots.peekLast()));
                }
                while (snapshots.size() > 6) {
                    snapshots.removeFirst().drop();
                }
            });
            crew.again("cloner", random -> {
                Snapshot snapshot = Objects.requireNonNull(snapshots.peekLast());
                try {
                    Keyspace clone = snapshot.cloneAs(name());
                    clones.addLast(clone);
                    write(store, clone, 1_000_000 + round.get());
                } catch (DroppedException gone) {
                    // The writer was faster.
                }
                while (clones.size() > 2) {
                    clones.removeFirst().drop();
                }
            });
            for (int scanner = 0; scanner < 3; scanner++) {
                crew.again("scanner " + scanner, random -> {
                    Deque<? extends Reader> readers = random.nextInt(3) == 0 ? clones : snapshots;
                    Reader reader = random.nextBoolean() ? readers.peekFirst() : readers.peekLast();
                    try (Cursor cursor = (reader == null ? k : reader)
                            .scan(
                                    KeyRange.all(),
                                    random.nextBoolean()
                                            ? new ScanOption[0]
                                            : new ScanOption[] {ScanOption.REVERSE, ScanOption.NO_CACHE_FILL})) {
                        cursor.next();
                        int first = cursor.key().getInt();
                        steps.addAndGet(walk(cursor, first == 0 ? 1 : -1, random));
                    } catch (DroppedException | CursorExpiredException gone) {
                        // Before the cursor was opened; or it was one of a keyspace, and stayed too long.
                    }
                });
            }
            crew.runFor(
                    SECONDS,
                    () -> steps.get() > 10_000
                            && round.get() > 20
                            && store.stats().merging().merges() > 3);
            crew.end();
            assertEquals(List.of(), store.verify().result().problems());
        }
    }

    private static void write(StoreHandle store, Keyspace keyspace, int round) {
        WriteBatch batch = store.newBatch();
        for (int i = 0; i < KEYS; i++) {
            batch.put(keyspace, key(i), value(round));
        }
        store.write(batch, Durability.ASYNC);
    }

    /** Steps to the end, and now and then to anywhere: all keys in order, all values of one round. */
    private static int walk(Cursor cursor, int direction, SplittableRandom random) {
        int round = number(cursor.value());
        int at = cursor.key().getInt();
        int steps = 0;
        for (int jumps = random.nextInt(6); ; ) {
            boolean jump = jumps > 0 && random.nextInt(40) == 0;
            at = jump ? random.nextInt(KEYS) : at + direction;
            boolean there = jump ? cursor.seek(ByteBuffer.wrap(key(at))) : cursor.next();
            jumps -= jump ? 1 : 0;
            steps++;
            if (!there) {
                assertEquals(direction > 0 ? KEYS : -1, at, "the scan ends early");
                return steps;
            }
            assertEquals(at, cursor.key().getInt(), "a key is missing or comes twice");
            assertEquals(round, number(cursor.value()), "a value of another round");
        }
    }

    // ---- close against everything ----

    /**
     * The store is closed at some moment while threads are at every operation there is. Each hears of it by the same
     * exception, at once; what was acknowledged is there when it is opened again.
     */
    @ParameterizedTest
    @EnumSource(Memory.class)
    void closeEndsEverythingByOneException(Memory memory) throws Exception {
        AtomicLong steps = new AtomicLong();
        SplittableRandom random = new SplittableRandom(SEED);
        AtomicIntegerArray acknowledged = new AtomicIntegerArray(2);
        int rounds = 0;
        while (rounds < 8 || steps.get() < STEPS) {
            StoreHandle store = open(memory);
            Keyspace present = store.keyspace("k");
            Keyspace k = present == null ? store.createKeyspace("k") : present;
            if (present == null) {
                write(store, k, 0);
            }
            for (int writer = 0; writer < acknowledged.length(); writer++) {
                byte[] found = k.get(key(KEYS + writer));
                int number = found == null ? 0 : number(found);
                int least = acknowledged.get(writer);
                assertTrue(number == least || number == least + 1, "acknowledged " + least + ", found " + number);
                acknowledged.set(writer, number);
            }
            Crew crew = new Crew(random.nextLong());
            for (int writer = 0; writer < acknowledged.length(); writer++) {
                int mine = writer;
                Durability durability = writer == 0 ? Durability.SYNC : Durability.ASYNC;
                crew.untilClosed("writer " + writer, own -> {
                    int next = acknowledged.get(mine) + 1;
                    k.with(durability).put(key(KEYS + mine), value(next));
                    acknowledged.set(mine, next);
                });
            }
            startAll(crew, store, k, steps);
            crew.runFor(0.02 + random.nextInt(100) / 1e3, () -> true);
            crew.once("closer", store::close);
            if (random.nextBoolean()) {
                crew.once("second closer", store::close);
            }
            crew.end();
            rounds++;
        }
        System.out.println("close-against-everything: rounds=" + rounds + " steps=" + steps + " memory=" + memory);
        try (StoreHandle store = open(memory)) {
            assertEquals(List.of(), store.verify().result().problems());
        }
    }

    private void startAll(Crew crew, StoreHandle store, Keyspace k, AtomicLong steps) {
        crew.untilClosed("batches", random -> write(store, k, random.nextInt()));
        crew.untilClosed("gets", random -> {
            int first = number(k.get(key(random.nextInt(KEYS))));
            k.read(ByteBuffer.wrap(key(1)), value -> number(value) + first);
            k.getAll(List.of(key(0), key(KEYS - 1)), (key, value) -> number(Objects.requireNonNull(value)));
            assertTrue(k.contains(key(0)));
            assertEquals(k.name(), Objects.requireNonNull(store.keyspace("k")).name());
        });
        for (int scanner = 0; scanner < 2; scanner++) {
            crew.untilClosed("cursor " + scanner, random -> scan(k, random, steps));
        }
        crew.untilClosed("idle cursors", random -> {
            List<Cursor> idle = new ArrayList<>();
            try {
                for (int i = 0; i < 20; i++) {
                    idle.add(k.scan(KeyRange.all()));
                    store.newBatch();
                }
            } finally {
                // While the store takes back what they hold.
                idle.forEach(Cursor::close);
            }
        });
        crew.untilClosed("views", random -> {
            try (View view = k.view()) {
                scan(view, random, steps);
            }
        });
        crew.untilClosed("versions", random -> {
            Snapshot snapshot = k.snapshot(name());
            Keyspace clone = snapshot.cloneAs(name());
            clone.put(key(0), value(1));
            clone.rollback(snapshot);
            clone.rename(name());
            scan(clone, random, steps);
            clone.drop();
            assertTrue(snapshot.version().readable());
            snapshot.drop();
        });
        crew.untilClosed("sync", random -> {
            WriteBatch batch = store.newBatch();
            batch.putIfAbsent(k, key(-1), value(1));
            long commit = store.write(batch, Durability.ASYNC).sequence();
            store.whenDurable(commit);
            store.sync();
            store.stats();
            store.versions(VersionQuery.all()).forEach(version -> {});
        });
        crew.untilClosed("verify", random -> {
            VerifyReport report = store.verify().result();
            assertEquals(List.of(), report.problems());
        });
    }

    /** One scan, left wherever the store is closed. */
    private static void scan(Reader reader, SplittableRandom random, AtomicLong steps) {
        ScanOption[] options = random.nextBoolean() ? new ScanOption[0] : new ScanOption[] {ScanOption.REVERSE};
        try (Cursor cursor = reader.scan(KeyRange.between(key(0), key(KEYS)), options)) {
            assertTrue(cursor.next());
            steps.addAndGet(1 + walk(cursor, cursor.key().getInt() == 0 ? 1 : -1, random));
        } catch (CursorExpiredException expired) {
            // One of a keyspace, which stayed too long.
        }
    }

    // ---- interrupts ----

    /** An interrupt fails no call, closes nothing, and is still there when the call returns. */
    @ParameterizedTest
    @EnumSource(Memory.class)
    void anInterruptedCallGoesOnAndTheInterruptStays(Memory memory) throws Exception {
        StoreHandle store = open(memory);
        Keyspace k = store.createKeyspace("k");
        write(store, k, 0);
        Crew crew = new Crew(SEED);
        AtomicLong steps = new AtomicLong();
        List<Thread> targets = new ArrayList<>();
        AtomicIntegerArray sent = new AtomicIntegerArray(6);
        AtomicIntegerArray heard = new AtomicIntegerArray(6);
        List<Crew.Work> works = List.of(
                random -> k.with(Durability.SYNC).put(key(random.nextInt(KEYS)), value(0)),
                random -> write(store, k, 0),
                random -> scan(k, random, steps),
                random -> assertEquals(0, number(k.get(key(random.nextInt(KEYS))))),
                random -> {
                    Snapshot snapshot = k.with(Durability.SYNC).snapshot(name());
                    scan(snapshot, random, steps);
                    snapshot.drop();
                },
                random -> {
                    assertEquals(List.of(), store.verify().result().problems());
                    store.sync();
                });
        for (int i = 0; i < works.size(); i++) {
            int mine = i;
            targets.add(crew.again("target " + i, random -> {
                works.get(mine).once(random);
                if (Thread.interrupted()) {
                    heard.incrementAndGet(mine);
                }
            }));
        }
        crew.again("interrupter", random -> {
            int target = random.nextInt(targets.size());
            // One that was sent and is not heard of any more would keep this target from being sent another.
            if (sent.get(target) == heard.get(target)) {
                sent.incrementAndGet(target);
                targets.get(target).interrupt();
            }
            Thread.sleep(0, random.nextInt(500_000));
        });
        crew.runFor(SECONDS, () -> {
            boolean enough = true;
            for (int i = 0; i < works.size(); i++) {
                enough &= heard.get(i) > 20;
            }
            return enough;
        });
        crew.end();
        for (int i = 0; i < works.size(); i++) {
            assertTrue(heard.get(i) > 20, "target " + i + " heard of " + heard.get(i) + " of " + sent.get(i));
        }
        Thread.currentThread().interrupt();
        store.close();
        assertTrue(Thread.interrupted(), "close has swallowed the interrupt");
        try (StoreHandle again = open(memory)) {
            assertEquals(List.of(), again.verify().result().problems());
        }
    }

    /** The code of those who asked runs on a thread of the store, which may close it from there. */
    @ParameterizedTest
    @EnumSource(Memory.class)
    void theStoreMayBeClosedByTheNoticeThatACommitIsStable(Memory memory) throws Exception {
        StoreHandle store = open(memory);
        Keyspace k = store.createKeyspace("k");
        CountDownLatch closed = new CountDownLatch(1);
        Crew crew = new Crew(SEED);
        crew.once("client", () -> {
            long commit = store.stats().sequence();
            store.whenDurable(commit).thenRun(() -> {
                k.with(Durability.SYNC).put(key(1), value(1));
                store.close();
                closed.countDown();
            });
            try {
                closed.await();
            } catch (InterruptedException e) {
                throw new StoreClosedException("nobody interrupts this", e);
            }
        });
        crew.end();
        try (StoreHandle again = open(memory)) {
            assertEquals(1, number(Objects.requireNonNull(again.keyspace("k")).get(key(1))));
        }
    }

    /** Were a pin given back twice, or not at all, the store would wait for it for ever, or not at all. */
    @ParameterizedTest
    @EnumSource(Memory.class)
    void aCursorThatIsClosedWhileTheStoreTakesItBackGivesItsPinBackOnce(Memory memory) throws Exception {
        StoreHandle store = open(memory);
        Keyspace k = store.createKeyspace("k");
        AtomicReference<ScanCursor> shared = new AtomicReference<>();
        AtomicInteger cursors = new AtomicInteger();
        Crew crew = new Crew(SEED);
        crew.again("owner", random -> {
            ScanCursor cursor = (ScanCursor) k.scan(KeyRange.all());
            shared.set(cursor);
            for (int spins = random.nextInt(200); spins > 0; spins--) {
                Thread.onSpinWait();
            }
            cursor.close();
            cursors.incrementAndGet();
        });
        crew.again("store", random -> {
            ScanCursor cursor = shared.get();
            if (cursor != null) {
                cursor.closeWithStore();
            }
        });
        crew.runFor(SECONDS / 4, () -> cursors.get() > 50_000);
        crew.end();
        crew.once("closer", store::close);
        crew.end();
    }
}
