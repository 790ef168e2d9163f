package io.donjon.perf.btree;

/** A place in the buffer pool, made once and then reused for page after page. */
final class Frame {
    final byte[] bytes = new byte[Page.BYTES];
    /** The page that is in it, 0 for none. */
    int page;
    /** Whether the page differs from the file; set by the pool alone, which counts. */
    boolean dirty;
    /** Whether the page was used since the clock's hand last passed. */
    boolean used;
    /** How many callers need the page to stay. */
    int pins;
}
