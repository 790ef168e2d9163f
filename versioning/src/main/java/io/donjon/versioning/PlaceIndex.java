package io.donjon.versioning;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Places by version id. Ids are given out in order, so pages of ints serve them best. One thread at a time. */
final class PlaceIndex {
    private static final int PAGE_SHIFT = 11;
    private static final int PAGE = 1 << PAGE_SHIFT;

    private int[] @Nullable [] pages = new int[16][];
    private int pageCount;

    void put(long id, int place) {
        int page = Math.toIntExact(id >>> PAGE_SHIFT);
        if (page >= pages.length) {
            pages = Arrays.copyOf(pages, Math.max(2 * pages.length, page + 1));
        }
        int[] slots = pages[page];
        if (slots == null) {
            slots = new int[PAGE];
            Arrays.fill(slots, Line.NONE);
            pages[page] = slots;
            pageCount++;
        }
        slots[(int) id & (PAGE - 1)] = place;
    }

    int get(long id) {
        long page = id >>> PAGE_SHIFT;
        if (page >= pages.length) {
            return Line.NONE;
        }
        int[] slots = pages[(int) page];
        return slots == null ? Line.NONE : slots[(int) id & (PAGE - 1)];
    }

    long heapBytes() {
        return 8L * pages.length + pageCount * (16L + (long) Integer.BYTES * PAGE);
    }
}
