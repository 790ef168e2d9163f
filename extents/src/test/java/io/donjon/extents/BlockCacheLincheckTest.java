package io.donjon.extents;

import java.util.HashMap;
import java.util.Map;
import org.jetbrains.kotlinx.lincheck.LinChecker;
import org.jetbrains.kotlinx.lincheck.annotations.Operation;
import org.jetbrains.kotlinx.lincheck.annotations.Param;
import org.jetbrains.kotlinx.lincheck.paramgen.IntGen;
import org.jetbrains.kotlinx.lincheck.strategy.managed.modelchecking.ModelCheckingOptions;
import org.junit.jupiter.api.Test;

/**
 * A cache with room for all is a map, at every point between two steps of its writers, while its table grows too: the
 * blocks that are there before fill the first table.
 */
@Param(name = "block", gen = IntGen.class, conf = "0:2")
public class BlockCacheLincheckTest {
    private static final int TABLE = 64;
    private static final long EXTENT = 1;
    private static final long[] OFFSETS = offsetsOfOneShard(TABLE + 3);

    private final BlockCache cache = new BlockCache(1 << 20);

    public BlockCacheLincheckTest() {
        for (int i = 3; i < TABLE + 2; i++) {
            put(i);
        }
    }

    /** Offsets that the cache keeps together. */
    private static long[] offsetsOfOneShard(int count) {
        long[] offsets = new long[count];
        int found = 0;
        for (long offset = 0; found < count; offset++) {
            if (BlockCache.shardOf(EXTENT, offset) == 0) {
                offsets[found++] = offset;
            }
        }
        return offsets;
    }

    @Operation
    public void put(@Param(name = "block") int number) {
        cache.put(EXTENT, OFFSETS[number], new Block(BlockType.DATA, new byte[] {(byte) number}, 1));
    }

    /** The block's number, -1 if it is not there. */
    @Operation
    public int get(@Param(name = "block") int number) {
        Block block = cache.get(EXTENT, OFFSETS[number]);
        return block == null ? -1 : block.bytes()[0];
    }

    /** One of those that were there before. */
    @Operation
    public int getOld(@Param(name = "block") int number) {
        return get(number + 3);
    }

    @Test
    void aCacheWithRoomForAllIsAMap() {
        LinChecker.check(
                BlockCacheLincheckTest.class,
                new ModelCheckingOptions()
                        .iterations(Integer.getInteger("lincheck.iterations", 10))
                        .invocationsPerIteration(Integer.getInteger("lincheck.invocations", 100))
                        .threads(2)
                        .actorsPerThread(3)
                        .sequentialSpecification(PlainCache.class));
    }

    /** The same by a map. */
    public static class PlainCache {
        private final Map<Integer, Integer> blocks = new HashMap<>();

        public void put(int number) {
            blocks.put(number, number);
        }

        public int get(int number) {
            return blocks.getOrDefault(number, -1);
        }

        public int getOld(int number) {
            return number + 3;
        }
    }
}
