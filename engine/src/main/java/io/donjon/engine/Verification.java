package io.donjon.engine;

import io.donjon.Job;
import io.donjon.VerifyReport;
import io.donjon.VerifyReport.Problem;
import io.donjon.extents.StoreCheck;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A walk through everything on disk, in a thread of its own: arrays block by block and copy by copy, extents, manifests
 * and log.
 */
final class Verification extends Outcome<VerifyReport> {
    /** More problems are counted as one that says so. */
    private static final int PROBLEMS_MAX = 1000;

    private final Engine engine;
    private final List<Problem> problems = new ArrayList<>();

    private Verification(Engine engine) {
        super(engine.environment(), "verification");
        this.engine = engine;
    }

    static Job<VerifyReport> start(Engine engine) {
        Verification job = new Verification(engine);
        engine.environment().start("donjon-verify", job::run);
        return job;
    }

    private void run() {
        try {
            complete(walk());
        } catch (RuntimeException e) {
            fail(e);
        } finally {
            // Nobody waits for ever, however it ended.
            fail(new IllegalStateException("it ended with an error"));
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
                reached(0.99 * done / all);
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
        throwIfCancelled();
        engine.requireOpen();
    }
}
