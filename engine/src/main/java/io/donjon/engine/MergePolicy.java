package io.donjon.engine;

import io.donjon.extents.Extent;
import io.donjon.versioning.Line;
import io.donjon.versioning.VersionForest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which arrays are merged next: doubling, as design.md section 4 gives it. Arrays whose bands overlap are ordered by age.
 * Beginning with the newest, the next older overlapping ones are absorbed as long as they have at most {@code ratio}
 * times the bytes gathered so far; a group of two or more is merged. A group is always closed: every array that overlaps
 * it and lies between its oldest and newest in age belongs to it.
 *
 * <p>A merge that commits as it goes leaves several arrays of one age, which share no keys: a *run*. Runs are absorbed
 * as a whole, but what lies before or behind all keys that two ages have stays as it is; so a merge that was broken off
 * goes on where it ended.
 *
 * <p>Merges run side by side only if their bands are disjoint or all of one are older than all of the other; then
 * neither can take away what the other needs to see. Pure: knows no threads.
 */
final class MergePolicy {
    private static final Comparator<ArrayRun> BY_BEGIN =
            (a, b) -> Arrays.compareUnsigned(a.info().keysFrom(), b.info().keysFrom());

    private static final Comparator<ArrayRun> BY_END =
            (a, b) -> compareEnds(a.info().keysTo(), b.info().keysTo());

    private final Line line;
    private final double ratio;

    MergePolicy(Line line, double ratio) {
        this.line = line;
        this.ratio = ratio;
    }

    /**
     * The next group, newest first; empty if nothing is due.
     *
     * @param arrays all arrays
     * @param running the groups of merges under way
     */
    List<ArrayRun> pick(List<ArrayRun> arrays, List<List<ArrayRun>> running) {
        Plane plane = new Plane(line, arrays);
        for (int newest = 0; newest < plane.size(); newest++) {
            List<ArrayRun> group = due(newest, plane);
            if (!group.isEmpty() && mayRun(group, running)) {
                return group;
            }
        }
        return List.of();
    }

    /**
     * An array with all others of its age that it must be merged with, newest arrays first: of the first for which this is
     * to be done and may be; empty if there is none.
     */
    List<ArrayRun> pickAlone(List<ArrayRun> arrays, List<List<ArrayRun>> running, Predicate<List<ArrayRun>> wanted) {
        Plane plane = new Plane(line, arrays);
        Set<ArrayRun> seen = new HashSet<>();
        for (int newest = 0; newest < plane.size(); newest++) {
            if (seen.contains(plane.array(newest))) {
                continue;
            }
            Plane.Group group = plane.group(newest);
            group.close();
            seen.addAll(group.arrays());
            if (mayRun(group.arrays(), running) && wanted.test(group.arrays())) {
                return group.arrays();
            }
        }
        return List.of();
    }

    /** What is to be merged beginning with an array; empty if nothing is. */
    private List<ArrayRun> due(int newest, Plane plane) {
        Plane.Group group = plane.group(newest);
        group.close();
        boolean grows = true;
        while (grows) {
            int next = group.nextOlder();
            Plane.Group larger = group.copy();
            grows = next >= 0;
            if (grows) {
                larger.add(next);
                larger.close();
                grows = larger.bytes() - group.bytes() <= ratio * group.bytes();
            }
            group = grows ? larger : group;
        }
        return group.hasOneAge() ? List.of() : withoutEnds(group.arrays());
    }

    /**
     * A part of a group, closed like it, that can be merged where there is no room for all of it: the one of most arrays
     * that needs no more than the room, else the one that gives back soonest what it takes; empty if there is none.
     */
    List<ArrayRun> part(List<ArrayRun> group, List<ArrayRun> arrays, long room) {
        List<ArrayRun> whole = List.of();
        List<ArrayRun> bySteps = List.of();
        long least = room;
        for (int i = 0; i < group.size(); i++) {
            for (int j = i + Math.min(2, group.size()); j <= group.size(); j++) {
                // One array alone is written anew for what is dead in it.
                List<ArrayRun> part = group.size() == 1 ? group : closed(group.subList(i, j), arrays);
                if (!group.containsAll(part)
                        || (part.size() > 1 && withoutEnds(part).isEmpty())) {
                    continue;
                }
                long steps = Tuning.PIECE_BYTES_LEAST;
                for (List<ArrayRun> run : runs(part)) {
                    // They are read one after the other.
                    steps +=
                            run.stream().mapToLong(MergePolicy::stepBytes).max().orElseThrow();
                }
                if (bytes(part) <= room && part.size() > whole.size()) {
                    whole = part;
                } else if (steps < least) {
                    least = steps;
                    bySteps = part;
                }
            }
        }
        return whole.isEmpty() ? bySteps : whole;
    }

