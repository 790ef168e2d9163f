package io.donjon.engine;

import io.donjon.bloom.FilterBuilder;
import io.donjon.extents.BlockType;
import io.donjon.extents.Codec;
import io.donjon.extents.Encoder;
import io.donjon.extents.ExtentStore;
import io.donjon.extents.ExtentWriter;
import io.donjon.extents.ManifestEdit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes an array in one pass over its breakpoints, in ascending order of (full key, rank): data blocks and, beside them,
 * index, filters, change directory, key sample and counts (docs/format.md section 5). What it holds in memory does not
 * grow with the array. One thread at a time; after an exception only {@link #abandon} is left.
 */
final class ArrayWriter {
    /** Version ids in a block of the version table. */
    static final int TABLE_IDS = 8192;

    /** An array that is on stable storage and that nothing names yet. */
    record Written(
            ExtentWriter.Written data,
            ExtentWriter.Written meta,
            ExtentWriter.@Nullable Written values,
            BlockPointer footer,
            ArrayCounts counts,
            long bytesWritten) {
        long bytes() {
            return data.length() + meta.length() + (values == null ? 0 : values.length());
        }

        /** Puts its extents into an edit. */
        void addTo(ManifestEdit edit) {
            edit.add(data).add(meta);
            if (values != null) {
                edit.add(values);
            }
        }

        /** What the manifest says of it; the parameters as of {@link ArrayInfo}. */
        ArrayInfo info(long id, long age, long from, long to, byte[] keysFrom, byte @Nullable [] keysTo) {
            return new ArrayInfo(
                    id,
                    age,
                    from,
                    to,
                    keysFrom,
                    keysTo,
                    data.id(),
                    meta.id(),
                    values == null ? 0 : values.id(),
                    footer,
                    counts.breakpoints(),
                    counts.keys(),
                    bytes());
        }
    }

    private final ExtentStore store;
    private final Tuning tuning;
    private final long expectedBytes;

    /** How long the version table will be: entries of this rank are the outlook. */
    private final int places;

    private final Codec codec;
    private final ExtentWriter data;
    private final ExtentWriter meta;
    private @Nullable ExtentWriter values;

    private final BlockBuilder block;
    private final IndexTree index;
    private final DirectoryBuilder directory;
    private final @Nullable FilterBuilder filter;
    private final KeySample.Builder sample = new KeySample.Builder();
    private final Encoder pointer = new Encoder(32);

    /** What the index says of the open block: greater than all before it, at most its first entry. */
    private byte[] separator = {};

    private long separatorRank;

    private byte[] lastKey = new byte[64];
    private int lastKeyLength = -1;
    private long lastHash;
    private boolean lastSampled;
    private byte[] firstKey = {};

    private long ordinal;
    private long breakpoints;
    private long keys;
    private long passes;
    private long tombstones;
    private long plainValues;
    private long resumes;
    private long largeValues;
    private long keyBytes;
    private long valueBytes;
    private long copies;
    private long visibleFirst;
    private long visibleLast;
    private long outlook;

    /** Whether the last key has a value at the last version. */
    private boolean lastShows;

    /**
     * A writer of one array.
     *
     * @param expectedBytes about how large it will be at most
     * @param places how long its version table will be; entries of that rank are what it says of the version behind its band
     */
    ArrayWriter(ExtentStore store, Tuning tuning, long expectedBytes, int places) {
        this.store = store;
        this.tuning = tuning;
        this.expectedBytes = expectedBytes;
        this.places = places;
        this.codec = tuning.codec();
        this.data = store.create(tuning.ioBytes(), expectedBytes);
        this.meta = store.create(tuning.ioBytes(), 0);
        this.block = new BlockBuilder(tuning.blockBytes(), SortedBlock.RESTART_EVERY);
        this.filter = tuning.bitsPerKey() == 0 ? null : new FilterBuilder(tuning.bitsPerKey());
        this.index = new IndexTree(meta, codec, BlockType.INDEX, tuning.blockBytes(), this::writeFilter);
        this.directory = new DirectoryBuilder(meta, codec, tuning.blockBytes(), tuning.ioBytes() / Long.BYTES);
    }

    /** Whether nothing has been added. */
    boolean isEmpty() {
        return breakpoints == 0;
    }

    /** Bytes so far, each counted once. */
    long bytes() {
        return data.length() + meta.length() + (values == null ? 0 : values.length());
    }

    /** Bytes handed to the disks so far, each copy counted. */
    long bytesWritten() {
        return data.bytesWritten() + meta.bytesWritten() + (values == null ? 0 : values.bytesWritten());
    }

    /** Adds a breakpoint of kind PASS or TOMBSTONE. */
    void add(byte[] key, int keyLength, long rank, int kind) {
        begin(key, keyLength, rank, 0);
        shows(rank, false);
        block.add(key, keyLength, rank, kind, key, 0, 0);
        passes += kind == StepKind.PASS ? 1 : 0;
        tombstones += kind == StepKind.TOMBSTONE ? 1 : 0;
        if (isSampled(rank)) {
            sample.add(lastHash, new KeySample.Point(rank, kind, 0, 0));
        }
    }

    /**
     * Adds a breakpoint with a value of at most {@link Tuning#largeBytes} bytes.
     *
     * @param copy whether it is part of the key frame: the value began before the band
     */
    void addValue(byte[] key, int keyLength, long rank, boolean copy, byte[] from, int offset, int length) {
        begin(key, keyLength, rank, length);
        shows(rank, true);
        int flags = flags(copy);
        if (block.add(key, keyLength, rank, StepKind.VALUE | flags, from, offset, length) == StepKind.RESUME) {
            resumes++;
        } else {
            plainValues++;
            valueBytes += length;
        }
        if (isSampled(rank)) {
            int hash = (int) XxHash64.hash(from, offset, length);
            sample.add(lastHash, new KeySample.Point(rank, StepKind.VALUE, length, hash));
        }
    }

    /** Adds a breakpoint with a longer value; otherwise like {@link #addValue}. */
    void addLarge(byte[] key, int keyLength, long rank, boolean copy, ValueSource source) {
        LargeValue value = writeLarge(source);
        begin(key, keyLength, rank, 4 * Encoder.VARINT_BYTES_MAX);
        shows(rank, true);
        block.addLarge(key, keyLength, rank, flags(copy), value);
        largeValues++;
        valueBytes += value.length();
        if (isSampled(rank)) {
            sample.add(lastHash, new KeySample.Point(rank, StepKind.LARGE, value.length(), (int) value.hash()));
        }
    }

    private void shows(long rank, boolean value) {
        if (rank < places) {
            lastShows = value;
            visibleFirst += value && rank == 0 ? 1 : 0;
        } else {
            outlook++;
        }
    }

    private boolean isSampled(long rank) {
        return lastSampled && rank < places;
    }

    private int flags(boolean copy) {
        if (!copy) {
            return 0;
        }
        copies++;
        return SortedBlock.COPY;
    }

    private void begin(byte[] key, int keyLength, long rank, int valueLength) {
        boolean same = lastKeyLength == keyLength && Arrays.equals(lastKey, 0, keyLength, key, 0, keyLength);
        int grows = BlockBuilder.entryBytesMax(keyLength, valueLength);
        if (!block.isEmpty() && block.bytes() + grows > tuning.blockBytes()) {
            closeBlock();
        }
        if (block.isEmpty()) {
            separate(key, keyLength, rank, same);
        }
        if (!same) {
            newKey(key, keyLength);
        }
        if (filter != null) {
            filter.add(lastHash);
        }
        directory.add(rank);
        breakpoints++;
    }

    private void newKey(byte[] key, int keyLength) {
        visibleLast += lastShows ? 1 : 0;
        lastShows = false;
        if (lastKey.length < keyLength) {
            lastKey = new byte[Math.max(keyLength, 2 * lastKey.length)];
        }
        System.arraycopy(key, 0, lastKey, 0, keyLength);
        lastKeyLength = keyLength;
        lastHash = XxHash64.hash(key, 0, keyLength);
        lastSampled = sample.wants(lastHash);
        if (keys == 0) {
            firstKey = Arrays.copyOf(key, keyLength);
        }
        keys++;
        keyBytes += keyLength;
    }

    /** The shortest key that lies behind the last block; the key itself where a key goes on from block to block. */
    private void separate(byte[] key, int keyLength, long rank, boolean same) {
        if (lastKeyLength < 0 || same) {
            separator = Arrays.copyOf(key, keyLength);
            separatorRank = rank;
        } else {
            int common = Arrays.mismatch(lastKey, 0, lastKeyLength, key, 0, keyLength);
            separator = Arrays.copyOf(key, Math.min(common + 1, keyLength));
            separatorRank = 0;
        }
    }

    private void closeBlock() {
        Encoder plain = block.finish();
        long offset = data.append(BlockType.DATA, codec, plain.array(), plain.length());
        block.clear();
        pointer.truncate(0);
        new BlockPointer(offset, data.lastSize()).encode(pointer);
        index.add(separator, separator.length, separatorRank, pointer, ordinal);
        directory.endBlock(ordinal);
        ordinal++;
        if (filter != null && filter.count() >= tuning.filterKeysMax()) {
            index.closeLeaf();
        }
    }

    private BlockPointer writeFilter() {
        if (filter == null) {
            return new BlockPointer(0, 0);
        }
        byte[] bits = filter.build();
        filter.clear();
        long offset = meta.append(BlockType.FILTER, Codec.RAW, bits, bits.length);
        return new BlockPointer(offset, meta.lastSize());
    }

    private LargeValue writeLarge(ValueSource source) {
        ExtentWriter out = values;
        if (out == null) {
            out = store.create(tuning.ioBytes(), expectedBytes);
            values = out;
        }
        byte[] piece = new byte[LargeValue.PIECE_BYTES];
        Encoder hashes = new Encoder(64);
        Encoder list = new Encoder(64);
        BlockPointer only = new BlockPointer(0, 0);
        long left = source.length();
        for (long at = 0; left > 0; at += piece.length) {
            int count = (int) Math.min(left, piece.length);
            source.copy(at, piece, count);
            hashes.u64(XxHash64.hash(piece, 0, count));
            long offset = out.append(BlockType.VALUE_PIECE, codec, piece, count);
            only = new BlockPointer(offset, out.lastSize());
            only.encode(list);
            left -= count;
        }
        if (source.length() > LargeValue.PIECE_BYTES) {
            long offset = out.append(BlockType.VALUE_LIST, codec, list.array(), list.length());
            only = new BlockPointer(offset, out.lastSize());
        }
        long hash = XxHash64.hash(hashes.array(), 0, hashes.length());
        return new LargeValue(source.length(), only.offset(), only.size(), hash);
    }

    /**
     * Ends the array, which must not be empty, and makes it stable.
     *
     * @param versions the version table: ids in line order
     */
    Written finish(long[] versions) {
        return finishAll(List.of(end(versions, false))).get(0);
    }

    /** An array to which nothing is added any more, not yet stable. */
    static final class Ended {
        private final ArrayWriter writer;
        private final BlockPointer footer;
        private final ArrayCounts counts;

        private Ended(ArrayWriter writer, BlockPointer footer, ArrayCounts counts) {
            this.writer = writer;
            this.footer = footer;
            this.counts = counts;
        }
    }

    /** Makes arrays stable, together. */
    static List<Written> finishAll(List<Ended> arrays) {
        List<ExtentWriter> extents = new ArrayList<>();
        for (Ended array : arrays) {
            extents.add(array.writer.data);
            extents.add(array.writer.meta);
            if (array.writer.values != null) {
                extents.add(array.writer.values);
            }
        }
        Iterator<ExtentWriter.Written> stable = ExtentWriter.finishAll(extents).iterator();
        List<Written> written = new ArrayList<>();
        for (Ended array : arrays) {
            ArrayWriter writer = array.writer;
            written.add(new Written(
                    stable.next(),
                    stable.next(),
                    writer.values == null ? null : stable.next(),
                    array.footer,
                    array.counts,
                    writer.bytesWritten()));
        }
        return written;
    }

    /**
     * Ends the array, which must not be empty.
     *
     * @param versions the version table: ids in line order
     * @param toldBehind whether it says of all keys what the version behind its band shows
     */
    Ended end(long[] versions, boolean toldBehind) {
        visibleLast += lastShows ? 1 : 0;
        closeBlock();
        TreeRoot root = index.finish(1);
        List<BlockPointer> table = writeTable(versions);
        List<TreeRoot> sections = directory.finish();
        Encoder sampled = sample.build().encode();
        BlockPointer samplePointer = append(BlockType.KEY_SAMPLE, sampled);
        ArrayCounts counts = new ArrayCounts(
                ordinal,
                breakpoints,
                keys,
                passes,
                tombstones,
                plainValues,
                resumes,
                largeValues,
                keyBytes,
                valueBytes,
                copies,
                visibleFirst,
                visibleLast);
        ArrayFooter footer = new ArrayFooter(
                root,
                versions.length,
                table,
                sections,
                samplePointer,
                counts,
                firstKey,
                Arrays.copyOf(lastKey, lastKeyLength),
                tuning.blockBytes(),
                new ArrayFooter.Outlook(outlook, toldBehind));
        BlockPointer footerPointer = append(BlockType.FOOTER, footer.encode());
        return new Ended(this, footerPointer, counts);
    }

    private BlockPointer append(BlockType type, Encoder plain) {
        long offset = meta.append(type, codec, plain.array(), plain.length());
        return new BlockPointer(offset, meta.lastSize());
    }

    private List<BlockPointer> writeTable(long[] versions) {
        List<BlockPointer> blocks = new ArrayList<>();
        Encoder ids = new Encoder(TABLE_IDS * Long.BYTES);
        for (int i = 0; i < versions.length; i++) {
            ids.u64(versions[i]);
            if (ids.length() == TABLE_IDS * Long.BYTES || i == versions.length - 1) {
                blocks.add(append(BlockType.VERSION_TABLE, ids));
                ids.truncate(0);
            }
        }
        return blocks;
    }

    /** Removes what was written. */
    void abandon() {
        data.abandon();
        meta.abandon();
        if (values != null) {
            values.abandon();
        }
    }
}
