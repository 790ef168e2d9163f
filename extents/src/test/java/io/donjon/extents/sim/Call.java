package io.donjon.extents.sim;

import java.util.Locale;

/** The kinds of calls of a {@link SimDisk}, as power cuts and faults count them. */
public enum Call {
    /** {@link io.donjon.extents.OpenFile#read} */
    READ(false),
    /** {@link io.donjon.extents.OpenFile#write} */
    WRITE(true),
    /** {@link io.donjon.extents.OpenFile#force} */
    FORCE(true),
    /** {@link io.donjon.extents.OpenFile#size} */
    SIZE(false),
    /** {@link io.donjon.extents.Directory#create} */
    CREATE(true),
    /** {@link io.donjon.extents.Directory#open} */
    OPEN(false),
    /** {@link io.donjon.extents.Directory#rename} */
    RENAME(true),
    /** {@link io.donjon.extents.Directory#delete} */
    DELETE(true),
    /** {@link io.donjon.extents.Directory#sync} */
    SYNC(true),
    /** {@link io.donjon.extents.Directory#list} */
    LIST(false),
    /** {@link io.donjon.extents.Directory#lock} */
    LOCK(true),
    /** {@link io.donjon.extents.Directory#usableBytes} */
    SPACE(false);

    /** Whether it may change what is on the medium; to cut the power at another one shows nothing new. */
    final boolean changes;

    final String before = name().toLowerCase(Locale.ROOT);
    final String after = before + " done";

    Call(boolean changes) {
        this.changes = changes;
    }

    @Override
    public String toString() {
        return before;
    }
}
