package io.donjon.perf.btree;

import io.donjon.perf.IoCounts;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A B+Tree of 8 KiB pages in one file, which are changed in place, behind a buffer pool.
 *
 * <p><b>What it is for:</b> to be measured against. It does what a textbook asks for efficiency: a pool with a clock,
 * dirty pages written on eviction or, in page order and joined to runs, at a checkpoint; separators cut to the shortest
 * that tells two leaves apart; a split at the end of the tree that leaves the page before it full, so that ascending
 * inserts fill pages; merging or levelling with a neighbour when a page falls under a quarter; scans that read ahead
 * where the leaves lie one after the other. Nothing is allocated for a get, put or step of a cursor.
 *
 * <p><b>What it leaves out, in its own favour:</b> it has no log, so that a change costs no write of its own and
 * {@link #checkpoint} is the only durability; after a crash between two checkpoints the file is refused when it is
 * opened again. It has neither versions nor threads: one thread at a time may use it.
 *
 * <p>Keys and values are byte strings of together at most {@link #RECORD_BYTES_MAX} bytes; keys compare as unsigned
 * bytes.
 */
public final class BPlusTree implements AutoCloseable {
    /** The most bytes of a key and its value together: about a quarter of a page. */
    public static final int RECORD_BYTES_MAX = Page.RECORD_BYTES_MAX;

    /** The smallest buffer pool, in bytes: what a change of the tree's shape needs at once. */
    public static final long POOL_BYTES_MIN = (long) BufferPool.FRAMES_MIN * Page.BYTES;

    /** Four children a page at the worst, and page numbers of 31 bits. */
    private static final int HEIGHT_MAX = 32;
    /** A page with less than this in use is merged or levelled with a neighbour. */
    private static final int UNDERFULL = Page.CAPACITY / 4;

    private final PageFile file;
    final BufferPool pool;
    final Header header;

    /** The way from the root to the leaf that was last sought: page and index of the child taken, by depth. */
    private final int[] pathPage = new int[HEIGHT_MAX];

    private final int[] pathChild = new int[HEIGHT_MAX];
    private int depth;

    private final PageSplit split = new PageSplit();
    private final byte[] leftCopy = new byte[Page.BYTES];
    private final byte[] rightCopy = new byte[Page.BYTES];
    private final byte[] pulledDown = new byte[RECORD_BYTES_MAX];
    /** Counts changes, so that a cursor notices one behind its back. */
    long changes;

    private boolean closed;

    private BPlusTree(PageFile file, long poolBytes) {
        this.file = file;
        pool = new BufferPool(file, poolBytes, false);
        header = new Header(file);
        if (header.root == 0) {
            Frame root = allocate(Page.LEAF, 0);
            header.root = root.page;
        }
    }

    /**
     * Opens a tree, or begins one if there is no file.
     *
     * @param path its file
     * @param poolBytes the budget of the buffer pool in bytes, at least {@link #POOL_BYTES_MIN}: more keeps more pages
     *     off the disk
     * @param direct whether the file is read and written past the operating system's page cache (O_DIRECT), so that
     *     the pool is all the cache there is
     * @throws IllegalStateException if the tree was not closed, or lies in a file of another kind
     */
    public static BPlusTree open(Path path, long poolBytes, boolean direct) {
        if (poolBytes < POOL_BYTES_MIN) {
            throw new IllegalArgumentException("poolBytes " + poolBytes + ": must be at least " + POOL_BYTES_MIN);
        }
        PageFile file = new PageFile(path, direct);
        try {
            return new BPlusTree(file, poolBytes);
        } catch (Throwable e) {
            file.close();
            throw e;
        }
    }

    /** How many records there are. */
    public long size() {
        return header.size;
    }

    /** How many levels of pages there are; 1 if the root is a leaf. */
    public int height() {
        return header.height;
    }

    /** Bytes of the file's pages, free ones included. */
    public long fileBytes() {
        return (long) header.pageCount * Page.BYTES;
    }

    /** What was asked of the disk since the tree was opened. */
    public IoCounts counts() {
        return file.counts();
    }

    /**
     * Copies the value of a key to the start of an array.
     *
     * @return the value's length in bytes; -1 if the key is absent; more than {@code into} has if the value did not
     *     fit, and then nothing was copied
     */
    public int get(byte[] key, byte[] into) {
        return get(key, 0, key.length, into);
    }

    /** As {@link #get(byte[], byte[])}, for a key that lies within an array. */
    public int get(byte[] key, int keyAt, int keyLength, byte[] into) {
        byte[] page = pool.fetch(header.root).bytes;
        while (Page.kind(page) == Page.INNER) {
            page = pool.fetch(Page.child(page, Page.childIndex(page, key, keyAt, keyLength))).bytes;
        }
        return Page.get(page, key, keyAt, keyLength, into);
    }

    /** Sets the value of a key. */
    public void put(byte[] key, byte[] value) {
        put(key, 0, key.length, value, 0, value.length);
    }

    /**
     * As {@link #put(byte[], byte[])}, for a key and a value that lie within arrays.
     *
     * @throws IllegalArgumentException if they have more than {@link #RECORD_BYTES_MAX} bytes together
     */
    public void put(byte[] key, int keyAt, int keyLength, byte[] value, int valueAt, int valueLength) {
        Page.requireFits(keyLength, valueLength);
        changes++;
        Frame leaf = descend(key, keyAt, keyLength);
        byte[] page = leaf.bytes;
        int slot = Page.find(page, key, keyAt, keyLength);
        boolean shrunk = false;
        if (slot >= 0) {
            int record = Page.record(page, slot);
            int old = Page.valueLength(page, record);
            if (old == valueLength) {
                markDirty(leaf);
                System.arraycopy(value, valueAt, page, Page.valueAt(page, record), valueLength);
                return;
            }
            Page.remove(page, slot);
            shrunk = valueLength < old;
        } else {
            slot = -1 - slot;
            header.size++;
        }
        markDirty(leaf);
        if (Page.fits(page, Page.bytesFor(keyLength, valueLength))) {
            Page.insert(page, slot, key, keyAt, keyLength, value, valueAt, valueLength, split.scratch);
            if (shrunk && Page.used(page) < UNDERFULL) {
                fill(leaf, depth);
            }
        } else {
            splitLeaf(leaf, slot, key, keyAt, keyLength, value, valueAt, valueLength);
        }
    }

    /** Makes a key absent; false if it was. */
    public boolean delete(byte[] key) {
        return delete(key, 0, key.length);
    }

    /** As {@link #delete(byte[])}, for a key that lies within an array. */
    public boolean delete(byte[] key, int keyAt, int keyLength) {
        Frame leaf = descend(key, keyAt, keyLength);
        int slot = Page.find(leaf.bytes, key, keyAt, keyLength);
        if (slot < 0) {
            return false;
        }
        changes++;
        markDirty(leaf);
        Page.remove(leaf.bytes, slot);
        header.size--;
        if (Page.used(leaf.bytes) < UNDERFULL) {
            fill(leaf, depth);
        }
        return true;
    }

    /**
     * A cursor before the first key at or after {@code from}, or before the first of all for null. It reads the tree as
     * it is now: a step after a change of the tree throws {@link java.util.ConcurrentModificationException}.
     */
    public TreeCursor scan(byte @Nullable [] from) {
        return from == null ? scan(pulledDown, 0, 0) : scan(from, 0, from.length);
    }

    /** As {@link #scan(byte[])}, for a key that lies within an array. */
    public TreeCursor scan(byte[] from, int fromAt, int fromLength) {
        Frame leaf = descend(from, fromAt, fromLength);
        int slot = Page.find(leaf.bytes, from, fromAt, fromLength);
        return new TreeCursor(this, leaf, slot >= 0 ? slot : -1 - slot);
    }

    /** Writes all dirty pages in page order and makes them stable. */
    public void checkpoint() {
        if (!header.clean()) {
            pool.writeAll();
            file.force();
            header.write(true);
            file.force();
        }
    }

    /**
     * Walks through the whole tree: order, separators, levels, sibling links, the space within pages, fill, and that
     * every page of the file is in the tree or free.
     *
     * @return what it found
     * @throws IllegalStateException naming the page, if something is wrong
     */
    public TreeCheck check() {
        return TreeCheck.of(this);
    }

    /** Makes a checkpoint and closes the file. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            try (file) {
                checkpoint();
            }
        }
    }

    /** The leaf that a key belongs to; remembers the way. */
    private Frame descend(byte[] key, int keyAt, int keyLength) {
        depth = 0;
        Frame frame = pool.fetch(header.root);
        while (Page.kind(frame.bytes) == Page.INNER) {
            int index = Page.childIndex(frame.bytes, key, keyAt, keyLength);
            pathPage[depth] = frame.page;
            pathChild[depth++] = index;
            frame = pool.fetch(Page.child(frame.bytes, index));
        }
        return frame;
    }

    private void markDirty(Frame frame) {
        header.beforeChange();
        pool.markDirty(frame);
    }

    private Frame allocate(int kind, int level) {
        header.beforeChange();
        Frame frame;
        if (header.free != 0) {
            frame = pool.fetch(header.free);
            header.free = Page.link(frame.bytes);
            pool.markDirty(frame);
        } else {
            frame = pool.create(header.pageCount++);
        }
        Page.format(frame.bytes, kind, level);
        return frame;
    }

    private void free(Frame frame) {
        markDirty(frame);
        Page.format(frame.bytes, Page.FREE, 0);
        Page.setLink(frame.bytes, header.free);
        header.free = frame.page;
    }

    /** Splits a leaf that has no room for a record that belongs in front of a slot of it. */
    private void splitLeaf(
            Frame left, int slot, byte[] key, int keyAt, int keyLength, byte[] value, int valueAt, int valueLength) {
        left.pins++;
        Frame right = allocate(Page.LEAF, 0);
        right.pins++;
        Page.setLink(right.bytes, Page.link(left.bytes));
        boolean ascending = slot == Page.count(left.bytes) && Page.link(left.bytes) == 0;
        Page.setLink(left.bytes, right.page);
        split.leaf(left.bytes, right.bytes, slot, ascending, key, keyAt, keyLength, value, valueAt, valueLength);
        left.pins--;
        right.pins--;
        insertSeparator(depth, right.page, ascending);
    }

    /** Enters {@link #split}'s separator and the page to its right into the parent of what lies at a depth of the path. */
    private void insertSeparator(int below, int rightPage, boolean ascending) {
        if (below == 0) {
            Frame root = allocate(Page.INNER, header.height);
            Page.setLink(root.bytes, header.root);
            Page.insertChild(root.bytes, 0, split.separator, 0, split.separatorLength, rightPage, split.scratch);
            header.root = root.page;
            header.height++;
            return;
        }
        Frame parent = pool.fetch(pathPage[below - 1]);
        insertSeparatorAt(parent, pathChild[below - 1], below - 1, rightPage, ascending);
    }

    /** Enters {@link #split}'s separator in front of a slot of the inner page at a depth of the path; splits it if need be. */
    private void insertSeparatorAt(Frame parent, int slot, int at, int rightPage, boolean ascending) {
        markDirty(parent);
        if (Page.fits(parent.bytes, Page.bytesFor(split.separatorLength, Integer.BYTES))) {
            Page.insertChild(parent.bytes, slot, split.separator, 0, split.separatorLength, rightPage, split.scratch);
            return;
        }
        parent.pins++;
        Frame right = allocate(Page.INNER, Page.level(parent.bytes));
        parent.pins--;
        split.inner(parent.bytes, right.bytes, slot, rightPage, ascending);
        insertSeparator(at, right.page, ascending);
    }

    /** Merges an underfull page with a neighbour under the same parent, or levels the two. */
    private void fill(Frame page, int at) {
        if (at == 0) {
            if (Page.kind(page.bytes) == Page.INNER && Page.count(page.bytes) == 0) {
                header.root = Page.link(page.bytes);
                header.height--;
                free(page);
            }
            return;
        }
        page.pins++;
        Frame parent = pool.fetch(pathPage[at - 1]);
        parent.pins++;
        int index = pathChild[at - 1];
        boolean last = index == Page.count(parent.bytes);
        int slot = last ? index - 1 : index;
        Frame other = pool.fetch(Page.child(parent.bytes, last ? index - 1 : index + 1));
        other.pins++;
        markDirty(page);
        markDirty(parent);
        markDirty(other);
        Frame left = last ? other : page;
        Frame right = last ? page : other;
        boolean merged = Page.kind(page.bytes) == Page.LEAF
                ? joinLeaves(left, right)
                : joinInners(left, right, parent.bytes, slot);
        Page.remove(parent.bytes, slot);
        if (merged) {
            free(right);
        }
        page.pins--;
        parent.pins--;
        other.pins--;
        if (!merged) {
            insertSeparatorAt(parent, slot, at - 1, right.page, false);
        } else if (Page.used(parent.bytes) < UNDERFULL) {
            fill(parent, at - 1);
        }
    }

    /** True if all went into the left page; otherwise both were levelled and {@link #split}'s separator is set. */
    private boolean joinLeaves(Frame left, Frame right) {
        int all = Page.used(left.bytes) + Page.used(right.bytes);
        if (all <= Page.CAPACITY) {
            compactInto(left.bytes, right.bytes);
            Page.setLink(left.bytes, Page.link(right.bytes));
            return true;
        }
        copyBoth(left, right);
        int half = all / 2;
        deal(leftCopy, left.bytes, right.bytes, half);
        deal(rightCopy, left.bytes, right.bytes, half);
        split.separate(left.bytes, right.bytes);
        return false;
    }

    /** As {@link #joinLeaves}: the separator between the two comes down from the parent, and another goes up. */
    private boolean joinInners(Frame left, Frame right, byte[] parent, int slot) {
        int down = Page.record(parent, slot);
        int downLength = Page.keyLength(parent, down);
        int downBytes = Page.bytesFor(downLength, Integer.BYTES);
        int all = Page.used(left.bytes) + downBytes + Page.used(right.bytes);
        if (all <= Page.CAPACITY) {
            Page.insertChild(
                    left.bytes,
                    Page.count(left.bytes),
                    parent,
                    Page.keyAt(down),
                    downLength,
                    Page.link(right.bytes),
                    split.scratch);
            compactInto(left.bytes, right.bytes);
            return true;
        }
        System.arraycopy(parent, Page.keyAt(down), pulledDown, 0, downLength);
        copyBoth(left, right);
        // Deal as if the separator were one more record, then send up the first that fell to the right.
        int half = all / 2;
        int firstOfRight = Page.link(rightCopy);
        Page.setLink(right.bytes, 0);
        split.separatorLength = -1;
        for (int i = 0, n = Page.count(leftCopy); i < n; i++) {
            dealInner(left.bytes, right.bytes, half, leftCopy, Page.record(leftCopy, i));
        }
        if (split.separatorLength < 0 && Page.used(left.bytes) + downBytes / 2 < half) {
            Page.insertChild(
                    left.bytes, Page.count(left.bytes), pulledDown, 0, downLength, firstOfRight, split.scratch);
        } else if (split.separatorLength < 0) {
            split.set(pulledDown, 0, downLength);
            Page.setLink(right.bytes, firstOfRight);
        } else {
            Page.insertChild(
                    right.bytes, Page.count(right.bytes), pulledDown, 0, downLength, firstOfRight, split.scratch);
        }
        for (int i = 0, n = Page.count(rightCopy); i < n; i++) {
            dealInner(left.bytes, right.bytes, half, rightCopy, Page.record(rightCopy, i));
        }
        return false;
    }

    private void copyBoth(Frame left, Frame right) {
        System.arraycopy(left.bytes, 0, leftCopy, 0, Page.BYTES);
        System.arraycopy(right.bytes, 0, rightCopy, 0, Page.BYTES);
        Page.clear(left.bytes);
        Page.clear(right.bytes);
    }

    /** Moves all records of one page behind those of another, which must have room. */
    private void compactInto(byte[] left, byte[] right) {
        System.arraycopy(left, 0, leftCopy, 0, Page.BYTES);
        Page.clear(left);
        for (int i = 0, n = Page.count(leftCopy); i < n; i++) {
            Page.append(left, leftCopy, Page.record(leftCopy, i));
        }
        for (int i = 0, n = Page.count(right); i < n; i++) {
            Page.append(left, right, Page.record(right, i));
        }
    }

    private static void deal(byte[] from, byte[] left, byte[] right, int half) {
        for (int i = 0, n = Page.count(from); i < n; i++) {
            int record = Page.record(from, i);
            int bytes = Page.SLOT_BYTES + Page.recordBytes(from, record);
            boolean toLeft = Page.count(right) == 0 && Page.used(left) + bytes / 2 < half;
            Page.append(toLeft ? left : right, from, record);
        }
    }

    private void dealInner(byte[] left, byte[] right, int half, byte[] from, int record) {
        int bytes = Page.SLOT_BYTES + Page.recordBytes(from, record);
        if (split.separatorLength >= 0) {
            Page.append(right, from, record);
        } else if (Page.used(left) + bytes / 2 < half) {
            Page.append(left, from, record);
        } else {
            split.set(from, Page.keyAt(record), Page.keyLength(from, record));
            Page.setLink(right, Page.childOfRecord(from, record));
        }
    }
}
