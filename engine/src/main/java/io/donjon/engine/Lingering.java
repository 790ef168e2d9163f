package io.donjon.engine;

import io.donjon.extents.Environment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.Lock;

/** Buffers that are arrays by now and perhaps still read: they count as memory of the work. Thread-safe. */
final class Lingering {
    private final Reads reads;
    private final Tuning tuning;
    private final WorkMemory memory;
    private final Lock lock;

    /** Oldest first. Guarded by the lock. */
    private final Deque<Generation> buffers = new ArrayDeque<>();

    private volatile long bytes;

    Lingering(Environment environment, Reads reads, Tuning tuning, WorkMemory memory) {
        this.reads = reads;
        this.tuning = tuning;
        this.memory = memory;
        this.lock = environment.newLock();
    }

    /** A buffer is an array by now; who reads it still may. */
    void add(Generation generation) {
        lock.lock();
        try {
            buffers.addLast(generation);
        } finally {
            lock.unlock();
        }
    }

    /** Lets go of buffers that nobody reads any more, and of cursors that hold more of them than there is room for. */
    void expire() {
        take(0);
    }

    /** Takes what must be had of the memory, as far as possible from buffers that linger. */
    void take(long wanted) {
        lock.lock();
        try {
            buffers.removeIf(generation -> !generation.isHeld());
            long room = memory.left() + bytes - wanted;
            reads.expireCursors(List.copyOf(buffers), Math.min(tuning.bufferBytes() + SlabPool.SLAB_BYTES, room));
            long held = 0;
            for (Generation generation : buffers) {
                held += generation.isHeld() ? generation.buffer.bytes() : 0;
            }
            memory.take(wanted + held - bytes);
            bytes = held;
        } finally {
            lock.unlock();
        }
    }

    long bytes() {
        return bytes;
    }
}
