package io.donjon.extents;

import org.jspecify.annotations.Nullable;

/** What a block holds; the numbers stand on disk (docs/format.md section 3). */
public enum BlockType {
    /** Breakpoints. */
    DATA(1),
    /** Pointers to data blocks or to index blocks. */
    INDEX(2),
    /** A Bloom filter. */
    FILTER(3),
    /** Version ids by rank. */
    VERSION_TABLE(4),
    /** Which blocks have breakpoints of a rank. */
    CHANGE_DIRECTORY(5),
    /** All breakpoints of a few keys. */
    KEY_SAMPLE(6),
    /** A piece of a large value. */
    VALUE_PIECE(7),
    /** Where everything else of an array is. */
    FOOTER(8),
    /** Where the pieces of a large value are. */
    VALUE_LIST(9);

    private static final BlockType[] BY_NUMBER = values();

    private final int number;

    BlockType(int number) {
        this.number = number;
    }

    /** Whether such blocks lead to many others, each of them: of index and filters there are few, and every read wants some. */
    boolean leads() {
        return this == INDEX || this == FILTER;
    }

    int number() {
        return number;
    }

    /** The type of that number, or null. */
    static @Nullable BlockType of(int number) {
        return number >= 1 && number <= BY_NUMBER.length ? BY_NUMBER[number - 1] : null;
    }
}
