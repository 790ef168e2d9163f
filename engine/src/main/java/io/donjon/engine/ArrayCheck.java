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
import java.util.HashSet;
import java.util.List;
import java.util.Set;
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
    private final boolean whole;

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
    private long copies;
    private long visibleFirst;
    private long visibleLast;
    private long outlook;
    private boolean lastShows;
    private long directorySum;
    private long sampleSum;

    // Of the present key, if it is sampled.
    private long sampledHash;
    private int sampledPoints;
    private long sampledSum;

    private byte[] firstKey = {};
    private byte[] lastKey = {};
    private long lastRank = -1;
    private boolean any;

    /** Where in its block the present key has values of its own, which it may resume. */
    private final Set<Integer> ownValues = new HashSet<>();

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
        // Of one whose range has been narrowed the front is partly gone.
        this.whole =
                array.info().covers(array.footer().firstKey(), array.footer().firstKey().length);
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

    private void problem(ArrayRule broken, Object... values) {
        problems.accept(array.toString(), broken.says(values));
    }

    void run() {
        try {
            BlockPointer footer = array.info().footer();
            block(array.meta(), footer.offset(), footer.size(), BlockType.FOOTER);
            checkVersionTable();
            readSample();
            TreeRoot root = array.footer().index();
            walkIndex(root.level(), root.block().offset(), root.block().size(), 0, null);
            checkDirectory();
            if (whole) {
                checkCounts();
            }
            checkManifest();
        } catch (StorageException e) {
            problem(ArrayRule.BLOCKS, String.valueOf(e.getMessage()));
        }
    }

    /** Checks a block in every copy, and returns it from one that is sound. */
    private byte[] block(Extent extent, long offset, int size, BlockType type) {
        checkpoint.run();
        extent.checkPlace(offset, size);
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
                problem(ArrayRule.BLOCKS, String.valueOf(e.getMessage()));
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
            problem(ArrayRule.TABLE_LENGTH, places, array.footer().places());
            return;
        }
        Line line = forest.line();
        int last = array.from();
        for (int rank = 0; rank < places; rank++) {
            long version = array.version(rank);
            int place = forest.place(version);
            if (place == VersionForest.NONE) {
                problem(ArrayRule.TABLE_VERSIONS, rank, version);
                return;
            }
            int order = line.compare(last, place);
            if (rank == 0 ? order > 0 : order >= 0) {
                problem(ArrayRule.TABLE_ORDER, rank, version);
            }
            if (line.compare(place, array.to()) >= 0) {
                problem(ArrayRule.TABLE_BAND, rank, version);
            }
            last = place;
        }
    }

    private void readSample() {
        BlockPointer pointer = array.footer().sample();
        byte[] plain = block(array.meta(), pointer.offset(), pointer.size(), BlockType.KEY_SAMPLE);
        sample = KeySample.decode(new Decoder("key sample of " + array, plain));
        for (int i = 0; i < sample.keys().size(); i++) {
            KeySample.Key key = sample.keys().get(i);
            if (!isSampled(key.hash())) {
                problem(ArrayRule.SAMPLE_THRESHOLD);
            }
            // Keys of one hash are possible: each is there by itself.
            if (i > 0 && Long.compareUnsigned(sample.keys().get(i - 1).hash(), key.hash()) > 0) {
                problem(ArrayRule.SAMPLE_ORDER);
            }
            if (key.isHeavy()) {
                sampleSum -= mix(key.hash(), -1, 0, 0, 0);
            }
            for (KeySample.Point point : key.points()) {
                sampleSum -= mix(key.hash(), point.rank(), point.kind(), point.length(), point.hash());
            }
        }
    }

    private boolean isSampled(long hash) {
        return sample.threshold() == 0 || Long.compareUnsigned(hash, sample.threshold()) < 0;
    }

    /**
     * Walks an index block and all below; returns the ordinal behind its last data block.
     *
     * @param above the entry that points to it; null for the root
     */
    private long walkIndex(int level, long offset, int size, long firstOrdinal, @Nullable BlockEntry above) {
        BlockEntry entry = new BlockEntry();
        byte[] plain = block(array.meta(), offset, size, BlockType.INDEX);
        SortedBlock.validate(plain, array);
        entry.enter(plain, array.meta().id(), offset);
        Restarts restarts = new Restarts(plain);
        long ordinal = firstOrdinal;
        boolean first = true;
        while (entry.next()) {
            restarts.at(entry.position());
            entry.decodeChild(level > 0, level == 1);
            checkSeparator(entry);
            if (first && above != null) {
                checkBegin(entry, above, ordinal);
            }
            first = false;
            if (level == 0) {
                if (entry.childOffset() >= array.data().begin()) {
                    walkData(entry.childOffset(), entry.childSize(), ordinal, entry);
                }
                ordinal++;
                continue;
            }
            if (entry.childOrdinal() != ordinal) {
                problem(ArrayRule.INDEX_ORDINALS, entry.childOrdinal(), ordinal);
            }
            if (level == 1) {
                enterFilter(entry);
            }
            long childOffset = entry.childOffset();
            int childSize = entry.childSize();
            ordinal = walkIndex(level - 1, childOffset, childSize, ordinal, entry);
            if (level == 1) {
                leaveFilter();
            }
        }
        restarts.end();
        return ordinal;
    }

    /** The restarts of a block, against the entries that it has. */
    private final class Restarts {
        private final byte[] block;
        private final int entriesEnd;
        private int next;

        Restarts(byte[] block) {
            this.block = block;
            this.entriesEnd = SortedBlock.entriesEnd(block);
        }

        /** An entry begins here. */
        void at(int position) {
            boolean alone = (block[position] & SortedBlock.SAME) == 0 && block[position + 1] == 0;
            boolean listed =
                    next < SortedBlock.restarts(block) && SortedBlock.restart(block, entriesEnd, next) == position;
            if (listed && alone) {
                next++;
            }
        }

        /** There are no more entries. */
        void end() {
            boolean first = SortedBlock.restart(block, entriesEnd, 0) == 0;
            if (!first || next < SortedBlock.restarts(block)) {
                int wrong = first ? next : 0;
                problem(ArrayRule.ENTRY_RESTARTS, wrong, SortedBlock.restart(block, entriesEnd, wrong));
            }
        }
    }

    private void checkBegin(BlockEntry first, BlockEntry separator, long ordinal) {
        byte[] key = Arrays.copyOf(separator.key(), separator.keyLength());
        if (compare(first, key, separator.rank()) < 0) {
            problem(ArrayRule.INDEX_BEGIN, ordinal);
        }
    }

    private void checkSeparator(BlockEntry separator) {
        if (any && compare(separator, lastKey, lastRank) <= 0) {
            problem(ArrayRule.INDEX_ORDER);
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
                problem(ArrayRule.FILTER_FORM, String.valueOf(e.getMessage()));
            }
        }
    }

    private void leaveFilter() {
        byte[] bits = filter;
        if (bits != null && whole && BlockedBloom.keys(bits, 0) != filterKeys) {
            problem(ArrayRule.FILTER_COUNT, BlockedBloom.keys(bits, 0), filterKeys);
        }
    }

    private void walkData(long offset, int size, long ordinal, BlockEntry separator) {
        BlockEntry entry = new BlockEntry();
        byte[] plain = block(array.data(), offset, size, BlockType.DATA);
        SortedBlock.validate(plain, array);
        entry.enter(plain, array.data().id(), offset);
        Restarts restarts = new Restarts(plain);
        ownValues.clear();
        long[] ranks = new long[16];
        int count = 0;
        boolean first = true;
        while (entry.next()) {
            restarts.at(entry.position());
            if (first) {
                checkBegin(entry, separator, ordinal);
            }
            first = false;
            if (array.info().covers(entry.key(), entry.keyLength())) {
                checkEntry(entry);
            }
            if (count == ranks.length) {
                ranks = Arrays.copyOf(ranks, 2 * count);
            }
            ranks[count++] = entry.rank();
        }
        restarts.end();
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
            problem(ArrayRule.ENTRY_ORDER);
        }
        boolean within = entry.rank() < array.footer().places();
        if (entry.rank() > array.footer().places()) {
            problem(ArrayRule.ENTRY_RANK, entry.rank(), array.footer().places());
        }
        long hash = XxHash64.hash(entry.key(), 0, entry.keyLength());
        if (!same) {
            endKey();
            visibleLast += lastShows ? 1 : 0;
            lastShows = false;
            keys++;
            keyBytes += entry.keyLength();
            lastKey = Arrays.copyOf(entry.key(), entry.keyLength());
            firstKey = keys == 1 ? lastKey : firstKey;
            ownValues.clear();
        }
        checkFilter(hash);
        lastRank = entry.rank();
        any = true;
        copies += entry.isCopy() ? 1 : 0;
        if (within) {
            lastShows = StepKind.isValue(entry.kind());
            visibleFirst += lastShows && entry.rank() == 0 ? 1 : 0;
        } else {
            outlook++;
        }
        int valueHash = countValue(entry);
        if (within && isSampled(hash)) {
            sampledHash = hash;
            sampledPoints++;
            sampledSum += mix(hash, entry.rank(), entry.kind(), entry.length(), valueHash);
        }
    }

    /** All breakpoints of a key have been seen. */
    private void endKey() {
        if (sampledPoints > KeySample.POINTS_OF_KEY_MAX) {
            sampleSum += mix(sampledHash, -1, 0, 0, 0);
        } else {
            sampleSum += sampledSum;
        }
        sampledPoints = 0;
        sampledSum = 0;
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
            problem(ArrayRule.FILTER_CONTENT);
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
                if (!ownValues.contains(entry.valueAt())) {
                    problem(ArrayRule.ENTRY_RESUMES);
                }
                return (int) XxHash64.hash(entry.block(), entry.valueAt(), entry.valueLength());
            }
            default -> {
                values++;
                valueBytes += entry.valueLength();
                ownValues.add(entry.valueAt());
                return (int) XxHash64.hash(entry.block(), entry.valueAt(), entry.valueLength());
            }
        }
        return 0;
    }

    /** Checks the pieces of a large value in every copy, and that together they are the value. */
    private void checkLarge(LargeValue value) {
        Extent extent = array.values();
        if (extent == null) {
            problem(ArrayRule.LARGE_EXTENT);
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
            problem(ArrayRule.LARGE_CONTENT, String.valueOf(e.getMessage()));
        }
    }

    private void checkDirectory() {
        long sum = 0;
        for (TreeRoot section : array.footer().directory()) {
            sum += walkDirectory(
                    section.level(), section.block().offset(), section.block().size());
        }
        if (whole && sum != directorySum) {
            problem(ArrayRule.DIRECTORY);
        }
    }

    private long walkDirectory(int level, long offset, int size) {
        BlockType type = level == 0 ? BlockType.CHANGE_DIRECTORY : BlockType.INDEX;
        BlockEntry entry = new BlockEntry();
        byte[] plain = block(array.meta(), offset, size, type);
        SortedBlock.validate(plain, array);
        entry.enter(plain, array.meta().id(), offset);
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
        endKey();
        visibleLast += lastShows ? 1 : 0;
        boolean visibleSaid = array.footer().counts().visibleFirst() != ArrayCounts.NOT_COUNTED;
        ArrayCounts counted = new ArrayCounts(
                dataBlocks,
                entries,
                keys,
                passes,
                tombstones,
                values,
                resumes,
                largeValues,
                keyBytes,
                valueBytes,
                copies,
                visibleSaid ? visibleFirst : ArrayCounts.NOT_COUNTED,
                visibleSaid ? visibleLast : ArrayCounts.NOT_COUNTED);
        if (!counted.equals(array.footer().counts())) {
            problem(ArrayRule.COUNTS, counted, array.footer().counts());
        }
        long said = array.footer().outlook().entries();
        if (outlook != said) {
            problem(ArrayRule.OUTLOOK, outlook, said);
        }
        if (!Arrays.equals(firstKey, array.footer().firstKey())
                || !Arrays.equals(lastKey, array.footer().lastKey())) {
            problem(ArrayRule.KEYS);
        }
        if (sampleSum != 0) {
            problem(ArrayRule.SAMPLE_CONTENT);
        }
    }

    private void checkManifest() {
        ArrayInfo info = array.info();
        if (info.breakpoints() != entries || (whole && info.keys() != keys)) {
            problem(ArrayRule.MANIFEST_COUNTS, info.breakpoints(), info.keys(), entries, keys);
        }
        Extent large = array.values();
        long length =
                array.data().bytesNeeded() + array.meta().bytesNeeded() + (large == null ? 0 : large.bytesNeeded());
        if (info.bytes() != length) {
            problem(ArrayRule.MANIFEST_BYTES, info.bytes(), length);
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
