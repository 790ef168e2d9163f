package io.donjon.engine;

import io.donjon.extents.Block;
import io.donjon.extents.BlockType;
import io.donjon.extents.Extent;
import io.donjon.extents.ExtentStore;
import io.donjon.extents.ReadAhead;
import io.donjon.extents.StorageException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A position among all breakpoints of an array's range, in order of (key, rank). It moves both ways and by search. One
 * thread at a time; whoever uses it holds the array.
 *
 * <p>Of an array whose range has been narrowed the blocks before the range may be gone, but for the last of them.
 */
final class ArrayCursor {
    /** How data blocks are read. */
    enum Reading {
        /** From the cache, and kept there; long runs are read ahead, and offered to it. */
        CACHED,
        /** From the cache if they are there, but not kept; long runs are read ahead. */
        PASSING,
        /** Past the cache, always read ahead: for merges. */
        STREAMING
    }

    private static final long NOWHERE = -1;

    /** After so many blocks in a row, the next ones are read ahead. */
    private static final int RUN = 2;

    /** So many blocks at first, unless it is known that all will be wanted. */
    private static final int AHEAD_BLOCKS = 4;

    private final ArrayRun array;
    private final ExtentStore store;
    private final Reading reading;
    private final int readAheadBytes;

    /** What reading ahead is taken from; null for whoever has taken it for all his cursors. */
    private final @Nullable WorkMemory memory;

    private boolean taken;
    private @Nullable ReadAhead ahead;
    private int run;

    /** Positions in the index from the leaf, 0, to the root; and among the entries of a data block. */
    private final BlockEntry[] levels;

    private final BlockEntry entry = new BlockEntry();
    private boolean valid;

    /** Of a walk by ordinals: that of the present block, and that of the first block behind the index leaf it is in. */
    private long ordinal = NOWHERE;

    private long leafEnd;

    /** Where the range begins; empty if that is before all keys. No key lies behind the end of the range. */
    private final byte[] begin;

