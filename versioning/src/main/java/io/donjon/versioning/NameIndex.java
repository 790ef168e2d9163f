package io.donjon.versioning;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.IntToLongFunction;
import java.util.function.IntUnaryOperator;

/**
 * Places by scope and name: a hash table with linear probing. Names are kept elsewhere, and only looked at where the hash
 * agrees; so growing does not look at them. One thread at a time.
 */
final class NameIndex {
    private static final int EMPTY = -1;

    private final NameText text;
    private final IntToLongFunction nameOf;
    private final IntUnaryOperator scopeOf;

    /** In each slot a place, or {@link #EMPTY}, in the low half, and its hash in the high half: one look into memory. */
    private long[] slots = emptySlots(16);

    private int size;

    /**
     * @param nameOf where in {@code text} the name of a place is
     * @param scopeOf the scope of a place
     */
    NameIndex(NameText text, IntToLongFunction nameOf, IntUnaryOperator scopeOf) {
        this.text = text;
        this.nameOf = nameOf;
        this.scopeOf = scopeOf;
    }

    private static long[] emptySlots(int count) {
        long[] slots = new long[count];
        Arrays.fill(slots, EMPTY);
        return slots;
    }

    private static long slot(int place, int hash) {
        return ((long) hash << 32) | place;
    }

    private static int place(long slot) {
        return (int) slot;
    }

    private static int hash(long slot) {
        return (int) (slot >>> 32);
    }

    /** The place that has a name in a scope, or {@link Line#NONE}. */
    int find(int scope, String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        int hash = mix(scope, NameText.hash(bytes, 0, bytes.length));
        int mask = slots.length - 1;
        for (int at = hash & mask; place(slots[at]) != EMPTY; at = (at + 1) & mask) {
            int place = place(slots[at]);
            if (hash(slots[at]) == hash
                    && scopeOf.applyAsInt(place) == scope
                    && text.equals(nameOf.applyAsLong(place), bytes)) {
                return place;
            }
        }
        return Line.NONE;
    }

    /** Adds a place whose name is not there yet. */
    void add(int place) {
        if (2 * (size + 1) > slots.length) {
            grow();
        }
        put(slot(place, hashOf(place)));
        size++;
    }

    private void put(long slot) {
        int mask = slots.length - 1;
        int at = hash(slot) & mask;
        while (place(slots[at]) != EMPTY) {
            at = (at + 1) & mask;
        }
        slots[at] = slot;
    }

    private int hashOf(int place) {
        return mix(scopeOf.applyAsInt(place), text.hash(nameOf.applyAsLong(place)));
    }

    private int indexOf(int place) {
        int mask = slots.length - 1;
        int at = hashOf(place) & mask;
        while (place(slots[at]) != place) {
            if (place(slots[at]) == EMPTY) {
                throw new IllegalStateException("place " + place + " is not in the index under its name");
            }
            at = (at + 1) & mask;
        }
        return at;
    }

    /** Gives the name and the scope of a place, which still has them, to another. */
    void replace(int place, int by) {
        int at = indexOf(place);
        slots[at] = slot(by, hash(slots[at]));
    }

    /** Removes a place while it still has its name. */
    void remove(int place) {
        int mask = slots.length - 1;
        int hole = indexOf(place);
        size--;
        // What probed past the hole is moved into it, so that a search need not go on behind an empty slot.
        for (int at = (hole + 1) & mask; place(slots[at]) != EMPTY; at = (at + 1) & mask) {
            int home = hash(slots[at]) & mask;
            if (((at - home) & mask) >= ((at - hole) & mask)) {
                slots[hole] = slots[at];
                hole = at;
            }
        }
        slots[hole] = EMPTY;
    }

    private void grow() {
        long[] old = slots;
        slots = emptySlots(2 * old.length);
        for (long slot : old) {
            if (place(slot) != EMPTY) {
                put(slot);
            }
        }
    }

    private static int mix(int scope, int hash) {
        int h = (hash + scope * 0x9e3779b9) * 0x85ebca6b;
        return h ^ (h >>> 15);
    }

    long heapBytes() {
        return 32L + (long) Long.BYTES * slots.length;
    }
}
