package io.donjon.engine;

import io.donjon.bloom.BlockedBloom;
import io.donjon.extents.Block;
import io.donjon.extents.BlockType;
import io.donjon.extents.Decoder;
import io.donjon.extents.Extent;
import io.donjon.extents.ExtentStore;
import io.donjon.extents.StorageException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Comparator;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * An array that can be read: an immutable sorted run of breakpoints over a band of the line, with its index, filters and
 * version table (design.md section 4). Thread-safe.
 *
 * <p>It is counted: whoever lists it holds it, and with the last holder gone, if the manifest names it no more, its files
 * go.
 */
final class ArrayRun {
    /** Newest first; those of one age, which share no keys, by their ranges. */
    static final Comparator<ArrayRun> NEWEST_FIRST = Comparator.comparingLong(ArrayRun::age)
            .reversed()
            .thenComparing(array -> array.info.keysFrom(), Arrays::compareUnsigned);

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private final ArrayInfo info;
    private final ArrayFooter footer;
    private final ExtentStore store;
    private final Extent data;
    private final Extent meta;
    private final @Nullable Extent values;

    /** The places at which the band begins and ends; {@code Line.END} for the end of the line. */
    private final int from;

    private final int to;
    private final Consumer<ArrayRun> graveyard;
    private final AtomicInteger holders = new AtomicInteger(1);
    private volatile boolean dropped;

    /** The same array with fewer keys, which it holds until it has gone itself: files go from the front on. */
    private volatile @Nullable ArrayRun narrowed;

    private ArrayRun(
            ArrayInfo info,
            ArrayFooter footer,
            ExtentStore store,
            Extent data,
            Extent meta,
            @Nullable Extent values,
            int from,
            int to,
            Consumer<ArrayRun> graveyard) {
        this.info = info;
        this.footer = footer;
        this.store = store;
        this.data = data;
        this.meta = meta;
        this.values = values;
        this.from = from;
        this.to = to;
        this.graveyard = graveyard;
    }

    /**
     * Opens an array that the manifest names.
     *
     * @param from the place of {@code info.from()}
     * @param to the place of {@code info.to()}
     * @param graveyard gets it once nothing names or holds it any more; it must not wait
     */
    static ArrayRun open(ArrayInfo info, ExtentStore store, int from, int to, Consumer<ArrayRun> graveyard) {
        Extent meta = store.extent(info.meta());
        Extent data = store.extent(info.data());
        Extent values = info.values() == 0 ? null : store.extent(info.values());
        Block block = meta.read(info.footer().offset(), info.footer().size());
        ArrayFooter footer = ArrayFooter.decode(new Decoder("footer of array " + info.id(), block.bytes()));
        checkTable(info, footer, meta);
        return new ArrayRun(info, footer, store, data, meta, values, from, to, graveyard);
    }

    /** Each block of the version table is there once, so that no table is larger than what the extent can hold. */
    private static void checkTable(ArrayInfo info, ArrayFooter footer, Extent meta) {
        long end = 0;
        for (BlockPointer block : footer.table()) {
            meta.checkPlace(block.offset(), block.size());
            if (block.offset() < end) {
                throw StorageException.damaged(
                        "footer of array " + info.id(),
                        "a block of the version table at " + block.offset() + ", but the one before it ends at " + end);
            }
            end = block.offset() + block.size();
        }
    }

    /** The same array, with its range and extents as the manifest has them by now; the caller drops this one. */
    ArrayRun narrow(ArrayInfo to) {
        Extent oldValues = values;
        ArrayRun made = new ArrayRun(
                to,
                footer,
                store,
                store.extent(data.id()),
                meta,
                oldValues == null ? null : store.extent(oldValues.id()),
                from,
                this.to,
                graveyard);
        made.hold();
        narrowed = made;
        return made;
    }

    ArrayInfo info() {
        return info;
    }

    ArrayFooter footer() {
        return footer;
    }

    long id() {
        return info.id();
    }

    long age() {
        return info.age();
    }

    /** The place at which its band begins. */
    int from() {
        return from;
    }

    /** The place at which its band ends, or {@code Line.END}. */
    int to() {
        return to;
    }

    Extent data() {
        return data;
    }

    Extent meta() {
        return meta;
    }

    @Nullable Extent values() {
        return values;
    }

    @Override
    public String toString() {
        return "array " + info.id();
    }

    // ---- holders ----

    /** Keeps it from being freed; the caller holds something that holds it already. */
    void hold() {
        holders.incrementAndGet();
    }

    /** Lets go of it. */
    void release() {
        if (holders.decrementAndGet() == 0 && dropped) {
            graveyard.accept(this);
        }
    }

    /** The durable manifest names it no more, or with fewer keys: with the last holder it goes to the graveyard. */
    void drop() {
        dropped = true;
    }

    /**
     * Removes its files, or those that it alone still needed. Nobody holds it any more.
     *
     * @return whether there is no view of the array any more
     */
    boolean free() {
        ArrayRun left = narrowed;
        if (left == null) {
            store.free(meta);
            store.free(data);
            if (values != null) {
                store.free(values);
            }
            return true;
        }
        store.freeBefore(data, left.data.begin());
        if (values != null && left.values != null) {
            store.freeBefore(values, left.values.begin());
        }
        left.release();
        return false;
    }

    // ---- the version table ----

    /** The id of the version that has a rank. */
    long version(int rank) {
        if (rank < 0 || rank >= footer.places()) {
            throw StorageException.damaged(this, "rank " + rank + " of " + footer.places());
        }
        return version(rank, tableBlock(rank / ArrayWriter.TABLE_IDS));
    }

