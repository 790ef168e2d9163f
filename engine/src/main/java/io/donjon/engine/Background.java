package io.donjon.engine;

import io.donjon.StoreStats;
import io.donjon.extents.Environment;
import io.donjon.extents.ExtentStore;
import io.donjon.extents.StorageException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What goes on behind the writers' backs: one thread flushes buffers and looks after log and manifest, a few merge, one
 * gives back what nobody can read any more, one makes asynchronous commits stable for those who asked.
 */
final class Background {
    private static final Logger LOG = LoggerFactory.getLogger(Background.class);

    /** How long an idle thread sleeps before it looks again by itself. */
    private static final long IDLE_NANOS = 1_000_000_000L;

    /** How long a thread rests after a failure, or while a disk is full, before it tries again. */
    private static final long RETRY_NANOS = 200_000_000L;

    /** With so many log segments to replay, what is in memory is flushed although the buffer is not full. */
    private static final int SEGMENTS_MAX = 8;

    private final Environment environment;
    private final ExtentStore store;
    private final Catalog catalog;
    private final ReadStates states;
    private final Commits commits;
    private final Tuning tuning;
    private final Throttle throttle;
    private final WorkMemory memory;
    private final Installer installer;
    private final Reclaim reclaim;
    private final Lingering lingering;
    private final StableNotices notices;
    private final Leisure leisure;
    private final Merges merges;
    private final Flushes flushes;
    private final Cleaner cleaner;
    private final List<Environment.Worker> workers = new ArrayList<>();

    /** The threads of the workers. */
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();

    private final Lock lock;
    private final Condition wake;

    // Guarded by the lock.
    private boolean stopping;

    /** How often the threads have been woken. */
    private long wakes;

    private volatile @Nullable String lastFailure;

    Background(
            Environment environment,
            ExtentStore store,
            Catalog catalog,
            ManifestImage image,
            ReadStates states,
            Reads reads,
            Commits commits,
            Tuning tuning,
            Throttle throttle,
            WorkMemory memory,
            double deadShareMax,
            OpenArrays arrays) {
        this.environment = environment;
        this.store = store;
        this.catalog = catalog;
        this.states = states;
        this.commits = commits;
        this.tuning = tuning;
        this.throttle = throttle;
        this.memory = memory;
        this.lock = environment.newLock();
        this.wake = lock.newCondition();
        this.installer = new Installer(arrays, catalog, image, states, commits);
        this.lingering = new Lingering(environment, reads, tuning, memory);
        this.notices = new StableNotices(environment, commits, store.log(), this::wake);
        this.leisure = new Leisure(environment, reads::visible);
        this.merges = new Merges(
                environment,
                store,
                catalog,
                states,
                commits,
                tuning,
                throttle,
                memory,
                new Exchange(store, image, installer),
                lingering,
                leisure,
                this::wake);
        this.flushes = new Flushes(
                environment,
                store,
                catalog,
                image,
                states,
                reads,
                commits,
                tuning,
                throttle,
                memory,
                installer,
                lingering,
                notices,
                merges::flushed);
        this.reclaim = new Reclaim(environment, store, catalog, states, commits, arrays, merges, this::wake);
        this.cleaner = new Cleaner(
                environment,
                catalog,
                states,
                commits,
                merges,
                flushes,
                reclaim,
                new Pace(environment, () -> store.cache().hits() + store.cache().misses() + reads.visible()),
                deadShareMax,
                this::wake);
    }

    // ---- life ----

    void start() {
        workers.add(environment.start("donjon-flush", () -> loop(this::flushStep)));
        workers.add(environment.start("donjon-sync", () -> loop(notices::step)));
        workers.add(environment.start("donjon-clean", () -> loop(cleaner::step)));
        for (int i = 0; i < tuning.mergeThreads(); i++) {
            workers.add(environment.start("donjon-merge-" + i, () -> loop(merges::mergeOne)));
        }
    }

