package io.donjon.engine;

import io.donjon.CleanReport;
import io.donjon.DonjonException;
import io.donjon.Job;
import io.donjon.ReadOnlyException;
import io.donjon.StoreClosedException;
import io.donjon.extents.Environment;
import io.donjon.extents.StorageException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;

/**
 * Gives back what nobody can read any more (design.md section 4, "Deleting versions"): arrays whose whole band is dead
 * are dropped at once, unread. Whoever cannot wait asks for a {@link Cleaning}. One thread works; all else may be called
 * by any.
 */
final class Cleaner {
    /** How long drops wait for a flush that moves the manifest's line on; where there is nothing to write it costs little. */
    private static final long DROPS_WAIT_NANOS = 10_000_000_000L;

    private static final long DROPS_WAIT_EMPTY_NANOS = 500_000_000L;

    /** Looking at what is dead takes at most one part in so many of the time. */
    private static final long LOOK_PAUSE_TIMES = 50;

    private final Environment environment;
    private final Catalog catalog;
    private final ReadStates states;
    private final Commits commits;
    private final Merges merges;
    private final Flushes flushes;
    private final Runnable wake;
    private final Lock lock;

    // Guarded by the lock.
    private final Deque<Cleaning> asked = new ArrayDeque<>();
    private boolean ended;

    /** Since when drops have waited, for the thread that flushes. */
    private long dropsSince;

    private boolean dropsWait;

    // For the thread that cleans: what had become unreadable when it looked last, and when it may look again.
    private long unreadableSeen;
    private long nextLook;
    private boolean hasLooked;

    /**
     * A cleaner of a store.
     *
     * @param wake tells the thread that there is something to do
     */
    Cleaner(
            Environment environment,
            Catalog catalog,
            ReadStates states,
            Commits commits,
            Merges merges,
            Flushes flushes,
            Runnable wake) {
        this.environment = environment;
        this.catalog = catalog;
        this.states = states;
        this.commits = commits;
        this.merges = merges;
        this.flushes = flushes;
        this.wake = wake;
        this.lock = environment.newLock();
    }

    // ---- the manifest's line ----

    /** Whether to flush, be there nothing to write, since drops have waited for it long enough. For one thread. */
    boolean wantsLine() {
        ReadState state = states.current();
        if (!catalog.hasPendingDrops() || !state.sealed.isEmpty()) {
            dropsWait = false;
            return false;
        }
        long now = environment.nanoTime();
        if (!dropsWait) {
            dropsWait = true;
            dropsSince = now;
        }
        boolean empty = state.active.buffer.entries() == 0;
        return now - dropsSince >= (empty ? DROPS_WAIT_EMPTY_NANOS : DROPS_WAIT_NANOS);
    }

    // ---- on request ----

    /** Begins to clean everything. */
    Job<CleanReport> clean() {
        Cleaning job = new Cleaning(environment, states, commits, merges, flushes);
        lock.lock();
        try {
            if (ended) {
                throw new StoreClosedException("the store is closed", null);
            }
            asked.addLast(job);
        } finally {
            lock.unlock();
        }
        wake.run();
        return job;
    }

    private @Nullable Cleaning asked() {
        lock.lock();
        try {
            asked.removeIf(Outcome::isDone);
            return asked.peekFirst();
        } finally {
            lock.unlock();
        }
    }

    /** The store is closed: nothing is waited for any more. */
    void end() {
        lock.lock();
        try {
            ended = true;
            asked.forEach(job -> job.fail(new StoreClosedException("the store is closed", null)));
            asked.clear();
        } finally {
            lock.unlock();
        }
    }

    // ---- the work ----

    /** Does a part of what there is to do; false if there is nothing at the moment. */
    boolean step() {
        Cleaning job = asked();
        if (job == null) {
            return commits.readOnlyReason() == null && dropDead(false) > 0;
        }
        try {
            return step(job);
        } catch (CancellationException e) {
            // If it was not the job that was cancelled, the store is being closed.
            job.fail(job.isCancelled() ? e : new StoreClosedException("the store is closed", null));
            return true;
        } catch (DonjonException e) {
            job.fail(e);
            return true;
        } catch (StorageException e) {
            // As ever in the background it is tried again: elsewhere, where a disk has failed.
            if (job.mayNotGoOn()) {
                job.fail(e);
            }
            throw e;
        } catch (RuntimeException e) {
            job.fail(e);
            throw e;
        }
    }

    private boolean step(Cleaning job) {
        job.throwIfCancelled();
        String reason = commits.readOnlyReason();
        if (reason != null) {
            throw new ReadOnlyException("the store takes no writes until it is reopened: " + reason, null);
        }
        if (!job.flush()) {
            return false;
        }
        int dropped = dropDead(true);
        job.dropped(dropped);
        return dropped > 0 || job.merge() || job.isDone();
    }

    /** Drops arrays whose whole band is dead, if versions have become unreadable since the last look; returns how many. */
    private int dropDead(boolean atOnce) {
        long unreadable = catalog.unreadable();
        long began = environment.nanoTime();
        if (unreadable == unreadableSeen || (!atOnce && hasLooked && began - nextLook < 0)) {
            return 0;
        }
        Readers readers = Readers.of(catalog);
        int[] dead = {0};
        int dropped = merges.dropDead(array -> {
            boolean isDead =
                    !readers.any(array.from(), array.to()) && Readers.isDead(catalog, array.from(), array.to());
            dead[0] += isDead ? 1 : 0;
            return isDead;
        });
        if (dead[0] == 0) {
            unreadableSeen = unreadable;
        }
        long now = environment.nanoTime();
        nextLook = now + LOOK_PAUSE_TIMES * (now - began);
        hasLooked = true;
        return dropped;
    }
}
