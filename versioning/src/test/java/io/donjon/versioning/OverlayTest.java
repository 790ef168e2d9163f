package io.donjon.versioning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The overlay against brute force: at every rank the newest source that does not pass. */
class OverlayTest {
    private static final int RANKS = 24;

    static LongStream seeds() {
        Long one = Long.getLong("seed");
        return one == null ? LongStream.range(0, Integer.getInteger("seeds", 300)) : LongStream.of(one);
    }

    /** A step of a source: its number, from 1 on in the order in which they are taken, or 0 for a pass. */
    private record Step(int rank, int source, int what) {}

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void agreesWithBruteForce(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int sources = 1 + random.nextInt(5);
        int[] ends = new int[sources];
        for (int source = 0; source < sources; source++) {
            ends[source] = random.nextInt(3) == 0 ? Integer.MAX_VALUE : 1 + random.nextInt(RANKS);
        }
        int[] held = new int[sources];
        List<int[]> told = new ArrayList<>();
        Overlay overlay = new Overlay(ends, (rank, source) -> {
            assertTrue(told.isEmpty() || told.get(told.size() - 1)[0] < rank, "told of rank " + rank + " too late");
            told.add(new int[] {rank, source == Overlay.PASS ? 0 : held[source]});
        });
        for (int key = 0; key < 5; key++) {
            List<Step> steps = steps(random, ends);
            told.clear();
            overlay.begin();
            for (Step step : steps) {
                overlay.advance(step.rank);
                held[step.source] = step.what;
                overlay.step(step.source, step.what == 0);
            }
            overlay.end();
            for (int rank = 0; rank < RANKS; rank++) {
                assertEquals(bruteForce(steps, ends, rank), lastAt(told, rank), "rank " + rank + " of " + steps);
            }
        }
    }

    private static List<Step> steps(SplittableRandom random, int[] ends) {
        List<Step> steps = new ArrayList<>();
        for (int rank = 0; rank < RANKS; rank++) {
            for (int source = 0; source < ends.length; source++) {
                for (int n = random.nextInt(8) - 5; n > 0 && rank < ends[source]; n--) {
                    steps.add(new Step(rank, source, random.nextInt(3) == 0 ? 0 : steps.size() + 1));
                }
            }
        }
        return steps;
    }

    private static int bruteForce(List<Step> steps, int[] ends, int rank) {
        for (int source = 0; source < ends.length; source++) {
            int holds = 0;
            for (Step step : steps) {
                holds = step.source == source && step.rank <= rank && rank < ends[source] ? step.what : holds;
            }
            if (holds != 0) {
                return holds;
            }
        }
        return 0;
    }

    private static int lastAt(List<int[]> told, int rank) {
        int last = 0;
        for (int[] one : told) {
            last = one[0] <= rank ? one[1] : last;
        }
        return last;
    }
}
