package io.donjon.perf.micro;

import io.donjon.Compression;
import io.donjon.Cursor;
import io.donjon.Durability;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Snapshot;
import io.donjon.Store;
import io.donjon.StoreOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Single operations on a store whose {@value #RECORDS} records of 16 + 100 bytes fit into its memory, a tenth of them
 * overwritten after a snapshot.
 */
@NullUnmarked // JMH fills the fields before it calls anything else
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 3, time = 2)
@Fork(1)
public class StoreBenchmark {
    static final int RECORDS = 500_000;

    /** Held for good, or its level would be forgotten: what chronicle says of flags is of no use in a table of times. */
    private static final Logger CHRONICLE_LOG = Logger.getLogger("net.openhft");

    private static final long HIGH = 0x646f6e6a6f6e0000L;

    private final ByteBuffer key = ByteBuffer.allocate(16);
    private final ByteBuffer value = ByteBuffer.allocate(100);
    private final SplittableRandom random = new SplittableRandom(1);
    private Path folder;
    private Store store;
    private Keyspace keyspace;
    private Snapshot snapshot;
    private Cursor cursor;
    private long named;

    /** Fills the store. */
    @Setup(Level.Trial)
    public void fill() throws IOException {
        CHRONICLE_LOG.setLevel(java.util.logging.Level.OFF);
        folder = Files.createTempDirectory("donjon-micro");
        store = Store.open(StoreOptions.at(folder)
                .createIfMissing(true)
                .durability(Durability.ASYNC)
                .compression(Compression.NONE));
        keyspace = store.createKeyspace("records");
        for (int i = 0; i < RECORDS; i++) {
            keyspace.put(key(i), value(i));
        }
        snapshot = keyspace.snapshot("full");
        for (int i = 0; i < RECORDS; i += 10) {
            keyspace.put(key(i), value(i + 1));
        }
        store.sync();
        cursor = snapshot.scan(KeyRange.all());
    }

    /** Takes the store away again. */
    @TearDown(Level.Trial)
    public void remove() throws IOException {
        cursor.close();
        store.close();
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> {
                try {
                    Files.delete(file);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }

    /** Every number has its place among all keys, scattered. */
    private ByteBuffer key(long number) {
        return key.clear()
                .putLong(HIGH | number % 7)
                .putLong(number * 0x9E3779B97F4A7C15L)
                .flip();
    }

    private ByteBuffer value(long number) {
        return value.clear().putLong(0, number);
    }

    /** A record of the newest version. */
    @Benchmark
    public int getHit() {
        return keyspace.get(key(random.nextInt(RECORDS)), value.clear());
    }

    /** A record of the snapshot. */
    @Benchmark
    public int getFromSnapshot() {
        return snapshot.get(key(random.nextInt(RECORDS)), value.clear());
    }

    /** A key that is not there. */
    @Benchmark
    public int getMiss() {
        return keyspace.get(key(RECORDS + random.nextInt(RECORDS)), value.clear());
    }

    /** The next record of a scan over everything. */
    @Benchmark
    public int cursorNext() {
        if (!cursor.next()) {
            cursor.close();
            cursor = snapshot.scan(KeyRange.all());
            cursor.next();
        }
        return cursor.value().remaining();
    }

    /** A record written over, handed to the operating system. */
    @Benchmark
    public void putAsync() {
        int number = random.nextInt(RECORDS);
        keyspace.put(key(number), value(number));
    }

    /** A snapshot taken and dropped again, both handed to the operating system. */
    @Benchmark
    public void snapshotAndDrop() {
        keyspace.snapshot("s" + named++).drop();
    }
}
