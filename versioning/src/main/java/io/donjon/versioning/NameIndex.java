package io.donjon.versioning;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.IntToLongFunction;
import java.util.function.IntUnaryOperator;

/**
 * Places by scope and name: a hash table of ints with linear probing. Names are kept elsewhere, and only looked at where
 * the hash agrees; so growing does not look at them. One thread at a time.
 */
final class NameIndex {
    private static final int EMPTY = -1;

    private final NameText text;
    private final IntToLongFunction nameOf;
    private final IntUnaryOperator scopeOf;
    private int[] places = new int[16];
    private int[] hashes = new int[16];
    private int size;

    /**
     * @param nameOf where in {@code text} the name of a place is
     * @param scopeOf the scope of a place
     */
    NameIndex(NameText text, IntToLongFunction nameOf, IntUnaryOperator scopeOf) {
        this.text = text;
        this.nameOf = nameOf;
        this.scopeOf = scopeOf;
        Arrays.fill(places, EMPTY);
    }

    /** The place that has a name in a scope, or {@link Line#NONE}. */
    int find(int scope, String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        int hash = mix(scope, NameText.hash(bytes, 0, bytes.length));
        int mask = places.length - 1;
        int slot = hash & mask;
        while (places[slot] != EMPTY) {
            int place = places[slot];
            if (hashes[slot] == hash
                    && scopeOf.applyAsInt(place) == scope
                    && text.equals(nameOf.applyAsLong(place), bytes)) {
                return place;
            }
            slot = (slot + 1) & mask;
        }
        return Line.NONE;
    }

    /** Adds a place whose name is not there yet. */
    void add(int place) {
        if (2 * (size + 1) > places.length) {
            grow();
        }
        put(place, hash(place));
        size++;
    }

    private void put(int place, int hash) {
        int mask = places.length - 1;
        int slot = hash & mask;
        while (places[slot] != EMPTY) {
            slot = (slot + 1) & mask;
        }
        places[slot] = place;
        hashes[slot] = hash;
    }

    private int hash(int place) {
        return mix(scopeOf.applyAsInt(place), text.hash(nameOf.applyAsLong(place)));
    }

    private int slotOf(int place) {
        int mask = places.length - 1;
        int slot = hash(place) & mask;
        while (places[slot] != place) {
            if (places[slot] == EMPTY) {
                throw new IllegalStateException("place " + place + " is not in the index under its name");
            }
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    /** Gives the name and the scope of a place, which still has them, to another. */
    void replace(int place, int by) {
        places[slotOf(place)] = by;
    }

    /** Removes a place while it still has its name. */
    void remove(int place) {
        int mask = places.length - 1;
        int hole = slotOf(place);
        size--;
        // What probed past the hole is moved into it, so that a search need not go on behind an empty slot.
        int slot = (hole + 1) & mask;
        while (places[slot] != EMPTY) {
            int home = hashes[slot] & mask;
            if (((slot - home) & mask) >= ((slot - hole) & mask)) {
                places[hole] = places[slot];
                hashes[hole] = hashes[slot];
                hole = slot;
            }
            slot = (slot + 1) & mask;
        }
        places[hole] = EMPTY;
    }

    private void grow() {
        int[] oldPlaces = places;
        int[] oldHashes = hashes;
        places = new int[2 * oldPlaces.length];
        hashes = new int[places.length];
        Arrays.fill(places, EMPTY);
        for (int i = 0; i < oldPlaces.length; i++) {
            if (oldPlaces[i] != EMPTY) {
                put(oldPlaces[i], oldHashes[i]);
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
