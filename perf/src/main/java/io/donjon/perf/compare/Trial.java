package io.donjon.perf.compare;

import io.donjon.perf.IoCounts;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import org.HdrHistogram.Histogram;

/** One workload under way on one engine: what it works with, and the clock. */
final class Trial {
    /** Three digits, so that a percentile is right to a thousandth. */
    private static final int DIGITS = 3;

    final Engine engine;
    final Dataset data;
    /** How many operations workloads of single reads and writes do. */
    final long operations;

    final SplittableRandom random;
    final ByteBuffer key;
    final ByteBuffer value;
    private final String label;
    private final Progress progress;
    private final Histogram latencies = new Histogram(DIGITS);
    private long started;
    private IoCounts beforeTail = IoCounts.NONE;
    private long tailOperations;
    private IoCounts tail = IoCounts.NONE;

    Trial(Engine engine, Dataset data, long operations, long seed, String label, Progress progress) {
        this.engine = engine;
        this.data = data;
        this.operations = operations;
        this.label = label;
        this.progress = progress;
        random = new SplittableRandom(seed);
        key = ByteBuffer.allocate(data.keyBytes);
        value = ByteBuffer.allocate(data.valueBytes);
    }

    /** Starts the clock of one operation. */
    void begin() {
        started = System.nanoTime();
    }

    /** Stops the clock of one operation. */
    void end() {
        latencies.recordValue(System.nanoTime() - started);
    }

    void progress(long done, long total) {
        progress.at(label, done, total);
    }

    /** Begins the part of a load of which {@link #tail} tells. */
    void beginTail() {
        beforeTail = engine.counts();
    }

    /** Ends that part, which had so many operations. */
    void endTail(long count) {
        tail = engine.counts().since(beforeTail);
        tailOperations = count;
    }

    /** What was asked of the disks in the last part of a load, before the final sync: the steady state. */
    IoCounts tail() {
        return tail;
    }

    long tailOperations() {
        return tailOperations;
    }

    Histogram latencies() {
        return latencies;
    }

    /** Gets the value of the key in {@link #key} into {@link #value}, on the clock; false if it is absent. */
    boolean timedGet() {
        value.clear();
        begin();
        int length = engine.get(key, value);
        end();
        if (length > value.capacity()) {
            throw new IllegalStateException("a value of " + length + " bytes, expected " + value.capacity());
        }
        value.flip();
        return length >= 0;
    }
}
