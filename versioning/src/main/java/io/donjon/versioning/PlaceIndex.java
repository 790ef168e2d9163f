package io.donjon.versioning;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Places by version id. Ids are given out in order, so pages of ints serve them best. An id far ahead of how many there
 * are, which none has that this program gave out, must not make it take much: such ones are in a map. One thread at a
 * time.
 */
final class PlaceIndex {
    private static final int PAGE_SHIFT = 11;
    private static final int PAGE = 1 << PAGE_SHIFT;

    /** Pages have room for so many ids to each place, and some more. */
    private static final long SPREAD = 16;

    /** What an entry of a map takes. */
    private static final long FAR_BYTES = 80;

    private int[] @Nullable [] pages = new int[16][];
    private int pageCount;
    private final Map<Long, Integer> far = new HashMap<>();

    void put(long id, int place) {
        // Places are numbered in the order of their birth, so there are as many.
        if (id < 0 || id >= SPREAD * (place + (long) PAGE)) {
            far.put(id, place);
            return;
        }
        int page = (int) (id >>> PAGE_SHIFT);
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
        int[] slots = page < pages.length ? pages[(int) page] : null;
        int place = slots == null ? Line.NONE : slots[(int) id & (PAGE - 1)];
        return place == Line.NONE && !far.isEmpty() ? far.getOrDefault(id, Line.NONE) : place;
    }

    long heapBytes() {
        return 8L * pages.length + pageCount * (16L + (long) Integer.BYTES * PAGE) + FAR_BYTES * far.size();
    }
}
