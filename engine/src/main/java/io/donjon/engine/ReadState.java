package io.donjon.engine;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/**
 * What a reader has to look at, newest first: the buffer that is written to, sealed ones, arrays. Immutable; replaced as
 * a whole at every seal, flush and merge ({@link ReadStates}).
 *
 * <p>Readers pin it: calls by a count in one of several stripes, so that readers on different processors do not write to
 * the same cache line, and cursors, which stay, by one count for all. What it lists is held until it has been replaced and
 * no pin is left.
 */
final class ReadState {
    private static final int STRIPES = 16;

    /** Longs between two stripes: a cache line and its neighbour, which is fetched along. */
    private static final int PADDING = 16;

    final Generation active;

    /** Sealed and not yet an array, newest first. */
    final List<Generation> sealed;

    /** By age, newest first. */
    final List<ArrayRun> arrays;

    private final AtomicLongArray pins = new AtomicLongArray((STRIPES + 1) * PADDING);
    private final AtomicInteger staying = new AtomicInteger();
    private final AtomicBoolean released = new AtomicBoolean();
    private volatile boolean retired;

    /** One that it has replaced, and that may still be pinned, or null. For {@link ReadStates}. */
    @Nullable ReadState older;

    private final Runnable onReleased;

    ReadState(Generation active, List<Generation> sealed, List<ArrayRun> arrays, Runnable onReleased) {
        this.onReleased = onReleased;
        this.active = active;
        this.sealed = List.copyOf(sealed);
        this.arrays = List.copyOf(arrays);
        active.hold();
        this.sealed.forEach(Generation::hold);
        this.arrays.forEach(ArrayRun::hold);
    }

    /** The stripe of the calling thread. */
    static int stripe() {
        return (int) Thread.currentThread().getId() & (STRIPES - 1);
    }

    /** Pins it. */
    void pin(int stripe) {
        pins.getAndIncrement((stripe + 1) * PADDING);
    }

    void unpin(int stripe) {
        pins.getAndDecrement((stripe + 1) * PADDING);
        if (retired) {
            releaseIfIdle();
        }
    }

    /** Pins it for a reader that stays. The caller has it pinned already. */
    void stay() {
        staying.getAndIncrement();
    }

    /** Gives back what {@link #stay} took. */
    void leave() {
        staying.getAndDecrement();
        if (retired) {
            releaseIfIdle();
        }
    }

    /** Whether calls pin it. Once it has been replaced and none does, none will. */
    boolean hasCalls() {
        for (int stripe = 0; stripe < STRIPES; stripe++) {
            if (pins.get((stripe + 1) * PADDING) != 0) {
                return true;
            }
        }
        return false;
    }

    boolean isReleased() {
        return released.get();
    }

    /** It has been replaced: nobody pins it any more who did not see it in place after pinning. */
    void retire() {
        retired = true;
        releaseIfIdle();
    }

    /**
     * A pin that counts was taken before the replacement and is seen here; one taken later backs out again without a
     * look at what is listed. So once no pin is seen none will be that matters. Who stays was counted as a call before.
     */
    private void releaseIfIdle() {
        if (hasCalls() || staying.get() != 0) {
            return;
        }
        if (released.compareAndSet(false, true)) {
            active.release();
            sealed.forEach(Generation::release);
            arrays.forEach(ArrayRun::release);
            onReleased.run();
        }
    }

    /** The newest commit that a reader of this state can see, if {@code visible} is the newest of all. */
    long sequence(long visible) {
        return Math.min(visible, active.sealedSequence());
    }
}
