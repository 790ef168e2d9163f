package io.donjon.versioning;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Plans where an array of one tree is cut along the line, so that no version is read at the cost of many others ("strata",
 * design.md section 4). It is told the step functions of all keys, or of a sample of them, and walks the line once: cut
 * before a rank where
 *
 * <ol>
 *   <li>the band so far has gathered at least alpha times what it was given at its start, or what the cut would copy if
 *       that is less; deletions at the cut count,
 *   <li>what remains is worth at least a quarter of alpha times what the cut would copy: more may come later, and
 *   <li>leaving the rest whole would make some version in it pay more than (1 + alpha) times what it shows.
 * </ol>
 *
 * <p>So a cut copies at most 1 + 1 / alpha times what was gathered before it. In place of the first two rules so much may
 * begin or end there that it fills a band by itself and is at least twice alpha times what the cut would copy: that keeps a
 * version that shows little, however little, from paying for a neighbour that shows much.
 *
 * <p>Gathered is what the band has to store by itself: values that it does not have yet, and deletions. A value that the
 * key had in the band before and has again is stored once, and one that was last seen before the band began is stored
 * anew. So a cut where much comes back that the band lacks costs nothing, and is found. One thread.
 */
public final class CutPlan {
    /** A step to nothing: older data hold. */
    public static final int PASS = -1;

    /** A step to the key's absence. */
    public static final int ABSENT = -2;

    /**
     * What is left behind a cut, in parts of alpha and of what the cut copies. The newest versions of a chain are there, and
     * pay for what is not cut off as well as for all that is not merged yet; what is written next goes there too.
     */
    private static final double REST_MIN = 0.25;

    /** So many times alpha times what a cut would copy begin or end there to make a band by itself of a smaller one. */
    private static final double LEAP_TIMES = 2;

    private final double alpha;
    private final double bandMin;

    // Steps by key, and in each key by rank.
    private int[] ranks = new int[256];
    private int[] values = new int[256];
    private int[] keyOf = new int[256];
    private int steps;

    private int keys;
    private int valueCount;

    /**
     * A plan for one tree.
     *
     * @param alpha how much is gathered before what is visible is copied, at least above 0: the larger, the less space
     *     and the longer scans
     * @param bandMin no band is smaller than this, in the same measure as the steps, entries or sampled ones, but for such
     *     as lie beside a leap
     */
    public CutPlan(double alpha, double bandMin) {
        this.alpha = alpha;
        this.bandMin = bandMin;
    }

    /** The steps of another key follow. */
    public void key() {
        keys++;
    }

    /** A number for a value that the present key did not have before. */
    public int newValue() {
        return valueCount++;
    }

    /**
     * What the present key shows from a rank on.
     *
     * @param rank behind that of the key's step before
     * @param value {@link #PASS}, {@link #ABSENT}, or the number of the value
     */
    public void step(int rank, int value) {
        if (steps == ranks.length) {
            ranks = Arrays.copyOf(ranks, 2 * steps);
            values = Arrays.copyOf(values, 2 * steps);
            keyOf = Arrays.copyOf(keyOf, 2 * steps);
        }
        ranks[steps] = rank;
        values[steps] = value;
        keyOf[steps++] = keys - 1;
    }

    /** How many steps it was told. */
    public int steps() {
        return steps;
    }

    /** The ranks to cut at, ascending. */
    public int[] cuts() {
        return walk(1 + alpha);
    }

    /** Whether there is a cut to make where versions would pay that many times what they show. */
    public boolean hasCut(double worstPaid) {
        return worst() > worstPaid && walk(worstPaid).length > 0;
    }

    /** How many times what it shows the version pays that pays most, as long as nothing is cut; 0 if none shows anything. */
    public double worst() {
        Walk walk = new Walk();
        double least = walk.leastVisible[0];
        return least == Double.MAX_VALUE ? 0 : walk.stored(0) / least;
    }

    private int[] walk(double paidMax) {
        return new Walk().cuts(paidMax);
    }

    /** Walks the steps in order of rank. */
    private final class Walk {
        /** Steps in order of rank. */
        private final int[] order;

        /** By position in {@link #order}: what is visible from the rank of this step on; right at a rank's last step. */
        private final double[] visible;

        /** By position: the least that a version at or behind it sees, those that see nothing left out. */
        private final double[] leastVisible;

        /** The band in which a value is stored, by value. */
        private final int[] storedIn = new int[valueCount];

        /** By key: what it shows. */
        private final int[] shows = new int[keys];

        private int band = 1;

