package io.donjon.engine;

import io.donjon.bloom.BlockedBloom;
import io.donjon.extents.Block;
import io.donjon.extents.BlockType;
import io.donjon.extents.Decoder;
import io.donjon.extents.Extent;
import io.donjon.extents.StorageException;
import io.donjon.versioning.Line;
import io.donjon.versioning.VersionForest;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Walks an array: every block of it in every copy, and whether its parts say the same. What the change directory and the
 * key sample should have is compared by sums of hashes, so that nothing grows with the array.
 */
final class ArrayCheck {
    private final ArrayRun array;
    private final VersionForest forest;
    private final BiConsumer<String, String> problems;
    private final Runnable checkpoint;

    private long blocks;
    private long bytes;
    private long entries;

    // What is counted on the way, to be compared with the footer.
    private long dataBlocks;
    private long keys;
    private long passes;
    private long tombstones;
    private long values;
    private long resumes;
    private long largeValues;
    private long keyBytes;
    private long valueBytes;
    private long directorySum;
    private long sampleSum;

    private byte[] lastKey = {};
    private long lastRank = -1;
    private boolean any;
    private KeySample sample = new KeySample(0, List.of());

    /**
     * A check.
     *
     * @param problems hears where something is wrong, and what
     * @param checkpoint called now and then; it may throw to end the walk
     */
    ArrayCheck(ArrayRun array, VersionForest forest, BiConsumer<String, String> problems, Runnable checkpoint) {
        this.array = array;
        this.forest = forest;
        this.problems = problems;
        this.checkpoint = checkpoint;
    }

    long blocks() {
        return blocks;
    }

    long bytes() {
        return bytes;
    }

    long entries() {
        return entries;
    }

    private void problem(String what) {
        problems.accept(array.toString(), what);
    }

    void run() {
        try {
            BlockPointer footer = array.info().footer();
            block(array.meta(), footer.offset(), footer.size(), BlockType.FOOTER);
            checkVersionTable();
            readSample();
            TreeRoot root = array.footer().index();
            walkIndex(root.level(), root.block().offset(), root.block().size(), 0);
            checkDirectory();
            checkCounts();
        } catch (StorageException e) {
            problem(String.valueOf(e.getMessage()));
        }
    }

    /** Checks a block in every copy, and returns it from one that is sound. */
    private byte[] block(Extent extent, long offset, int size, BlockType type) {
        checkpoint.run();
        Block sound = null;
        StorageException failure = null;
        for (int copy = 0; copy < extent.copies(); copy++) {
            if (!extent.hasCopy(copy, offset)) {
                continue;
            }
            try {
                sound = extent.readCopyOf(copy, offset, size);
                blocks++;
                bytes += size;
            } catch (StorageException e) {
                failure = e;
                problem(String.valueOf(e.getMessage()));
            }
        }
        if (sound == null) {
            throw failure != null
                    ? failure
                    : StorageException.damaged(
                            "extent " + extent.id() + " offset " + offset, "no disk with a copy is there");
        }
        return ArrayRun.typed(sound, type, extent, offset);
    }

    private void checkVersionTable() {
        int places = 0;
        for (BlockPointer pointer : array.footer().table()) {
            places +=
                    block(array.meta(), pointer.offset(), pointer.size(), BlockType.VERSION_TABLE).length / Long.BYTES;
        }
        if (places != array.footer().places()) {
            problem("its version table has " + places + " places, the footer says "
                    + array.footer().places());
            return;
        }
        Line line = forest.line();
        int last = array.from();
        for (int rank = 0; rank < places; rank++) {
            long version = array.version(rank);
            int place = forest.place(version);
            if (place == VersionForest.NONE) {
                problem("rank " + rank + " is version " + version + ", which does not exist");
                return;
            }
            int order = line.compare(last, place);
            if (rank == 0 ? order > 0 : order >= 0) {
                problem("rank " + rank + ", version " + version + ", does not stand behind the one before");
            }
            if (line.compare(place, array.to()) >= 0) {
                problem("rank " + rank + ", version " + version + ", stands behind the end of the band");
            }
            last = place;
        }
    }

    private void readSample() {
        BlockPointer pointer = array.footer().sample();
        byte[] plain = block(array.meta(), pointer.offset(), pointer.size(), BlockType.KEY_SAMPLE);
        sample = KeySample.decode(new Decoder("key sample of " + array, plain));
        for (KeySample.Key key : sample.keys()) {
            if (!isSampled(key.hash())) {
                problem("its key sample has a key above the threshold");
            }
            for (KeySample.Point point : key.points()) {
                sampleSum -= mix(key.hash(), point.rank(), point.kind(), point.length(), point.hash());
            }
        }
    }

