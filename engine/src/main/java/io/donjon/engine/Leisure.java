package io.donjon.engine;

import io.donjon.extents.Environment;
import java.util.concurrent.locks.Lock;
import java.util.function.LongSupplier;

/**
 * Whether nothing has been written for a while, as far as anybody has looked, and how much may be merged then although
 * nothing demands it: so many bytes for each that was flushed since the store was opened. After a longer while the buffer
 * may be flushed as well. So reads gain where there is time, and a store that is written to now and then does not write
 * all of itself anew each time. Thread-safe.
 */
final class Leisure {
    /** About as long as people wait for something before they turn to something else. */
    private static final long SINCE_NANOS = 500_000_000L;

    /** Whoever writes now and then would have small arrays if it were as short. */
    private static final long LONG_NANOS = 2_000_000_000L;

    /** A store that has doubled can be merged as a whole, key frames included. */
    private static final int EARNED_TIMES = 4;

    private final Environment environment;
    private final LongSupplier commits;
    private final Lock lock;

    // Guarded by the lock: what had been written when that was seen to have changed, and when that was.
    private long seen = -1;
    private long since;

    /** Bytes that may still be merged. */
    private long earned;

    /**
     * Looks at what changes with each write.
     *
     * @param commits the number of the last commit
     */
    Leisure(Environment environment, LongSupplier commits) {
        this.environment = environment;
        this.commits = commits;
        this.lock = environment.newLock();
    }

    /** To be asked now and then: writes between two questions are seen by the second. */
    boolean isThere() {
        return lasts(SINCE_NANOS);
    }

    /** Whether it has lasted for so long that what is in memory may be flushed. To be asked now and then as well. */
    boolean isLong() {
        return lasts(LONG_NANOS);
    }

    private boolean lasts(long nanos) {
        long written = commits.getAsLong();
        long now = environment.nanoTime();
        lock.lock();
        try {
            if (written != seen) {
                seen = written;
                since = now;
            }
            return now - since >= nanos;
        } finally {
            lock.unlock();
        }
    }

    /** So many bytes were flushed. */
    void earn(long bytes) {
        add(EARNED_TIMES * bytes);
    }

    /** So many bytes were merged. */
    void spend(long bytes) {
        add(-bytes);
    }

    private void add(long bytes) {
        lock.lock();
        try {
            earned += bytes;
        } finally {
            lock.unlock();
        }
    }

    /** Whether so many bytes may be merged. */
    boolean affords(long bytes) {
        lock.lock();
        try {
            return bytes <= earned;
        } finally {
            lock.unlock();
        }
    }
}
