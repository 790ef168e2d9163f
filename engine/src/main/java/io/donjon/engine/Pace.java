package io.donjon.engine;

import io.donjon.extents.Environment;
import java.util.function.LongSupplier;

/**
 * The budget of work that can wait: while others read or write it does something a quarter of the time at most, in short
 * pieces, and nearly all of the time while nobody does. One thread.
 */
final class Pace {
    /** So long it works before it rests. */
    private static final long WORK_NANOS = 4_000_000;

    /** Beside others it rests so many times as long as it has worked. */
    private static final long REST_TIMES = 3;

    /** What it rests while there are none, to see whether there are. */
    private static final long REST_NANOS_ALONE = 500_000;

    private final Environment environment;

    /** Changes with whatever others read or write. */
    private final LongSupplier activity;

    private boolean alone;
    private long since;

    Pace(Environment environment, LongSupplier activity) {
        this.environment = environment;
        this.activity = activity;
    }

    /** Work begins. */
    void begin() {
        since = environment.nanoTime();
    }

    /** Rests if it is time to. */
    void keep() {
        long worked = environment.nanoTime() - since;
        if (worked < WORK_NANOS) {
            return;
        }
        // Only while nothing is done here can be seen what others do.
        long before = activity.getAsLong();
        environment.pause(alone ? REST_NANOS_ALONE : REST_TIMES * worked);
        alone = activity.getAsLong() == before;
        since = environment.nanoTime();
    }
}
