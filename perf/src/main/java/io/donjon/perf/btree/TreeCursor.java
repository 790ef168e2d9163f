package io.donjon.perf.btree;

import java.util.Arrays;
import java.util.ConcurrentModificationException;

/**
 * A position in an ascending scan of a {@link BPlusTree}. It reads one leaf at a time into an array of its own, so that
 * what the pool evicts does not matter.
 */
public final class TreeCursor {
    /** The first run read ahead, in pages; runs double while the leaves go on lying one after the other. */
    private static final int RUN_PAGES_FIRST = 4;
    /** Leaves this close, in pages, count as adjacent: between two may lie an inner page. */
    private static final int NEAR_PAGES = 2;

    private final BPlusTree tree;
    private final byte[] page = new byte[Page.BYTES];
    private final long changes;
    private int number;
    private int slot;
    private int record;
    private int runPages = RUN_PAGES_FIRST;

    TreeCursor(BPlusTree tree, Frame leaf, int slot) {
        this.tree = tree;
        changes = tree.changes;
        arrive(leaf);
        this.slot = slot - 1;
    }

    /**
     * Moves to the next key. False at the end, and from then on.
     *
     * @throws ConcurrentModificationException if the tree was changed since the cursor was made
     */
    public boolean next() {
        if (changes != tree.changes) {
            throw new ConcurrentModificationException("the tree was changed during a scan");
        }
        while (slot + 1 >= Page.count(page)) {
            int next = Page.link(page);
            if (next == 0) {
                slot = Page.count(page);
                return false;
            }
            follow(next);
        }
        slot++;
        record = Page.record(page, slot);
        return true;
    }

    /** The array that holds the present key and value; valid, like the offsets, until the next move. */
    public byte[] bytes() {
        return page;
    }

    /** Where the present key begins in {@link #bytes}. */
    public int keyAt() {
        return Page.keyAt(record);
    }

    /** The length of the present key in bytes. */
    public int keyLength() {
        return Page.keyLength(page, record);
    }

    /** Where the present value begins in {@link #bytes}. */
    public int valueAt() {
        return Page.valueAt(page, record);
    }

    /** The length of the present value in bytes. */
    public int valueLength() {
        return Page.valueLength(page, record);
    }

    /** The present key as an array of its own. */
    public byte[] key() {
        return Arrays.copyOfRange(page, keyAt(), keyAt() + keyLength());
    }

    /** The present value as an array of its own. */
    public byte[] value() {
        return Arrays.copyOfRange(page, valueAt(), valueAt() + valueLength());
    }

    private void follow(int next) {
        BufferPool pool = tree.pool;
        boolean near = next > number && next - number <= NEAR_PAGES;
        if (!near) {
            runPages = RUN_PAGES_FIRST;
        } else if (!pool.contains(next)) {
            // A quarter of the pool at most, so that a small one is not turned over by pages that may not be used.
            int room = Math.min(PageFile.RUN_PAGES_MAX, pool.frameCount() / 4);
            pool.readAhead(next, Math.min(runPages, room));
            runPages = Math.min(runPages * 2, PageFile.RUN_PAGES_MAX);
        }
        arrive(pool.fetch(next));
        slot = -1;
    }

    private void arrive(Frame leaf) {
        System.arraycopy(leaf.bytes, 0, page, 0, Page.BYTES);
        number = leaf.page;
    }
}
