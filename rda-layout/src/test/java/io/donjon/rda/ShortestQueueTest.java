package io.donjon.rda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShortestQueueTest {
    /** Printed with every failure; {@code -Dseed=N} tries another. */
    private static final long SEED = Long.getLong("seed", 1);

    @ParameterizedTest(name = "queues {0}, {1}, {2}: copy {3}")
    @CsvSource({
        "0, 0, 0, 0",
        "1, 0, 0, 1",
        "1, 1, 0, 2",
        "2, 1, 1, 1",
        "5, 7, 5, 0",
        "9, 8, 7, 2",
        "3, 9, 2, 2",
        "2147483647, 2147483646, 2147483647, 1"
    })
    void theShortestQueueWinsAndAmongEqualsTheLowestCopy(int first, int second, int third, int copy) {
        int[] queues = new int[50];
        queues[40] = first;
        queues[7] = second;
        queues[23] = third;
        assertEquals(copy, ShortestQueue.copy(new int[] {40, 7, 23}, disk -> queues[disk]));
    }

    @Test
    void aSingleCopyIsChosenHoweverLongItsQueue() {
        assertEquals(0, ShortestQueue.copy(new int[] {3}, disk -> Integer.MAX_VALUE));
    }

    /** Queues change while they are compared: a disk asked twice could answer as two different disks. */
    @Test
    void eachDiskIsAskedOnce() {
        List<Integer> asked = new ArrayList<>();
        ShortestQueue.copy(new int[] {4, 2, 9}, disk -> {
            asked.add(disk);
            return 10 - disk;
        });
        assertEquals(List.of(4, 2, 9), asked);
    }

    @Test
    void aChunkWithoutCopiesIsRefused() {
        var refusal = assertThrows(IllegalArgumentException.class, () -> ShortestQueue.copy(new int[0], disk -> 0));
        assertEquals("no disk to choose from", refusal.getMessage());
    }

    /**
     * Why a choice of two is worth having: n requests for chunks with one copy leave about ln n / ln ln n in the
     * longest queue, with two copies about ln ln n / ln 2 (Azar, Broder, Karlin, Upfal 1999).
     */
    @Test
    void twoCopiesKeepQueuesShortWhereOneLetsThemGrow() {
        var random = new SplittableRandom(SEED);
        assertEquals(4, longestQueue(2, random), 1, "two copies, seed=" + SEED);
        assertEquals(9, longestQueue(1, random), 2, "one copy, seed=" + SEED);
    }

    private static int longestQueue(int copies, RandomGenerator random) {
        int disks = 100_000;
        int[] queues = new int[disks];
        int longest = 0;
        for (int request = 0; request < disks; request++) {
            int[] candidates = random.ints(copies, 0, disks).toArray();
            int disk = candidates[ShortestQueue.copy(candidates, d -> queues[d])];
            longest = Math.max(longest, ++queues[disk]);
        }
        return longest;
    }
}
