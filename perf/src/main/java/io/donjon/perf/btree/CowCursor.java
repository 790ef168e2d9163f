package io.donjon.perf.btree;

import java.util.ConcurrentModificationException;

/**
 * A position in an ascending scan of a version of a {@link CowTree}. Leaves have no links, since a copy of one would have
 * to copy its neighbour too: the cursor goes up and down. It reads one leaf at a time into an array of its own.
 */
public final class CowCursor {
    /** The first run read ahead, in pages; runs double while leaves go on lying one after the other. */
    private static final int RUN_PAGES_FIRST = 4;

    private final CowTree tree;
    private final byte[] page = new byte[Page.BYTES];
    private final long changes;
    private final int[] pathPage = new int[CowTree.HEIGHT_MAX];
    private final int[] pathChild = new int[CowTree.HEIGHT_MAX];
    private int depth;
    private int slot;
    private int record;
    private int runPages = RUN_PAGES_FIRST;

    CowCursor(CowTree tree, int root, byte[] from, int fromAt, int fromLength) {
        this.tree = tree;
        changes = tree.changes;
        Frame frame = tree.pool.fetch(root);
        while (Page.kind(frame.bytes) == Page.INNER) {
            frame = down(frame, Page.childIndex(frame.bytes, from, fromAt, fromLength));
        }
        arrive(frame);
        int found = Page.find(page, from, fromAt, fromLength);
        slot = (found >= 0 ? found : -1 - found) - 1;
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
            if (!nextLeaf()) {
                slot = Page.count(page);
                return false;
            }
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

    private boolean nextLeaf() {
        while (depth > 0) {
            depth--;
            Frame frame = tree.pool.fetch(pathPage[depth]);
            int child = pathChild[depth] + 1;
            if (child <= Page.count(frame.bytes)) {
                frame = down(frame, child);
                while (Page.kind(frame.bytes) == Page.INNER) {
                    frame = down(frame, 0);
                }
                arrive(frame);
                slot = -1;
                return true;
            }
        }
        return false;
    }

    private Frame down(Frame frame, int child) {
        pathPage[depth] = frame.page;
        pathChild[depth++] = child;
        int page = Page.child(frame.bytes, child);
        if (Page.level(frame.bytes) == 1 && child > 0 && !tree.pool.contains(page)) {
            readAhead(frame.bytes, child);
        }
        return tree.pool.fetch(page);
    }

    /** Reads as many of the next leaves as lie behind the next one in the file, at most an inner page between two. */
    private void readAhead(byte[] inner, int child) {
        int first = Page.child(inner, child);
        if (!near(Page.child(inner, child - 1), first)) {
            runPages = RUN_PAGES_FIRST;
        }
        // A quarter of the pool at most, so that a small one is not turned over by pages that may not be used.
        int most = Math.min(runPages, tree.pool.frameCount() / 4);
        int last = first;
        for (int i = child + 1; i <= Page.count(inner); i++) {
            int next = Page.child(inner, i);
            if (!near(last, next) || next - first >= most) {
                break;
            }
            last = next;
        }
        runPages = Math.min(runPages * 2, PageFile.RUN_PAGES_MAX);
        tree.pool.readAhead(first, last - first + 1);
    }

    /** Whether one page follows another, or the one after it. That between must be in use: a free page may hold anything. */
    private boolean near(int page, int next) {
        return next == page + 1 || (next == page + 2 && tree.space.references(page + 1) > 0);
    }

    private void arrive(Frame leaf) {
        System.arraycopy(leaf.bytes, 0, page, 0, Page.BYTES);
        tree.entriesScanned += Page.count(page);
    }
}
