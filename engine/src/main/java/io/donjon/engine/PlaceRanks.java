package io.donjon.engine;

import io.donjon.versioning.Line;
import java.util.Arrays;

/**
 * A set of places and, once it is complete, their ranks in line order: a hash table of ints. One thread at a time.
 */
final class PlaceRanks {
    private static final int EMPTY = -1;

    private int[] places = new int[64];
    private int[] ranks = {};
    private int size;

    PlaceRanks() {
        Arrays.fill(places, EMPTY);
    }

    /** Adds a place, which may be there already. */
    void add(int place) {
        int slot = slot(places, place);
        if (places[slot] == EMPTY) {
            places[slot] = place;
            size++;
            if (2 * size > places.length) {
                grow();
            }
        }
    }

    private void grow() {
        int[] larger = new int[2 * places.length];
        Arrays.fill(larger, EMPTY);
        for (int place : places) {
            if (place != EMPTY) {
                larger[slot(larger, place)] = place;
            }
        }
        places = larger;
    }

    private static int slot(int[] table, int place) {
        int mask = table.length - 1;
        int slot = (place * 0x9e3779b9 >>> 7) & mask;
        while (table[slot] != EMPTY && table[slot] != place) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    int size() {
        return size;
    }

    /** Gives every place its rank, and returns them in that order. */
    int[] rank(Line line) {
        Integer[] sorted =
                Arrays.stream(places).filter(place -> place != EMPTY).boxed().toArray(Integer[]::new);
        Arrays.sort(sorted, line::compare);
        ranks = new int[places.length];
        int[] order = new int[sorted.length];
        for (int rank = 0; rank < order.length; rank++) {
            order[rank] = sorted[rank];
            ranks[slot(places, order[rank])] = rank;
        }
        return order;
    }

    /** The rank of a place that is in the set, after {@link #rank(Line)}. */
    int rankOf(int place) {
        int slot = slot(places, place);
        if (places[slot] == EMPTY) {
            throw new IllegalArgumentException("place " + place + " has no rank here");
        }
        return ranks[slot];
    }
}
