package io.donjon.extents;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
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
 * What does a commit of one record of 16 + 100 bytes cost the writer, handed to the operating system or forced? The
 * first is the log's own work and one write; the second should cost what the disk takes to force.
 */
@NullUnmarked // JMH fills the fields before it calls anything else
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class LogBenchmark {
    private static final int SEGMENT_BYTES = 64 << 20;

    private final ByteBuffer key = ByteBuffer.allocate(16);
    private final ByteBuffer value = ByteBuffer.allocate(100);
    private Path folder;
    private Directory directory;
    private ExtentStore store;
    private long sequence;

    /** Makes a store of one disk. */
    @Setup
    public void open() throws IOException {
        folder = Files.createTempDirectory("donjon-log");
        directory = ChannelDirectory.open(folder, new IoMeter());
        ExtentConfig config =
                new ExtentConfig(List.of(directory), List.of(), true, 1, false, false, 0, SEGMENT_BYTES, 0, 16);
        store = ExtentStore.open(config, Environment.system(), new StatelessClient());
        store.replay((number, position, operations) -> {});
    }

    /** Lets the log go, as a flush would: it is never longer than what one iteration writes. */
    @TearDown(Level.Iteration)
    public void release() {
        store.commit(new ManifestEdit(), store.log().written());
    }

    /** Takes the store away again. */
    @TearDown
    public void remove() throws IOException {
        store.close();
        for (String name : directory.list()) {
            directory.delete(name);
        }
        Files.delete(folder);
    }

    /** A commit that nobody waits for. */
    @Benchmark
    public long append() {
        Log log = store.log();
        sequence++;
        key.putLong(0, sequence);
        log.begin(sequence, key.capacity() + value.capacity());
        log.raw(key);
        log.raw(value);
        return log.end();
    }

    /** A commit that is waited for until it is stable. */
    @Benchmark
    public void appendAndForce() {
        store.log().awaitStable(append());
    }
}
