package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.sim.Seeds;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BlockCacheTest {
    static LongStream seeds() {
        return Seeds.first(20);
    }

    private record Key(long extent, long offset) {}

    /** It may forget, but never confuse, and never keeps more than it may. */
    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void itGivesWhatWasPutOrNothingWithinItsBudget(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        BlockCache cache = new BlockCache(new int[] {0, 20_000, 200_000, 4_000_000}[random.nextInt(4)]);
        Map<Key, Block> put = new HashMap<>();
        long hits = 0;
        long lent = 0;
        long misses = 0;
        int keys = 1 + random.nextInt(3000);
        for (int i = 0; i < 20_000; i++) {
            Key key = new Key(1 + random.nextInt(3), 4096L * random.nextInt(keys));
            Block found = cache.get(key.extent, key.offset);
            if (found == null) {
                misses++;
                Block block = Blocks.of(1 + random.nextInt(random.nextInt(10) == 0 ? 60_000 : 900));
                cache.put(key.extent, key.offset, block);
                put.put(key, block);
            } else {
                hits++;
                assertSame(put.get(key), found);
            }
            if (random.nextInt(500) == 0) {
                lent = random.nextBoolean() ? 0 : random.nextLong(cache.capacity() + 2);
                cache.lend(lent);
            }
            long most = Math.max(0, cache.capacity() - lent);
            assertTrue(cache.bytes() <= most, "bytes " + cache.bytes() + " of " + most);
        }
        assertEquals(hits, cache.hits());
        assertEquals(misses, cache.misses());
        long kept = 0;
        for (var entry : put.entrySet()) {
            Block found = cache.get(entry.getKey().extent, entry.getKey().offset);
            kept += found == null ? 0 : found.bytes().length + 120L;
            assertTrue(found == null || found == entry.getValue());
        }
        assertEquals(kept, cache.bytes(), "what is found is what is accounted for");
    }

    @Test
    void whatFitsStays() {
        BlockCache cache = new BlockCache(8 << 20);
        for (int i = 0; i < 1000; i++) {
            cache.put(7, i * 100L, Blocks.of(100));
        }
        for (int i = 0; i < 1000; i++) {
            assertNotNull(cache.get(7, i * 100L));
        }
        assertNull(cache.get(8, 0));
    }

    /** Blocks that are used again stay while a scan of many that are not passes through. */
    @Test
    void aScanLeavesAloneWhatOthersUse() {
        BlockCache cache = new BlockCache(1 << 20);
        List<Long> used = new ArrayList<>();
        for (long i = 0; i < 200; i++) {
            used.add(i * 4096);
        }
        for (int round = 0; round < 3; round++) {
            for (long offset : used) {
                if (cache.get(1, offset) == null) {
                    cache.put(1, offset, Blocks.of(1000));
                }
            }
        }
        for (long i = 0; i < 20_000; i++) {
            if (cache.get(2, i * 4096) == null) {
                cache.put(2, i * 4096, Blocks.of(1000));
            }
            if (i % 1000 == 0) {
                used.forEach(offset -> cache.get(1, offset));
            }
        }
        long left = used.stream().filter(offset -> cache.get(1, offset) != null).count();
        assertTrue(left > 180, "left: " + left);
    }

    /** What is larger than the cache, scanned again and again: some of it stays, instead of each block pushing out the next. */
    @Test
    void ofWhatIsOfferedAgainAndAgainAPartStays() {
        for (int blocks : new int[] {700, 1_500, 3_000, 30_000}) {
            BlockCache cache = new BlockCache(1 << 20);
            int hits = 0;
            for (int round = 0; round < 10; round++) {
                for (long i = 0; i < blocks; i++) {
                    if (cache.get(1, i * 4096) != null) {
                        hits += round > 0 ? 1 : 0;
                    } else {
                        cache.offer(1, i * 4096, Blocks.of(1000));
                    }
                }
            }
            double fits = Math.min(1, (double) (1 << 20) / 1120 / blocks);
            double share = hits / (9.0 * blocks);
            assertTrue(share >= 0.75 * fits, () -> "of " + blocks + ", of which " + fits + " fit: " + share);
        }
    }

    /** What was offered when there was no room comes in when it is offered again soon. */
    @Test
    void whatIsOfferedTwiceIsKept() {
        BlockCache cache = new BlockCache(1 << 20);
        for (long i = 0; i < 2_000; i++) {
            cache.put(1, i * 4096, Blocks.of(1000));
        }
        for (int round = 0; round < 2; round++) {
            for (long i = 0; i < 100; i++) {
                assertNull(cache.get(2, i * 4096));
                cache.offer(2, i * 4096, Blocks.of(1000));
            }
        }
        for (long i = 0; i < 100; i++) {
            assertNotNull(cache.get(2, i * 4096));
        }
    }

    /** Short scans all over: each of many index blocks leads a few of very many data blocks that are never asked for again. */
    @Test
    void blocksThatLeadToOthersStayThoughTheyAreWantedRarely() {
        BlockCache cache = new BlockCache(1 << 20);
        SplittableRandom random = new SplittableRandom(1);
        int missed = 0;
        for (long i = 0; i < 20_000; i++) {
            long index = 4096L * random.nextInt(300);
            if (cache.get(1, index) == null) {
                missed++;
                cache.put(1, index, Blocks.of(BlockType.INDEX, 1000));
            }
            for (int block = 0; block < 10; block++) {
                cache.put(2, (10 * i + block) * 4096, Blocks.of(1000));
            }
        }
        assertTrue(missed <= 300, "missed: " + missed);
    }

    @Test
    void threadsSeeOnlyWhatWasPutAndTheBudgetHolds() throws InterruptedException, ExecutionException {
        BlockCache cache = new BlockCache(300_000);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                SplittableRandom random = new SplittableRandom(t);
                running.add(threads.submit(() -> {
                    for (int i = 0; i < 100_000; i++) {
                        long offset = random.nextInt(2000);
                        Block found = cache.get(3, offset);
                        if (found == null) {
                            // The length says whose it is.
                            cache.put(3, offset, Blocks.of((int) offset + 1));
                        } else {
                            assertEquals(offset + 1, found.bytes().length);
                        }
                    }
                }));
            }
            for (Future<?> future : running) {
                future.get();
            }
        } finally {
            threads.shutdownNow();
        }
        assertTrue(cache.bytes() <= cache.capacity(), "bytes " + cache.bytes());
        long kept = 0;
        for (long offset = 0; offset < 2000; offset++) {
            kept += cache.get(3, offset) == null ? 0 : offset + 1 + 120;
        }
        assertEquals(kept, cache.bytes());
    }
}
