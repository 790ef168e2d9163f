package io.donjon.versioning;

import static io.donjon.versioning.Line.NONE;
import static io.donjon.versioning.Line.high;
import static io.donjon.versioning.Line.low;
import static io.donjon.versioning.Line.pair;

/**
 * The upper level of a {@link Line}: its groups in order, under labels of 62 bits.
 *
 * <p>A new group takes the label in the middle between its neighbours'. When none is free, the labels around are spread
 * evenly over the smallest aligned range of 2^i labels that holds at most 1.4^i groups (Bender, Cole, Demaine,
 * Farach-Colton, Zito: Two simplified algorithms for maintaining order in a list, ESA 2002). The larger a range, the
 * less densely it may be filled; so a range just spread takes in new groups in proportion to those it holds before it
 * needs that again, and a new group costs O(log n) on average. All labels together may serve 1.4^62, a thousand million
 * groups: fourteen times as many as the places that an int can number could form.
 *
 * <p>For the writer, all but {@link #label}, which readers call under the line's seqlock.
 */
final class Groups {
    /** The group of the line's first place, there from the beginning and always the first. */
    static final int FIRST = 0;

    /** Labels are below this. */
    private static final long LABELS = 1L << 62;

    /** How many times as many groups a range may hold when it is twice as large; between 1 and 2. */
    private static final double FILL_GROWTH = 1.4;

    /** The first word of a group. */
    private static final int LABEL = 0;

    /** The second word of a group: the group behind it, and the group before it. */
    private static final int LINKS = 1;

    /** The third word of a group: its first place, and how many places it has. */
    private static final int PLACES = 2;

    private static final int WORDS = 3;

    private final PagedLongs groups = new PagedLongs();

    /** How many numbers have been given out, and how many groups there are. */
    private int numbers = 1;

    private int size = 1;

    /** The number to be given out again first; its next group is the one after that. */
    private int free = NONE;

    /** Labels that were written over. */
    private long relabelled;

    /** One group of one place. */
    Groups(int firstPlace) {
        groups.growTo(WORDS);
        setLinks(FIRST, pair(NONE, NONE));
        setPlaces(FIRST, pair(firstPlace, 1));
    }

    /**
     * Makes a group behind the given one, of all its places but so many.
     *
     * @param kept how many places stay
     * @param first the first place that goes to the new group
     */
    int splitAfter(int group, int kept, int first) {
        int following = next(group);
        if (roomBetween(group, following) < 2) {
            spreadAround(group);
        }
        int inserted = free;
        if (inserted == NONE) {
            inserted = numbers++;
            groups.growTo((long) numbers * WORDS);
        } else {
            free = next(inserted);
        }
        setLabel(inserted, label(group) + roomBetween(group, following) / 2);
        setLinks(inserted, pair(following, group));
        setPlaces(inserted, pair(first, count(group) - kept));
        setPlaces(group, pair(first(group), kept));
        setLinks(group, pair(inserted, previous(group)));
        if (following != NONE) {
            setLinks(following, pair(next(following), inserted));
        }
        size++;
        return inserted;
    }

    void addPlace(int group) {
        setPlaces(group, pair(first(group), count(group) + 1));
    }

    /**
     * Takes a place out of its group, which goes with its last one.
     *
     * @param following the place behind it on the line
     */
    void removePlace(int group, int place, int following) {
        if (count(group) > 1) {
            setPlaces(group, pair(first(group) == place ? following : first(group), count(group) - 1));
            return;
        }
        int before = previous(group);
        int behind = next(group);
        setLinks(before, pair(behind, previous(before)));
        if (behind != NONE) {
            setLinks(behind, pair(next(behind), before));
        }
        setLinks(group, pair(free, NONE));
        free = group;
        size--;
    }

    long label(int group) {
        return groups.getAcquire(at(group, LABEL));
    }

    int next(int group) {
        return high(groups.get(at(group, LINKS)));
    }

    /** The first place of a group. */
    int first(int group) {
        return high(groups.get(at(group, PLACES)));
    }

    /** How many places a group has. */
    int count(int group) {
        return low(groups.get(at(group, PLACES)));
    }

    long relabelled() {
        return relabelled;
    }

    long heapBytes() {
        return groups.heapBytes();
    }

    private long roomBetween(int group, int following) {
        return (following == NONE ? LABELS : label(following)) - label(group);
    }

    private void spreadAround(int group) {
        int first = group;
        int last = group;
        int count = 1;
        long range = 1;
        double countMax = 1;
        long low;
        do {
            range *= 2;
            countMax *= FILL_GROWTH;
            low = label(group) & -range;
            for (int g = previous(first); g != NONE && label(g) >= low; g = previous(g)) {
                first = g;
                count++;
            }
            for (int g = next(last); g != NONE && label(g) < low + range; g = next(g)) {
                last = g;
                count++;
            }
        } while (count > countMax);
        // At least 2 even in the smallest range, so that a label comes free behind every group in it.
        long step = range / count;
        int g = first;
        for (int i = 0; i < count; i++) {
            setLabel(g, low + i * step);
            g = next(g);
        }
        relabelled += count;
    }

    private int previous(int group) {
        return low(groups.get(at(group, LINKS)));
    }

    private void setLabel(int group, long label) {
        groups.setRelease(at(group, LABEL), label);
    }

    private void setLinks(int group, long links) {
        groups.set(at(group, LINKS), links);
    }

    private void setPlaces(int group, long places) {
        groups.set(at(group, PLACES), places);
    }

    private static long at(int group, int word) {
        return (long) WORDS * group + word;
    }

    /** Walks all groups. */
    void check() {
        int previous = NONE;
        int found = 0;
        for (int group = FIRST; group != NONE; group = next(group)) {
            Line.expect(previous(group), previous, "group before", group);
            long labelMin = previous == NONE ? 0 : label(previous) + 1;
            if (label(group) < labelMin || label(group) >= LABELS) {
                throw new IllegalStateException("group " + group + " has label " + label(group) + ", outside "
                        + labelMin + ".." + (LABELS - 1));
            }
            if (count(group) < 1 || count(group) > Line.GROUP_PLACES_MAX) {
                throw new IllegalStateException(
                        "group " + group + " has " + count(group) + " places, outside 1.." + Line.GROUP_PLACES_MAX);
            }
            previous = group;
            found++;
        }
        Line.expect(size, found, "groups from", FIRST);
    }
}
