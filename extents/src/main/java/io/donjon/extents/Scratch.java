package io.donjon.extents;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/**
 * Aligned direct memory that stands between a caller's buffer and the operating system where the caller's own will not
 * do. A transfer takes one for its duration, so that there are as many as transfers under way, not as many as threads;
 * the idle ones kept are bounded. (Handed a heap buffer, the JDK would keep a copy of its size for every thread.)
 */
final class Scratch {
    /** The most that goes through one scratch at once. */
    static final int PIECE_BYTES = 1 << 20;

    /** What every scratch begins at a multiple of, in memory: the largest write unit that is supported. */
    static final int ALIGNMENT = 1 << 16;

    private static final int IDLE_COUNT_MAX = Math.max(4, Runtime.getRuntime().availableProcessors());

    /** The one used last comes first: it is likely still in the processor's cache. Guarded by itself. */
    private static final ArrayDeque<ByteBuffer> IDLE = new ArrayDeque<>();

    private Scratch() {}

    /** Room for one piece and a unit more, since a piece that begins and ends within units must be widened. */
    static ByteBuffer take() {
        synchronized (IDLE) {
            ByteBuffer idle = IDLE.pollFirst();
            if (idle != null) {
                return idle.clear();
            }
        }
        return ByteBuffer.allocateDirect(PIECE_BYTES + 2 * ALIGNMENT).alignedSlice(ALIGNMENT);
    }

    static void giveBack(ByteBuffer scratch) {
        synchronized (IDLE) {
            if (IDLE.size() < IDLE_COUNT_MAX) {
                IDLE.addFirst(scratch);
            }
        }
    }
}
