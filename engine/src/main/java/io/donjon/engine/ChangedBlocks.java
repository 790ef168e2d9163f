package io.donjon.engine;

import io.donjon.extents.BlockType;
import io.donjon.extents.Decoder;
import io.donjon.extents.Encoder;
import io.donjon.extents.Extent;
import io.donjon.extents.StorageException;
import java.util.Arrays;

/**
 * The data blocks of an array that hold breakpoints of some ranks, in their order, as its change directory has them. Only
 * what one section of the directory says is in memory. One thread at a time.
 */
final class ChangedBlocks {
    private static final int KEY_BYTES = 2 * Integer.BYTES;

    private final ArrayRun array;

    /** The directory's keys from which on and up to which entries are wanted. */
    private final byte[] from;

    private final byte[] to;

    private int section;
    private long[] ordinals = new long[64];
    private int count;
    private int next;

    /** Blocks before this one are passed over; those of a section come at or behind the last of the section before. */
    private long least;

    /** The blocks with breakpoints of the ranks behind {@code low}, up to {@code high}. */
    ChangedBlocks(ArrayRun array, int low, int high) {
        this.array = array;
        this.from = new Encoder(KEY_BYTES).u32(low + 1).u32(0).toBytes();
        this.to = new Encoder(KEY_BYTES).u32(high + 1).u32(0).toBytes();
    }

    /** Begins anew, with the block of this ordinal. */
    void seek(long ordinal) {
        section = 0;
        count = 0;
        next = 0;
        least = ordinal;
    }

    /** The ordinal of the next block, or -1 if there is none. */
    long next() {
        while (next == count) {
            if (section == array.footer().directory().size()) {
                return -1;
            }
            readSection(array.footer().directory().get(section++));
        }
        long ordinal = ordinals[next++];
        least = ordinal + 1;
        return ordinal;
    }

    private void readSection(TreeRoot root) {
        count = 0;
        next = 0;
        gather(root.level(), root.block().offset(), root.block().size());
        Arrays.sort(ordinals, 0, count);
        int distinct = 0;
        for (int i = 0; i < count; i++) {
            if (ordinals[i] >= least && (distinct == 0 || ordinals[i] != ordinals[distinct - 1])) {
                ordinals[distinct++] = ordinals[i];
            }
        }
        count = distinct;
    }

    private void gather(int level, long offset, int size) {
        Extent meta = array.meta();
        BlockType type = level == 0 ? BlockType.CHANGE_DIRECTORY : BlockType.INDEX;
        BlockEntry at = new BlockEntry();
        at.enter(ArrayRun.typed(meta.block(offset, size, true), type, meta, offset), meta.id(), offset);
        boolean within = at.seekFloor(from, KEY_BYTES, 0) || at.next();
        while (within && at.compareKey(to, KEY_BYTES) < 0) {
            if (level > 0) {
                at.decodeChild(false, false);
                gather(level - 1, at.childOffset(), at.childSize());
            } else if (at.compareKey(from, KEY_BYTES) >= 0) {
                take(at);
            }
            within = at.next();
        }
    }

    private void take(BlockEntry entry) {
        if (entry.keyLength() != KEY_BYTES) {
            throw StorageException.damaged(array, "a key of " + entry.keyLength() + " bytes in the change directory");
        }
        Decoder key = new Decoder(array, Arrays.copyOf(entry.key(), KEY_BYTES));
        key.u32();
        long ordinal = Integer.toUnsignedLong(key.u32());
        add(ordinal);
        Decoder more = new Decoder(
                array, Arrays.copyOfRange(entry.block(), entry.valueAt(), entry.valueAt() + entry.valueLength()));
        while (more.hasMore()) {
            ordinal += more.varint("distance to the next block", 1, Integer.MAX_VALUE);
            add(ordinal);
        }
    }

    private void add(long ordinal) {
        if (count == ordinals.length) {
            ordinals = Arrays.copyOf(ordinals, 2 * count);
        }
        ordinals[count++] = ordinal;
    }
}