    private boolean isSampled(long hash) {
        return sample.threshold() == 0 || Long.compareUnsigned(hash, sample.threshold()) < 0;
    }

    /** Walks an index block and all below; returns the ordinal behind its last data block. */
    private long walkIndex(int level, long offset, int size, long firstOrdinal) {
        BlockEntry entry = new BlockEntry();
        entry.enter(
                block(array.meta(), offset, size, BlockType.INDEX), array.meta().id(), offset);
        long ordinal = firstOrdinal;
        while (entry.next()) {
            entry.decodeChild(level > 0, level == 1);
            checkSeparator(entry);
            if (level == 0) {
                walkData(entry.childOffset(), entry.childSize(), ordinal, entry);
                ordinal++;
                continue;
            }
            if (entry.childOrdinal() != ordinal) {
                problem("an index entry says data block " + entry.childOrdinal() + ", it is " + ordinal);
            }
            if (level == 1) {
                enterFilter(entry);
            }
            long childOffset = entry.childOffset();
            int childSize = entry.childSize();
            ordinal = walkIndex(level - 1, childOffset, childSize, ordinal);
            if (level == 1) {
                leaveFilter();
            }
        }
        return ordinal;
    }

    private void checkSeparator(BlockEntry separator) {
        if (any && compare(separator, lastKey, lastRank) <= 0) {
            problem("a separator of its index lies at or before the entry before it");
        }
    }

    private static int compare(BlockEntry entry, byte[] key, long rank) {
        int order = entry.compareKey(key, key.length);
        return order != 0 ? order : Long.compare(entry.rank(), rank);
    }

    private byte @Nullable [] filter;
    private long filterKeys;
    private long filterHash;

    private void enterFilter(BlockEntry entry) {
        filterKeys = 0;
        filter = null;
        if (entry.filterSize() > 0) {
            byte[] bits = block(array.meta(), entry.filterOffset(), entry.filterSize(), BlockType.FILTER);
            try {
                BlockedBloom.validate(bits, 0, bits.length);
                filter = bits;
            } catch (IllegalArgumentException e) {
                problem(String.valueOf(e.getMessage()));
            }
        }
    }

    private void leaveFilter() {
        byte[] bits = filter;
        if (bits != null && BlockedBloom.keys(bits, 0) != filterKeys) {
            problem("a filter was made for " + BlockedBloom.keys(bits, 0) + " keys, below it are " + filterKeys);
        }
    }

    private void walkData(long offset, int size, long ordinal, BlockEntry separator) {
        BlockEntry entry = new BlockEntry();
        byte[] plain = block(array.data(), offset, size, BlockType.DATA);
        SortedBlock.validate(plain, array);
        entry.enter(plain, array.data().id(), offset);
        long[] ranks = new long[16];
        int count = 0;
        boolean first = true;
        while (entry.next()) {
            if (first && entry.compareKey(separator.key(), separator.keyLength()) < 0) {
                problem("data block " + ordinal + " begins before its separator");
            }
            first = false;
            checkEntry(entry);
            if (count == ranks.length) {
                ranks = Arrays.copyOf(ranks, 2 * count);
            }
            ranks[count++] = entry.rank();
        }
        Arrays.sort(ranks, 0, count);
        for (int i = 0; i < count; i++) {
            if (i == 0 || ranks[i] != ranks[i - 1]) {
                directorySum += mix(ranks[i], ordinal, 0, 0, 0);
            }
        }
        dataBlocks++;
    }

    private void checkEntry(BlockEntry entry) {
        entries++;
        boolean same = any && entry.keyEquals(lastKey, lastKey.length);
        if (any && compare(entry, lastKey, lastRank) <= 0) {
            problem("an entry lies at or before the one before it");
        }
        if (entry.rank() >= array.footer().places()) {
            problem("an entry has rank " + entry.rank() + " of "
                    + array.footer().places());
        }
        long hash = XxHash64.hash(entry.key(), 0, entry.keyLength());
        if (!same) {
            keys++;
            keyBytes += entry.keyLength();
            lastKey = Arrays.copyOf(entry.key(), entry.keyLength());
        }
        checkFilter(hash);
        lastRank = entry.rank();
        any = true;
        int valueHash = countValue(entry);
        if (isSampled(hash)) {
            sampleSum += mix(hash, entry.rank(), entry.kind(), entry.length(), valueHash);
        }
    }

