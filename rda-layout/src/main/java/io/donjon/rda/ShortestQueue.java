package io.donjon.rda;

import java.util.function.IntUnaryOperator;

/** Chooses the copy that a single read goes to: the one whose disk has the fewest requests under way. */
public final class ShortestQueue {
    private ShortestQueue() {}

    /**
     * The number of the copy to read, an index into {@code disks}; the lowest such number if several disks have equally
     * short queues, so that a scan of an idle store stays in the files of first copies and reads each in its order.
     *
     * @param disks the disk of each copy, in the order of the copies; at least one
     * @param underWay how many requests a disk has under way; asked once for each copy
     */
    public static int copy(int[] disks, IntUnaryOperator underWay) {
        if (disks.length == 0) {
            throw new IllegalArgumentException("no disk to choose from");
        }
        int chosen = 0;
        int shortest = underWay.applyAsInt(disks[0]);
        for (int copy = 1; copy < disks.length; copy++) {
            int queue = underWay.applyAsInt(disks[copy]);
            if (queue < shortest) {
                shortest = queue;
                chosen = copy;
            }
        }
        return chosen;
    }
}