        Walk() {
            long[] sorted = new long[steps];
            for (int i = 0; i < steps; i++) {
                sorted[i] = (long) ranks[i] << Integer.SIZE | i;
            }
            Arrays.sort(sorted);
            order = new int[steps];
            visible = new double[steps];
            Arrays.fill(shows, PASS);
            int count = 0;
            for (int i = 0; i < steps; i++) {
                int step = (int) sorted[i];
                order[i] = step;
                int before = shows[keyOf[step]];
                count += (values[step] >= 0 ? 1 : 0) - (before >= 0 ? 1 : 0);
                shows[keyOf[step]] = values[step];
                visible[i] = count;
            }
            leastVisible = new double[steps + 1];
            leastVisible[steps] = Double.MAX_VALUE;
            for (int i = steps - 1; i >= 0; i--) {
                boolean last = i == steps - 1 || ranks[order[i + 1]] != ranks[order[i]];
                double seen = last && visible[i] > 0 ? visible[i] : Double.MAX_VALUE;
                leastVisible[i] = Math.min(seen, leastVisible[i + 1]);
            }
            Arrays.fill(shows, PASS);
        }

        /** What the present band would store of the steps from a position on. */
        private double stored(int from) {
            int mark = -1;
            double stored = 0;
            int[] seen = storedIn.clone();
            for (int i = from; i < steps; i++) {
                int value = values[order[i]];
                if (value == ABSENT) {
                    stored++;
                } else if (value >= 0 && seen[value] != band && seen[value] != mark) {
                    stored++;
                    seen[value] = mark;
                }
            }
            return stored;
        }

        int[] cuts(double paidMax) {
            List<Integer> cuts = new ArrayList<>();
            double given = 0;
            double gathered = 0;
            double rest = stored(0);
            int bandBegin = 0;
            for (int i = 0; i < steps; ) {
                int end = i;
                int rank = ranks[order[i]];
                while (end < steps && ranks[order[end]] == rank) {
                    end++;
                }
                boolean leaps = false;
                if (i > 0) {
                    double begins = newValues(i, end);
                    double copied = visible[end - 1] - begins;
                    double whole = given + gathered + rest;
                    boolean filled = given + gathered >= bandMin
                            && copied + rest >= bandMin
                            && gathered + deletions(i, end) >= alpha * Math.min(given, copied)
                            && rest >= REST_MIN * alpha * copied;
                    double much = Math.max(bandMin, LEAP_TIMES * alpha * copied);
                    boolean falls = visible[i - 1] - copied >= much && whole > paidMax * leastVisible[i];
                    leaps = begins >= much;
                    if ((filled || leaps || falls) && whole > paidMax * leastVisible[bandBegin]) {
                        cuts.add(rank);
                        band++;
                        carry(i, end);
                        given = copied;
                        gathered = 0;
                        rest = stored(i);
                        bandBegin = i;
                    } else {
                        leaps = false;
                    }
                }
                boolean first = i == 0 || leaps;
                for (; i < end; i++) {
                    double stored = store(order[i]) ? 1 : 0;
                    // What is there at the very beginning is most likely the key frame of an earlier cut, and what has
                    // paid for one cut pays for no other.
                    given += first ? stored : 0;
                    gathered += first ? 0 : stored;
                    rest -= stored;
                }
            }
            return cuts.stream().mapToInt(Integer::intValue).toArray();
        }

        /** How many values begin between two positions that the present band does not store yet. */
        private int newValues(int from, int to) {
            int count = 0;
            for (int i = from; i < to; i++) {
                int value = values[order[i]];
                count += value >= 0 && storedIn[value] != band ? 1 : 0;
            }
            return count;
        }

        private int deletions(int from, int to) {
            int count = 0;
            for (int i = from; i < to; i++) {
                count += values[order[i]] == ABSENT ? 1 : 0;
            }
            return count;
        }

        /** A band has just begun, with these steps: what is visible and was there before is copied into it. */
        private void carry(int from, int to) {
            boolean[] stepped = new boolean[keys];
            for (int i = from; i < to; i++) {
                int value = values[order[i]];
                stepped[keyOf[order[i]]] = true;
                if (value >= 0 && storedIn[value] == band - 1) {
                    storedIn[value] = band;
                }
            }
            for (int key = 0; key < keys; key++) {
                if (shows[key] >= 0 && !stepped[key]) {
                    storedIn[shows[key]] = band;
                }
            }
        }

        /** Takes a step; whether the band has to store something for it. */
        private boolean store(int step) {
            int value = values[step];
            shows[keyOf[step]] = value;
            if (value < 0) {
                return value == ABSENT;
            }
            boolean stored = storedIn[value] != band;
            storedIn[value] = band;
            return stored;
        }
    }
}