    /** How much of an array may have been read before any of it is given back. */
    private static long stepBytes(ArrayRun array) {
        return Extent.stepBytes(array.data().length())
                + (array.values() == null ? 0 : Extent.stepBytes(array.values().length()));
    }

    /** A group without the arrays before and behind all keys that two ages have; empty if there are no such keys. */
    static List<ArrayRun> withoutEnds(List<ArrayRun> group) {
        ArrayRun first = firstShared(group, BY_BEGIN, BY_END);
        if (first == null) {
            return List.of();
        }
        byte[] from = first.info().keysFrom();
        ArrayRun last = firstShared(group, BY_END.reversed(), BY_BEGIN.reversed());
        byte[] to = last == null ? null : last.info().keysTo();
        return group.stream().filter(array -> array.info().hasKeysIn(from, to)).toList();
    }

    /**
     * The first array, in order of the ends of their ranges that are met first, that shares keys with one of another age
     * which was met before; null if none does. Of all before, the one that reaches furthest tells, or, where that is of
     * the same age, the one that does so among the others.
     */
    private static @Nullable ArrayRun firstShared(
            List<ArrayRun> group, Comparator<ArrayRun> order, Comparator<ArrayRun> reach) {
        List<ArrayRun> met = new ArrayList<>(group);
        met.sort(order);
        ArrayRun furthest = null;
        ArrayRun furthestOfOthers = null;
        for (ArrayRun array : met) {
            ArrayRun before = furthest != null && furthest.age() != array.age() ? furthest : furthestOfOthers;
            if (before != null && array.info().sharesKeysWith(before.info())) {
                return array;
            }
            if (furthest == null || reach.compare(array, furthest) > 0) {
                furthestOfOthers = furthest != null && furthest.age() != array.age() ? furthest : furthestOfOthers;
                furthest = array;
            } else if (array.age() != furthest.age()
                    && (furthestOfOthers == null || reach.compare(array, furthestOfOthers) > 0)) {
                furthestOfOthers = array;
            }
        }
        return null;
    }

    /** Null is the end of all keys. */
    private static int compareEnds(byte @Nullable [] a, byte @Nullable [] b) {
        if (a == null || b == null) {
            return Boolean.compare(a == null, b == null);
        }
        return Arrays.compareUnsigned(a, b);
    }

    /** Where the keys of a group begin. */
    static byte[] keysFrom(List<ArrayRun> group) {
        return group.stream()
                .map(array -> array.info().keysFrom())
                .min(Arrays::compareUnsigned)
                .orElseThrow();
    }

    /** Where the keys of a group end, not included; null for nowhere. */
    static byte @Nullable [] keysTo(List<ArrayRun> group) {
        byte[] end = new byte[0];
        for (ArrayRun array : group) {
            byte[] to = array.info().keysTo();
            if (to == null) {
                return null;
            }
            end = Arrays.compareUnsigned(end, to) >= 0 ? end : to;
        }
        return end;
    }

    /**
     * The arrays of a group, newest first, by age; those of one age that share keys, which they may where their bands are
     * apart, are of several runs. Each run ascends by keys.
     */
    static List<List<ArrayRun>> runs(List<ArrayRun> group) {
        List<List<ArrayRun>> runs = new ArrayList<>();
        int ofAge = 0;
        for (ArrayRun array : sorted(group)) {
            if (!runs.isEmpty() && runs.get(runs.size() - 1).get(0).age() != array.age()) {
                ofAge = runs.size();
            }
            int run = ofAge;
            while (run < runs.size()
                    && !isOneRun(runs.get(run).get(runs.get(run).size() - 1), array)) {
                run++;
            }
            if (run == runs.size()) {
                runs.add(new ArrayList<>());
            }
            runs.get(run).add(array);
        }
        return runs;
    }

