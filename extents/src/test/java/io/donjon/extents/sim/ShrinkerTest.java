package io.donjon.extents.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ShrinkerTest {
    private static final int STEPS = 500;

    /** A stack with a planted bug: it loses what was pushed third since it was last empty, when two pops follow. */
    private static void stack(Steps steps) {
        int size = 0;
        int popsInARow = 0;
        boolean wasThree = false;
        for (int n = 0; n < STEPS; n++) {
            SplittableRandom dice = steps.next();
            if (dice == null) {
                continue;
            }
            if (dice.nextInt(3) > 0) {
                steps.say("push");
                size++;
                wasThree |= size == 3;
                popsInARow = 0;
            } else if (size > 0) {
                steps.say("pop");
                size--;
                popsInARow++;
                if (wasThree && popsInARow == 2) {
                    throw new AssertionError("the third is lost");
                }
                wasThree &= size > 0;
            }
        }
    }

    @Test
    void aPlantedBugIsCutDownToTheLeastHistoryThatShowsIt() {
        for (long seed = 0; seed < 20; seed++) {
            long given = seed;
            AssertionError failure =
                    assertThrows(AssertionError.class, () -> Shrinker.check(given, ShrinkerTest::stack));
            List<String> words = new ArrayList<>();
            for (String line : Objects.requireNonNull(failure.getMessage()).split("\n", -1)) {
                if (line.matches("[0-9]+: (push|pop)")) {
                    words.add(line.substring(line.indexOf(' ') + 1));
                }
            }
            assertEquals(List.of("push", "push", "push", "pop", "pop"), words, failure.getMessage());
            assertTrue(failure.getMessage().contains("-Dseed=" + seed + " -Dsteps="), failure.getMessage());
        }
    }

    @Test
    void theStepsThatAreLeftAreWhatTheyWereInTheWhole() {
        long seed = 7;
        List<Long> whole = new ArrayList<>();
        Steps all = Steps.all(seed);
        for (int n = 0; n < STEPS; n++) {
            whole.add(Objects.requireNonNull(all.next()).nextLong());
        }
        List<Long> needed = List.of(whole.get(3), whole.get(170), whole.get(171), whole.get(499));
        AssertionError failure = assertThrows(
                AssertionError.class,
                () -> Shrinker.check(seed, steps -> {
                    List<Long> drawn = new ArrayList<>();
                    for (int n = 0; n < STEPS; n++) {
                        SplittableRandom dice = steps.next();
                        if (dice != null) {
                            drawn.add(dice.nextLong());
                        }
                    }
                    if (drawn.containsAll(needed)) {
                        throw new IllegalStateException("all four are there");
                    }
                }));
        String message = Objects.requireNonNull(failure.getMessage());
        assertTrue(message.contains("from 500 steps to 4, -Dseed=7 -Dsteps=3,170,171,499\n"), message);
    }

    @Test
    void aHistoryThatHoldsIsRunOnce() {
        List<Steps> runs = new ArrayList<>();
        Shrinker.check(1, runs::add);
        assertEquals(1, runs.size());
    }

    @Test
    void aHistoryThatTakesLongToCutDownIsGivenUpAfterSomeRuns() {
        int[] runs = {0};
        AssertionError failure = assertThrows(
                AssertionError.class,
                () -> Shrinker.check(1, steps -> {
                    runs[0]++;
                    boolean allEven = true;
                    for (int n = 0; n < 10_000; n++) {
                        allEven &= steps.next() != null || n % 2 == 1;
                    }
                    assertFalse(allEven);
                }));
        assertTrue(runs[0] <= 400, runs[0] + " runs");
        String message = Objects.requireNonNull(failure.getMessage());
        assertTrue(message.contains("cut down from 10000 steps to "), message);
    }
}
