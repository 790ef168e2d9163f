package io.donjon.perf.btree;

import io.donjon.perf.IoCounts;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A copy-on-write B+Tree with versions: what file systems such as WAFL, ZFS and btrfs are made of, and what the papers on
 * stratified B-trees compare with. A version is a root page; a clone shares the root and counts one more reference to it.
 *
 * <p><b>How it writes.</b> The first change below a page since it was last written, or since it came to be shared, copies
 * the way from the root down (path copying): the copies get new pages one after the other, and whatever they have in
 * common with other versions counts one more reference (O. Rodeh, "B-trees, shadowing, and clones"). Changed pages stay
 * in the buffer pool until half of it is such pages, then all are written in page order, which is the order in which they
 * were made: a disk writes them in long runs. So an insert outside of the pool costs one read at random, and a page or
 * two written sequentially.
 *
 * <p><b>For comparison only.</b> Splits, separators, pages and pool are those of {@link BPlusTree}, and what was said
 * there of competence holds here. In its own favour it leaves out more: there is no log, roots and reference counts are
 * kept in memory beside the pool and never written, so the file serves as long as the tree is open. One thread at a time.
 * Keys cannot be deleted; versions can.
 */
public final class CowTree implements AutoCloseable {
    /** The most bytes of a key and its value together: about a quarter of a page. */
    public static final int RECORD_BYTES_MAX = Page.RECORD_BYTES_MAX;

    /** The smallest buffer pool, in bytes: with it, half of the frames are enough for what one change copies. */
    public static final long POOL_BYTES_MIN = 1 << 20;

    static final int HEIGHT_MAX = 32;
    private static final int VERSIONS_FIRST = 64;

    private final PageFile file;
    final BufferPool pool;
    final PageSpace space = new PageSpace();
    private final PageSplit split = new PageSplit();

    /** The root page of each version, 0 for one that was dropped. */
    private int[] roots = new int[VERSIONS_FIRST];

    private int versionCount;
    private final Frame[] path = new Frame[HEIGHT_MAX];
    private final int[] pathChild = new int[HEIGHT_MAX];
    private int depth;
    /** Counts changes, so that a cursor notices one behind its back. */
    long changes;

    long entriesScanned;
    private boolean closed;

    private CowTree(PageFile file, long poolBytes) {
        this.file = file;
        pool = new BufferPool(file, poolBytes, true);
    }

    /**
     * Begins a tree without versions.
     *
     * @param path its file, which must be empty or not there
     * @param poolBytes the budget of the buffer pool in bytes, at least {@link #POOL_BYTES_MIN}
     * @param direct whether the file is read and written past the operating system's page cache (O_DIRECT)
     */
    public static CowTree create(Path path, long poolBytes, boolean direct) {
        if (poolBytes < POOL_BYTES_MIN) {
            throw new IllegalArgumentException("poolBytes " + poolBytes + ": must be at least " + POOL_BYTES_MIN);
        }
        PageFile file = new PageFile(path, direct);
        if (file.length() > 0) {
            file.close();
            throw new IllegalArgumentException(path + " has " + file.length() + " bytes: must be empty");
        }
        return new CowTree(file, poolBytes);
    }

    /** Makes an empty version, which shares nothing, and returns its number: 0, 1, 2 and so on. */
    public int create() {
        makeRoom();
        changes++;
        Frame root = pool.create(space.allocate());
        Page.format(root.bytes, Page.LEAF, 0);
        return addVersion(root.page);
    }

    /** Makes a version that begins as another, at a cost that depends on nothing, and returns its number. */
    public int clone(int version) {
        int root = root(version);
        space.addReference(root);
        return addVersion(root);
    }

    /** Drops a version. Pages that it shares with no other become free; of these, inner ones are read. */
    public void drop(int version) {
        int root = root(version);
        changes++;
        roots[version] = 0;
        release(root, Page.level(pool.fetch(root).bytes));
    }

    /**
     * Copies the value of a key in a version to the start of an array.
     *
     * @return the value's length in bytes; -1 if the key is absent; more than {@code into} has if the value did not
     *     fit, and then nothing was copied
     */
    public int get(int version, byte[] key, int keyAt, int keyLength, byte[] into) {
        byte[] page = pool.fetch(root(version)).bytes;
        while (Page.kind(page) == Page.INNER) {
            page = pool.fetch(Page.child(page, Page.childIndex(page, key, keyAt, keyLength))).bytes;
        }
        return Page.get(page, key, keyAt, keyLength, into);
    }

