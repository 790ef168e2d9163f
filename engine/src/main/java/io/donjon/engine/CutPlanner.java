package io.donjon.engine;

import io.donjon.versioning.CutPlan;
import io.donjon.versioning.Overlay;
import io.donjon.versioning.VersionForest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Plans where the output of a merge is cut along the line, before anything is written: overlays the inputs' key samples as
 * the merge will overlay the inputs (design.md section 4, "strata"). To sample keys by their hash commutes with merging.
 */
final class CutPlanner implements Overlay.Output {
    /** With more breakpoints than that fewer keys are looked at. */
    private static final int POINTS_MAX = 16 << 10;

    /** A sampled key of one of the arrays. */
    private record Sampled(long hash, int source, KeySample.Key key) {}

    /** A step of the present key, by rank in the output. */
    private record Step(int rank, int source, KeySample.Point point) {}

    /** The plan of one tree, and the output rank behind the tree. */
    private record TreePlan(CutPlan plan, int end) {}

    private final List<ArrayRun> group;
    private final boolean oldest;
    private final Tuning.Strata strata;
    private final RankMap map;
    private final VersionForest forest;
    private final Overlay overlay;

    /** By tree, as the place where it begins. */
    private final Map<Integer, TreePlan> plans = new HashMap<>();

    /** By source: what it holds. */
    private final int[] held;

    private TreePlan present = new TreePlan(new CutPlan(1, 0), 0);
    private int last = CutPlan.PASS;

    /**
     * A planner.
     *
     * @param group what is merged, newest first
     * @param oldest whether there is nothing older that a tombstone must hide
     */
    CutPlanner(List<ArrayRun> group, boolean oldest, RankMap map, Catalog catalog, Tuning.Strata strata) {
        this.group = group;
        this.oldest = oldest;
        this.strata = strata;
        this.forest = catalog.forest();
        this.map = map;
        this.overlay = new Overlay(group.stream().mapToInt(map::end).toArray(), this);
        this.held = new int[group.size()];
        if (isWorthIt()) {
            overlaySamples();
        }
    }

    /** Whether there could be two bands. */
    private boolean isWorthIt() {
        return strata.alpha() > 0 && map.places.length > 1 && MergePolicy.bytes(group) >= 2 * strata.bandBytes();
    }

    /** The output ranks to cut at, ascending. */
    int[] cuts() {
        return plans.values().stream()
                .flatMapToInt(tree -> Arrays.stream(tree.plan.cuts()))
                .sorted()
                .toArray();
    }

    /** So many of these cuts, evenly chosen. */
    static int[] some(int[] cuts, int count) {
        return IntStream.range(0, count)
                .map(i -> cuts[(int) ((long) (2 * i + 1) * cuts.length / (2L * count))])
                .toArray();
    }

    /** Whether there is a cut to make where a version would pay that many times what it shows. */
    boolean hasCut(double worstPaid) {
        return plans.values().stream().anyMatch(tree -> tree.plan.hasCut(worstPaid));
    }

    private void overlaySamples() {
        List<KeySample> samples = new ArrayList<>();
        long threshold = 0;
        for (ArrayRun array : group) {
            KeySample sample = array.sample();
            samples.add(sample);
            threshold = lower(threshold, sample.threshold());
        }
        List<Sampled> keys = keysBelow(threshold, samples);
        while (points(keys) > POINTS_MAX && threshold != 1) {
            threshold = threshold == 0 ? 1L << 63 : threshold >>> 1;
            keys = keysBelow(threshold, samples);
        }
        keys.sort(Comparator.comparing(Sampled::hash, Long::compareUnsigned));
        double share = new KeySample(threshold, List.of()).share();
        long breakpoints =
                group.stream().mapToLong(array -> array.info().breakpoints()).sum();
        double bandMin = (double) strata.bandBytes() * breakpoints / MergePolicy.bytes(group) * share;
        for (int from = 0, to; from < keys.size(); from = to) {
            to = from + 1;
            while (to < keys.size() && keys.get(to).hash == keys.get(from).hash) {
                to++;
            }
            overlayKey(keys.subList(from, to), bandMin);
        }
    }

    private static long lower(long a, long b) {
        return a == 0 || (b != 0 && Long.compareUnsigned(b, a) < 0) ? b : a;
    }

    private static List<Sampled> keysBelow(long threshold, List<KeySample> samples) {
        List<Sampled> keys = new ArrayList<>();
        for (int source = 0; source < samples.size(); source++) {
            for (KeySample.Key key : samples.get(source).keys()) {
                if (threshold == 0 || Long.compareUnsigned(key.hash(), threshold) < 0) {
                    keys.add(new Sampled(key.hash(), source, key));
                }
            }
        }
        return keys;
    }

    private static long points(List<Sampled> keys) {
        return keys.stream().mapToLong(sampled -> sampled.key.points().size()).sum();
    }

    private void overlayKey(List<Sampled> ofKey, double bandMin) {
        if (ofKey.stream().anyMatch(sampled -> sampled.key.isHeavy())) {
            return;
        }
        List<Step> steps = steps(ofKey);
        if (steps.isEmpty()) {
            return;
        }
        int tree = forest.tree(map.places[steps.get(0).rank]);
        present = plans.computeIfAbsent(
                tree, t -> new TreePlan(new CutPlan(strata.alpha(), bandMin), map.treeEnd(forest.id(tree))));
        present.plan.key();
        last = CutPlan.PASS;
        Map<Long, Integer> values = new HashMap<>();
        overlay.begin();
        for (Step step : steps) {
            KeySample.Point point = step.point;
            overlay.advance(step.rank);
            if (StepKind.isValue(point.kind())) {
                held[step.source] = values.computeIfAbsent(point.value(), v -> present.plan.newValue());
            } else {
                held[step.source] = point.kind() == StepKind.TOMBSTONE && !oldest ? CutPlan.ABSENT : CutPlan.PASS;
            }
            overlay.step(step.source, point.kind() == StepKind.PASS);
        }
        overlay.end();
    }

    /** The steps of a key in all arrays, by rank in the output. */
    private List<Step> steps(List<Sampled> ofKey) {
        List<Step> steps = new ArrayList<>();
        for (Sampled sampled : ofKey) {
            int[] ranks = map.ranks(group.get(sampled.source));
            for (KeySample.Point point : sampled.key.points()) {
                int rank = ranks[Math.toIntExact(point.rank())];
                if (rank != RankMap.NOWHERE && rank < map.places.length) {
                    steps.add(new Step(rank, sampled.source, point));
                }
            }
        }
        // Stable: what a source steps to last at a rank holds there.
        steps.sort(Comparator.comparingInt(Step::rank));
        return steps;
    }

    @Override
    public void holds(int rank, int source) {
        int value = source == Overlay.PASS ? CutPlan.PASS : held[source];
        if (rank < present.end && value != last) {
            present.plan.step(rank, value);
            last = value;
        }
    }
}
