package io.donjon.perf.btree;

import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/** What holds within every page of a tree. */
final class PageCheck {
    private PageCheck() {}

    /**
     * Kind, level, the order of keys, their bounds, and the space.
     *
     * @param level the level that the page must have, 0 for a leaf
     * @param from what no key may be below, or null
     * @param to what all keys must be below, or null
     * @throws IllegalStateException naming the page, if something is wrong
     */
    static void check(byte[] page, int number, int level, byte @Nullable [] from, byte @Nullable [] to) {
        int kind = level == 0 ? Page.LEAF : Page.INNER;
        require(
                Page.kind(page) == kind && Page.level(page) == level,
                number,
                "kind " + Page.kind(page) + " and level " + Page.level(page) + " at level " + level);
        space(page, number);
        byte @Nullable [] last = null;
        for (int i = 0, count = Page.count(page); i < count; i++) {
            byte[] key = key(page, i);
            require(last == null || compare(last, key) < 0, number, "slot " + i + " is not above the one before");
            require(from == null || compare(from, key) <= 0, number, "slot " + i + " is below the separator");
            require(to == null || compare(key, to) < 0, number, "slot " + i + " is not below the next separator");
            last = key;
        }
    }

    /** Records lie within the heap, do not overlap, and with the dead bytes fill it. */
    private static void space(byte[] page, int number) {
        BitSet taken = new BitSet(Page.BYTES);
        taken.set(0, Page.HEADER_BYTES + Page.count(page) * Page.SLOT_BYTES);
        int live = Page.count(page) * Page.SLOT_BYTES;
        for (int i = 0; i < Page.count(page); i++) {
            int record = Page.record(page, i);
            int end = record + Page.recordBytes(page, record);
            require(end <= Page.BYTES && taken.get(record, end).isEmpty(), number, "slot " + i + " overlaps");
            taken.set(record, end);
            live += end - record;
        }
        require(live == Page.used(page), number, live + " bytes in use, header says " + Page.used(page));
    }

    static byte[] key(byte[] page, int slot) {
        int record = Page.record(page, slot);
        int at = Page.keyAt(record);
        return Arrays.copyOfRange(page, at, at + Page.keyLength(page, record));
    }

    private static int compare(byte[] a, byte[] b) {
        return Page.compare(a, 0, a.length, b, 0, b.length);
    }

    static void require(boolean fact, int page, String otherwise) {
        if (!fact) {
            throw new IllegalStateException("page " + page + ": " + otherwise);
        }
    }
}
