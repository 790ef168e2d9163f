package io.donjon.engine;

import io.donjon.extents.Environment;
import java.util.concurrent.locks.Lock;
import java.util.function.LongSupplier;

/** Whether nothing has been written for a while, as far as anybody has looked. Thread-safe. */
final class Leisure {
    /** About as long as people wait for something before they turn to something else. */
    private static final long SINCE_NANOS = 500_000_000L;

    private final Environment environment;
    private final LongSupplier commits;
    private final Lock lock;

    // Guarded by the lock: what had been written when that was seen to have changed, and when that was.
    private long seen = -1;
    private long since;

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
        long written = commits.getAsLong();
        long now = environment.nanoTime();
        lock.lock();
        try {
            if (written != seen) {
                seen = written;
                since = now;
            }
            return now - since >= SINCE_NANOS;
        } finally {
            lock.unlock();
        }
    }
}