    /** There may be something to do. */
    void wake() {
        lock.lock();
        try {
            wakes++;
            wake.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Ends all threads; a merge under way is given up. */
    void stop() {
        merges.cancel();
        lock.lock();
        try {
            stopping = true;
            wake.signalAll();
        } finally {
            lock.unlock();
        }
        workers.forEach(Environment.Worker::join);
        cleaner.end();
        installer.bury();
    }

    /** Whether the calling thread is one of those that {@link #stop} waits for. */
    boolean isWorker() {
        return threads.contains(Thread.currentThread());
    }

    private interface Step {
        /** Does what there is to do; false if there is nothing. */
        boolean run();
    }

    /** Runs a step until the store is closed; whatever goes wrong ends up in {@link #lastFailure}. */
    private void loop(Step step) {
        threads.add(Thread.currentThread());
        boolean more = true;
        while (more) {
            try {
                more = round(step);
            } catch (VirtualMachineError none) {
                // No memory to say so, or to wait for work; the next round may have some. No thread may end by that.
                environment.pause(RETRY_NANOS);
            }
        }
    }

    private boolean round(Step step) {
        long seen = wakes();
        boolean busy = false;
        try {
            busy = step.run();
        } catch (CancellationException closing) {
            LOG.debug("a merge was given up", closing);
        } catch (StorageException e) {
            failed(e);
        } catch (RuntimeException | LinkageError | VirtualMachineError e) {
            // A bug, or no memory: nothing is known about what was under way, so nothing more is written.
            commits.turnReadOnly("work in the background has failed by an internal error; see the log of the process");
            LOG.error("background work has failed", e);
            lastFailure = e.toString();
        }
        return rest(busy, seen);
    }

    private long wakes() {
        lock.lock();
        try {
            return wakes;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until somebody has woken the threads since the step began, unless it was busy; false if all is over. */
    private boolean rest(boolean busy, long seen) {
        lock.lock();
        try {
            long left = flushes.isFull() || merges.isFull() ? RETRY_NANOS : IDLE_NANOS;
            while (!stopping && !busy && wakes == seen && left > 0) {
                left = wake.awaitNanos(left);
            }
            return !stopping;
        } catch (InterruptedException nobodyShould) {
            LOG.warn("a background thread was interrupted, and goes on");
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void failed(StorageException e) {
        LOG.warn("background work has failed: {}", e.getMessage());
        lastFailure = e.getMessage();
        if (e.kind() == StorageException.Kind.FAILED && !store.isWritable()) {
            commits.turnReadOnly(String.valueOf(e.getMessage()));
        }
        environment.pause(RETRY_NANOS);
    }

    /** What the flushing thread does: it also frees files and looks after memory, log and manifest. */
    private boolean flushStep() {
        installer.bury();
        lingering.expire();
        memory.versionsTake(catalog.forest().heapBytes());
        if (commits.readOnlyReason() != null) {
            return false;
        }
        store.log().prepare();
        // A flush gives back log segments to a full disk, and lets merges know of drops.
        boolean full = store.log().lacksRoom() && states.current().sealed.isEmpty();
        if (store.log().isWeakened()
                || store.log().segments() > SEGMENTS_MAX
                || full
                || cleaner.wantsLine()
                || mayFlushAtLeisure()) {
            commits.sealNow();
        }
        boolean flushed = flushes.flushOldest(states.current().sealed);
        store.maintainManifest();
        boolean reserved = store.maintainReserve();
        return reclaim.step() || reserved || flushed;
    }

    /** Nobody writes: what is in memory lies together with the rest once it is flushed, and a crash has less to replay. */
    private boolean mayFlushAtLeisure() {
        return leisure.isLong() && states.current().sealed.isEmpty() && bytesToFlushAtLeisure() > 0;
    }

    private long bytesToFlushAtLeisure() {
        WriteBuffer buffer = states.current().active.buffer;
        return buffer.entries() > 0 && buffer.bytes() >= tuning.flushBytesAtLeisure() ? buffer.bytes() : 0;
    }

    // ---- parts ----

    Flushes flushes() {
        return flushes;
    }

    Merges merges() {
        return merges;
    }

    Cleaner cleaner() {
        return cleaner;
    }

    Reclaim reclaim() {
        return reclaim;
    }

    StableNotices notices() {
        return notices;
    }

    Lingering lingering() {
        return lingering;
    }

    StoreStats.Merging stats() {
        return new StoreStats.Merging(
                flushes.count(),
                flushes.bytesWritten(),
                merges.count(),
                merges.bytesRead(),
                merges.bytesWritten(),
                merges.running(),
                merges.debt(),
                merges.debtAtLeisure() + bytesToFlushAtLeisure(),
                throttle.delayedNanos(),
                lastFailure);
    }
}
