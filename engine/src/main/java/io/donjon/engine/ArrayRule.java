package io.donjon.engine;

import java.util.Locale;

/** What must hold of an array, and what {@link ArrayCheck} and {@link Verification} say where it does not. */
enum ArrayRule {
    /** Every copy of every block is what was written there, and of the right type and form. */
    BLOCKS("%s"),

    /** The footer says how long the version table is. */
    TABLE_LENGTH("its version table has %d places, the footer says %d"),

    /** What the version table names exists, */
    TABLE_VERSIONS("rank %d is version %d, which does not exist"),

    /** stands in the order of the line, */
    TABLE_ORDER("rank %d, version %d, does not stand behind the one before"),

    /** and in the band. */
    TABLE_BAND("rank %d, version %d, stands behind the end of the band"),

    /** The key sample has keys under the threshold only, */
    SAMPLE_THRESHOLD("its key sample has a key above the threshold"),

    /** by their hashes, */
    SAMPLE_ORDER("its key sample is not in the order of its keys' hashes"),

    /** and all breakpoints of all of those. */
    SAMPLE_CONTENT("its key sample does not have exactly the breakpoints of the keys under the threshold"),

    /** An index entry says how many data blocks lie before what it points to. */
    INDEX_ORDINALS("an index entry says data block %d, it is %d"),

    /** Separators stand behind all that lies before them, */
    INDEX_ORDER("a separator of its index lies at or before the entry before it"),

    /** and not behind the first entry, or separator, of what they point to. */
    INDEX_BEGIN("data block %d begins before a separator of its index"),

    /** A filter has the form of one, */
    FILTER_FORM("a filter is none: %s"),

    /** was made for as many keys as lie below it, */
    FILTER_COUNT("a filter was made for %d keys, below it are %d"),

    /** and holds each of them. */
    FILTER_CONTENT("a filter denies a key that is there"),

    /** Entries ascend by key and rank, within blocks and from block to block. */
    ENTRY_ORDER("an entry lies at or before the one before it"),

    /** Ranks are positions in the version table, or behind it, where that is said. */
    ENTRY_RANK("an entry has rank %d of %d"),

    /** Of those behind it there are as many as the footer says. */
    OUTLOOK("it has %d entries behind its band, the footer says %d"),

    /** A block's restarts are entries that share nothing with the one before; the first is the block's first. */
    ENTRY_RESTARTS("restart %d of a block is at %d, where no entry begins that stands by itself"),

    /** A resumed value is an earlier one of its key in its block. */
    ENTRY_RESUMES("an entry resumes what is no value of its key"),

    /** There is an extent for large values if there is one of those, */
    LARGE_EXTENT("it has a large value and no extent for such"),

    /** and its pieces together are the value. */
    LARGE_CONTENT("a large value: %s"),

    /** The change directory says which data blocks have breakpoints of which rank. */
    DIRECTORY("its change directory does not say which blocks have breakpoints of which rank"),

    /** The footer has the first and the last key, */
    KEYS("its first or its last key is not what the footer says"),

    /** and counts exactly. */
    COUNTS("it consists of %s, the footer says %s"),

    /** So does the manifest, */
    MANIFEST_COUNTS("the manifest says %d breakpoints of %d keys, there are %d of %d"),

    /** also the bytes. */
    MANIFEST_BYTES("the manifest says %d bytes, its extents have %d"),

    /** No two arrays have an extent together, */
    EXTENT_ONCE("extent %d belongs to another array as well"),

    /** and the manifest's extents are those of arrays. */
    EXTENTS("extents of no array: %s, extents it lacks: %s");

    private final String text;

    ArrayRule(String text) {
        this.text = text;
    }

    /** What is said, with these values. */
    String says(Object... values) {
        return String.format(Locale.ROOT, text, values);
    }
}
