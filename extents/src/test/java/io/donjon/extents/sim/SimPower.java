package io.donjon.extents.sim;

import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The power supply that disks share: it counts their calls, and fails during the one it is told to. That call may still
 * have its effect, in full, in part or not at all; it and all later ones throw {@link PowerCut}.
 *
 * <p>Where the disks belong to an environment, every call is a place where it may let another thread run, before the
 * call's effect and after it.
 */
public final class SimPower {
    private static final long NEVER = Long.MAX_VALUE;

    private final @Nullable SimEnvironment environment;
    private final SplittableRandom random;
    private long calls;
    private long changes;
    private long cutAtCall = NEVER;
    private long cutAtChange = NEVER;
    private @Nullable PowerCut cut;

    /** For disks of simulated threads. */
    public SimPower(SimEnvironment environment) {
        this(environment, environment.seed());
    }

    /** For disks that any thread may use; the seed decides what a call that is cut short has done. */
    public SimPower(long seed) {
        this(null, seed);
    }

    private SimPower(@Nullable SimEnvironment environment, long seed) {
        this.environment = environment;
        // Not the stream of numbers that others draw from the same seed.
        this.random = new SplittableRandom(~seed);
    }

    /** Fails during the n-th call from the beginning on, counted from 1, reads and all. */
    public synchronized void cutAtCall(long n) {
        cutAtCall = n;
    }

    /**
     * Fails during the n-th call from the beginning on, counted from 1, that may change what is on a medium: write,
     * force, create, rename, delete, sync, lock. A cut between two of these, at a read say, shows nothing new.
     */
    public synchronized void cutAtChange(long n) {
        cutAtChange = n;
    }

    /** Calls so far. */
    public synchronized long calls() {
        return calls;
    }

    /** Calls so far that may have changed what is on a medium. */
    public synchronized long changes() {
        return changes;
    }

    /** Whether it has failed. */
    public synchronized boolean isOff() {
        return cut != null;
    }

    /** Whether the power fails during this call; then its effect, if any, is to be followed by {@link #failure}. */
    boolean failsDuring(Call call, String what) {
        if (environment != null) {
            environment.step(call.before, what);
        }
        synchronized (this) {
            if (cut != null) {
                throw PowerCut.after();
            }
            calls++;
            if (call.changes) {
                changes++;
            }
            if (calls != cutAtCall && !(call.changes && changes == cutAtChange)) {
                return false;
            }
            cut = PowerCut.during(call + " of " + what + ", call " + calls + ", change " + changes);
            return true;
        }
    }

    PowerCut failure() {
        PowerCut failure;
        synchronized (this) {
            failure = cut == null ? PowerCut.after() : cut;
        }
        if (environment != null) {
            environment.cutPower(failure);
        }
        return failure;
    }

    /** The call had its effect. */
    void done(Call call, String what) {
        if (environment != null) {
            environment.step(call.after, what);
        }
    }

    void stall(long nanos) {
        if (environment == null) {
            throw new IllegalStateException("only a simulated environment can wait for a stalled disk");
        }
        environment.pause(nanos);
    }

    /** A number from 0 to bound - 1. */
    synchronized int draw(int bound) {
        return random.nextInt(bound);
    }

    synchronized long draw() {
        return random.nextLong();
    }
}
