package io.donjon.engine;

import io.donjon.extents.Environment;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * Slows writers down in proportion to what flushes and merges are behind (design.md section 3, back pressure): a little
 * early rather than entirely late. Thread-safe.
 */
final class Throttle {
    /** With so many arrays waiting to be merged, merges are behind: a few always are. */
    private static final int DUE_USUAL = 10;

    /** With so many, writers are as slow as they are made. */
    private static final int DUE_MOST = 40;

    /** Delays are gathered up to this before anybody sleeps: a shorter sleep is not worth its wake-up. */
    private static final long NANOS_LEAST = 100_000;

    /** Nobody sleeps longer at a time. */
    private static final long NANOS_MOST = 20_000_000;

    /** How steep the delay rises near the end: at most so many times what flushing a byte takes. */
    private static final double STEEPEST = 20;

    private final Environment environment;
    private final AtomicLong owed = new AtomicLong();
    private final LongAdder delayed = new LongAdder();

    /** What flushing a byte took lately, in nanoseconds. Written by the flushing thread. */
    private volatile double nanosPerByte = 10;

    /** How far merges are behind, 0 to 1. */
    private volatile double mergePressure;

    Throttle(Environment environment) {
        this.environment = environment;
    }

    /** A flush of so many bytes of buffer took so long. */
    void flushed(long bytes, long nanos) {
        if (bytes > 0) {
            nanosPerByte = 0.7 * nanosPerByte + 0.3 * Math.max(1, (double) nanos / bytes);
        }
    }

    /** So many arrays wait to be merged, or are being. */
    void mergesDue(int arrays) {
        mergePressure = fraction(arrays - DUE_USUAL, DUE_MOST - DUE_USUAL);
    }

    /**
     * Delays a writer.
     *
     * @param bytes what he has written
     * @param fill how full the buffer is, 0 to 1
     * @param flushing whether the one before is still being flushed
     */
    void pace(long bytes, double fill, boolean flushing) {
        double flushPressure = flushing ? fraction(fill - 0.5, 0.5) : 0;
        double pressure = Math.max(flushPressure, mergePressure);
        if (pressure <= 0) {
            return;
        }
        double perByte = nanosPerByte * Math.min(STEEPEST, pressure / (1.05 - pressure));
        long debt = owed.addAndGet((long) (bytes * perByte));
        if (debt >= NANOS_LEAST && owed.compareAndSet(debt, 0)) {
            long nanos = Math.min(debt, NANOS_MOST);
            delayed.add(nanos);
            environment.pause(nanos);
        }
    }

    private static double fraction(double part, double whole) {
        return Math.max(0, Math.min(1, part / whole));
    }

    /** By how much writers have been delayed, summed over all. */
    long delayedNanos() {
        return delayed.sum();
    }
}
