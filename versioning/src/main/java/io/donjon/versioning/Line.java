package io.donjon.versioning;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * The line on which all versions of a store stand: a list that grows anywhere and says at once which of two places
 * comes first (an order-maintenance list after Dietz and Sleator, STOC 1987).
 *
 * <p>Places stand in groups of up to 64. A place has a label within its group, a group has a label among the {@link
 * Groups}, and both ascend along the line; so two places compare as (label of group, label in group). A new place takes
 * the label in the middle between its neighbours'. When none is free there, or the group is full, the group is split
 * into two halves, each with its labels spread evenly. Even if all places come at one point, it takes 27 of them to use
 * up the labels between two neighbours again. So a new place costs O(1) relabelled ones, and 27 places or more pay for
 * the O(log n) that a new group costs.
 *
 * <p>Places are numbered from 0 in the order of their birth and keep their numbers; the first is {@link #ROOT}. A place
 * is two longs in pages of longs, 17 bytes with its share of all else: a million of them are a thousand objects to the
 * garbage collector, and growing copies nothing but the list of pages.
 *
 * <p>A place may leave: then no other leads to it any more, but it still leads on, so that whoever stands on it gets back
 * to the line. Once nobody stands on it its number is {@linkplain #reuse given to another}.
 *
 * <p>One writer at a time: callers of {@link #insertAfter}, {@link #leave} and {@link #reuse} take turns, each seeing what
 * the one before did. All other public methods may be called by any thread at any time.
 */
public final class Line {
    /** The first place, there from the beginning. */
    public static final int ROOT = 0;

    /** Stands for no place: what comes before the first and after the last. */
    public static final int NONE = -1;

    /** The end of the line: no place, but in comparisons behind every place, those to come included. */
    public static final int END = Integer.MAX_VALUE;

    static final int GROUP_PLACES_MAX = 64;

    /** Labels within a group are below this: unsigned ints. */
    private static final long LABELS = 1L << 32;

    /** The first word of a place: the number of its group, and its label in that group. */
    private static final int POSITION = 0;

    /** The second word of a place: the place behind it, and the place before it. */
    private static final int LINKS = 1;

    private static final int WORDS = 2;

    private static final VarHandle RELABELLING;

    static {
        try {
            RELABELLING = MethodHandles.lookup().findVarHandle(Line.class, "relabelling", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final PagedLongs places = new PagedLongs();
    private final Groups groups = new Groups(ROOT);

    /**
     * How many numbers have been given out. Written after all that makes a place, and compared with every number of a
     * place that is passed in: whoever gets past that check sees the place whole, wherever the number came from. That a
     * number has been given out again whoever uses it must have learned from what has been released since.
     */
    private volatile int numbers;

    /** How many of these are not on the line. */
    private volatile int away;

    /** The number to be given out again first; its next place is the one after that. */
    private int free = NONE;

    /**
     * Counts up when a relabelling begins and when it ends, so it is odd in between: a seqlock. The writer makes it odd
     * before it writes the first label, and even again, with a release, after the last. Every label is written with a
     * release and read with an acquire, so a reader that met a label of a relabelling also meets its odd number, or a
     * later one, when it then reads this field again, and starts over. One that finds the field even and unchanged has
     * read the labels of the relabellings before it and of no other.
     */
    private long relabelling;

    /** Labels of places that were written over. Tests bound what an insertion costs by it. */
    private long relabelled;

    /** A line of one place, {@link #ROOT}. */
    public Line() {
        places.growTo(WORDS);
        setPosition(ROOT, pair(Groups.FIRST, 0));
        setLinks(ROOT, pair(NONE, NONE));
        numbers = 1;
    }

    /**
     * Makes a new place directly behind the given one.
     *
     * @return its number: one that may be used again, or else how many were given out before
     */
    public int insertAfter(int place) {
        checkPlace(place);
        int inserted = free == NONE ? numbers : free;
        if (inserted == END) {
            throw new IllegalStateException("the line is full with " + END + " places");
        }
        int following = nextOf(place);
        if (roomBetween(place, following) < 2 || groups.count(groupOf(place)) == GROUP_PLACES_MAX) {
            relabel(groupOf(place));
        }
        if (inserted == free) {
            free = nextOf(inserted);
            int gone = away;
            away = gone - 1;
        } else {
            places.growTo((inserted + 1L) * WORDS);
        }
        setPosition(inserted, positionOf(place) + roomBetween(place, following) / 2);
        setLinks(inserted, pair(following, place));
        groups.addPlace(groupOf(place));
        numbers = Math.max(numbers, inserted + 1);
        // Only now may others come upon the place by its neighbours' links.
        setLinks(place, pair(inserted, previousOf(place)));
        if (following != NONE) {
            setLinks(following, pair(nextOf(following), inserted));
        }
        return inserted;
    }

    /**
     * Takes a place off the line. It must not be compared any more. Until its number is used again its links lead where
     * they led, from where it is not far to a place of the line, in order.
     */
    public void leave(int place) {
        checkPlace(place);
        int before = previousOf(place);
        int following = nextOf(place);
        if (before == NONE || nextOf(before) != place) {
            throw new IllegalArgumentException("place " + place + " is the root, or not on the line");
        }
        groups.removePlace(groupOf(place), place, following);
        setLinks(before, pair(following, previousOf(before)));
        if (following != NONE) {
            setLinks(following, pair(nextOf(following), before));
        }
        int gone = away;
        away = gone + 1;
    }

    /** Lets the number of a place that has left be given to another. Nobody has it in hand any more. */
    public void reuse(int place) {
        checkPlace(place);
        setLinks(place, pair(free, NONE));
        free = place;
    }

    /**
     * Negative if place a comes before place b, positive if after it, zero if they are the same. Either may be {@link
     * #END}. Takes no lock, but tries again for as long as a relabelling lasts: commonly less than a microsecond, tens
     * of them when many groups are relabelled.
     */
    public int compare(int a, int b) {
        if (a != END) {
            checkPlace(a);
        }
        if (b != END) {
            checkPlace(b);
        }
        if (a == END || b == END) {
            return Integer.compare(a, b);
        }
        while (true) {
            long before = (long) RELABELLING.getAcquire(this);
            int order = compareLabels(a, b);
            if ((before & 1) == 0 && before == (long) RELABELLING.getOpaque(this)) {
                return order;
            }
            Thread.onSpinWait();
        }
    }

    /**
     * The place behind the given one, or {@link #NONE} if it is the last. To follow these links while the line grows is
     * to pass all places that were there at the beginning, in order, and perhaps some that came meanwhile.
     */
    public int next(int place) {
        checkPlace(place);
        return nextOf(place);
    }

    /** The place before the given one, or {@link #NONE} before {@link #ROOT}; otherwise like {@link #next}. */
    public int previous(int place) {
        checkPlace(place);
        return previousOf(place);
    }

    /**
     * Places in line order, each once: a merge sort that makes use of what ascends already, so that a few sorted lists one
     * behind the other cost little more than a walk.
     */
    public int[] sorted(int... unsorted) {
        int[] from = unsorted.clone();
        int[] into = new int[from.length];
        int runs;
        do {
            runs = 0;
            for (int begin = 0; begin < from.length; ) {
                int middle = endOfRun(from, begin);
                int end = middle == from.length ? middle : endOfRun(from, middle);
                merge(from, begin, middle, end, into);
                begin = end;
                runs++;
            }
            int[] merged = into;
            into = from;
            from = merged;
        } while (runs > 1);
        int count = 0;
        for (int place : from) {
            if (count == 0 || from[count - 1] != place) {
                from[count++] = place;
            }
        }
        return Arrays.copyOf(from, count);
    }

    private int endOfRun(int[] list, int begin) {
        int end = begin + 1;
        while (end < list.length && compare(list[end - 1], list[end]) <= 0) {
            end++;
        }
        return end;
    }

    private void merge(int[] from, int begin, int middle, int end, int[] into) {
        int left = begin;
        int right = middle;
        for (int i = begin; i < end; i++) {
            boolean takeLeft = right == end || (left < middle && compare(from[left], from[right]) <= 0);
            into[i] = takeLeft ? from[left++] : from[right++];
        }
    }

    /** How many places are on the line, {@link #ROOT} included. */
    public int size() {
        return numbers - away;
    }

    /** All numbers that have been given out are below this. */
    public int numbers() {
        return numbers;
    }

    /** How many times labels have been written over since the line began. Each may have made readers try again. */
    public long relabellings() {
        return ((long) RELABELLING.getOpaque(this) + 1) / 2;
    }

    /** The heap that the line takes, within a page. */
    public long heapBytes() {
        return places.heapBytes() + groups.heapBytes();
    }

    long relabelled() {
        return relabelled + groups.relabelled();
    }

    private int compareLabels(int a, int b) {
        long positionA = positionOf(a);
        long positionB = positionOf(b);
        int groupA = high(positionA);
        int groupB = high(positionB);
        return groupA == groupB
                ? Long.compare(positionA, positionB)
                : Long.compare(groups.label(groupA), groups.label(groupB));
    }

    /** How far the label of a place is from the next one, be that the place behind it or the end of its group. */
    private long roomBetween(int place, int following) {
        long end = following != NONE && groupOf(following) == groupOf(place) ? labelOf(following) : LABELS;
        return end - labelOf(place);
    }

    /** Makes room in a group: spreads the labels anew where few places are left of many, and otherwise splits it. */
    private void relabel(int group) {
        int count = groups.count(group);
        int kept = count < GROUP_PLACES_MAX / 2 ? count : count / 2;
        RELABELLING.setOpaque(this, relabelling + 1);
        int first = spread(groups.first(group), kept, group);
        if (kept < count) {
            int behind = groups.splitAfter(group, kept, first);
            spread(first, count - kept, behind);
        }
        RELABELLING.setRelease(this, relabelling + 1);
        relabelled += count;
    }

    /**
     * Puts places into a group, their labels spread evenly from 0: nothing is ever inserted before a group's first.
     *
     * @return the place behind them
     */
    private int spread(int first, int count, int group) {
        long step = LABELS / count;
        int place = first;
        for (int i = 0; i < count; i++) {
            setPosition(place, pair(group, (int) (i * step)));
            place = nextOf(place);
        }
        return place;
    }

    private int groupOf(int place) {
        return high(positionOf(place));
    }

    private long labelOf(int place) {
        return Integer.toUnsignedLong(low(positionOf(place)));
    }

    private int nextOf(int place) {
        return high(places.getAcquire(at(place, LINKS)));
    }

    private int previousOf(int place) {
        return low(places.getAcquire(at(place, LINKS)));
    }

    private void setLinks(int place, long links) {
        places.setRelease(at(place, LINKS), links);
    }

    private long positionOf(int place) {
        return places.getAcquire(at(place, POSITION));
    }

    private void setPosition(int place, long position) {
        places.setRelease(at(place, POSITION), position);
    }

    private static long at(int place, int word) {
        return (long) WORDS * place + word;
    }

    static long pair(int high, int low) {
        return (long) high << 32 | Integer.toUnsignedLong(low);
    }

    static int high(long pair) {
        return (int) (pair >>> 32);
    }

    static int low(long pair) {
        return (int) pair;
    }

    private void checkPlace(int place) {
        int count = numbers;
        if (place < 0 || place >= count) {
            throw new IndexOutOfBoundsException("place " + place + " on a line of " + count);
        }
    }

    /** Walks the whole line and its groups. For the writer only. */
    void check() {
        groups.check();
        int group = Groups.FIRST;
        int previous = NONE;
        int found = 0;
        int foundInGroup = 0;
        for (int place = ROOT; place != NONE; place = nextOf(place)) {
            expect(previousOf(place), previous, "place before", place);
            if (groupOf(place) != group) {
                expect(groups.count(group), foundInGroup, "places in group", group);
                expect(groups.next(group), groupOf(place), "group behind", group);
                group = groupOf(place);
                foundInGroup = 0;
            }
            if (foundInGroup == 0) {
                expect(groups.first(group), place, "first place of group", group);
            } else if (labelOf(place) <= labelOf(previous)) {
                throw new IllegalStateException("place " + place + " has label " + labelOf(place) + " behind label "
                        + labelOf(previous) + " of place " + previous);
            }
            previous = place;
            foundInGroup++;
            found++;
        }
        expect(groups.count(group), foundInGroup, "places in group", group);
        expect(groups.next(group), NONE, "group behind", group);
        expect(size(), found, "places on the line from", ROOT);
        int freed = 0;
        for (int place = free; place != NONE; place = nextOf(place)) {
            freed++;
        }
        if (freed > away) {
            throw new IllegalStateException(freed + " numbers may be used again, but only " + away + " have left");
        }
    }

    static void expect(long recorded, long found, String what, int of) {
        if (recorded != found) {
            throw new IllegalStateException(what + " " + of + ": recorded " + recorded + ", found " + found);
        }
    }
}
