package io.donjon.versioning;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.IntToLongFunction;

/**
 * Places by scope and name: a hash table of ints with linear probing, whose keys are looked up where the names are kept.
 * One thread at a time.
 */
final class NameIndex {
    private static final int EMPTY = -1;

    private final NameText text;
    private final IntToLongFunction nameOf;
    private int[] places = new int[16];
    private int[] scopes = new int[16];
    private int size;

    /**
     * @param nameOf where in {@code text} the name of a place is
     */
    NameIndex(NameText text, IntToLongFunction nameOf) {
        this.text = text;
        this.nameOf = nameOf;
        Arrays.fill(places, EMPTY);
    }

    /** The place that has a name in a scope, or {@link Line#NONE}. */
    int find(int scope, String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        int mask = places.length - 1;
        int slot = mix(scope, NameText.hash(bytes, 0, bytes.length)) & mask;
        while (places[slot] != EMPTY) {
            if (scopes[slot] == scope && text.equals(nameOf.applyAsLong(places[slot]), bytes)) {
                return places[slot];
            }
            slot = (slot + 1) & mask;
        }
        return Line.NONE;
    }

    /** Adds a place whose name is not there yet. */
    void add(int scope, int place) {
        if (2 * (size + 1) > places.length) {
            grow();
        }
        put(scope, place);
        size++;
    }

    private void put(int scope, int place) {
        int mask = places.length - 1;
        int slot = home(scope, place);
        while (places[slot] != EMPTY) {
            slot = (slot + 1) & mask;
        }
        places[slot] = place;
        scopes[slot] = scope;
    }

    private int home(int scope, int place) {
        return mix(scope, text.hash(nameOf.applyAsLong(place))) & (places.length - 1);
    }

    /** Removes a place while it still has its name. */
    void remove(int scope, int place) {
        int mask = places.length - 1;
        int hole = home(scope, place);
        while (places[hole] != place) {
            if (places[hole] == EMPTY) {
                throw new IllegalStateException("place " + place + " is not in the index under its name");
            }
            hole = (hole + 1) & mask;
        }
        size--;
        // What probed past the hole is moved into it, so that a search need not go on behind an empty slot.
        int slot = (hole + 1) & mask;
        while (places[slot] != EMPTY) {
            int home = home(scopes[slot], places[slot]);
            if (((slot - home) & mask) >= ((slot - hole) & mask)) {
                places[hole] = places[slot];
                scopes[hole] = scopes[slot];
                hole = slot;
            }
            slot = (slot + 1) & mask;
        }
        places[hole] = EMPTY;
    }

    private void grow() {
        int[] oldPlaces = places;
        int[] oldScopes = scopes;
        places = new int[2 * oldPlaces.length];
        scopes = new int[places.length];
        Arrays.fill(places, EMPTY);
        for (int i = 0; i < oldPlaces.length; i++) {
            if (oldPlaces[i] != EMPTY) {
                put(oldScopes[i], oldPlaces[i]);
            }
        }
    }

    private static int mix(int scope, int hash) {
        int h = (hash + scope * 0x9e3779b9) * 0x85ebca6b;
        return h ^ (h >>> 15);
    }

    long heapBytes() {
        return 32L + 2L * Integer.BYTES * places.length;
    }
}