    private void checkFilter(long hash) {
        byte[] bits = filter;
        if (bits == null) {
            return;
        }
        if (filterKeys == 0 || hash != filterHash) {
            filterKeys++;
            filterHash = hash;
        }
        if (!BlockedBloom.mightContain(bits, 0, bits.length, hash)) {
            problem("a filter denies a key that is there");
        }
    }

    /** Counts the entry by its kind; returns the low half of its value's hash. */
    private int countValue(BlockEntry entry) {
        switch (entry.storedKind()) {
            case StepKind.PASS -> passes++;
            case StepKind.TOMBSTONE -> tombstones++;
            case StepKind.LARGE -> {
                largeValues++;
                valueBytes += entry.large().length();
                checkLarge(entry.large());
                return (int) entry.large().hash();
            }
            case StepKind.RESUME -> {
                resumes++;
                return (int) XxHash64.hash(entry.block(), entry.valueAt(), entry.valueLength());
            }
            default -> {
                values++;
                valueBytes += entry.valueLength();
                return (int) XxHash64.hash(entry.block(), entry.valueAt(), entry.valueLength());
            }
        }
        return 0;
    }

    /** Checks the pieces of a large value in every copy, and that together they are the value. */
    private void checkLarge(LargeValue value) {
        Extent extent = array.values();
        if (extent == null) {
            problem("it has a large value and no extent for such");
            return;
        }
        try {
            if (value.length() > LargeValue.PIECE_BYTES) {
                Decoder list = new Decoder(array, block(extent, value.offset(), value.size(), BlockType.VALUE_LIST));
                while (list.hasMore()) {
                    BlockPointer piece = BlockPointer.decode(list);
                    block(extent, piece.offset(), piece.size(), BlockType.VALUE_PIECE);
                }
            } else {
                block(extent, value.offset(), value.size(), BlockType.VALUE_PIECE);
            }
            array.largeValue(value);
        } catch (StorageException e) {
            problem(String.valueOf(e.getMessage()));
        }
    }

    private void checkDirectory() {
        long sum = 0;
        for (TreeRoot section : array.footer().directory()) {
            sum += walkDirectory(
                    section.level(), section.block().offset(), section.block().size());
        }
        if (sum != directorySum) {
            problem("its change directory does not say which blocks have breakpoints of which rank");
        }
    }

    private long walkDirectory(int level, long offset, int size) {
        BlockType type = level == 0 ? BlockType.CHANGE_DIRECTORY : BlockType.INDEX;
        BlockEntry entry = new BlockEntry();
        entry.enter(block(array.meta(), offset, size, type), array.meta().id(), offset);
        long sum = 0;
        while (entry.next()) {
            if (level > 0) {
                entry.decodeChild(false, false);
                sum += walkDirectory(level - 1, entry.childOffset(), entry.childSize());
                continue;
            }
            Decoder key = new Decoder(array, Arrays.copyOf(entry.key(), entry.keyLength()));
            long rank = Integer.toUnsignedLong(key.u32());
            long ordinal = Integer.toUnsignedLong(key.u32());
            sum += mix(rank, ordinal, 0, 0, 0);
            Decoder more = new Decoder(
                    array, Arrays.copyOfRange(entry.block(), entry.valueAt(), entry.valueAt() + entry.valueLength()));
            while (more.hasMore()) {
                ordinal += more.varint();
                sum += mix(rank, ordinal, 0, 0, 0);
            }
        }
        return sum;
    }

    private void checkCounts() {
        ArrayCounts counted = new ArrayCounts(
                dataBlocks, entries, keys, passes, tombstones, values, resumes, largeValues, keyBytes, valueBytes);
        if (!counted.equals(array.footer().counts())) {
            problem("it consists of " + counted + ", the footer says "
                    + array.footer().counts());
        }
        if (array.info().breakpoints() != entries || array.info().keys() != keys) {
            problem("the manifest says " + array.info().breakpoints() + " breakpoints of "
                    + array.info().keys() + " keys, there are " + entries + " of " + keys);
        }
        if (sampleSum != 0) {
            problem("its key sample does not have exactly the breakpoints of the keys under the threshold");
        }
    }

    private static long mix(long a, long b, long c, long d, long e) {
        long h = a * 0x9E3779B97F4A7C15L;
        for (long word : new long[] {b, c, d, e}) {
            h = (h ^ (h >>> 29) ^ word) * 0xBF58476D1CE4E5B9L;
        }
        return h ^ (h >>> 32);
    }
}
