package io.donjon.versioning;

import java.util.Arrays;
import java.util.function.IntToLongFunction;

/**
 * Places by version id: a hash table of ints. The ids are kept elsewhere. Ids near each other, as versions born one after
 * the other have them, are near each other here. One thread at a time.
 *
 * <p>What finds its slot taken goes on {@link #STEP} slots behind, and so on: linear probing, but two rows of ids that
 * belong to one piece of the table do not lie end to end, where a search for an id of the one would pass all of the other.
 */
final class PlaceIndex {
    private static final int EMPTY = -1;

    /** So many ids in a row share a piece of the table, which is as long as a cache line. */
    private static final int ROW_BITS = 4;

    /** To the slot behind a row's length, so that an id that is in the way is not met together with its neighbours. */
    private static final int STEP = (1 << ROW_BITS) + 1;

    /** Times {@link #STEP} it is 1, in 32 bits: it tells how many steps a number of slots is. */
    private static final int STEP_INVERSE = 0xf0f0f0f1;

    private static final long GOLDEN = 0x9e3779b97f4a7c15L;

    private final IntToLongFunction idOf;
    private int[] places = new int[64];
    private int size;

    /**
     * @param idOf the id of a place that is here
     */
    PlaceIndex(IntToLongFunction idOf) {
        this.idOf = idOf;
        Arrays.fill(places, EMPTY);
    }

    /** Adds a place whose id is not there yet. */
    void add(int place) {
        if (2 * (size + 1) > places.length) {
            grow();
        }
        put(place);
        size++;
    }

    private void put(int place) {
        int mask = places.length - 1;
        int slot = home(idOf.applyAsLong(place));
        while (places[slot] != EMPTY) {
            slot = (slot + STEP) & mask;
        }
        places[slot] = place;
    }

    private int home(long id) {
        int row = (int) (((id >>> ROW_BITS) * GOLDEN) >>> 32);
        return ((row << ROW_BITS) | ((int) id & ((1 << ROW_BITS) - 1))) & (places.length - 1);
    }

    private int steps(int from, int to) {
        return ((to - from) * STEP_INVERSE) & (places.length - 1);
    }

    private void grow() {
        int[] old = places;
        places = new int[2 * old.length];
        Arrays.fill(places, EMPTY);
        for (int place : old) {
            if (place != EMPTY) {
                put(place);
            }
        }
    }

    /** The place of an id, or {@link Line#NONE}. */
    int get(long id) {
        int mask = places.length - 1;
        int slot = home(id);
        while (places[slot] != EMPTY) {
            if (idOf.applyAsLong(places[slot]) == id) {
                return places[slot];
            }
            slot = (slot + STEP) & mask;
        }
        return Line.NONE;
    }

    /** Removes a place while its id is still known. */
    void remove(int place) {
        int mask = places.length - 1;
        int hole = home(idOf.applyAsLong(place));
        while (places[hole] != place) {
            if (places[hole] == EMPTY) {
                throw new IllegalStateException("place " + place + " is not in the index under its id");
            }
            hole = (hole + STEP) & mask;
        }
        size--;
        // What probed past the hole is moved into it, so that a search need not go on behind an empty slot.
        for (int slot = (hole + STEP) & mask; places[slot] != EMPTY; slot = (slot + STEP) & mask) {
            int home = home(idOf.applyAsLong(places[slot]));
            if (steps(home, slot) >= steps(hole, slot)) {
                places[hole] = places[slot];
                hole = slot;
            }
        }
        places[hole] = EMPTY;
    }

    long heapBytes() {
        return 32L + (long) Integer.BYTES * places.length;
    }
}
