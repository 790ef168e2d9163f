package io.donjon.engine;

import io.donjon.extents.BlockType;
import io.donjon.extents.Codec;
import io.donjon.extents.Encoder;
import io.donjon.extents.ExtentWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Builds a tree of sorted blocks from below, while entries come in ascending order: each block that is closed becomes an
 * entry of the level above. Only one open block per level is in memory. One thread at a time.
 */
final class IndexTree {
    private final ExtentWriter out;
    private final Codec codec;
    private final BlockType leafType;
    private final int blockBytes;
    private final List<Level> levels = new ArrayList<>();
    private final Encoder payload = new Encoder(64);

    /** Writes the filter of what lies below the leaf that is being closed; null in a tree without filters. */
    private final @Nullable Supplier<BlockPointer> filter;

    /** The open block of a level. */
    private static final class Level {
        final BlockBuilder builder;
        byte[] firstKey = {};
        long firstRank;
        long firstOrdinal;
        int entries;

        /** Whether a block of this level has been closed. */
        boolean closedOne;

        Level(int blockBytes) {
            this.builder = new BlockBuilder(blockBytes, SortedBlock.RESTART_EVERY);
        }
    }

    /**
     * A tree.
     *
     * @param leafType type of the blocks of level 0
     * @param filter writes filters, which makes this the index of data blocks: its entries carry ordinals and filters
     */
    IndexTree(
            ExtentWriter out,
            Codec codec,
            BlockType leafType,
            int blockBytes,
            @Nullable Supplier<BlockPointer> filter) {
        this.out = out;
        this.codec = codec;
        this.leafType = leafType;
        this.blockBytes = blockBytes;
        this.filter = filter;
    }

    /** Adds an entry to a leaf. */
    void add(byte[] key, int keyLength, long rank, Encoder value, long ordinal) {
        add(0, key, keyLength, rank, value, ordinal);
    }

    private void add(int number, byte[] key, int keyLength, long rank, Encoder value, long ordinal) {
        if (number == levels.size()) {
            levels.add(new Level(blockBytes));
        }
        Level level = levels.get(number);
        if (level.builder.isEmpty()) {
            level.firstKey = Arrays.copyOf(key, keyLength);
            level.firstRank = rank;
            level.firstOrdinal = ordinal;
            level.entries = 0;
        }
        level.entries++;
        level.builder.add(key, keyLength, rank, StepKind.VALUE, value.array(), 0, value.length());
        // Right behind an entry, not before the next: a leaf's filter must hold exactly what lies below the leaf.
        // Above the leaves two entries at least, however long their keys: else there would be levels without end.
        if (level.builder.bytes() >= blockBytes && (number == 0 || level.entries > 1)) {
            close(number);
        }
    }

    /** Closes the open leaf, if there is one. */
    void closeLeaf() {
        if (!levels.isEmpty() && !levels.get(0).builder.isEmpty()) {
            close(0);
        }
    }

    private void close(int number) {
        Level level = levels.get(number);
        BlockPointer written = write(number);
        payload.truncate(0);
        written.encode(payload);
        if (filter != null) {
            payload.varint(level.firstOrdinal);
            if (number == 0) {
                filter.get().encode(payload);
            }
        }
        level.closedOne = true;
        add(number + 1, level.firstKey, level.firstKey.length, level.firstRank, payload, level.firstOrdinal);
    }

    private BlockPointer write(int number) {
        Encoder block = levels.get(number).builder.finish();
        BlockType type = number == 0 ? leafType : BlockType.INDEX;
        long offset = out.append(type, codec, block.array(), block.length());
        levels.get(number).builder.clear();
        return new BlockPointer(offset, out.lastSize());
    }

    /** Closes everything; the tree has at least one entry. */
    TreeRoot finish(int leastLevel) {
        for (int number = 0; ; number++) {
            boolean top = number == levels.size() - 1 && !levels.get(number).closedOne;
            if (top && number >= leastLevel) {
                return new TreeRoot(number, write(number));
            }
            if (!levels.get(number).builder.isEmpty()) {
                close(number);
            }
        }
    }
}
