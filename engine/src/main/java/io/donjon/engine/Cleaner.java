package io.donjon.engine;

import io.donjon.CleanReport;
import io.donjon.DonjonException;
import io.donjon.Job;
import io.donjon.ReadOnlyException;
import io.donjon.StoreClosedException;
import io.donjon.StoreStats;
import io.donjon.extents.Environment;
import io.donjon.extents.StorageException;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;

/**
 * Gives back what nobody can read any more (design.md section 4, "Deleting versions"): arrays whose whole band is dead
 * are dropped at once, unread; of the others the one with the most dead bytes for its size is written anew, as long as
 * there are more of these in the store than it may have. Whoever cannot wait asks for a {@link Cleaning}. One thread
 * works; all else may be called by any.
 */
final class Cleaner {
    /** How long drops wait for a flush that moves the manifest's line on; where there is nothing to write it costs little. */
    private static final long DROPS_WAIT_NANOS = 10_000_000_000L;

    private static final long DROPS_WAIT_EMPTY_NANOS = 500_000_000L;

    /** Looking at what is dead takes at most one part in so many of the time. */
    private static final long LOOK_PAUSE_TIMES = 50;

    private static final long FLUSH_PAUSE_NANOS = 1_000_000;

    private final Environment environment;
    private final Catalog catalog;
    private final ReadStates states;
    private final Commits commits;
    private final Merges merges;
    private final Flushes flushes;
    private final Reclaim reclaim;
    private final Pace pace;
    private final double deadShareMax;
    private final Runnable wake;
    private final Lock lock;

    // Guarded by the lock.
    private final Deque<Cleaning> asked = new ArrayDeque<>();
    private boolean ended;

    /** Since when drops have waited, for the thread that flushes. */
    private long dropsSince;

    private boolean dropsWait;

    // For the thread that cleans: what had become unreadable when it looked last, and when it may look again.
    private volatile long unreadableSeen;
    private long nextLook;
    private boolean hasLooked;

    /** By array: the share of its bytes that nobody could read when it was looked at. Of others nothing is known. */
    private volatile Map<Long, Double> deadShares = Map.of();

    /**
     * A cleaner of a store.
     *
     * @param deadShareMax how much of the arrays may be dead
     * @param wake tells the thread that there is something to do
     */
    Cleaner(
            Environment environment,
            Catalog catalog,
            ReadStates states,
            Commits commits,
            Merges merges,
            Flushes flushes,
            Reclaim reclaim,
            Pace pace,
            double deadShareMax,
            Runnable wake) {
        this.environment = environment;
        this.catalog = catalog;
        this.states = states;
        this.commits = commits;
        this.merges = merges;
        this.flushes = flushes;
        this.reclaim = reclaim;
        this.pace = pace;
        this.deadShareMax = deadShareMax;
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
        Cleaning job = new Cleaning(environment, states, commits, merges, flushes, reclaim, this::deadShare);
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

    // ---- figures ----

    /** How much is dead, as far as is known, and how much may be. */
    StoreStats.Dead dead() {
        List<ArrayRun> arrays = states.current().arrays;
        boolean hasLookedAtAll = !catalog.hasPendingDrops() && catalog.unreadable() == unreadableSeen;
        return new StoreStats.Dead(
                Math.round(deadBytes(arrays)),
                Math.round(deadShareMax * MergePolicy.bytes(arrays)),
                arrays.isEmpty() || hasLookedAtAll);
    }

    private double deadBytes(List<ArrayRun> arrays) {
        return arrays.stream()
                .mapToDouble(array -> deadShare(array) * array.info().bytes())
                .sum();
    }

    /** What each version takes, with what is in memory written first if it can be. */
    SpaceReport space() {
        if (commits.readOnlyReason() == null) {
            commits.sealNow();
        }
        List<Generation> sealed = states.current().sealed;
        while (!sealed.isEmpty()
                && states.current().sealed.contains(sealed.get(0))
                && !flushes.isFull()
                && commits.readOnlyReason() == null) {
            environment.pause(FLUSH_PAUSE_NANOS);
        }
        ReadState state = states.acquire();
        try {
            return SpaceReport.of(state.arrays, catalog);
        } finally {
            states.release(state);
        }
    }

    // ---- the work ----

    /** Does a part of what there is to do; false if there is nothing at the moment. */
    boolean step() {
        Cleaning job = asked();
        if (job == null) {
            return commits.readOnlyReason() == null && (look(false) > 0 || writeAnew());
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
        int dropped = look(true);
        job.dropped(dropped);
        return dropped > 0 || job.merge() || job.isDone();
    }

    /**
     * Looks at what has become unreadable since the last time: drops arrays of which all has, and finds out how much of
     * the others; returns how many it dropped.
     */
    private int look(boolean atOnce) {
        long began = environment.nanoTime();
        long unreadable = catalog.unreadable();
        if (unreadable == 0 || (!atOnce && hasLooked && began - nextLook < 0)) {
            return 0;
        }
        // Listed before the readers are: these know of every version that an array can name. As long as it is pinned no
        // place that has left the line is given to another version.
        ReadState state = states.acquire();
        List<ArrayRun> arrays = state.arrays;
        try {
            boolean all = unreadable != unreadableSeen;
            // One of which nothing can be read may have been busy the last time.
            List<ArrayRun> unknown = arrays.stream()
                    .filter(array -> all || !deadShares.containsKey(array.id()) || deadShare(array) == 1)
                    .toList();
            if (unknown.isEmpty()) {
                return 0;
            }
            Readers readers = Readers.of(catalog);
            int dropped = merges.dropDead(array ->
                    !readers.any(array.from(), array.to()) && Readers.isDead(catalog, array.from(), array.to()));
            Map<Long, Double> shares = new HashMap<>();
            arrays.forEach(array -> shares.put(array.id(), deadShares.getOrDefault(array.id(), 0.0)));
            unknown.forEach(array -> shares.put(array.id(), deadShare(array, readers)));
            deadShares = shares;
            unreadableSeen = unreadable;
            return dropped;
        } finally {
            states.release(state);
            hasLooked = true;
            long now = environment.nanoTime();
            nextLook = now + LOOK_PAUSE_TIMES * (now - began);
        }
    }

    private double deadShare(ArrayRun array, Readers readers) {
        try {
            return new Liveness(array, readers, catalog.forest()).deadShare();
        } catch (StorageException e) {
            if (e.kind() != StorageException.Kind.DAMAGED) {
                throw e;
            }
            // Whatever reads it will say so.
            return 0;
        }
    }

    /** What of an array is dead, as far as is known. */
    double deadShare(ArrayRun array) {
        return deadShares.getOrDefault(array.id(), 0.0);
    }

    /** Writes the array anew that gives back most for its size, if too much of the store is dead; false if not. */
    private boolean writeAnew() {
        List<ArrayRun> arrays = states.current().arrays;
        if (deadBytes(arrays) <= deadShareMax * MergePolicy.bytes(arrays)) {
            return false;
        }
        pace.begin();
        return merges.mergeOne(this::worst, () -> {
            pace.keep();
            return false;
        });
    }

    /** The array with the most dead bytes for its size that may be written anew beside merges under way. */
    private List<ArrayRun> worst(List<ArrayRun> arrays, List<List<ArrayRun>> busy) {
        return arrays.stream()
                .filter(array -> deadShare(array) > 0 && merges.policy().mayRun(List.of(array), busy))
                .max(Comparator.comparingDouble(this::deadShare))
                .map(List::of)
                .orElse(List.of());
    }
}
