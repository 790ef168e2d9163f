package io.donjon.perf.btree;

import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/** A walk through all versions of a {@link CowTree}; what they share is gone into once. */
final class CowCheck {
    private final CowTree tree;
    private final BitSet seen = new BitSet();
    private final int[] references;

    private CowCheck(CowTree tree) {
        this.tree = tree;
        references = new int[tree.space.pageCount()];
    }

    /** See {@link CowTree#check}. */
    static int check(CowTree tree, int[] roots, int count) {
        CowCheck check = new CowCheck(tree);
        for (int i = 0; i < count; i++) {
            if (roots[i] != 0) {
                check.walk(roots[i], Page.level(tree.pool.fetch(roots[i]).bytes), null, null);
            }
        }
        for (int page = 1; page < check.references.length; page++) {
            int found = check.references[page];
            int counted = tree.space.references(page);
            PageCheck.require(found == counted, page, found + " references found, " + counted + " counted");
        }
        int used = check.seen.cardinality();
        PageCheck.require(used == tree.space.usedCount(), 0, used + " pages reached, not " + tree.space.usedCount());
        return used;
    }

    /** Every key below a page is at or above {@code from} and below {@code to}. */
    private void walk(int number, int level, byte @Nullable [] from, byte @Nullable [] to) {
        references[number]++;
        if (seen.get(number)) {
            return;
        }
        seen.set(number);
        byte[] page = tree.pool.fetch(number).bytes.clone();
        PageCheck.check(page, number, level, from, to);
        int count = Page.count(page);
        PageCheck.require(level == 0 || count > 0, number, "an inner page without separators");
        for (int i = 0; level > 0 && i <= count; i++) {
            walk(
                    Page.child(page, i),
                    level - 1,
                    i == 0 ? from : PageCheck.key(page, i - 1),
                    i == count ? to : PageCheck.key(page, i));
        }
    }
}
