package io.donjon.versioning;

import java.util.Arrays;

/**
 * Lays the step functions that several sources have for one key over each other (design.md section 2): at every rank the
 * newest source that does not pass holds.
 *
 * <p>Sources are numbered from the newest, 0. A step begins at a rank and lasts to the source's next step or the end of
 * its band; before its first step a source passes. The caller goes through the steps of one key in order of rank:
 *
 * <pre>
 *   overlay.begin();
 *   for (each step, ascending by rank; what one source steps to last at a rank holds)
 *       overlay.advance(rank);        // may tell the output what held up to here
 *       // now the caller may forget what the source held before
 *       overlay.step(source, passes);
 *   overlay.end();
 * </pre>
 *
 * <p>The output hears of a rank only if something may have changed there; equal neighbours with different sources are for
 * it to find, since values are not known here. No key's steps are gathered. One thread at a time.
 */
public final class Overlay {
    /** All sources pass. */
    public static final int PASS = -1;

    /** Who hears what holds from where on. */
    public interface Output {
        /**
         * From this rank on, up to the next that is told or the end, what this source holds at present is in effect.
         *
         * @param source the newest source that does not pass, or {@link #PASS}
         */
        void holds(int rank, int source);
    }

    private final int[] ends;

    /** A bit for each source that does not pass, the newest first. */
    private final long[] holding;

    private final Output output;

    /** The ranks at which a band ends before the hull does, ascending, each once. */
    private final int[] endRanks;

    /** For each of these: the bits of the sources whose band ends there. */
    private final long[][] endingAt;

    /** The first of these that has not been reached. */
    private int nextEnd;

    /** The rank at which steps are being taken, or -1 before the first. */
    private int rank;

    /** The newest source that does not pass, as last told; and whether that source has stepped since. */
    private int told;

    private boolean toldStepped;

    /**
     * @param ends for each source the rank at which its band ends; {@link Integer#MAX_VALUE} if it lasts to the end of
     *     what is overlaid
     */
    public Overlay(int[] ends, Output output) {
        this.ends = ends.clone();
        this.holding = new long[(ends.length + Long.SIZE - 1) / Long.SIZE];
        this.output = output;
        this.endRanks = Arrays.stream(ends)
                .filter(end -> end != Integer.MAX_VALUE)
                .sorted()
                .distinct()
                .toArray();
        this.endingAt = new long[endRanks.length][holding.length];
        for (int source = 0; source < ends.length; source++) {
            int at = Arrays.binarySearch(endRanks, ends[source]);
            if (at >= 0) {
                endingAt[at][source / Long.SIZE] |= 1L << source;
            }
        }
    }

    /** Begins a key. */
    public void begin() {
        Arrays.fill(holding, 0);
        nextEnd = 0;
        rank = -1;
        told = PASS;
        toldStepped = false;
    }

    /** Steps at this rank follow: what held before it is told first. */
    public void advance(int to) {
        if (to == rank) {
            return;
        }
        assert to > rank : "from rank " + rank + " back to " + to;
        tell();
        while (nextEnd < endRanks.length && endRanks[nextEnd] < to) {
            rank = endRanks[nextEnd];
            endBands();
            tell();
        }
        rank = to;
        if (nextEnd < endRanks.length && endRanks[nextEnd] == to) {
            endBands();
        }
    }

    private void endBands() {
        long[] ending = endingAt[nextEnd++];
        for (int i = 0; i < holding.length; i++) {
            holding[i] &= ~ending[i];
        }
    }

    /** A source steps to something at the present rank. */
    public void step(int source, boolean pass) {
        assert rank < ends[source]
                : "source " + source + " steps at rank " + rank + ", its band ends at " + ends[source];
        if (pass) {
            holding[source / Long.SIZE] &= ~(1L << source);
        } else {
            holding[source / Long.SIZE] |= 1L << source;
        }
        toldStepped |= source == told;
    }

    /** Ends the key. */
    public void end() {
        advance(Integer.MAX_VALUE);
    }

    private void tell() {
        if (rank < 0) {
            return;
        }
        int newest = PASS;
        for (int i = 0; i < holding.length; i++) {
            if (holding[i] != 0) {
                newest = i * Long.SIZE + Long.numberOfTrailingZeros(holding[i]);
                break;
            }
        }
        if (newest != told || (toldStepped && newest != PASS)) {
            output.holds(rank, newest);
            told = newest;
        }
        toldStepped = false;
    }
}
