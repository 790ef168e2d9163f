package io.donjon.rda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class BalancedPermutationsTest {
    /** Printed with every failure; {@code -Dseed=N} tries another. */
    private static final long SEED = Long.getLong("seed", 1);

    /** Every number of disks from 1 to 12 with every number of copies from 1 to 3 that fits on them. */
    static Stream<Arguments> shapes() {
        return IntStream.rangeClosed(1, 12)
                .boxed()
                .flatMap(disks ->
                        IntStream.rangeClosed(1, Math.min(3, disks)).mapToObj(copies -> Arguments.of(disks, copies)));
    }

    @ParameterizedTest(name = "{0} disks, {1} copies")
    @MethodSource("shapes")
    void everyRoundPutsEveryCopyOnEveryDiskOnce(int disks, int copies) {
        var dealer = dealer(disks, copies, SEED);
        for (int round = 0; round < 50; round++) {
            int[][] found = new int[copies][disks];
            for (int chunk = 0; chunk < disks; chunk++) {
                int[] chosen = dealer.next();
                for (int copy = 0; copy < copies; copy++) {
                    found[copy][number(chosen[copy])]++;
                }
            }
            for (int copy = 0; copy < copies; copy++) {
                int[] once = new int[disks];
                Arrays.fill(once, 1);
                assertArrayEquals(once, found[copy], "copy " + copy + ", round " + round + ", seed=" + SEED);
            }
        }
    }

    @ParameterizedTest(name = "{0} disks, {1} copies")
    @MethodSource("shapes")
    void noChunkHasTwoCopiesOnOneDisk(int disks, int copies) {
        var dealer = dealer(disks, copies, SEED);
        for (int chunk = 0; chunk < 50 * disks; chunk++) {
            int[] chosen = dealer.next();
            assertEquals(copies, chosen.length);
            assertEquals(
                    copies, Arrays.stream(chosen).distinct().count(), () -> Arrays.toString(chosen) + ", seed=" + SEED);
        }
    }

    /** Looks at the first chunk of each round alone, because the pairs within one round depend on each other. */
    @Test
    void pairsOfDisksAreRandom() {
        int disks = 8;
        var dealer = dealer(disks, 2, SEED);
        int[] found = new int[disks * disks];
        int rounds = 56 * 200;
        for (int round = 0; round < rounds; round++) {
            int[] chosen = dealer.next();
            found[number(chosen[0]) * disks + number(chosen[1])]++;
            skip(dealer, disks - 1);
        }
        double chiSquare = 0;
        for (int first = 0; first < disks; first++) {
            for (int second = 0; second < disks; second++) {
                if (first != second) {
                    chiSquare += square(found[first * disks + second] - 200) / 200;
                }
            }
        }
        assertLikely(chiSquare, 55);
    }

    @Test
    void anyDiskComesAtAnyPointOfARound() {
        int disks = 7;
        var dealer = dealer(disks, 1, SEED);
        int[][] found = new int[disks][disks];
        for (int round = 0; round < 200 * disks; round++) {
            for (int chunk = 0; chunk < disks; chunk++) {
                found[chunk][number(dealer.next()[0])]++;
            }
        }
        for (int[] ofChunk : found) {
            assertLikely(
                    Arrays.stream(ofChunk)
                            .mapToDouble(n -> square(n - 200) / 200)
                            .sum(),
                    disks - 1);
        }
    }

    @Test
    void aRoundTellsNothingAboutTheNext() {
        int disks = 8;
        var dealer = dealer(disks, 1, SEED);
        int[] found = new int[disks * disks];
        for (int i = 0; i < 200 * disks * disks; i++) {
            int first = number(dealer.next()[0]);
            skip(dealer, disks - 1);
            int next = number(dealer.next()[0]);
            skip(dealer, disks - 1);
            found[first * disks + next]++;
        }
        assertLikely(
                Arrays.stream(found).mapToDouble(n -> square(n - 200) / 200).sum(), disks * disks - 1);
    }

    @Test
    void equalSeedsDealEqualDisks() {
        int[][] placed = dealt(dealer(9, 3, 42), 1000);
        assertTrue(Arrays.deepEquals(placed, dealt(dealer(9, 3, 42), 1000)));
        assertFalse(Arrays.deepEquals(placed, dealt(dealer(9, 3, 43), 1000)));
    }

    @Test
    void theArraysGivenAndReturnedAreNotShared() {
        int[] disks = {5, 6, 7};
        var dealer = new BalancedPermutations(disks, 2, new SplittableRandom(SEED));
        Arrays.fill(disks, 99);
        for (int chunk = 0; chunk < 30; chunk++) {
            int[] chosen = dealer.next();
            assertTrue(Arrays.stream(chosen).allMatch(disk -> 5 <= disk && disk <= 7), Arrays.toString(chosen));
            Arrays.fill(chosen, 99);
        }
    }

    @Test
    void moreCopiesThanDisksAreRefused() {
        assertRefused("3 copies on 2 disks", new int[] {0, 1}, 3);
        assertRefused("1 copies on 0 disks", new int[0], 1);
    }

    @Test
    void fewerThanOneCopyIsRefused() {
        assertRefused("0 copies on 2 disks", new int[] {0, 1}, 0);
        assertRefused("-1 copies on 2 disks", new int[] {0, 1}, -1);
    }

    @Test
    void aDiskNamedTwiceIsRefused() {
        assertRefused("a disk is named twice among [3, 1, 3]", new int[] {3, 1, 3}, 2);
    }

    private static void assertRefused(String message, int[] disks, int copies) {
        var refusal = assertThrows(
                IllegalArgumentException.class,
                () -> new BalancedPermutations(disks, copies, new SplittableRandom(SEED)));
        assertEquals(message, refusal.getMessage());
    }

    /** Chi-square has mean d and deviation sqrt(2 d): allows five deviations, and ten for its skew when d is small. */
    private static void assertLikely(double chiSquare, int degrees) {
        assertTrue(
                chiSquare < degrees + 5 * Math.sqrt(2.0 * degrees) + 10,
                "chi-square is " + chiSquare + " with " + degrees + " degrees of freedom, seed=" + SEED);
    }

    /** Disks are numbered 100, 103, 106, so that a number of a disk and its place in the list cannot be mixed up. */
    private static BalancedPermutations dealer(int disks, int copies, long seed) {
        int[] numbers = IntStream.range(0, disks).map(i -> 100 + 3 * i).toArray();
        return new BalancedPermutations(numbers, copies, new SplittableRandom(seed));
    }

    private static int number(int disk) {
        assertEquals(0, (disk - 100) % 3, "disk " + disk);
        return (disk - 100) / 3;
    }

    private static void skip(BalancedPermutations dealer, int chunks) {
        for (int i = 0; i < chunks; i++) {
            dealer.next();
        }
    }

    private static int[][] dealt(BalancedPermutations dealer, int chunks) {
        return Stream.generate(dealer::next).limit(chunks).toArray(int[][]::new);
    }

    private static double square(double x) {
        return x * x;
    }
}
