package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.ChangeCursor;
import io.donjon.Compression;
import io.donjon.Durability;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Snapshot;
import io.donjon.Store;
import io.donjon.StoreOptions;
import io.donjon.StoreStats;
import io.donjon.extents.BlockCache;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * How many blocks a diff of two neighbouring snapshots reads, in a chain of them with 1 % of the keys changed each, as the
 * store's own merges and cuts leave it: 100-byte values, nothing compressed, each pair with an empty cache, also pairs
 * between which an array ends.
 *
 * <p>{@code -Ddiff.keys=1000000 -Ddiff.snapshots=1000 -Ddiff.memory=256} is the chain of issue 11; {@code -Ddiff.clean=false}
 * leaves it as it is. The lines that begin with "diff-chain" are for programs; they count all blocks that were not in the
 * cache, and of these those of change directories.
 */
class DiffChainTest {
    private static final int KEYS = Integer.getInteger("diff.keys", 10_000);
    private static final int SNAPSHOTS = Integer.getInteger("diff.snapshots", 300);
    private static final boolean CLEAN = Boolean.parseBoolean(System.getProperty("diff.clean", "true"));
    private static final int CHANGED = KEYS / 100;

    /** Pairs that are looked at: so many evenly, and at most so many across cuts. */
    private static final int PAIRS = 10;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    private StoreHandle open() {
        return (StoreHandle) Store.open(StoreOptions.at(folder)
                .createIfMissing(true)
                .durability(Durability.ASYNC)
                .compression(Compression.NONE)
                .memoryBytes(Long.getLong("diff.memory", StoreOptions.MEMORY_BYTES_MIN >> 20) << 20));
    }

    private static Keyspace k(Store store) {
        return Objects.requireNonNull(store.keyspace("k"));
    }

    @Test
    void neighboursAreReadInProportionToTheChange() {
        load();
        List<Integer> across = beforeCuts();
        assertFalse(CLEAN && across.isEmpty(), "nothing was cut");
        double most = 0;
        for (int pair = 0; pair < PAIRS; pair++) {
            most = Math.max(most, blocksPerKey(pair * (SNAPSHOTS - 2) / (PAIRS - 1), ""));
        }
        for (int older : across.subList(0, Math.min(PAIRS, across.size()))) {
            most = Math.max(most, blocksPerKey(older, " cut"));
        }
        double worst = most;
        // Where arrays are not merged yet the two values lie apart.
        assertTrue(worst <= (CLEAN ? 1.1 : 4), () -> worst + " blocks for each changed key");
    }

    /** The snapshots that are last in the band of an array. */
    private List<Integer> beforeCuts() {
        try (StoreHandle store = open()) {
            Keyspace keyspace = k(store);
            Set<Long> ends =
                    store.stats().arrays().stream().map(StoreStats.Array::to).collect(Collectors.toSet());
            return IntStream.range(0, SNAPSHOTS - 1)
                    .filter(older -> ends.contains(
                            snapshot(keyspace, older + 1).version().id()))
                    .boxed()
                    .toList();
        }
    }

    private static Snapshot snapshot(Keyspace keyspace, int number) {
        return Objects.requireNonNull(keyspace.snapshotNamed("s" + number));
    }

    private void load() {
        SplittableRandom random = new SplittableRandom(1);
        byte[] value = new byte[100];
        try (StoreHandle store = open()) {
            Keyspace keyspace = store.createKeyspace("k");
            for (int key = 0; key < KEYS; key++) {
                random.nextBytes(value);
                keyspace.put(key(key), value);
            }
            for (int snapshot = 0; snapshot < SNAPSHOTS; snapshot++) {
                keyspace.snapshot("s" + snapshot);
                int first = random.nextInt(KEYS);
                for (int n = 0; n < CHANGED; n++) {
                    random.nextBytes(value);
                    // Far from each other, and each once.
                    keyspace.put(key((first + n) % KEYS), value);
                }
            }
            if (CLEAN) {
                store.clean().result();
            }
        }
    }

    private static byte[] key(int number) {
        return ByteBuffer.allocate(16)
                .putLong(number * 0x9E3779B97F4A7C15L)
                .putLong(number)
                .array();
    }

    private double blocksPerKey(int older, String across) {
        try (StoreHandle store = open()) {
            Keyspace keyspace = k(store);
            long before = store.stats().cache().misses();
            int changed = 0;
            try (ChangeCursor cursor = store.diff(
                    snapshot(keyspace, older).version(),
                    snapshot(keyspace, older + 1).version(),
                    KeyRange.all())) {
                while (cursor.next()) {
                    assertEquals(100, Objects.requireNonNull(cursor.oldValue()).remaining());
                    assertEquals(100, Objects.requireNonNull(cursor.newValue()).remaining());
                    changed++;
                }
            }
            assertEquals(CHANGED, changed);
            long blocks = store.stats().cache().misses() - before;
            long directories = 0;
            for (ArrayRun array : store.engine().states().current().arrays) {
                for (TreeRoot section : array.footer().directory()) {
                    directories += cached(store.engine().store().cache(), array, section);
                }
            }
            double perKey = (double) (blocks - directories) / changed;
            System.out.printf(
                    Locale.ROOT,
                    "diff-chain keys=%d snapshots=%d older=%d changed=%d blocks=%d directories=%d perKey=%.3f arrays=%d%s%n",
                    KEYS,
                    SNAPSHOTS,
                    older,
                    changed,
                    blocks,
                    directories,
                    perKey,
                    store.stats().arrays().size(),
                    across);
            return perKey;
        }
    }

    /** How many blocks of a section are in the cache: what was read of it. */
    private static long cached(BlockCache cache, ArrayRun array, TreeRoot root) {
        var block = cache.get(array.meta().id(), root.block().offset());
        if (block == null) {
            return 0;
        }
        long count = 1;
        if (root.level() > 0) {
            BlockEntry entry = new BlockEntry();
            entry.enter(block.bytes(), array.meta().id(), root.block().offset());
            while (entry.next()) {
                entry.decodeChild(false, false);
                count += cached(
                        cache,
                        array,
                        new TreeRoot(root.level() - 1, new BlockPointer(entry.childOffset(), entry.childSize())));
            }
        }
        return count;
    }
}
