package io.donjon.versioning;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * An array of longs that grows by pages: an element once there is never moved, so readers may be at it while it grows.
 *
 * <p>The list of pages is replaced as it grows, and neither it nor a page is published here: a thread other than the
 * writer must have learned, through something the writer released after {@link #growTo}, that an element is there.
 */
final class PagedLongs {
    private static final int PAGE_SHIFT = 11;
    private static final int PAGE = 1 << PAGE_SHIFT;
    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);

    /** Bytes of an array before its elements, references being of 8 bytes. */
    private static final int ARRAY_HEADER_BYTES = 24;

    private long[][] pages = new long[1][];
    private int pageCount;

    /** Makes room for elements below this index. */
    void growTo(long length) {
        while ((long) pageCount << PAGE_SHIFT < length) {
            if (pageCount == pages.length) {
                pages = Arrays.copyOf(pages, 2 * pageCount);
            }
            pages[pageCount++] = new long[PAGE];
        }
    }

    long get(long at) {
        return page(at)[slot(at)];
    }

    void set(long at, long value) {
        page(at)[slot(at)] = value;
    }

    long getAcquire(long at) {
        return (long) LONGS.getAcquire(page(at), slot(at));
    }

    void setRelease(long at, long value) {
        LONGS.setRelease(page(at), slot(at), value);
    }

    long heapBytes() {
        return ARRAY_HEADER_BYTES
                + (long) Long.BYTES * pages.length
                + pageCount * (ARRAY_HEADER_BYTES + (long) Long.BYTES * PAGE);
    }

    private long[] page(long at) {
        return pages[(int) (at >>> PAGE_SHIFT)];
    }

    private static int slot(long at) {
        return (int) at & (PAGE - 1);
    }
}
