package io.donjon.engine;

import io.donjon.StoreClosedException;
import io.donjon.extents.Environment;
import io.donjon.extents.Log;
import io.donjon.extents.StorageException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.Lock;

/** Which commits are known to be stable, and who waits to hear that one is. Thread-safe. */
final class StableNotices {
    private final Commits commits;
    private final Log log;
    private final Runnable wake;
    private final Lock lock;

    // Guarded by the lock.
    private final TreeMap<Long, List<CompletableFuture<Void>>> waiting = new TreeMap<>();

    /** Nobody makes anything stable any more. */
    private boolean ended;

    private volatile long durableSequence;

    /**
     * Notices of a store's log.
     *
     * @param wake tells whoever calls {@link #step} that somebody waits
     */
    StableNotices(Environment environment, Commits commits, Log log, Runnable wake) {
        this.commits = commits;
        this.log = log;
        this.wake = wake;
        this.lock = environment.newLock();
    }

    CompletionStage<Void> whenDurable(long sequence) {
        long newest = commits.mark().sequence();
        if (sequence > newest) {
            throw new IllegalArgumentException("commit " + sequence + " does not exist, the newest is " + newest);
        }
        CompletableFuture<Void> future = new CompletableFuture<>();
        lock.lock();
        try {
            if (ended) {
                throw new StoreClosedException("the store is closed", null);
            }
            if (sequence <= durableSequence) {
                future.complete(null);
                return future;
            }
            waiting.computeIfAbsent(sequence, at -> new ArrayList<>()).add(future);
        } finally {
            lock.unlock();
        }
        wake.run();
        return future;
    }

    /** Makes stable what somebody waits for, and tells him; false if nobody waits. */
    boolean step() {
        // What a flush has made stable needs no force.
        durable(durableSequence);
        lock.lock();
        try {
            if (waiting.isEmpty()) {
                return false;
            }
        } finally {
            lock.unlock();
        }
        try {
            sync();
        } catch (StorageException e) {
            takeWaiting(Long.MAX_VALUE).forEach(future -> future.completeExceptionally(Errors.of(e)));
            throw e;
        }
        return true;
    }

    /** Makes all that has been committed stable. */
    void sync() {
        Commits.Mark mark = commits.mark();
        log.awaitStable(mark.position());
        durable(mark.sequence());
    }

    /** A commit and all before it are stable; those who asked hear of it from the thread that answers them. */
    void madeStable(long sequence) {
        lock.lock();
        try {
            durableSequence = Math.max(durableSequence, sequence);
        } finally {
            lock.unlock();
        }
    }

    /** A commit and all before it are stable: answers those who asked, whose code runs on the calling thread. */
    private void durable(long sequence) {
        madeStable(sequence);
        takeWaiting(sequence).forEach(future -> future.complete(null));
    }

    /** The store is closed: what is not stable by now never will be. */
    void end() {
        boolean stable = log.stable() >= commits.mark().position();
        lock.lock();
        try {
            ended = true;
        } finally {
            lock.unlock();
        }
        for (CompletableFuture<Void> future : takeWaiting(Long.MAX_VALUE)) {
            if (stable) {
                future.complete(null);
            } else {
                future.completeExceptionally(
                        new StoreClosedException("the store was closed and could not make this commit stable", null));
            }
        }
    }

    private List<CompletableFuture<Void>> takeWaiting(long upTo) {
        lock.lock();
        try {
            List<CompletableFuture<Void>> taken = new ArrayList<>();
            var done = waiting.headMap(upTo, true);
            done.values().forEach(taken::addAll);
            done.clear();
            return taken;
        } finally {
            lock.unlock();
        }
    }

    /** The newest commit known to be stable. */
    long durableSequence() {
        return durableSequence;
    }
}
