package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.BlockCache;
import org.junit.jupiter.api.Test;

class WorkMemoryTest {
    private static final int CACHE_BYTES = 800_000;
    private static final int SHARE_BYTES = 200_000;

    private final WorkMemory memory = new WorkMemory(new BlockCache(CACHE_BYTES), SHARE_BYTES);

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
}
