package io.donjon.perf.btree;

import java.util.Arrays;
import java.util.BitSet;

/**
 * Which pages of a file are in use, by how many parents each, and where new ones go.
 *
 * <p>New pages come one after the other, so that a disk writes them in one go: out of free runs of at least {@value
 * #RUN_PAGES_MIN} pages, or else at the end of the file; only once three quarters of the file are free any free page will
 * do. A page that is freed is used again only after {@link #settle}: what replaces it is on disk by then.
 */
final class PageSpace {
    /** 128 KiB: a seek of the slides' disk costs six times as much as such a run, a run of one page a hundred times. */
    private static final int RUN_PAGES_MIN = 16;

    private static final int COUNTS_FIRST = 1024;

    private int[] references = new int[COUNTS_FIRST];
    private final BitSet free = new BitSet();
    private final BitSet freed = new BitSet();
    private int freeCount;
    /** Pages that were ever used, and page 0, which never is. */
    private int pageCount = 1;
    /** The free run that is being used up. */
    private int next;

    private int runEnd;
    /** Whether no run has been long enough since the last settling. */
    private boolean noRuns = true;

    int pageCount() {
        return pageCount;
    }

    /** Pages that have a reference. */
    int usedCount() {
        return pageCount - 1 - freeCount - freed.cardinality();
    }

    int references(int page) {
        return references[page];
    }

    /** A page for a new content, with one reference. */
    int allocate() {
        if (next == runEnd) {
            findRun();
        }
        if (next < runEnd) {
            free.clear(next);
            freeCount--;
        } else {
            next = pageCount++;
            runEnd = pageCount;
        }
        int page = next++;
        if (page == references.length) {
            references = Arrays.copyOf(references, 2 * page);
        }
        references[page] = 1;
        return page;
    }

    void addReference(int page) {
        references[page]++;
    }

    /** Takes a reference away; true if it was the last, and the page is free. */
    boolean dropReference(int page) {
        references[page]--;
        if (references[page] > 0) {
            return false;
        }
        freed.set(page);
        return true;
    }

    /** Lets pages that were freed be used again. */
    void settle() {
        free.or(freed);
        freeCount += freed.cardinality();
        freed.clear();
        noRuns = freeCount == 0;
    }

    /** Looks for the next free run, once round the file; if there is none, {@link #next} stays at the end of a run. */
    private void findRun() {
        if (!noRuns) {
            int min = freeCount > pageCount / 4 * 3 ? 1 : RUN_PAGES_MIN;
            int begin = runEnd;
            noRuns = !findRun(begin, pageCount, min) && !findRun(0, begin, min);
        }
    }

    private boolean findRun(int from, int to, int min) {
        int start = free.nextSetBit(from);
        while (start >= 0 && start < to) {
            int end = free.nextClearBit(start);
            if (end - start >= min) {
                next = start;
                runEnd = end;
                return true;
            }
            start = free.nextSetBit(end);
        }
        return false;
    }
}
