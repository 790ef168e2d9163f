package io.donjon.engine;

import io.donjon.versioning.Line;
import java.util.Arrays;
import java.util.function.IntConsumer;

/** Numbers by place: a hash table of ints. One thread at a time. */
final class PlaceMap {
    private static final int EMPTY = -1;

    private int[] places = new int[64];
    private int[] values = new int[64];
    private int size;

    PlaceMap() {
        Arrays.fill(places, EMPTY);
    }

    int size() {
        return size;
    }

    /** Gives a place a number, in place of the one that it may have. */
    void put(int place, int value) {
        int slot = slot(places, place);
        if (places[slot] == EMPTY) {
            places[slot] = place;
            size++;
        }
        values[slot] = value;
        if (2 * size > places.length) {
            grow();
        }
    }

    private void grow() {
        int[] oldPlaces = places;
        int[] oldValues = values;
        places = new int[2 * oldPlaces.length];
        values = new int[places.length];
        Arrays.fill(places, EMPTY);
        for (int i = 0; i < oldPlaces.length; i++) {
            if (oldPlaces[i] != EMPTY) {
                int slot = slot(places, oldPlaces[i]);
                places[slot] = oldPlaces[i];
                values[slot] = oldValues[i];
            }
        }
    }

    private static int slot(int[] table, int place) {
        int mask = table.length - 1;
        int slot = ((place * 0x9e3779b9) >>> 7) & mask;
        while (table[slot] != EMPTY && table[slot] != place) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    boolean has(int place) {
        return places[slot(places, place)] == place;
    }

    /** The number of a place that has one. */
    int get(int place) {
        int slot = slot(places, place);
        if (places[slot] == EMPTY) {
            throw new IllegalArgumentException("place " + place + " is not here");
        }
        return values[slot];
    }

    void forEach(IntConsumer action) {
        for (int place : places) {
            if (place != EMPTY) {
                action.accept(place);
            }
        }
    }

    /** The places in line order. */
    int[] inOrder(Line line) {
        return line.sorted(Arrays.stream(places).filter(place -> place != EMPTY).toArray());
    }

    /** Gives each of these places its index as its number. */
    void rank(int[] order) {
        for (int rank = 0; rank < order.length; rank++) {
            put(order[rank], rank);
        }
    }
}
