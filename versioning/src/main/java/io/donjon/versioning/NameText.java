package io.donjon.versioning;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Names of versions as UTF-8, one behind the other: two bytes of length and the bytes. A page of which nothing is wanted
 * any more is used again. One thread at a time.
 */
final class NameText {
    private static final int PAGE_SHIFT = 16;
    private static final int PAGE = 1 << PAGE_SHIFT;
    private static final int LENGTH_BYTES = 2;

    /** Pages with less than this in use are to be emptied. */
    private static final int SPARSE = PAGE / 2;

    private byte[][] pages = new byte[1][];

    /** By page: bytes of names that are wanted. */
    private int[] wanted = new int[1];

    private int pageCount;

    /** The page that grows, and how far. */
    private int current = -1;

    private int used = PAGE;

    /** Pages that are empty, the number of each in the first bytes of the one before. */
    private int empty = -1;

    private int emptyCount;

    /** All bytes that are wanted. */
    private long live;

    /** Keeps a name and says where. */
    long add(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        return add(bytes, 0, bytes.length);
    }

    private long add(byte[] bytes, int from, int length) {
        int size = LENGTH_BYTES + length;
        if (size > PAGE) {
            throw new IllegalArgumentException("a name of " + length + " bytes");
        }
        if (used + size > PAGE) {
            turnPage();
        }
        byte[] page = pages[current];
        page[used] = (byte) (length >>> 8);
        page[used + 1] = (byte) length;
        System.arraycopy(bytes, from, page, used + LENGTH_BYTES, length);
        long at = ((long) current << PAGE_SHIFT) + used;
        used += size;
        wanted[current] += size;
        live += size;
        return at;
    }

    private void turnPage() {
        int full = current;
        if (empty >= 0) {
            current = empty;
            empty = next(pages[empty]);
            emptyCount--;
        } else {
            if (pageCount == pages.length) {
                pages = Arrays.copyOf(pages, 2 * pageCount);
                wanted = Arrays.copyOf(wanted, pages.length);
            }
            current = pageCount++;
            pages[current] = new byte[PAGE];
        }
        used = 0;
        if (full >= 0 && wanted[full] == 0) {
            release(full);
        }
    }

    private static int next(byte[] page) {
        int next = 0;
        for (int i = 0; i < Integer.BYTES; i++) {
            next = (next << 8) | (page[i] & 0xff);
        }
        return next;
    }

    private void release(int page) {
        for (int i = 0, rest = empty; i < Integer.BYTES; i++, rest <<= 8) {
            pages[page][i] = (byte) (rest >>> 24);
        }
        empty = page;
        emptyCount++;
    }

    /** A name is no longer wanted. */
    void remove(long at) {
        int size = LENGTH_BYTES + length(at);
        int page = page(at);
        wanted[page] -= size;
        live -= size;
        if (wanted[page] == 0 && page != current) {
            release(page);
        }
    }

    /** Whether a name stands where little else is wanted: it had better {@link #move}. */
    boolean isSparse(long at) {
        int page = page(at);
        return page != current && wanted[page] < SPARSE;
    }

    /** Puts a name elsewhere and says where. */
    long move(long at) {
        long moved = add(pages[page(at)], slot(at) + LENGTH_BYTES, length(at));
        remove(at);
        return moved;
    }

    /** Whether so much is not wanted that names should be moved together. */
    boolean isWasteful() {
        return pageCount - emptyCount > 4 + 2 * (live >>> PAGE_SHIFT);
    }

    String get(long at) {
        return new String(pages[page(at)], slot(at) + LENGTH_BYTES, length(at), StandardCharsets.UTF_8);
    }

    boolean equals(long at, byte[] name) {
        int from = slot(at) + LENGTH_BYTES;
        return Arrays.equals(pages[page(at)], from, from + length(at), name, 0, name.length);
    }

    int hash(long at) {
        return hash(pages[page(at)], slot(at) + LENGTH_BYTES, length(at));
    }

    static int hash(byte[] bytes, int from, int length) {
        int hash = 0;
        for (int i = from; i < from + length; i++) {
            hash = 31 * hash + bytes[i];
        }
        return hash;
    }

    private int length(long at) {
        byte[] page = pages[page(at)];
        int slot = slot(at);
        return ((page[slot] & 0xff) << 8) | (page[slot + 1] & 0xff);
    }

    private static int page(long at) {
        return (int) (at >>> PAGE_SHIFT);
    }

    private static int slot(long at) {
        return (int) at & (PAGE - 1);
    }

    long heapBytes() {
        return (8L + Integer.BYTES) * pages.length + pageCount * (16L + PAGE);
    }
}
