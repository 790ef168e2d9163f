package io.donjon.engine;

import io.donjon.extents.BlockCache;

/**
 * The memory of what comes and goes: flushes, merges, read-ahead of scans, and flushed buffers that cursors still hold.
 * It has a share of the limit; what it takes beyond that the block cache lends it. Thread-safe; the monitor guards
 * memory only.
 */
final class WorkMemory {
    private final BlockCache cache;
    private final long share;
    private long taken;

    WorkMemory(BlockCache cache, long share) {
        this.cache = cache;
        this.share = share;
    }

    /** Takes what must be had. */
    synchronized void take(long bytes) {
        // First what may fail: there may be no memory to let go of memory.
        cache.lend(Math.max(0, taken + bytes - share));
        taken += bytes;
    }

    /** Takes what one can wait for or do without, if the cache can lend it. */
    synchronized boolean tryTake(long bytes) {
        if (bytes > left()) {
            return false;
        }
        take(bytes);
        return true;
    }

    /** What could still be taken; less than nothing if more was taken than there is. */
    synchronized long left() {
        return share + cache.capacity() - taken;
    }

    synchronized void giveBack(long bytes) {
        take(-bytes);
    }

    /**
     * What is in use at one moment: nothing is both lent and still cached.
     *
     * @param taken by work
     * @param cached by cached blocks
     */
    record Use(long taken, long cached) {}

    synchronized Use use() {
        return new Use(taken, cache.bytes());
    }
}
