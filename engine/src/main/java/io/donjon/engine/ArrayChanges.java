package io.donjon.engine;

import org.jspecify.annotations.Nullable;

/**
 * Where an array says something else about a key at one of two local ranks than at the other: by its change directory it
 * reads only the blocks with breakpoints between the two.
 *
 * <p>Where the band of an array holds one of the versions only, it says nothing about the other: as if that had a rank
 * before all others, {@link #NO_RANK}.
 */
final class ArrayChanges extends ChangeSource {
    static final int NO_RANK = -1;

    private final ArrayRun array;
    private final ArrayCursor cursor;
    private final int first;
    private final int second;
    private final int low;
    private final int high;
    private final ChangedBlocks blocks;

    /** The key from which on blocks are looked for; none is open yet. */
    private final FullKey from = new FullKey();

    /** Whether the cursor stands at a breakpoint of a key behind the present one. */
    private boolean within;

    /** What holds for the present key at low and high, as far as its block says. */
    private final Answer atLow = new Answer();

    private final Answer atHigh = new Answer();
    private boolean knowsLow;
    private boolean knowsHigh;
    private final BlockEntry found = new BlockEntry();

    /** The changes between two ranks, of which one may be {@link #NO_RANK} and the first larger than the second then. */
    ArrayChanges(ArrayRun array, ArrayCursor cursor, int first, int second, End end) {
        super(end);
        this.array = array;
        this.cursor = cursor;
        this.first = first;
        this.second = second;
        this.low = Math.min(first, second);
        this.high = Math.max(first, second);
        this.blocks = new ChangedBlocks(array, low, high);
    }

    /** Nothing is read before this source is the next one: most arrays of a run lie far ahead. */
    @Override
    void seek(FullKey sought) {
        from.setFull(sought.bytes(), 0, sought.length());
        max(array.info().keysFrom());
        max(array.footer().firstKey());
        byte[] last = array.footer().lastKey();
        byte[] end = array.info().keysTo();
        boolean any = low < high
                && from.compareTo(last, 0, last.length) <= 0
                && (end == null || from.compareTo(end, 0, end.length) < 0);
        await(from.bytes(), from.length(), any);
    }

    private void max(byte[] least) {
        if (from.compareTo(least, 0, least.length) < 0) {
            from.setFull(least, 0, least.length);
        }
    }

    @Override
    void next() {
        if (pending) {
            pending = false;
            blocks.seek(cursor.ordinalOf(from.bytes(), from.length()));
            within = false;
            keyLength = 0;
        }
        valid = false;
        while (!valid && (within || enterBlock())) {
            if (isBeyond(cursor.entry().key(), cursor.entry().keyLength())) {
                return;
            }
            takeGroup();
        }
    }

    private boolean enterBlock() {
        long ordinal = blocks.next();
        if (ordinal < 0) {
            return false;
        }
        cursor.enterBlock(ordinal);
        within = cursor.entry().next();
        return true;
    }

    /** Passes the breakpoints of one key in the open block, and takes the key if there are any between the ranks. */
    private void takeGroup() {
        BlockEntry entry = cursor.entry();
        boolean wanted = isWanted(entry);
        boolean knowsBegin = entry.position() > 0;
        if (wanted) {
            takeKey(entry.key(), entry.keyLength());
            atLow.pass();
            atHigh.pass();
        }
        boolean changed = false;
        boolean hasLow = false;
        boolean hasEnd = false;
        do {
            long rank = entry.rank();
            hasEnd = rank >= high;
            if (wanted && rank <= high) {
                changed |= rank > low;
                hasLow |= rank <= low;
                (rank <= low ? atLow : atHigh).take(entry, array);
            }
            within = entry.next();
        } while (within && entry.isSameKey());
        if (changed) {
            // Else the key may have others in the block before or behind.
            knowsLow = hasLow || knowsBegin || low < 0;
            knowsHigh = hasEnd || within;
            valid = low >= 0 || !knowsHigh || !atHigh.isPass();
        } else if (wanted) {
            // A part of it that counts may come yet.
            keyLength = 0;
        }
    }

    /** Of a key that goes on from block to block only the first part counts. */
    private boolean isWanted(BlockEntry entry) {
        return from.compareTo(entry.key(), 0, entry.keyLength()) <= 0
                && compareKey(entry.key(), entry.keyLength()) != 0;
    }

    @Override
    void answer(FullKey asked, @Nullable Answer atFirst, @Nullable Answer atSecond) {
        if (isAt(asked)) {
            answerHere(asked, first, atFirst);
            answerHere(asked, second, atSecond);
        } else if (low < 0) {
            // Whatever it has to say at the one version is among its changes.
            pass(atFirst);
            pass(atSecond);
        } else {
            int kind = array.find(asked, high, found);
            takeFound(kind, atFirst);
            takeFound(kind, atSecond);
        }
    }

    private void answerHere(FullKey asked, int rank, @Nullable Answer into) {
        if (into == null) {
            return;
        }
        boolean isHigh = rank == high;
        if (isHigh ? knowsHigh : knowsLow) {
            into.take(isHigh ? atHigh : atLow);
        } else {
            takeFound(array.find(asked, rank, found), into);
        }
    }

    private void takeFound(int kind, @Nullable Answer into) {
        if (kind == StepKind.PASS) {
            pass(into);
        } else if (into != null) {
            into.take(found, array);
        }
    }

    private static void pass(@Nullable Answer into) {
        if (into != null) {
            into.pass();
        }
    }

    @Override
    void close() {
        cursor.close();
    }
}
