package io.donjon.extents;

import java.util.concurrent.locks.Lock;
import java.util.random.RandomGenerator;

/**
 * Time, chance and threads, as everything above a disk gets them: no other code of the engine asks the JDK for any of
 * these, so that a test can decide who runs next, what the clock says and how the dice fall, and replay it from a seed.
 *
 * <p>A lock that is held over an I/O or over a wait must come from {@link #newLock()}; a {@code synchronized} block may
 * guard memory only, since a simulated environment switches threads at I/Os, at contended locks and at waits and
 * nowhere else.
 *
 * <p>Thread-safe.
 */
public interface Environment {
    /** The JDK's clocks, locks and threads. */
    static Environment system() {
        return SystemEnvironment.INSTANCE;
    }

    /** A monotonic clock in nanoseconds, as {@link System#nanoTime()}. Never part of a decision about correctness. */
    long nanoTime();

    /** The wall clock in milliseconds since 1970, as {@link System#currentTimeMillis()}. It may jump. */
    long currentTimeMillis();

    /** Randomness for identities, placement and back-off. The generator is thread-safe. */
    RandomGenerator random();

    /** A new reentrant lock; its conditions support {@code awaitUninterruptibly}, {@code awaitNanos} and signals. */
    Lock newLock();

    /** Lets the calling thread rest for about {@code nanos}; a pending interrupt ends the rest early and stays set. */
    void pause(long nanos);

    /** Starts a daemon thread that runs {@code body} once. */
    Worker start(String name, Runnable body);

    /** A thread started here. */
    interface Worker {
        /**
         * Returns when the body has ended; an interrupt of the caller does not cut the wait short and stays set. The body
         * itself does not wait for its own end.
         */
        void join();
    }
}
