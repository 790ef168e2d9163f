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
    private final int idleMax;
    private final Deque<Slab> idle = new ArrayDeque<>();
    private boolean closed;

    /**
     * @param source makes slabs of a size
     * @param idleMax how many are kept for later use
     */
    SlabPool(IntFunction<Slab> source, int idleMax) {
        this.source = source;
        this.idleMax = idleMax;
    }

    /** Slabs outside of the heap where that works, else in it. */
    static IntFunction<Slab> standardSource() {
        return ChronicleSlab.isAvailable() ? ChronicleSlab::new : HeapSlab::new;
    }

    synchronized Slab take() {
        return idle.isEmpty() ? source.apply(SLAB_BYTES) : idle.pop();
    }

    /** A slab of another size, which does not come from the pool and must not be given back to it. */
    Slab takeLarge(int bytes) {
        return source.apply(bytes);
    }

    synchronized void giveBack(Slab slab) {
        if (closed || idle.size() >= idleMax) {
            slab.free();
        } else {
            idle.push(slab);
        }
    }

    synchronized void close() {
        closed = true;
        idle.forEach(Slab::free);
        idle.clear();
    }
}