    /**
     * Sets the value of a key in a version; no other version changes.
     *
     * @throws IllegalArgumentException if key and value have more than {@link #RECORD_BYTES_MAX} bytes together
     */
    public void put(int version, byte[] key, int keyAt, int keyLength, byte[] value, int valueAt, int valueLength) {
        Page.requireFits(keyLength, valueLength);
        int root = root(version);
        makeRoom();
        changes++;
        Frame frame = own(root);
        roots[version] = frame.page;
        depth = 0;
        boolean last = true;
        while (Page.kind(frame.bytes) == Page.INNER) {
            int index = Page.childIndex(frame.bytes, key, keyAt, keyLength);
            last &= index == Page.count(frame.bytes);
            path[depth] = frame;
            pathChild[depth++] = index;
            Frame child = own(Page.child(frame.bytes, index));
            Page.setChild(frame.bytes, index, child.page);
            frame = child;
        }
        byte[] page = frame.bytes;
        int slot = Page.find(page, key, keyAt, keyLength);
        if (slot >= 0) {
            int record = Page.record(page, slot);
            if (Page.valueLength(page, record) == valueLength) {
                System.arraycopy(value, valueAt, page, Page.valueAt(page, record), valueLength);
                return;
            }
            Page.remove(page, slot);
        } else {
            slot = -1 - slot;
        }
        if (Page.fits(page, Page.bytesFor(keyLength, valueLength))) {
            Page.insert(page, slot, key, keyAt, keyLength, value, valueAt, valueLength, split.scratch);
            return;
        }
        boolean ascending = last && slot == Page.count(page);
        Frame right = allocate(Page.LEAF, 0);
        split.leaf(page, right.bytes, slot, ascending, key, keyAt, keyLength, value, valueAt, valueLength);
        insertSeparators(version, right.page, ascending);
    }

    /**
     * A cursor before the first key of a version at or after {@code from}. A step after a change of the tree throws {@link
     * java.util.ConcurrentModificationException}.
     */
    public CowCursor scan(int version, byte[] from, int fromAt, int fromLength) {
        return new CowCursor(this, root(version), from, fromAt, fromLength);
    }

    /** Writes all changed pages in page order and makes them stable. */
    public void checkpoint() {
        if (pool.dirtyCount() > 0) {
            writeAll();
            file.force();
        }
    }

    /** What was asked of the disk so far. */
    public IoCounts counts() {
        return file.counts();
    }

    /** Pages that a version has, in bytes; the file may be longer. */
    public long usedBytes() {
        return (long) space.usedCount() * Page.BYTES;
    }

    /** Records in the leaves that cursors have come to so far, those outside of the range that was asked for included. */
    public long entriesScanned() {
        return entriesScanned;
    }

    /**
     * Walks through all versions: order, separators, levels, the space within pages, and the reference count of every
     * page of the file.
     *
     * @return how many pages are in use
     * @throws IllegalStateException naming the page, if something is wrong
     */
    public int check() {
        return CowCheck.check(this, roots, versionCount);
    }

    /** Closes the file; what is only in memory is lost. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            file.close();
        }
    }

    private int root(int version) {
        int root = version < 0 || version >= versionCount ? 0 : roots[version];
        if (root == 0) {
            throw new IllegalArgumentException("version " + version + ": there is none, or it was dropped");
        }
        return root;
    }

    private int addVersion(int root) {
        if (versionCount == roots.length) {
            roots = Arrays.copyOf(roots, 2 * versionCount);
        }
        roots[versionCount] = root;
        return versionCount++;
    }

    /** Writes what was changed once it fills half of the pool, so that what is read has the other half. */
    private void makeRoom() {
        if (pool.dirtyCount() >= pool.frameCount() / 2) {
            writeAll();
        }
    }

    private void writeAll() {
        pool.writeAll();
        space.settle();
    }

    /**
     * A page that may be changed: this one, if it has no other parent and was made since pages were last written, or a
     * copy, to which the caller then turns its own reference.
     */
    private Frame own(int page) {
        Frame old = pool.fetch(page);
        boolean shared = space.references(page) > 1;
        if (!shared && old.dirty) {
            return old;
        }
        old.pins++;
        Frame copy = pool.create(space.allocate());
        System.arraycopy(old.bytes, 0, copy.bytes, 0, Page.BYTES);
        old.pins--;
        space.dropReference(page);
        if (!shared) {
            pool.discard(page);
        } else if (Page.kind(copy.bytes) == Page.INNER) {
            for (int i = 0; i <= Page.count(copy.bytes); i++) {
                space.addReference(Page.child(copy.bytes, i));
            }
        }
        return copy;
    }

    private Frame allocate(int kind, int level) {
        Frame frame = pool.create(space.allocate());
        Page.format(frame.bytes, kind, level);
        return frame;
    }

    /** Enters {@link #split}'s separator and the page to its right into the pages of the path, from the lowest up. */
    private void insertSeparators(int version, int page, boolean ascending) {
        int child = page;
        while (depth > 0) {
            Frame parent = path[--depth];
            int slot = pathChild[depth];
            if (Page.fits(parent.bytes, Page.bytesFor(split.separatorLength, Integer.BYTES))) {
                Page.insertChild(parent.bytes, slot, split.separator, 0, split.separatorLength, child, split.scratch);
                return;
            }
            Frame right = allocate(Page.INNER, Page.level(parent.bytes));
            split.inner(parent.bytes, right.bytes, slot, child, ascending);
            child = right.page;
        }
        int left = roots[version];
        Frame root = allocate(Page.INNER, Page.level(pool.fetch(left).bytes) + 1);
        Page.setLink(root.bytes, left);
        Page.insertChild(root.bytes, 0, split.separator, 0, split.separatorLength, child, split.scratch);
        roots[version] = root.page;
    }

    /** Takes a reference to a page away, and if it was the last, the page's own. */
    private void release(int page, int level) {
        if (!space.dropReference(page)) {
            return;
        }
        if (level > 0) {
            Frame frame = pool.fetch(page);
            frame.pins++;
            for (int i = 0; i <= Page.count(frame.bytes); i++) {
                release(Page.child(frame.bytes, i), level - 1);
            }
            frame.pins--;
        }
        pool.discard(page);
    }
}
