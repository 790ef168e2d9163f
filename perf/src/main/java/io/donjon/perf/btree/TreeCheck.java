package io.donjon.perf.btree;

import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * What a walk through a {@link BPlusTree} found, in pages and bytes.
 *
 * @param height levels of pages
 * @param leaves leaves
 * @param inners inner pages
 * @param free free pages
 * @param records records in the leaves
 * @param leafFill the share of the leaves' room that is in use, 0 to 1
 */
public record TreeCheck(int height, int leaves, int inners, int free, long records, double leafFill) {
    static TreeCheck of(BPlusTree tree) {
        return new Walk(tree).run();
    }

    private static final class Walk {
        private final BPlusTree tree;
        private final BitSet seen = new BitSet();
        private int leaves;
        private int inners;
        private long records;
        private long used;
        /** What the last leaf's link says of the next; -1 before the first. */
        private int expectedLeaf = -1;

        Walk(BPlusTree tree) {
            this.tree = tree;
        }

        TreeCheck run() {
            seen.set(0);
            walk(tree.header.root, tree.header.height - 1, null, null, true);
            require(expectedLeaf == 0, 0, "the last leaf's link is " + expectedLeaf);
            require(records == tree.header.size, 0, records + " records, header says " + tree.header.size);
            int free = 0;
            for (int page = tree.header.free; page != 0; free++) {
                byte[] bytes = copyOf(page);
                require(Page.kind(bytes) == Page.FREE, page, "in the free list, of kind " + Page.kind(bytes));
                page = Page.link(bytes);
            }
            int pages = seen.cardinality();
            require(pages == tree.header.pageCount, 0, pages + " pages found, header says " + tree.header.pageCount);
            double fill = (double) used / ((double) leaves * Page.CAPACITY);
            return new TreeCheck(tree.header.height, leaves, inners, free, records, fill);
        }

        /** Every key below a page is at or above {@code from} and below {@code to}. */
        private void walk(int number, int level, byte @Nullable [] from, byte @Nullable [] to, boolean rightmost) {
            byte[] page = copyOf(number);
            int kind = level == 0 ? Page.LEAF : Page.INNER;
            require(
                    Page.kind(page) == kind && Page.level(page) == level,
                    number,
                    "kind " + Page.kind(page) + " and level " + Page.level(page) + " at level " + level);
            int count = Page.count(page);
            space(page, number);
            byte @Nullable [] last = null;
            for (int i = 0; i < count; i++) {
                byte[] key = key(page, i);
                require(last == null || compare(last, key) < 0, number, "slot " + i + " is not above the one before");
                require(from == null || compare(from, key) <= 0, number, "slot " + i + " is below the separator");
                require(to == null || compare(key, to) < 0, number, "slot " + i + " is not below the next separator");
                last = key;
            }
            boolean root = number == tree.header.root;
            if (level == 0) {
                require(expectedLeaf < 0 || expectedLeaf == number, number, "not next to the leaf before it");
                // The last leaf may hold a single record after a split at the end.
                require(root || rightmost || Page.used(page) >= Page.CAPACITY / 4, number, "under a quarter full");
                require(root || count > 0, number, "empty");
                expectedLeaf = Page.link(page);
                leaves++;
                records += count;
                used += Page.used(page);
                return;
            }
            inners++;
            require(count > 0, number, "an inner page without separators");
            for (int i = 0; i <= count; i++) {
                walk(
                        Page.child(page, i),
                        level - 1,
                        i == 0 ? from : key(page, i - 1),
                        i == count ? to : key(page, i),
                        rightmost && i == count);
            }
        }

        /** Records lie within the heap, do not overlap, and with the dead bytes fill it. */
        private void space(byte[] page, int number) {
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

        private byte[] copyOf(int page) {
            require(!seen.get(page), page, "reached twice");
            seen.set(page);
            return tree.pool.fetch(page).bytes.clone();
        }

        private static byte[] key(byte[] page, int slot) {
            int record = Page.record(page, slot);
            int at = Page.keyAt(record);
            return Arrays.copyOfRange(page, at, at + Page.keyLength(page, record));
        }

        private static int compare(byte[] a, byte[] b) {
            return Page.compare(a, 0, a.length, b, 0, b.length);
        }

        private static void require(boolean fact, int page, String otherwise) {
            if (!fact) {
                throw new IllegalStateException("page " + page + ": " + otherwise);
            }
        }
    }
}
