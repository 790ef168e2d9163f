package io.donjon.engine;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * A write buffer and its place in time. It is written to until it is sealed, then flushed as an array.
 *
 * <p>It is counted: with the last holder gone its memory is.
 */
final class Generation {
    final WriteBuffer buffer;
    private final AtomicInteger holders = new AtomicInteger(1);

    /** The sequence of the last commit in it; {@link Long#MAX_VALUE} until it is sealed. */
    private volatile long sealedSequence = Long.MAX_VALUE;

    /** The log position behind that commit, and the age of the array it will become; valid once it is sealed. */
    private long sealedPosition;

    private long age;

    /** Whether it is an array by now, so that only readers hold it. */
    Generation(WriteBuffer buffer) {
        this.buffer = buffer;
    }

    /** Ends it. Called under the write lock. */
    void seal(long sequence, long position, long ofAge) {
        sealedPosition = position;
        age = ofAge;
        sealedSequence = sequence;
    }

    /** The newest commit that a reader may find in it: {@link Long#MAX_VALUE} as long as it grows. */
    long sealedSequence() {
        return sealedSequence;
    }

    long sealedPosition() {
        return sealedPosition;
    }

    long age() {
        return age;
    }

    /** Keeps its memory; the caller holds something that holds it already. */
    void hold() {
        holders.incrementAndGet();
    }

    /** Lets go of it. */
    void release() {
        if (holders.decrementAndGet() == 0) {
            buffer.free();
        }
    }

    /** Whether its memory is still in use. */
    boolean isHeld() {
        return holders.get() > 0;
    }
}
