package io.donjon.engine;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.IntFunction;

/**
 * Slabs of one size that pass from one write buffer to the next, so that memory is not asked for and given back at every
 * flush. Thread-safe; the monitor guards memory only.
 */
final class SlabPool {
    /** Large enough for the largest key with its node, small enough for the smallest memory limit. */
    static final int SLAB_BYTES = 256 << 10;

    private final IntFunction<Slab> source;
    private final int most;
    private final Deque<Slab> idle = new ArrayDeque<>();
    private int inUse;
    private boolean closed;

    /**
     * @param source makes slabs of a size
     * @param most with so many in all, one that comes back is freed instead of kept
     */
    SlabPool(IntFunction<Slab> source, int most) {
        this.source = source;
        this.most = most;
    }

    /** Slabs outside of the heap where that works, else in it. */
    static IntFunction<Slab> standardSource() {
        return ChronicleSlab.isAvailable() ? ChronicleSlab::new : HeapSlab::new;
    }

    synchronized Slab take() {
        Slab slab = idle.isEmpty() ? source.apply(SLAB_BYTES) : idle.pop();
        inUse++;
        return slab;
    }

    /** A slab of another size, which does not come from the pool and must not be given back to it. */
    Slab takeLarge(int bytes) {
        return source.apply(bytes);
    }

    synchronized void giveBack(Slab slab) {
        inUse--;
        if (closed || inUse + idle.size() >= most) {
            slab.free();
        } else {
            idle.push(slab);
        }
    }

    /** Memory kept for later use. */
    synchronized long idleBytes() {
        return (long) idle.size() * SLAB_BYTES;
    }

    synchronized void close() {
        closed = true;
        idle.forEach(Slab::free);
        idle.clear();
    }
}