    /** All versions in its table, by rank. */
    long[] versions() {
        int places = footer.places();
        long[] versions = new long[Math.min(places, ArrayWriter.TABLE_IDS)];
        for (int rank = 0; rank < places; ) {
            byte[] block = tableBlock(rank / ArrayWriter.TABLE_IDS);
            int end = Math.min(places, rank + ArrayWriter.TABLE_IDS);
            if (end > versions.length) {
                // In proportion to what is known to be there: nothing else backs the number of places.
                versions = Arrays.copyOf(versions, (int) Math.min(places, 2L * versions.length));
            }
            for (; rank < end; rank++) {
                versions[rank] = version(rank, block);
            }
        }
        return versions;
    }

    /**
     * The last rank whose version passes a test, which those up to some rank do and none behind it; -1 if none does. A block
     * of the table is fetched once for the many versions of it that are tested.
     */
    int lastRank(LongPredicate test) {
        int low = -1;
        int high = footer.places() - 1;
        int index = -1;
        byte[] block = {};
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (index != middle / ArrayWriter.TABLE_IDS) {
                index = middle / ArrayWriter.TABLE_IDS;
                block = tableBlock(index);
            }
            if (test.test(version(middle, block))) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    private long version(int rank, byte[] block) {
        int at = rank % ArrayWriter.TABLE_IDS * Long.BYTES;
        if (at + Long.BYTES > block.length) {
            throw StorageException.damaged(this, "its version table ends before rank " + rank);
        }
        return (long) LONGS.get(block, at);
    }

    private byte[] tableBlock(int index) {
        BlockPointer pointer = footer.table().get(index);
        return typed(
                meta.block(pointer.offset(), pointer.size(), true), BlockType.VERSION_TABLE, meta, pointer.offset());
    }

    // ---- what it consists of ----

    /** Its key sample, read anew. */
    KeySample sample() {
        BlockPointer pointer = footer.sample();
        Block block = meta.block(pointer.offset(), pointer.size(), false);
        byte[] plain = typed(block, BlockType.KEY_SAMPLE, meta, pointer.offset());
        return KeySample.decode(new Decoder("key sample of " + this, plain));
    }

    // ---- looking up ----

    /**
     * Looks for what holds for a key at a rank: the last breakpoint of the key at or before it.
     *
     * @param at gets the breakpoint if there is one
     * @return its kind; PASS if there is none
     */
    int find(FullKey key, long rank, BlockEntry at) {
        if (!covers(key)
                || !descend(key, rank, at)
                || !floor(meta, at.childOffset(), at.childSize(), BlockType.INDEX, key, rank, at)) {
            return StepKind.PASS;
        }
        at.decodeChild(false, false);
        if (!floor(data, at.childOffset(), at.childSize(), BlockType.DATA, key, rank, at)
                || !at.keyEquals(key.bytes(), key.length())) {
            return StepKind.PASS;
        }
        return at.kind();
    }

    /** Whether the array may have any breakpoint of a key, by its range of keys and its filters. */
    boolean mayHave(FullKey key, BlockEntry scratch) {
        // A key's breakpoints may lie under several leaves; each of these has the key in its filter.
        return covers(key)
                && key.compareTo(footer.firstKey(), 0, footer.firstKey().length) >= 0
                && key.compareTo(footer.lastKey(), 0, footer.lastKey().length) <= 0
                && descend(key, Long.MAX_VALUE, scratch);
    }

    private boolean covers(FullKey key) {
        return info.covers(key.bytes(), key.length());
    }

    /**
     * Goes down to the entry of level 1 that a key and rank fall under.
     *
     * @return false if there is none, or if the filter says that the key is not there
     */
    private boolean descend(FullKey key, long rank, BlockEntry at) {
        long offset = footer.index().block().offset();
        int size = footer.index().block().size();
        for (int level = footer.index().level(); level >= 1; level--) {
            if (!floor(meta, offset, size, BlockType.INDEX, key, rank, at)) {
                return false;
            }
            at.decodeChild(true, level == 1);
            offset = at.childOffset();
            size = at.childSize();
        }
        if (at.filterSize() == 0) {
            return true;
        }
        Block filter = meta.block(at.filterOffset(), at.filterSize(), true);
        byte[] bits = typed(filter, BlockType.FILTER, meta, at.filterOffset());
        return BlockedBloom.mightContain(bits, 0, bits.length, key.hash());
    }

    private boolean floor(Extent extent, long offset, int size, BlockType type, FullKey key, long rank, BlockEntry at) {
        at.enter(typed(extent.block(offset, size, true), type, extent, offset), extent.id(), offset);
        return at.seekFloor(key.bytes(), key.length(), rank);
    }

    /** The bytes of a block that must be of a type. */
    static byte[] typed(Block block, BlockType type, Extent extent, long offset) {
        if (block.type() != type) {
            throw StorageException.damaged(
                    "extent " + extent.id() + " offset " + offset, "a block of type " + block.type() + ", not " + type);
        }
        return block.bytes();
    }

    // ---- large values ----

    /** Reads a large value from its start to its end. */
    ValueSource reader(LargeValue value) {
        Extent extent = values;
        if (extent == null || value.length() < 1 || value.length() > Arguments.VALUE_BYTES_MAX) {
            throw StorageException.damaged(
                    this, "a large value of " + value.length() + " bytes, or no extent for such");
        }
        return new LargeValueReader(extent, value);
    }

    /** The bytes of a large value. */
    byte[] largeValue(LargeValue value) {
        ValueSource reader = reader(value);
        byte[] bytes = new byte[(int) value.length()];
        reader.copy(0, bytes, bytes.length);
        return bytes;
    }
}
