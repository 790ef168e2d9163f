package io.donjon.extents;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.ThreadParams;

/**
 * What does a block cost that is in memory already, and does a second thread that hits the same cache slow the first
 * down? A hit takes no lock; what threads share is the counts of uses. And what does it cost to bring a block in where
 * another must go for it?
 */
@NullUnmarked // JMH fills the fields before it calls anything else
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class BlockCacheBenchmark {
    private static final int BLOCKS = 20_000;
    private static final int BLOCK_BYTES = 4096;
    private static final long EXTENT = 1;

    /** Has room for all blocks. */
    private BlockCache roomy;

    /** Has room for half of them. */
    private BlockCache tight;

    private Block block;

    /** Where each thread is. */
    @State(Scope.Thread)
    public static class Dice {
        private SplittableRandom random;
        private long next;

        /** Begins elsewhere for each thread. */
        @Setup
        public void seed(ThreadParams thread) {
            random = new SplittableRandom(thread.getThreadIndex());
        }
    }

    /** Fills the caches. */
    @Setup
    public void fill() {
        roomy = new BlockCache(2L * BLOCKS * BLOCK_BYTES);
        tight = new BlockCache((long) BLOCKS * BLOCK_BYTES / 2);
        // One for all: how long the bytes take to come from memory is not the cache's affair.
        block = new Block(BlockType.DATA, new byte[BLOCK_BYTES], BLOCK_BYTES);
        for (int i = 0; i < BLOCKS; i++) {
            roomy.put(EXTENT, offset(i), block);
            tight.put(EXTENT, offset(i), block);
        }
    }

    private static long offset(long number) {
        return number * BLOCK_BYTES;
    }

    private Block hitAny(Dice dice) {
        Block found = roomy.get(EXTENT, offset(dice.random.nextInt(BLOCKS)));
        if (found == null) {
            throw new IllegalStateException("a block is gone");
        }
        return found;
    }

    /** A block that is there. */
    @Benchmark
    public Block hit(Dice dice) {
        return hitAny(dice);
    }

    /** The same by two threads; the time is that of one of them. */
    @Benchmark
    @Threads(2)
    public Block hitByTwo(Dice dice) {
        return hitAny(dice);
    }

    /** A block that was never there, in the place of another. */
    @Benchmark
    public void putAndEvict(Dice dice) {
        tight.put(EXTENT, offset(BLOCKS + dice.next++), block);
    }
}
