package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.BlockCache;
import io.donjon.extents.Blocks;
import org.junit.jupiter.api.Test;

class WorkMemoryTest {
    private static final int CACHE_BYTES = 800_000;
    private static final int SHARE_BYTES = 200_000;

    private final BlockCache cache = new BlockCache(CACHE_BYTES);
    private final WorkMemory memory = new WorkMemory(cache, SHARE_BYTES);

    @Test
    void whatOneCanDoWithoutIsOnlyTakenIfItIsThere() {
        assertTrue(memory.tryTake(SHARE_BYTES + CACHE_BYTES - 10));
        assertFalse(memory.tryTake(11));
        assertTrue(memory.tryTake(10));
        assertEquals(0, memory.left());
        memory.take(1);
        assertEquals(-1, memory.left());
        memory.giveBack(SHARE_BYTES + CACHE_BYTES + 1);
        assertEquals(0, memory.use().taken());
    }

    @Test
    void versionsMakeTheCacheSmaller() {
        fill();
        long full = memory.use().cached();
        memory.versionsTake(CACHE_BYTES / 2);
        assertEquals(CACHE_BYTES / 2 + SHARE_BYTES, memory.left());
        assertEquals(CACHE_BYTES / 2, memory.use().versions());
        fill();
        assertTrue(memory.use().cached() <= CACHE_BYTES / 2, memory.use() + " where it were " + full);
        // What work takes beyond its share is lent besides.
        memory.take(SHARE_BYTES + CACHE_BYTES / 4);
        assertTrue(memory.use().cached() <= CACHE_BYTES / 4, () -> memory.use().toString());
        memory.versionsTake(0);
        fill();
        assertTrue(memory.use().cached() > CACHE_BYTES / 2, () -> memory.use().toString());
    }

    @Test
    void versionsLeaveTheCacheAPart() {
        memory.versionsTake(10L * CACHE_BYTES);
        fill();
        assertTrue(memory.use().cached() > CACHE_BYTES / 16, () -> memory.use().toString());
        assertTrue(memory.use().cached() <= CACHE_BYTES / 8, () -> memory.use().toString());
        assertTrue(memory.tryTake(SHARE_BYTES + CACHE_BYTES / 8));
        assertFalse(memory.tryTake(1));
    }

    @Test
    void whatIsKeptIsThereForWhoMustHaveItOnly() {
        memory.keep(300_000);
        assertFalse(memory.tryTake(700_001));
        assertTrue(memory.tryTake(700_000));
        assertFalse(memory.tryTake(1));
        assertFalse(memory.tryTake(200_001, 200_000));
        assertTrue(memory.tryTake(200_000, 200_000));
        // It has what was kept for it.
        memory.keep(-200_000);
        assertFalse(memory.tryTake(1));
        memory.take(100_000);
        assertEquals(0, memory.left());
    }

    private void fill() {
        for (int i = 0; i < 2_000; i++) {
            cache.put(1, i, Blocks.of(1_000));
        }
    }
}
