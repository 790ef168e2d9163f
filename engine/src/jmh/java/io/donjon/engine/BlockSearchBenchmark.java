package io.donjon.engine;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;
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
 * What does it cost to find a key in a data block of 16 KiB, once it is in memory, and to go on from there? Searched are
 * blocks of records of 16 + 100 bytes: one that stays in the processor's cache, and as many as do not fit.
 */
@NullUnmarked // JMH fills the fields before it calls anything else
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class BlockSearchBenchmark {
    private static final int BLOCK_BYTES = 16 << 10;
    private static final int VALUE_BYTES = 100;
    private static final long TREE = 1;

    /** One block, and 64 MiB of them. */
    @Param({"1", "4096"})
    public int blocks;

    private final SplittableRandom random = new SplittableRandom(1);
    private final FullKey key = new FullKey();
    private final ByteBuffer keyBytes = ByteBuffer.allocate(16);
    private final BlockEntry entry = new BlockEntry();
    private byte[][] block;

    /** How many entries each block has. */
    private int entries;

    /** Makes the blocks. */
    @Setup
    public void build() {
        block = new byte[blocks][];
        byte[] value = new byte[VALUE_BYTES];
        BlockBuilder builder = new BlockBuilder(BLOCK_BYTES, SortedBlock.RESTART_EVERY);
        for (int i = 0; i < blocks; i++) {
            builder.clear();
            while (builder.bytes() < BLOCK_BYTES) {
                // Every second number, so that others can be looked for in between.
                setKey(i, 2L * builder.entries());
                random.nextBytes(value);
                builder.add(key.bytes(), key.length(), 0, StepKind.VALUE, value, 0, value.length);
            }
            entries = builder.entries();
            block[i] = builder.finish().toBytes();
        }
        entry.enter(block[0], 0, 0);
    }

    private void setKey(long high, long low) {
        key.set(TREE, keyBytes.putLong(0, high).putLong(Long.BYTES, low));
    }

    private BlockEntry seek(int odd) {
        int number = random.nextInt(blocks);
        setKey(number, 2L * random.nextInt(entries) + odd);
        entry.enter(block[number], 0, 0);
        if (!entry.seekFloor(key.bytes(), key.length(), 0)) {
            throw new IllegalStateException("a key is not found");
        }
        return entry;
    }

    /** A key that is there. */
    @Benchmark
    public int seekPresent() {
        return seek(0).valueAt();
    }

    /** A key that is not there: the one before it is found. */
    @Benchmark
    public int seekAbsent() {
        return seek(1).valueAt();
    }

    /** The next entry, block after block. */
    @Benchmark
    public int next() {
        if (!entry.next()) {
            entry.enter(block[random.nextInt(blocks)], 0, 0);
            entry.next();
        }
        return entry.valueAt();
    }
}