    ArrayCursor(ArrayRun array, ExtentStore store, Reading reading, int readAheadBytes, @Nullable WorkMemory memory) {
        this.array = array;
        this.store = store;
        this.reading = reading;
        this.readAheadBytes = readAheadBytes;
        this.memory = memory;
        this.begin = array.info().keysFrom();
        this.levels = new BlockEntry[array.footer().index().level() + 1];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = new BlockEntry();
        }
    }

    ArrayRun array() {
        return array;
    }

    /** Whether there is a breakpoint here. */
    boolean isValid() {
        return valid;
    }

    /** The breakpoint here. */
    BlockEntry entry() {
        return entry;
    }

    /** Where the block of the breakpoint here begins, in the data extent. */
    long blockOffset() {
        return levels[0].childOffset();
    }

    /** Bytes read ahead so far. */
    long bytesRead() {
        return ahead == null ? 0 : ahead.bytesRead();
    }

    /** Gives back what was taken to read ahead. */
    void close() {
        if (memory != null && taken) {
            memory.giveBack(readAheadBytes);
        }
        taken = false;
        ahead = null;
        valid = false;
    }

    /** Moves to the first breakpoint. */
    boolean first() {
        if (begin.length > 0) {
            return search(begin, begin.length, -1) ? next() : firstOfAll();
        }
        return firstOfAll();
    }

    private boolean firstOfAll() {
        enterRoot();
        run = 0;
        valid = levels[levels.length - 1].next() && descendFirst(levels.length - 1) && entry.next();
        return valid;
    }

    /** Moves to the last breakpoint. */
    boolean last() {
        enterRoot();
        levels[levels.length - 1].last();
        valid = descendLast(levels.length - 1);
        entry.last();
        return stayInRange();
    }

    /** Moves to the last breakpoint at or before (key, rank); false, and nowhere, if there is none. */
    boolean floor(byte[] key, int keyLength, long rank) {
        if (Arrays.compareUnsigned(key, 0, keyLength, begin, 0, begin.length) < 0) {
            valid = false;
            return false;
        }
        return search(key, keyLength, rank) && stayInRange();
    }

    /** Moves to the last breakpoint at or before (key, rank), which must not lie before the present one. */
    void floorAhead(byte[] key, int keyLength, long rank) {
        entry.seekFloor(key, keyLength, rank);
        if (entry.isLast()) {
            // It may lie in a block behind this one.
            floor(key, keyLength, rank);
        }
    }

    private boolean stayInRange() {
        valid = valid && (begin.length == 0 || entry.compareKey(begin, begin.length) >= 0);
        return valid;
    }

    private boolean search(byte[] key, int keyLength, long rank) {
        enterRoot();
        run = 0;
        for (int level = levels.length - 1; level >= 0; level--) {
            if (!levels[level].seekFloor(key, keyLength, rank)) {
                // Only in the root's first entry: separators below are at most what the level above says.
                valid = false;
                return false;
            }
            enterChild(level, false);
        }
        if (!entry.seekFloor(key, keyLength, rank)) {
            // The separator may be shorter than the block's first key: what is sought lies between the two.
            return previousFromBlockStart();
        }
        valid = true;
        return true;
    }

    /** Moves to the first breakpoint whose key is at or after a key. */
    boolean ceiling(byte[] key, int keyLength) {
        return floor(key, keyLength, -1) ? next() : first();
    }

    /** Moves to the first breakpoint whose key is after a key. */
    boolean after(byte[] key, int keyLength) {
        return floor(key, keyLength, Long.MAX_VALUE) ? next() : first();
    }

    /** Moves to the next breakpoint. */
    boolean next() {
        if (!valid) {
            return false;
        }
        while (!entry.next()) {
            if (!nextBlock(0)) {
                valid = false;
                return false;
            }
        }
        return true;
    }

    /** Moves to the breakpoint before. */
    boolean previous() {
        if (!valid) {
            return false;
        }
        if (!entry.previous()) {
            previousFromBlockStart();
        }
        return stayInRange();
    }

    private boolean previousFromBlockStart() {
        valid = previousBlock(0);
        if (valid) {
            entry.last();
        }
        return valid;
    }

    /** Moves a level of the index to its next entry and enters what lies below it; data block included. */
    private boolean nextBlock(int level) {
        if (level == levels.length) {
            return false;
        }
        if (!levels[level].next()) {
            return nextBlock(level + 1);
        }
        return descendFirst(level);
    }

    private boolean descendFirst(int from) {
        for (int level = from; level > 0; level--) {
            enterChild(level, true);
            if (!levels[level - 1].next()) {
                throw StorageException.damaged(array, "an index block without entries");
            }
        }
        enterChild(0, true);
        return true;
    }

    private boolean previousBlock(int level) {
        if (level == levels.length) {
            return false;
        }
        return levels[level].previous() ? descendLast(level) : previousBlock(level + 1);
    }

    private boolean descendLast(int from) {
        for (int level = from; level > 0; level--) {
            enterChild(level, false);
            levels[level - 1].last();
        }
        enterChild(0, false);
        return true;
    }

    // ---- by the numbers of data blocks ----

    /** The ordinal of the first data block that may have a breakpoint of a key or of one behind it. */
    long ordinalOf(byte[] key, int keyLength) {
        enterRoot();
        ordinal = NOWHERE;
        for (int level = levels.length - 1; level >= 1; level--) {
            if (!levels[level].seekFloor(key, keyLength, 0)) {
                return 0;
            }
            enterChild(level, false);
        }
        long behind = levels[1].childOrdinal();
        while (levels[0].next() && isAtOrBefore(levels[0], key, keyLength)) {
            behind++;
        }
        return Math.max(levels[1].childOrdinal(), behind - 1);
    }

    private static boolean isAtOrBefore(BlockEntry separator, byte[] key, int keyLength) {
        int order = separator.compareKey(key, keyLength);
        return order < 0 || (order == 0 && separator.rank() == 0);
    }

    /**
     * Goes to a data block, before its first breakpoint: {@link #entry} moves on within it, and ends with it. To be mixed
     * with no other move.
     */
    void enterBlock(long sought) {
        boolean inOrder = ordinal != NOWHERE && sought == ordinal + 1;
        if (ordinal == NOWHERE || sought < ordinal || sought >= leafEnd) {
            ordinal = NOWHERE;
            enterRoot();
            leafEnd = Long.MAX_VALUE;
            for (int level = levels.length - 1; level >= 1; level--) {
                seekOrdinal(levels[level], sought, level == 1);
                enterChild(level, false);
            }
            ordinal = levels[1].childOrdinal() - 1;
        }
        for (; ordinal < sought; ordinal++) {
            if (!levels[0].next()) {
                throw StorageException.damaged(array, "no data block " + sought + ", which its change directory has");
            }
        }
        enterChild(0, inOrder);
    }

    /** Moves from before the first entry to the last one that begins at or before a data block. */
    private void seekOrdinal(BlockEntry level, long sought, boolean filtered) {
        boolean before = true;
        while (before && level.next()) {
            level.decodeChild(true, filtered);
            before = level.childOrdinal() <= sought;
            if (!before) {
                leafEnd = Math.min(leafEnd, level.childOrdinal());
                if (!level.previous()) {
                    throw StorageException.damaged(array, "data block " + sought + " lies before the index");
                }
            }
        }
    }

    private void enterRoot() {
        BlockPointer root = array.footer().index().block();
        levels[levels.length - 1].enter(
                indexBlock(root.offset(), root.size()), array.meta().id(), root.offset());
    }

    /** Enters the block that the present entry of a level stands for, before its first entry. */
    private void enterChild(int level, boolean inOrder) {
        BlockEntry parent = levels[level];
        parent.decodeChild(level > 0, level == 1);
        long offset = parent.childOffset();
        int size = parent.childSize();
        if (level > 0) {
            levels[level - 1].enter(indexBlock(offset, size), array.meta().id(), offset);
            return;
        }
        run = inOrder ? run + 1 : 0;
        byte[] block = ArrayRun.typed(dataBlock(offset, size), BlockType.DATA, array.data(), offset);
        if (inOrder) {
            entry.enterNext(block, array.data().id(), offset);
        } else {
            entry.enter(block, array.data().id(), offset);
        }
    }

    private byte[] indexBlock(long offset, int size) {
        Extent meta = array.meta();
        Block block = meta.block(offset, size, reading == Reading.CACHED);
        return ArrayRun.typed(block, BlockType.INDEX, meta, offset);
    }

    private Block dataBlock(long offset, int size) {
        Extent data = array.data();
        if (reading != Reading.STREAMING) {
            if (run <= RUN) {
                return data.block(offset, size, reading == Reading.CACHED);
            }
            Block cached = store.cache().get(data.id(), offset);
            if (cached != null) {
                return cached;
            }
        }
        if (ahead == null) {
            taken = taken || memory == null || memory.tryTake(readAheadBytes);
            if (!taken) {
                return data.block(offset, size, reading == Reading.CACHED);
            }
            int first = reading == Reading.STREAMING ? readAheadBytes : AHEAD_BLOCKS * size;
            ahead = data.readAhead(first, readAheadBytes);
        }
        Block block = ahead.read(offset, size);
        if (reading == Reading.CACHED) {
            store.cache().offer(data.id(), offset, block);
        }
        return block;
    }
}
