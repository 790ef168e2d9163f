package io.donjon.engine;

import io.donjon.KeyRange;

/** The ends of a range of a user's keys, as full keys of a tree. */
final class Ranges {
    private static final byte[] FIRST = {};

    private Ranges() {}

    /** Puts the start of a range into a key; returns whether it counts. */
    static boolean lower(KeyRange range, long tree, FullKey into) {
        byte[] from = range.from();
        into.set(tree, from == null ? FIRST : from);
        return from == null || range.fromInclusive();
    }

    /** Puts the end of a range into a key; returns whether it counts. */
    static boolean upper(KeyRange range, long tree, FullKey into) {
        byte[] to = range.to();
        into.set(to == null ? tree + 1 : tree, to == null ? FIRST : to);
        return to != null && range.toInclusive();
    }
}
