package io.donjon.engine;

import io.donjon.extents.BlockCache;

/**
 * The memory of what comes and goes: flushes, merges, read-ahead of scans, and flushed buffers that cursors still hold.
 * It has a share of the limit; what it takes beyond that the block cache lends it. What versions and names take, which
 * stays, makes the cache smaller, but leaves it a part. Thread-safe; the monitor guards memory only.
 */
final class WorkMemory {
    /** One part in so many of the cache is left, however many versions there are: without it every read is one of disks. */
    private static final int CACHE_LEFT = 8;

    private final BlockCache cache;
    private final long share;
    private long taken;
    private long versions;

    /** What one can wait for leaves so much for what must be had. */
    private long kept;

    WorkMemory(BlockCache cache, long share) {
        this.cache = cache;
        this.share = share;
    }

    /** Takes what must be had. */
    synchronized void take(long bytes) {
        // First what may fail: there may be no memory to let go of memory.
        cache.lend(forVersions(versions) + Math.max(0, taken + bytes - share));
        taken += bytes;
    }

    /** Versions and their names take so much now. */
    synchronized void versionsTake(long bytes) {
        if (bytes != versions) {
            cache.lend(forVersions(bytes) + Math.max(0, taken - share));
            versions = bytes;
        }
    }

    /** What the cache gives up for so many bytes of versions. */
    private long forVersions(long bytes) {
        return Math.min(bytes, cache.capacity() - cache.capacity() / CACHE_LEFT);
    }

    /** Keeps so much more for what must be had, whether or not it is taken at present; less if it is negative. */
    synchronized void keep(long bytes) {
        kept += bytes;
    }

    /** Takes what one can wait for or do without, if the cache can lend it. */
    boolean tryTake(long bytes) {
        return tryTake(bytes, 0);
    }

    /** The same for one for whom some of what is kept is kept. */
    synchronized boolean tryTake(long bytes, long own) {
        if (bytes > left() - (kept - own)) {
            return false;
        }
        take(bytes);
        return true;
    }

    /** What could still be taken; less than nothing if more was taken than there is. */
    synchronized long left() {
        return share + cache.capacity() - forVersions(versions) - taken;
    }

    synchronized void giveBack(long bytes) {
        take(-bytes);
    }

    /**
     * What is in use at one moment: nothing is both lent and still cached.
     *
     * @param taken by work
     * @param cached by cached blocks
     * @param versions by versions and names, when it was said last
     */
    record Use(long taken, long cached, long versions) {}

    synchronized Use use() {
        return new Use(taken, cache.bytes(), versions);
    }
}
