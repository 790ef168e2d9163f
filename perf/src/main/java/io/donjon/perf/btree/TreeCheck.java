package io.donjon.perf.btree;

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
            PageCheck.require(expectedLeaf == 0, 0, "the last leaf's link is " + expectedLeaf);
            PageCheck.require(records == tree.header.size, 0, records + " records, header says " + tree.header.size);
            int free = 0;
            for (int page = tree.header.free; page != 0; free++) {
                byte[] bytes = copyOf(page);
                PageCheck.require(Page.kind(bytes) == Page.FREE, page, "in the free list, of kind " + Page.kind(bytes));
                page = Page.link(bytes);
            }
            int pages = seen.cardinality();
            PageCheck.require(
                    pages == tree.header.pageCount, 0, pages + " pages found, header says " + tree.header.pageCount);
            double fill = (double) used / ((double) leaves * Page.CAPACITY);
            return new TreeCheck(tree.header.height, leaves, inners, free, records, fill);
        }

        /** Every key below a page is at or above {@code from} and below {@code to}. */
        private void walk(int number, int level, byte @Nullable [] from, byte @Nullable [] to, boolean rightmost) {
            byte[] page = copyOf(number);
            PageCheck.check(page, number, level, from, to);
            int count = Page.count(page);
            boolean root = number == tree.header.root;
            if (level == 0) {
                PageCheck.require(expectedLeaf < 0 || expectedLeaf == number, number, "not next to the leaf before it");
                // The last leaf may hold a single record after a split at the end.
                PageCheck.require(
                        root || rightmost || Page.used(page) >= Page.CAPACITY / 4, number, "under a quarter full");
                PageCheck.require(root || count > 0, number, "empty");
                expectedLeaf = Page.link(page);
                leaves++;
                records += count;
                used += Page.used(page);
                return;
            }
            inners++;
            PageCheck.require(count > 0, number, "an inner page without separators");
            for (int i = 0; i <= count; i++) {
                walk(
                        Page.child(page, i),
                        level - 1,
                        i == 0 ? from : PageCheck.key(page, i - 1),
                        i == count ? to : PageCheck.key(page, i),
                        rightmost && i == count);
            }
        }

        private byte[] copyOf(int page) {
            PageCheck.require(!seen.get(page), page, "reached twice");
            seen.set(page);
            return tree.pool.fetch(page).bytes.clone();
        }
    }
}
