package io.donjon.engine;

import io.donjon.DonjonException;
import io.donjon.Job;
import io.donjon.StoreClosedException;
import io.donjon.VerifyReport;
import io.donjon.VerifyReport.Problem;
import io.donjon.extents.StorageException;
import io.donjon.extents.StoreCheck;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;

/**
 * A walk through everything on disk, in a thread of its own: arrays block by block and copy by copy, extents, manifests
 * and log.
 */
final class Verification implements Job<VerifyReport> {
    /** More problems are counted as one that says so. */
    private static final int PROBLEMS_MAX = 1000;

    private final Engine engine;
    private final Lock lock;
    private final Condition ended;
    private final List<Problem> problems = new ArrayList<>();
    private volatile boolean cancelled;
    private volatile double progress;
    private @Nullable VerifyReport report;
    private @Nullable RuntimeException failure;

    private Verification(Engine engine) {
        this.engine = engine;
        this.lock = engine.environment().newLock();
        this.ended = lock.newCondition();
    }

    static Job<VerifyReport> start(Engine engine) {
        Verification job = new Verification(engine);
        engine.environment().start("donjon-verify", job::run);
        return job;
    }

    private void run() {
        VerifyReport found = null;
        RuntimeException problem = new IllegalStateException("verify ended with an error");
        try {
            found = walk();
        } catch (StorageException e) {
            problem = Errors.of(e);
        } catch (RuntimeException e) {
            problem = e;
        } finally {
            end(found, problem);
        }
    }

    /** Nobody waits for ever, however it ended. */
    private void end(@Nullable VerifyReport found, RuntimeException problem) {
        lock.lock();
        try {
            report = found;
            failure = found == null ? problem : null;
            progress = 1;
            ended.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private VerifyReport walk() {
        ReadStates.Pin pin = engine.states().pin();
        try {
            List<ArrayRun> arrays = pin.state().arrays;
            long all =
                    1 + arrays.stream().mapToLong(array -> array.info().bytes()).sum();
            long done = 0;
            long blocks = 0;
            long entries = 0;
            long bytes = 0;
            for (ArrayRun array : arrays) {
                ArrayCheck check = new ArrayCheck(array, engine.catalog().forest(), this::problem, this::throwIfOver);
                check.run();
                blocks += check.blocks();
                entries += check.entries();
                bytes += check.bytes();
                done += array.info().bytes();
                progress = 0.99 * done / all;
            }
            checkExtents();
            StoreCheck below = engine.store().check();
            below.problems().forEach(found -> problem(found.place(), found.what()));
            return new VerifyReport(
                    arrays.size(), blocks, entries, below.logGroups(), bytes + below.bytes(), List.copyOf(problems));
        } finally {
            pin.release();
        }
    }

    /** Every extent belongs to exactly one array. */
    private void checkExtents() {
        engine.store().withExtents(present -> {
            Set<Long> named = new HashSet<>();
            for (ArrayInfo array : engine.image().arrays()) {
                for (long extent : new long[] {array.data(), array.meta(), array.values()}) {
                    if (extent != 0 && !named.add(extent)) {
                        problem("array " + array.id(), ArrayRule.EXTENT_ONCE.says(extent));
                    }
                }
            }
            if (!present.equals(named)) {
                Set<Long> orphans = new HashSet<>(present);
                orphans.removeAll(named);
                named.removeAll(present);
                problem("the manifest", ArrayRule.EXTENTS.says(orphans, named));
            }
            return named;
        });
    }

    private void problem(String place, String what) {
        if (problems.size() < PROBLEMS_MAX) {
            problems.add(new Problem(place, what));
        }
    }

    private void throwIfOver() {
        if (cancelled) {
            throw new CancellationException("the verification was cancelled");
        }
        engine.requireOpen();
    }

    @Override
    public double progress() {
        return progress;
    }

    @Override
    public boolean isDone() {
        lock.lock();
        try {
            return report != null || failure != null;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void cancel() {
        cancelled = true;
    }

    @Override
    public VerifyReport result() {
        lock.lock();
        try {
            while (report == null && failure == null) {
                ended.awaitUninterruptibly();
            }
            if (failure instanceof CancellationException) {
                throw new CancellationException(failure.getMessage());
            }
            if (failure instanceof StoreClosedException) {
                throw new StoreClosedException("the store was closed while it was verified", failure);
            }
            if (report == null) {
                throw new DonjonException("the verification failed: " + failure, failure);
            }
            return report;
        } finally {
            lock.unlock();
        }
    }
}
