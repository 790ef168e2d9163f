package io.donjon.engine;

import io.donjon.versioning.Line;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The arrays of a store as intervals of the line, by ints that compare like places: to choose among a thousand of them
 * takes many comparisons. They are numbered from the newest, in {@link ArrayRun#NEWEST_FIRST}. One thread.
 */
final class Plane {
    private final ArrayRun[] arrays;
    private final int[] from;
    private final int[] to;
    private final long[] ages;

    Plane(Line line, List<ArrayRun> list) {
        arrays = list.toArray(ArrayRun[]::new);
        Arrays.sort(arrays, ArrayRun.NEWEST_FIRST);
        from = new int[arrays.length];
        to = new int[arrays.length];
        ages = new long[arrays.length];
        int[] places = new int[2 * arrays.length];
        for (int i = 0; i < arrays.length; i++) {
            ages[i] = arrays[i].age();
            places[2 * i] = arrays[i].from();
            places[2 * i + 1] = arrays[i].to();
        }
        int[] order = line.sorted(places);
        PlaceMap positions = new PlaceMap();
        positions.rank(order);
        for (int i = 0; i < arrays.length; i++) {
            from[i] = positions.get(arrays[i].from());
            to[i] = positions.get(arrays[i].to());
        }
    }

    int size() {
        return arrays.length;
    }

    ArrayRun array(int number) {
        return arrays[number];
    }

    Group group(int number) {
        Group group = new Group();
        group.add(number);
        return group;
    }

    /** A group of arrays that are all here. */
    Group group(List<ArrayRun> members) {
        Group group = new Group();
        Set<ArrayRun> wanted = new HashSet<>(members);
        for (int i = 0; i < arrays.length; i++) {
            if (wanted.contains(arrays[i])) {
                group.add(i);
            }
        }
        return group;
    }

    /** Some of the arrays. */
    final class Group {
        private final BitSet members = new BitSet(arrays.length);
        private long bytes;

        // Of the hull.
        private int hullFrom = Integer.MAX_VALUE;
        private int hullTo = Integer.MIN_VALUE;

        // Ages.
        private long newest = Long.MIN_VALUE;

        private long oldest = Long.MAX_VALUE;

        Group copy() {
            Group copy = new Group();
            copy.members.or(members);
            copy.bytes = bytes;
            copy.hullFrom = hullFrom;
            copy.hullTo = hullTo;
            copy.newest = newest;
            copy.oldest = oldest;
            return copy;
        }

        void add(int number) {
            if (!members.get(number)) {
                members.set(number);
                bytes += arrays[number].info().bytes();
                hullFrom = Math.min(hullFrom, from[number]);
                hullTo = Math.max(hullTo, to[number]);
                newest = Math.max(newest, ages[number]);
                oldest = Math.min(oldest, ages[number]);
            }
        }

        long bytes() {
            return bytes;
        }

        boolean hasOneAge() {
            return newest == oldest;
        }

        /** Adds every array that overlaps it and lies between its members in age. */
        void close() {
            boolean grown = true;
            while (grown) {
                grown = false;
                for (int i = 0; i < arrays.length && ages[i] >= oldest; i++) {
                    if (ages[i] <= newest && !members.get(i) && overlaps(i)) {
                        add(i);
                        grown = true;
                    }
                }
            }
        }

        private boolean overlaps(int number) {
            if (hullFrom >= to[number] || from[number] >= hullTo) {
                return false;
            }
            for (int i = members.nextSetBit(0); i >= 0; i = members.nextSetBit(i + 1)) {
                if (from[i] < to[number] && from[number] < to[i]) {
                    return true;
                }
            }
            return false;
        }

        /** The newest array that is as old as the oldest or older and overlaps it, or -1. */
        int nextOlder() {
            for (int i = 0; i < arrays.length; i++) {
                if (ages[i] <= oldest && !members.get(i) && overlaps(i)) {
                    return i;
                }
            }
            return -1;
        }

        /** Newest first. */
        List<ArrayRun> arrays() {
            List<ArrayRun> list = new ArrayList<>(members.cardinality());
            members.stream().forEach(number -> list.add(arrays[number]));
            return list;
        }
    }
}