    /** Whether an array and the one before it, in {@link ArrayRun#NEWEST_FIRST}, belong to one run. */
    static boolean isOneRun(ArrayRun before, ArrayRun array) {
        return array.age() == before.age()
                && ArrayInfo.compareKeysFrom(
                                array.info().keysFrom(), before.info().keysTo())
                        >= 0;
    }

    /** Bytes that the merges which are due would read; those under way included. */
    long debt(List<ArrayRun> arrays) {
        return bytes(allDue(arrays));
    }

    /** How many arrays wait to be merged with others; those of merges under way included. */
    int due(List<ArrayRun> arrays) {
        return allDue(arrays).size();
    }

    private List<ArrayRun> allDue(List<ArrayRun> arrays) {
        Set<ArrayRun> due = new LinkedHashSet<>();
        Plane plane = new Plane(line, arrays);
        for (int newest = 0; newest < plane.size(); newest++) {
            if (!due.contains(plane.array(newest))) {
                due.addAll(due(newest, plane));
            }
        }
        return List.copyOf(due);
    }

    private static List<ArrayRun> sorted(List<ArrayRun> arrays) {
        List<ArrayRun> sorted = new ArrayList<>(arrays);
        sorted.sort(ArrayRun.NEWEST_FIRST);
        return sorted;
    }

    /** Arrays as groups, newest first in each, whose bands have nothing in common. */
    List<List<ArrayRun>> apart(List<ArrayRun> arrays) {
        List<ArrayRun> along = new ArrayList<>(arrays);
        along.sort((a, b) -> line.compare(a.from(), b.from()));
        List<List<ArrayRun>> groups = new ArrayList<>();
        int end = VersionForest.ROOT;
        for (ArrayRun array : along) {
            if (groups.isEmpty() || line.compare(end, array.from()) <= 0) {
                groups.add(new ArrayList<>());
                end = array.to();
            }
            groups.get(groups.size() - 1).add(array);
            end = line.compare(end, array.to()) < 0 ? array.to() : end;
        }
        groups.forEach(group -> group.sort(ArrayRun.NEWEST_FIRST));
        return groups;
    }

    /** What a group takes on the disks, each copy counted once. */
    static long bytes(List<ArrayRun> group) {
        return group.stream().mapToLong(array -> array.info().bytes()).sum();
    }

    /** A group with every array that overlaps it and lies between its members in age; newest first. */
    List<ArrayRun> closed(List<ArrayRun> group, List<ArrayRun> arrays) {
        Plane plane = new Plane(line, arrays);
        Plane.Group closed = plane.group(group);
        closed.close();
        return closed.arrays();
    }

    /** Whether a group may be merged beside the merges under way. */
    boolean mayRun(List<ArrayRun> group, List<List<ArrayRun>> running) {
        for (List<ArrayRun> other : running) {
            if (sharesArray(group, other) || !areApart(group, other)) {
                return false;
            }
        }
        return true;
    }

    /** An array counts as the same with fewer keys. */
    private static boolean sharesArray(List<ArrayRun> group, List<ArrayRun> other) {
        return group.stream().anyMatch(array -> other.stream().anyMatch(busy -> busy.id() == array.id()));
    }

    private boolean areApart(List<ArrayRun> group, List<ArrayRun> other) {
        long oldest = group.stream().mapToLong(ArrayRun::age).min().orElseThrow();
        long newest = group.stream().mapToLong(ArrayRun::age).max().orElseThrow();
        long otherOldest = other.stream().mapToLong(ArrayRun::age).min().orElseThrow();
        long otherNewest = other.stream().mapToLong(ArrayRun::age).max().orElseThrow();
        return newest < otherOldest
                || otherNewest < oldest
                || line.compare(hullEnd(group), hullStart(other)) <= 0
                || line.compare(hullEnd(other), hullStart(group)) <= 0;
    }

    private int hullStart(List<ArrayRun> group) {
        int start = group.get(0).from();
        for (ArrayRun array : group) {
            start = line.compare(array.from(), start) < 0 ? array.from() : start;
        }
        return start;
    }

    private int hullEnd(List<ArrayRun> group) {
        int end = group.get(0).to();
        for (ArrayRun array : group) {
            end = line.compare(array.to(), end) > 0 ? array.to() : end;
        }
        return end;
    }
}
