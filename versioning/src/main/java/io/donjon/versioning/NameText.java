package io.donjon.versioning;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Names of versions as UTF-8, one behind the other: two bytes of length and the bytes. One thread at a time. */
final class NameText {
    private static final int PAGE_SHIFT = 16;
    private static final int PAGE = 1 << PAGE_SHIFT;
    private static final int LENGTH_BYTES = 2;

    private byte[][] pages = new byte[1][];
    private int pageCount;
    private int used = PAGE;

    /** Keeps a name and says where. */
    long add(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        int wanted = LENGTH_BYTES + bytes.length;
        if (wanted > PAGE) {
            throw new IllegalArgumentException("a name of " + bytes.length + " bytes");
        }
        if (used + wanted > PAGE) {
            if (pageCount == pages.length) {
                pages = Arrays.copyOf(pages, 2 * pageCount);
            }
            pages[pageCount++] = new byte[PAGE];
            used = 0;
        }
        byte[] page = pages[pageCount - 1];
        page[used] = (byte) (bytes.length >>> 8);
        page[used + 1] = (byte) bytes.length;
        System.arraycopy(bytes, 0, page, used + LENGTH_BYTES, bytes.length);
        long at = ((long) (pageCount - 1) << PAGE_SHIFT) + used;
        used += wanted;
        return at;
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
        return 8L * pages.length + pageCount * (16L + PAGE);
    }
}
