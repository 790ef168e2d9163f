package io.donjon.perf.micro;

import io.donjon.Compression;
import io.donjon.Cursor;
import io.donjon.Durability;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Store;
import io.donjon.StoreOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * How many bytes does an operation leave to the garbage collector? For JMH's profiler gc, which counts those of all
 * threads: so the buffer is never full here, since a flush is not the operation's.
 */
@NullUnmarked // JMH fills the fields before it calls anything else
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 12)
@Measurement(iterations = 7)
public class GarbageBenchmark {
    private static final int RECORDS = 20_000;

    private final ByteBuffer key = ByteBuffer.allocate(16);
    private final ByteBuffer value = ByteBuffer.allocate(100);
    private final byte[] keyArray = new byte[16];
    private final byte[] valueArray = new byte[100];
    private Path folder;
    private Store store;
    private Keyspace keyspace;
    private Cursor cursor;

    /** Fills the store. */
    @Setup(Level.Trial)
    public void fill() throws IOException {
        folder = Files.createTempDirectory("donjon-garbage");
        store = Store.open(StoreOptions.at(folder)
                .createIfMissing(true)
                .memoryBytes(1 << 30)
                .durability(Durability.ASYNC)
                .compression(Compression.NONE));
        keyspace = store.createKeyspace("records");
        putBuffers();
    }

    /** Takes the store away again. */
    @TearDown(Level.Trial)
    public void remove() throws IOException {
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

    /** To open a cursor makes some, to move it none. */
    @Setup(Level.Iteration)
    public void openCursor() {
        cursor = keyspace.scan(KeyRange.all());
    }

    /** The cursor of one iteration. */
    @TearDown(Level.Iteration)
    public void closeCursor() {
        cursor.close();
    }

    private ByteBuffer key(int number) {
        return key.clear().putLong(number * 0x9E3779B97F4A7C15L).putLong(number).flip();
    }

    /** A get of a record in the buffer. */
    @Benchmark
    @OperationsPerInvocation(RECORDS)
    public int get() {
        int sum = 0;
        for (int i = 0; i < RECORDS; i++) {
            sum += keyspace.get(key(i), value.clear());
        }
        return sum;
    }

    /** A step of a cursor over the buffer, and its value. */
    @Benchmark
    @OperationsPerInvocation(RECORDS)
    public int cursorNext() {
        int sum = 0;
        while (cursor.next()) {
            sum += cursor.value().remaining();
        }
        return sum;
    }

    /** A put out of buffers. */
    @Benchmark
    @OperationsPerInvocation(RECORDS)
    public void putBuffers() {
        for (int i = 0; i < RECORDS; i++) {
            keyspace.put(key(i), value.clear().putInt(0, i));
        }
    }

    /** A put out of arrays. */
    @Benchmark
    @OperationsPerInvocation(RECORDS)
    public void putArrays() {
        for (int i = 0; i < RECORDS; i++) {
            key(i).get(keyArray);
            valueArray[0] = (byte) i;
            keyspace.put(keyArray, valueArray);
        }
    }
}
