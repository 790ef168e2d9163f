package io.donjon.cli.kill;

import java.util.Arrays;

/**
 * A point in time as far as the journal tells it: for each writer it lies behind operation {@code from} (acknowledged
 * before) and not behind operation {@code to} (begun before the end).
 */
final class Window {
    final long[] from;
    final long[] to;

    Window(long[] from, long[] to) {
        this.from = Arrays.copyOf(from, Script.WRITERS);
        this.to = Arrays.copyOf(to, Script.WRITERS);
    }
}
