package io.donjon.bloom;

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
 * What does an array that does not hold a key cost a get? Asks a filter for keys that were added and for keys that were
 * not, each in an order that no predictor learns: once from the processor's cache, once from memory, where a lookup
 * should cost one miss.
 */
@NullUnmarked // JMH fills the fields before it calls anything else
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class FilterBenchmark {
    /** Odd, so that numbers of keys become all hashes, one each. */
    private static final long SCATTER = 0x9E3779B97F4A7C15L;

    /** A filter of 12 KiB, and one of 61 MiB. */
    @Param({"10000", "50000000"})
    public int keys;

    private byte[] filter;
    private long next;

    /** Makes the filter. */
    @Setup
    public void build() {
        FilterBuilder builder = new FilterBuilder(BlockedBloom.DEFAULT_BITS_PER_KEY);
        for (int i = 0; i < keys; i++) {
            builder.add(hash(i));
        }
        filter = builder.build();
    }

    /** As good in its high half as in its low one: the first names the line, the second the bits. */
    private static long hash(long number) {
        long mixed = number * SCATTER;
        return (mixed ^ mixed >>> 32) * SCATTER;
    }

    /** A key that was added. */
    @Benchmark
    public boolean present() {
        next = next + 1 == keys ? 0 : next + 1;
        return BlockedBloom.mightContain(filter, 0, filter.length, hash(next));
    }

    /** A key that was not. */
    @Benchmark
    public boolean absent() {
        return BlockedBloom.mightContain(filter, 0, filter.length, hash(keys + next++));
    }
}
