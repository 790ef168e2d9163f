package io.donjon.versioning;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CutPlanTest {
    /** Keys' step functions: by key and rank the number of a value, or what a step is otherwise. */
    private static final class Steps {
        final List<NavigableMap<Integer, Integer>> keys = new ArrayList<>();

        NavigableMap<Integer, Integer> key() {
            keys.add(new TreeMap<>());
            return keys.get(keys.size() - 1);
        }

        CutPlan plan(double alpha, double bandMin) {
            CutPlan plan = new CutPlan(alpha, bandMin);
            for (NavigableMap<Integer, Integer> key : keys) {
                plan.key();
                Map<Integer, Integer> numbers = new HashMap<>();
                int last = CutPlan.PASS;
                for (Map.Entry<Integer, Integer> step : key.entrySet()) {
                    int value = step.getValue();
                    if (value != last) {
                        int number = value < 0 ? value : numbers.computeIfAbsent(value, v -> plan.newValue());
                        plan.step(step.getKey(), number);
                    }
                    last = value;
                }
            }
            return plan;
        }

        /** What a band stores: values and deletions. */
        double stored(int from, int to) {
            double stored = 0;
            for (NavigableMap<Integer, Integer> key : keys) {
                Set<Integer> values = new HashSet<>();
                Map.Entry<Integer, Integer> before = key.floorEntry(from);
                if (before != null && before.getValue() >= 0) {
                    values.add(before.getValue());
                }
                for (Map.Entry<Integer, Integer> step :
                        key.subMap(from, false, to, false).entrySet()) {
                    if (step.getValue() == CutPlan.ABSENT) {
                        stored++;
                    } else if (step.getValue() >= 0) {
                        values.add(step.getValue());
                    }
                }
                stored += values.size();
            }
            return stored;
        }

        double visible(int rank) {
            return keys.stream()
                    .map(key -> key.floorEntry(rank))
                    .filter(step -> step != null && step.getValue() >= 0)
                    .count();
        }
    }

    /** All versions change some keys; every so often one deletes nearly all, and another brings them back. */
    private static Steps random(SplittableRandom random, int versions, int keys, boolean wild) {
        Steps steps = new Steps();
        for (int key = 0; key < keys; key++) {
            NavigableMap<Integer, Integer> of = steps.key();
            of.put(0, random.nextInt(1_000_000));
        }
        for (int version = 1; version < versions; version++) {
            int dice = wild ? random.nextInt(20) : 20;
            for (int n = 0; n < keys; n++) {
                NavigableMap<Integer, Integer> key = steps.keys.get(n);
                if (dice == 0) {
                    key.put(version, CutPlan.ABSENT);
                } else if (dice == 1) {
                    key.put(version, key.firstEntry().getValue());
                } else if (random.nextInt(50) == 0) {
                    key.put(version, random.nextInt(1_000_000));
                }
            }
        }
        return steps;
    }

    @ParameterizedTest(name = "seed={0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void noVersionPaysForMuchElseAndLittleIsCopied(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        boolean wild = seed % 2 == 0;
        int versions = 50 + random.nextInt(400);
        Steps steps = random(random, versions, 200 + random.nextInt(400), wild);
        double alpha = 0.5 + random.nextInt(4) / 2.0;
        int[] cuts = steps.plan(alpha, 20).cuts();
        double stored = 0;
        int from = 0;
        for (int i = 0; i <= cuts.length; i++) {
            int to = i == cuts.length ? versions : cuts[i];
            assertTrue(from < to, "cuts ascend");
            double band = steps.stored(from, to);
            stored += band;
            double paid = 0;
            for (int rank = from; rank < to; rank++) {
                double visible = steps.visible(rank);
                // Where a few entries are all there is no cut could help.
                paid = Math.max(paid, visible == 0 ? 0 : Math.max(0, band - 40) / visible);
            }
            // Where nearly all is deleted for a version or two the deletions themselves may be in the way.
            assertTrue(
                    wild || paid <= 2 * (1 + alpha) + 1,
                    "band " + from + " to " + to + ": " + paid + " at alpha " + alpha);
            from = to;
        }
        double whole = steps.stored(0, versions);
        assertTrue(stored <= (2 + 1 / alpha) * whole + 1, stored + " for " + whole + " at alpha " + alpha);
        assertTrue(cuts.length > 0, "nothing was cut");
    }

    /** What comes back would have to be stored anew in a band that lacks it: a cut there costs nothing. */
    @Test
    void aVersionThatShowsLittleIsCutOffOnBothSides() {
        Steps steps = new Steps();
        for (int key = 0; key < 1000; key++) {
            NavigableMap<Integer, Integer> of = steps.key();
            of.put(0, key);
            of.put(10, key < 990 ? CutPlan.ABSENT : key + 5000);
            of.put(20, key);
        }
        assertArrayEquals(new int[] {10, 20}, steps.plan(1, 5).cuts());
    }

    /** Of two versions: some keys are there at both, others begin at the second, others again end there. */
    private static int[] cutsOfTwo(int stay, int begin, int end) {
        Steps steps = new Steps();
        for (int key = 0; key < stay + begin + end; key++) {
            NavigableMap<Integer, Integer> of = steps.key();
            boolean first = key < stay || key >= stay + begin;
            of.put(first ? 0 : 5, key);
            if (key >= stay + begin) {
                of.put(5, CutPlan.PASS);
            }
        }
        return steps.plan(1, 50).cuts();
    }

    /** However small the band of the one is: the other fills one. */
    @Test
    void aVersionThatShowsLittleDoesNotPayForANeighbourThatShowsMuch() {
        assertArrayEquals(new int[] {5}, cutsOfTwo(10, 990, 0));
        assertArrayEquals(new int[] {5}, cutsOfTwo(10, 0, 990));
        assertArrayEquals(new int[] {5}, cutsOfTwo(100, 200, 0));
        assertArrayEquals(new int[] {5}, cutsOfTwo(100, 30, 200));
        assertEquals(0, cutsOfTwo(10, 45, 0).length, "too little begins for a band");
        assertEquals(0, cutsOfTwo(10, 0, 45).length, "too little ends for a band");
        assertEquals(0, cutsOfTwo(100, 150, 0).length, "too much would be copied");
        assertEquals(0, cutsOfTwo(100, 0, 150).length, "too much would be copied");
    }

    /** What has begun with a leap pays for the cut before it, and not for one behind as well. */
    @Test
    void whatPaidForACutPaysForNoOther() {
        Steps steps = new Steps();
        for (int key = 0; key < 1000; key++) {
            NavigableMap<Integer, Integer> of = steps.key();
            of.put(key < 10 ? 0 : 5, key);
            if (key < 300) {
                of.put(6, key + 5000);
                of.put(7, key + 7000);
                of.put(8, key + 8000);
                of.put(9, key + 9000);
            }
        }
        assertArrayEquals(new int[] {5, 9}, steps.plan(1, 50).cuts());
    }

    @Test
    void whatWasCutIsNotCutAgain() {
        Steps steps = random(new SplittableRandom(9), 300, 300, false);
        int[] cuts = steps.plan(1, 20).cuts();
        assertTrue(cuts.length >= 2);
        Steps middle = new Steps();
        for (NavigableMap<Integer, Integer> key : steps.keys) {
            NavigableMap<Integer, Integer> part = middle.key();
            part.put(cuts[0], key.floorEntry(cuts[0]).getValue());
            part.putAll(key.subMap(cuts[0], false, cuts[1], false));
        }
        assertEquals(0, middle.plan(1, 20).cuts().length);
        assertFalse(middle.plan(1, 20).hasCut(2));
    }

    @Test
    void whereThereIsNothingNothingIsCut() {
        CutPlan plan = new CutPlan(1, 0);
        assertEquals(0, plan.cuts().length);
        assertEquals(0, plan.worst());
        plan.key();
        plan.step(3, CutPlan.ABSENT);
        assertEquals(0, plan.cuts().length);
        assertEquals(0, plan.worst());
    }
}
