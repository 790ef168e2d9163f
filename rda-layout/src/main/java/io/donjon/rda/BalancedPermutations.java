package io.donjon.rda;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * Deals the chunks of one extent to disks: a shuffled list of the usable disks is dealt out chunk by chunk, copy
 * {@code j} of the chunk that comes {@code i}-th in a round going to {@code shuffled[(i + j) mod n]}, and the list is
 * shuffled anew for every round (design.md section 6; castle.md B9).
 *
 * <p>So a round of n chunks puts exactly one first copy, one second copy and so on upon each of the n disks, no chunk
 * ever has two copies on one disk, and which disks are paired is random from round to round.
 *
 * <p>Not thread-safe: one per extent that is being written.
 */
public final class BalancedPermutations {
    private final int[] shuffled;
    private final int copies;
    private final RandomGenerator random;

    /** How many chunks of the present round have been dealt; the list's length when a new round is due. */
    private int dealt;

    /**
     * @param disks the usable disks, each once
     * @param copies how many copies each chunk gets, 1 to the number of disks
     */
    public BalancedPermutations(int[] disks, int copies, RandomGenerator random) {
        if (copies < 1 || copies > disks.length) {
            throw new IllegalArgumentException(copies + " copies on " + disks.length + " disks");
        }
        if (Arrays.stream(disks).distinct().count() != disks.length) {
            throw new IllegalArgumentException("a disk is named twice among " + Arrays.toString(disks));
        }
        this.shuffled = disks.clone();
        this.copies = copies;
        this.random = random;
        this.dealt = shuffled.length;
    }

    /** The disks of the next chunk: element j holds copy j. The array is the caller's. */
    public int[] next() {
        if (dealt == shuffled.length) {
            shuffle();
            dealt = 0;
        }
        int[] chosen = new int[copies];
        for (int copy = 0; copy < copies; copy++) {
            chosen[copy] = shuffled[(dealt + copy) % shuffled.length];
        }
        dealt++;
        return chosen;
    }

    private void shuffle() {
        for (int i = shuffled.length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int disk = shuffled[i];
            shuffled[i] = shuffled[j];
            shuffled[j] = disk;
        }
    }
}
