package io.donjon.extents;

import java.util.HashMap;
import java.util.Map;
import org.jetbrains.kotlinx.lincheck.LinChecker;
import org.jetbrains.kotlinx.lincheck.annotations.Operation;
import org.jetbrains.kotlinx.lincheck.annotations.Param;
import org.jetbrains.kotlinx.lincheck.paramgen.IntGen;
import org.jetbrains.kotlinx.lincheck.strategy.managed.ManagedStrategyGuaranteeKt;
import org.jetbrains.kotlinx.lincheck.strategy.managed.modelchecking.ModelCheckingOptions;
import org.junit.jupiter.api.Test;

/**
 * A cache with room for all is a map, at every point between two steps of its writers, while its table grows too: the
 * blocks that are there before fill the first table. All that is asked for shares a bucket, where a list is walked while
 * it changes.
 */
@Param(name = "block", gen = IntGen.class, conf = "0:2")
public class BlockCacheLincheckTest {
    private static final int TABLE = 64;

    /** New blocks, and as many that were there before. */
    private static final int ASKED = 6;

    /** Blocks that leave their bucket when the table grows. */
    private static final int NEIGHBOURS = 2;

    private static final long EXTENT = 1;
    private static final long[] OFFSETS = offsetsOfOneShard(TABLE + 3);

    private final BlockCache cache = new BlockCache(1 << 20);

    public BlockCacheLincheckTest() {
        for (int i = 3; i < TABLE + 2; i++) {
            put(i);
        }
    }

    /**
     * Offsets of one shard: what the operations ask for is in one bucket, also when the table has grown; a few others
     * are there with them until it grows.
     */
    private static long[] offsetsOfOneShard(int count) {
        long[] offsets = new long[count];
        int asked = 0;
        int others = ASKED;
        for (long offset = 0; asked < ASKED || others < count; offset++) {
            long hash = BlockCache.hash(EXTENT, offset);
            long bucket = hash & (2 * TABLE - 1);
            if (BlockCache.shardOf(hash) != 0) {
                continue;
            }
            if (bucket == 0 && asked < ASKED) {
                offsets[asked++] = offset;
            } else if (others < ASKED + NEIGHBOURS ? bucket == TABLE : bucket % TABLE != 0 && others < count) {
                offsets[others++] = offset;
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
                        // Each block is put once for real: not before the threads begin.
                        .actorsBefore(0)
                        .actorsPerThread(3)
                        // The queues are the lock's affair; switches inside of them only use up the invocations.
                        .addGuarantee(ManagedStrategyGuaranteeKt.forClasses("java.util.ArrayDeque", "java.util.HashSet")
                                .allMethods()
                                .treatAsAtomic())
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
