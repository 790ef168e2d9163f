package io.donjon.perf.btree;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * Pages in memory, up to a budget; the one that goes when another is needed is chosen by a clock (second chance).
 *
 * <p>A dirty page is written at {@link #writeAll} and, unless the pool keeps dirty pages, when it goes. A page that is not
 * here is in the file, always.
 */
final class BufferPool {
    /** The fewest frames: a split pins three pages at once, and a merge reads one beside its three. */
    static final int FRAMES_MIN = 8;
    /** What a frame costs beyond its page: object headers, fields and its share of the table. */
    private static final int FRAME_OVERHEAD_BYTES = 72;

    private final PageFile file;
    private final Frame[] frames;
    private final boolean keepsDirty;
    private int dirtyCount;
    private int framesMade;
    private int hand;
    /** Open addressing, linear probing, at most half full: the frame of each page, found by {@link Frame#page}. */
    private final @Nullable Frame[] table;

    private final int tableShift;

    /**
     * An empty pool.
     *
     * @param keepsDirty whether dirty pages stay until {@link #writeAll}, which the owner then calls before most are dirty
     */
    BufferPool(PageFile file, long budgetBytes, boolean keepsDirty) {
        this.file = file;
        this.keepsDirty = keepsDirty;
        long count = Math.max(FRAMES_MIN, budgetBytes / (Page.BYTES + FRAME_OVERHEAD_BYTES));
        frames = new Frame[Math.toIntExact(Math.min(count, 1 << 28))];
        int tableBits = 33 - Integer.numberOfLeadingZeros(frames.length);
        table = new Frame[1 << tableBits];
        tableShift = Integer.SIZE - tableBits;
    }

    int frameCount() {
        return frames.length;
    }

    int dirtyCount() {
        return dirtyCount;
    }

    boolean contains(int page) {
        return table[slotOf(page)] != null;
    }

    /** The frame of a page, read if it is not here. It stays as long as it is pinned, or until the next call. */
    Frame fetch(int page) {
        Frame found = table[slotOf(page)];
        if (found != null) {
            found.used = true;
            return found;
        }
        Frame frame = freeFrame();
        file.read(page, 1);
        file.take(frame.bytes);
        check(frame.bytes, page);
        install(frame, page);
        frame.used = true;
        return frame;
    }

    /** A frame for a page that is new, whose content in the file does not matter. */
    Frame create(int page) {
        Frame frame = freeFrame();
        install(frame, page);
        frame.used = true;
        markDirty(frame);
        return frame;
    }

    /** To be called when a page in a frame is changed. */
    void markDirty(Frame frame) {
        if (!frame.dirty) {
            frame.dirty = true;
            dirtyCount++;
        }
    }

    /** Forgets a page whose content does not matter any more, if it is here. */
    void discard(int page) {
        Frame frame = table[slotOf(page)];
        if (frame != null) {
            markClean(frame);
            evict(frame);
            frame.used = false;
        }
    }

    private void markClean(Frame frame) {
        if (frame.dirty) {
            frame.dirty = false;
            dirtyCount--;
        }
    }

    /**
     * Reads a run of up to so many pages at once, as far as the file goes; those that are not here yet come in as
     * candidates to go first, for one use.
     */
    void readAhead(int page, int countMax) {
        int count = Math.min(countMax, file.pages() - page);
        if (count < 2) {
            return;
        }
        file.read(page, count);
        for (int i = 0; i < count; i++) {
            if (contains(page + i)) {
                file.skip();
                continue;
            }
            Frame frame = freeCleanFrame();
            if (frame == null) {
                return;
            }
            file.take(frame.bytes);
            check(frame.bytes, page + i);
            install(frame, page + i);
            frame.used = false;
        }
    }

    /** Writes all dirty pages in page order, neighbours in one go. */
    void writeAll() {
        Frame[] dirty = Arrays.stream(frames, 0, framesMade)
                .filter(frame -> frame.dirty)
                .sorted(Comparator.comparingInt(frame -> frame.page))
                .toArray(Frame[]::new);
        for (int i = 0; i < dirty.length; ) {
            int first = dirty[i].page;
            file.begin();
            int run = 0;
            while (i < dirty.length && dirty[i].page == first + run && !file.full()) {
                Page.seal(dirty[i].bytes, dirty[i].page);
                file.add(dirty[i].bytes);
                markClean(dirty[i]);
                run++;
                i++;
            }
            file.write(first);
        }
    }

    private void check(byte[] bytes, int page) {
        String defect = Page.defect(bytes, page);
        if (!defect.isEmpty()) {
            throw new UncheckedIOException(new IOException(file + " page " + page + ": " + defect));
        }
    }

    private Frame makeFrame() {
        Frame frame = new Frame();
        frames[framesMade++] = frame;
        return frame;
    }

    private Frame freeFrame() {
        if (framesMade < frames.length) {
            return makeFrame();
        }
        Frame frame = victim();
        if (frame.dirty) {
            Page.seal(frame.bytes, frame.page);
            file.begin();
            file.add(frame.bytes);
            file.write(frame.page);
            markClean(frame);
        }
        evict(frame);
        return frame;
    }

    /** As {@link #freeFrame}, but null if that would write: the run that is being taken lies in the file's buffer. */
    private @Nullable Frame freeCleanFrame() {
        if (framesMade < frames.length) {
            return makeFrame();
        }
        Frame frame = victim();
        if (frame.dirty) {
            frame.used = true;
            return null;
        }
        evict(frame);
        return frame;
    }

    private Frame victim() {
        for (int steps = 0; steps <= 2 * frames.length; steps++) {
            Frame frame = frames[hand];
            hand = hand + 1 == frames.length ? 0 : hand + 1;
            if (frame.pins > 0 || (keepsDirty && frame.dirty)) {
                continue;
            }
            if (!frame.used) {
                return frame;
            }
            frame.used = false;
        }
        throw new IllegalStateException(
                "all " + frames.length + " frames are pinned" + (keepsDirty ? " or dirty" : ""));
    }

    private void install(Frame frame, int page) {
        frame.page = page;
        table[slotOf(page)] = frame;
    }

    /** Takes a frame out of the table and closes the gap that it leaves in its run of probes. */
    private void evict(Frame frame) {
        if (frame.page == 0) {
            return;
        }
        int gap = slotOf(frame.page);
        int mask = table.length - 1;
        for (int at = (gap + 1) & mask; table[at] != null; at = (at + 1) & mask) {
            int home = home(table[at].page);
            if (((at - home) & mask) >= ((at - gap) & mask)) {
                table[gap] = table[at];
                gap = at;
            }
        }
        table[gap] = null;
        frame.page = 0;
    }

    /** Where a page's frame is in the table, or where it would go. */
    private int slotOf(int page) {
        int mask = table.length - 1;
        int at = home(page);
        while (table[at] != null && table[at].page != page) {
            at = (at + 1) & mask;
        }
        return at;
    }

    private int home(int page) {
        return (page * 0x9e3779b9) >>> tableShift;
    }
}
