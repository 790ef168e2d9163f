package io.donjon.engine;

/**
 * What a breakpoint says holds from its place on; the numbers are those of entries on disk (docs/format.md section 5),
 * used as ints in hot loops.
 */
final class StepKind {
    /** Nothing: ask older data. */
    static final int PASS = 0;
    /** The key is absent. */
    static final int TOMBSTONE = 1;
    /** A value that stands in the entry. */
    static final int VALUE = 2;
    /** A value that stands in an earlier entry of the same key in the same block. */
    static final int RESUME = 3;
    /** A value that stands in value blocks. */
    static final int LARGE = 4;

    private StepKind() {}

    static boolean isValue(int kind) {
        return kind >= VALUE;
    }
}
