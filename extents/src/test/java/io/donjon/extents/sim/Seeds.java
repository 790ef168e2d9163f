package io.donjon.extents.sim;

import java.util.stream.LongStream;

/** The seeds that tests try: fixed ones on every build, or with {@code -Dseed=17} that one alone. */
public final class Seeds {
    private Seeds() {}

    /** The seeds from 0 to count - 1, unless one is given. */
    public static LongStream first(int count) {
        Long given = Long.getLong("seed");
        return given == null ? LongStream.range(0, count) : LongStream.of(given);
    }
}
