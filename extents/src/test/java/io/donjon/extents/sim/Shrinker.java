package io.donjon.extents.sim;

import java.util.Arrays;
import java.util.BitSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Runs a random history; if it fails, cuts it down to the few steps that it takes, by leaving out ever smaller parts as
 * long as it still fails (delta debugging), and fails with these.
 *
 * <p>{@code -Dsteps=3,17,18} does only these steps of the one {@code -Dseed}: what a cut-down history is replayed with.
 */
public final class Shrinker {
    /** At most so many runs of a history that fails: a minute or so, for a person who waits. */
    private static final int RUNS_MAX = 400;

    /** A history: must follow from its steps alone, whichever are left out. */
    @FunctionalInterface
    public interface History {
        /** Throws if something is not right. */
        void run(Steps steps);
    }

    private final long seed;
    private final History history;
    private int runsLeft = RUNS_MAX;

    /** The least that failed, what it said, and how it failed. */
    private BitSet least = new BitSet();

    private String said = "";
    private Throwable failure = new AssertionError("not run");

    private Shrinker(long seed, History history) {
        this.seed = seed;
        this.history = history;
    }

    /**
     * Runs the history of this seed.
     *
     * @throws AssertionError with the smallest history found, if it fails; the first failure is its cause
     */
    public static void check(long seed, History history) {
        new Shrinker(seed, history).check();
    }

    private void check() {
        String given = System.getProperty("steps");
        if (!fails(given == null ? null : numbers(given))) {
            return;
        }
        Throwable first = failure;
        // Once more with all steps that were begun, for those behind the failure to go, and to hear what they say.
        boolean again = fails((BitSet) least.clone());
        int steps = least.cardinality();
        if (again) {
            shrink();
        }
        String numbers = least.stream().mapToObj(String::valueOf).collect(Collectors.joining(","));
        throw new AssertionError(
                first + (again ? "\ncut down from " + steps + " steps to " + least.cardinality() : "\nnot every time")
                        + ", -Dseed=" + seed + " -Dsteps=" + numbers + "\n" + said + "\nwhich fails by: " + failure,
                first);
    }

    private static BitSet numbers(String given) {
        BitSet numbers = new BitSet();
        Arrays.stream(given.split(",", -1)).mapToInt(Integer::parseInt).forEach(numbers::set);
        return numbers;
    }

    private void shrink() {
        int part = (least.cardinality() + 1) / 2;
        while (part > 0 && runsLeft > 0) {
            boolean smaller = false;
            // From the end: what comes last was least likely to be needed by something else.
            for (int from = least.cardinality() - part; from > -part && runsLeft > 0; from -= part) {
                int[] all = least.stream().toArray();
                BitSet fewer = (BitSet) least.clone();
                Arrays.stream(all, Math.max(0, from), Math.min(all.length, from + part))
                        .forEach(fewer::clear);
                smaller |= fewer.cardinality() < all.length && fails(fewer);
            }
            part = smaller && part == 1 ? 1 : part / 2;
        }
    }

    private boolean fails(@Nullable BitSet kept) {
        Steps steps = new Steps(seed, kept);
        runsLeft--;
        try {
            history.run(steps);
            return false;
        } catch (RuntimeException | AssertionError e) {
            least = steps.done();
            said = String.join("\n", steps.said());
            failure = e;
            return true;
        }
    }
}
