package io.donjon.engine;

import io.donjon.extents.BlockType;
import io.donjon.extents.Codec;
import io.donjon.extents.Encoder;
import io.donjon.extents.ExtentWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Builds the change directory: for every rank the data blocks that hold its breakpoints. Pairs of rank and block are
 * gathered in memory up to a limit, then sorted and written as a section; an array has as many sections as it needs. One
 * thread at a time.
 */
final class DirectoryBuilder {
    private static final int KEY_BYTES = 2 * Integer.BYTES;

    private final ExtentWriter out;
    private final Codec codec;
    private final int blockBytes;
    private final long[] pairs;
    private int count;

    /** Ranks of the data block that is open, with repetitions. */
    private int[] ranks = new int[256];

    private int rankCount;
    private final List<TreeRoot> sections = new ArrayList<>();

    /**
     * A builder.
     *
     * @param pairsMax how many pairs are gathered for a section
     */
    DirectoryBuilder(ExtentWriter out, Codec codec, int blockBytes, int pairsMax) {
        this.out = out;
        this.codec = codec;
        this.blockBytes = blockBytes;
        this.pairs = new long[pairsMax];
    }

    /** A breakpoint of that rank stands in the open data block. */
    void add(long rank) {
        if (rankCount > 0 && ranks[rankCount - 1] == (int) rank) {
            return;
        }
        if (rankCount == ranks.length) {
            ranks = Arrays.copyOf(ranks, 2 * rankCount);
        }
        ranks[rankCount++] = (int) rank;
    }

    /** The open data block is closed; this is its ordinal. */
    void endBlock(long ordinal) {
        Arrays.sort(ranks, 0, rankCount);
        for (int i = 0; i < rankCount; i++) {
            if (i == 0 || ranks[i] != ranks[i - 1]) {
                if (count == pairs.length) {
                    writeSection();
                }
                pairs[count++] = ((long) ranks[i] << Integer.SIZE) | ordinal;
            }
        }
        rankCount = 0;
    }

    private void writeSection() {
        Arrays.sort(pairs, 0, count);
        IndexTree tree = new IndexTree(out, codec, BlockType.CHANGE_DIRECTORY, blockBytes, null);
        Encoder value = new Encoder(blockBytes);
        Encoder key = new Encoder(KEY_BYTES);
        int i = 0;
        while (i < count) {
            int rank = (int) (pairs[i] >>> Integer.SIZE);
            key.truncate(0).u32(rank).u32((int) pairs[i]);
            value.truncate(0);
            int last = (int) pairs[i++];
            while (i < count && (int) (pairs[i] >>> Integer.SIZE) == rank && value.length() < blockBytes / 4) {
                value.varint((int) pairs[i] - last);
                last = (int) pairs[i++];
            }
            tree.add(key.array(), KEY_BYTES, 0, value, 0);
        }
        sections.add(tree.finish(0));
        count = 0;
    }

    /** Writes what is left; returns the roots of all sections. */
    List<TreeRoot> finish() {
        if (count > 0) {
            writeSection();
        }
        return sections;
    }
}
