package io.donjon.perf;

import java.util.stream.LongStream;

/** Seeds of random tests: the same on every build; {@code -Dseed=17} replays one. */
public final class Seeds {
    private Seeds() {}

    /** Seeds 0 to {@code count - 1}, or the one asked for. */
    public static LongStream upTo(int count) {
        Long one = Long.getLong("seed");
        return one == null ? LongStream.range(0, count) : LongStream.of(one);
    }
}
