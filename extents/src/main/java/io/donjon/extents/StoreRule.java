package io.donjon.extents;

import java.util.Locale;

/** What must hold of what lies below extents, and what {@link StoreCheck} says where it does not. */
enum StoreRule {
    /** Every file that should be there is, */
    FILE_THERE("the file is missing"),

    /** with a sound header, */
    FILE_HEADER("%s"),

    /** is of this store and disk and what its name says, */
    FILE_OURS("it belongs to another store, disk, extent or segment"),

    /** and is as long as the chunks in it. */
    FILE_LENGTH("it has %d bytes, its chunks take %d"),

    /** No extent's file is there that nobody writes, names or reads. */
    FILE_NAMED("it is of no extent"),

    /** A manifest can be read to its end, */
    MANIFEST_SOUND("%s"),

    /** has each record twice, */
    MANIFEST_TWICE("one of the two copies of record %s is damaged"),

    /** reaches to what is durable, */
    MANIFEST_NEWEST("its newest manifest record is %s, %s should be there"),

    /** and says of members, extents and segments what the store goes by. */
    MANIFEST_AGREES("its manifest says <%s>, the store goes by <%s>"),

    /** Groups of records stand without a gap up to where the log ends or the next segment begins, */
    LOG_GROUPS("no sound group begins there; the segment must be sound up to %d"),

    /** the first one, and no other, is a start, */
    LOG_STARTS("a start that is not the first group, or a first group that is none"),

    /** which says where the segment before it ended, */
    LOG_BASE("it says that it begins at position %d, not %d"),

    /** and no mark says that more is stable than was ever made so. */
    LOG_MARKS("its mark lies behind what is stable, %d");

    private final String text;

    StoreRule(String text) {
        this.text = text;
    }

    /** What is said, with these values. */
    String says(Object... values) {
        return String.format(Locale.ROOT, text, values);
    }
}
