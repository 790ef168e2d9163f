package io.donjon.engine;

import io.donjon.CorruptionException;
import io.donjon.DiskFullException;
import io.donjon.DonjonException;
import io.donjon.Job;
import io.donjon.ReadOnlyException;
import io.donjon.StoreClosedException;
import io.donjon.extents.Environment;
import io.donjon.extents.StorageException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;

/** A job as its caller sees it: how far it is, whether it is to end, and what it came to. */
class Outcome<T> implements Job<T> {
    private final String name;
    private final Lock lock;
    private final Condition ended;
    private volatile boolean cancelled;
    private volatile double progress;

    // Guarded by the lock.
    private @Nullable T result;
    private @Nullable RuntimeException failure;

    /**
     * A job that has just begun.
     *
     * @param name what messages call it
     */
    Outcome(Environment environment, String name) {
        this.name = name;
        this.lock = environment.newLock();
        this.ended = lock.newCondition();
    }

    /** So much is done, 0 to 1. */
    final void reached(double part) {
        progress = Math.max(progress, part);
    }

    /** It has come to something. */
    final void complete(T outcome) {
        end(outcome, null);
    }

    /** It ended by an error; nothing happens if it has ended. */
    final void fail(RuntimeException problem) {
        end(null, problem instanceof StorageException e ? Errors.of(e) : problem);
    }

    private void end(@Nullable T outcome, @Nullable RuntimeException problem) {
        lock.lock();
        try {
            if (!isDone()) {
                result = outcome;
                failure = problem;
                progress = 1;
                ended.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    final boolean isCancelled() {
        return cancelled;
    }

    final void throwIfCancelled() {
        if (cancelled) {
            throw new CancellationException("the " + name + " was cancelled");
        }
    }

    @Override
    public final double progress() {
        return progress;
    }

    @Override
    public final boolean isDone() {
        lock.lock();
        try {
            return result != null || failure != null;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public final void cancel() {
        cancelled = true;
    }

    @Override
    public final T result() {
        lock.lock();
        try {
            while (result == null && failure == null) {
                ended.awaitUninterruptibly();
            }
            RuntimeException problem = failure;
            if (problem instanceof CancellationException) {
                throw new CancellationException(problem.getMessage());
            }
            if (problem instanceof StoreClosedException) {
                throw new StoreClosedException("the store was closed before the " + name + " had ended", problem);
            }
            T outcome = result;
            if (outcome == null) {
                throw failed(problem);
            }
            return outcome;
        } finally {
            lock.unlock();
        }
    }

    /** Where the caller can do something about it, of the kind that it was. */
    private DonjonException failed(@Nullable RuntimeException problem) {
        String message = "the " + name + " failed: " + problem;
        if (problem instanceof DiskFullException) {
            return new DiskFullException(message, problem);
        }
        if (problem instanceof ReadOnlyException) {
            return new ReadOnlyException(message, problem);
        }
        return problem instanceof CorruptionException
                ? new CorruptionException(message, problem)
                : new DonjonException(message, problem);
    }
}
