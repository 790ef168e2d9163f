package io.donjon.engine;

import io.donjon.versioning.Line;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * How fast does the buffer take and find records of 16 + 100 bytes that come in random order, and how far is it from the
 * skip list of the JDK, which would be the simple way? Filling is measured from empty to full, over and over; finding in
 * a full one.
 */
@NullUnmarked // JMH fills the fields before it calls anything else
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class WriteBufferBenchmark {
    private static final long TREE = 1;
    private static final int KEY_BYTES = 16;
    private static final int VALUE_BYTES = 100;

    /** About 170 MB when the buffer is full. */
    @Param("1000000")
    public int records;

    private final SlabPool pool = new SlabPool(SlabPool.standardSource(), Integer.MAX_VALUE);
    private final Line line = new Line();
    private final int place = line.insertAfter(Line.ROOT);
    private final SplittableRandom random = new SplittableRandom(1);
    private final FullKey key = new FullKey();
    private final ByteBuffer keyBytes = ByteBuffer.allocate(KEY_BYTES);
    private final ByteBuffer value = ByteBuffer.allocate(VALUE_BYTES);
    private WriteBuffer full;
    private WriteBuffer filling;
    private ConcurrentSkipListMap<byte[], byte[]> jdkFull;
    private ConcurrentSkipListMap<byte[], byte[]> jdkFilling;
    private int jdkCount;

    /** Fills one of each. */
    @Setup
    public void fill() {
        full = newBuffer();
        filling = newBuffer();
        jdkFull = newMap();
        jdkFilling = newMap();
        for (int i = 0; i < records; i++) {
            paint(full, i);
            jdkFull.put(key(i).array().clone(), value.array().clone());
        }
    }

    private WriteBuffer newBuffer() {
        return new WriteBuffer(pool, line, 1);
    }

    private static ConcurrentSkipListMap<byte[], byte[]> newMap() {
        return new ConcurrentSkipListMap<>(Arrays::compareUnsigned);
    }

    /** Every number has its place among all keys, scattered. */
    private ByteBuffer key(long number) {
        long scattered = number * 0x9E3779B97F4A7C15L;
        return keyBytes.putLong(0, scattered ^ scattered >>> 32).putLong(Long.BYTES, number);
    }

    private void paint(WriteBuffer buffer, long number) {
        buffer.paint(key.set(TREE, key(number)), place, Line.NONE, number, StepKind.VALUE, value);
    }

    /** A record that is new to the buffer. */
    @Benchmark
    public void insert() {
        if (filling.entries() == records) {
            filling.free();
            filling = newBuffer();
        }
        paint(filling, filling.entries());
    }

    /** The same, with a copy of key and value, in the JDK's skip list. */
    @Benchmark
    public void insertJdk() {
        if (jdkCount == records) {
            jdkFilling = newMap();
            jdkCount = 0;
        }
        jdkFilling.put(key(jdkCount++).array().clone(), value.array().clone());
    }

    /** A record that is there. */
    @Benchmark
    public int find() {
        return full.find(key.set(TREE, key(random.nextInt(records))), place, Long.MAX_VALUE);
    }

    /** The same in the JDK's skip list. */
    @Benchmark
    public byte[] findJdk() {
        return jdkFull.get(key(random.nextInt(records)).array());
    }

    /** A record that is not there. */
    @Benchmark
    public int findAbsent() {
        return full.find(key.set(TREE, key((long) records + random.nextInt(records))), place, Long.MAX_VALUE);
    }
}
