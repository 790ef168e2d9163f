package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.Block;
import io.donjon.extents.BlockType;
import io.donjon.extents.Codec;
import io.donjon.extents.Decoder;
import io.donjon.extents.Encoder;
import io.donjon.extents.Extent;
import io.donjon.extents.ExtentStore;
import io.donjon.extents.ExtentWriter;
import io.donjon.extents.ManifestEdit;
import io.donjon.extents.sim.Seeds;
import io.donjon.extents.sim.SimWorld;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The tree of blocks over an array's blocks, and the change directory: written, and read back level by level. */
class IndexTreeTest {
    static LongStream seeds() {
        return Seeds.first(Integer.getInteger("seeds", 20));
    }

    /** An entry of a tree: key, rank, and what it leads to. */
    private record Item(String key, long rank, String value, long ordinal) {}

    /** What an entry of the levels above says of a block below. */
    private static final class Child {
        final String key;
        final long rank;
        final BlockPointer block;
        long ordinal;
        long filter = -1;

        Child(String key, long rank, BlockPointer block) {
            this.key = key;
            this.rank = rank;
            this.block = block;
        }
    }

    private interface Use {
        TreeRoot of(ExtentWriter out);
    }

    private interface Look {
        void at(Extent extent, TreeRoot root);
    }

    /** Writes into an extent, and reads that. */
    private static void writeAndRead(Use use, Look look) {
        SimWorld world = new SimWorld(1);
        assertTrue(world.run(() -> {
            StoreHandle handle = new SimStore(1, 1, Tunings.small()).open(world);
            ExtentStore store = handle.engine().store();
            ExtentWriter out = store.create(8192, 0);
            TreeRoot root = use.of(out);
            store.commit(new ManifestEdit().add(out.finish()));
            look.at(store.extent(out.id()), root);
            handle.close();
        }));
    }

    private static String text(BlockEntry entry) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < entry.keyLength(); i++) {
            text.append((char) (entry.key()[i] & 0xff));
        }
        return text.toString();
    }

    private static byte[] bytes(String text) {
        byte[] bytes = new byte[text.length()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) text.charAt(i);
        }
        return bytes;
    }

    private static BlockEntry enter(Extent extent, BlockPointer at, BlockType type) {
        Block block = extent.read(at.offset(), at.size());
        assertEquals(type, block.type());
        SortedBlock.validate(block.bytes(), "block at " + at.offset());
        BlockEntry entry = new BlockEntry();
        entry.enter(block.bytes(), 1, 2);
        return entry;
    }

    private static Decoder value(BlockEntry entry) {
        assertEquals(StepKind.VALUE, entry.kind());
        return new Decoder("value", ByteBuffer.wrap(entry.block(), entry.valueAt(), entry.valueLength()));
    }

    private static List<Child> children(Extent extent, BlockPointer at, boolean ordinals, boolean filters) {
        List<Child> children = new ArrayList<>();
        BlockEntry entry = enter(extent, at, BlockType.INDEX);
        while (entry.next()) {
            Decoder value = value(entry);
            Child child = new Child(text(entry), entry.rank(), BlockPointer.decode(value));
            if (ordinals) {
                child.ordinal = value.varint();
            }
            if (filters) {
                child.filter = BlockPointer.decode(value).offset();
            }
            assertEquals(0, value.remaining());
            children.add(child);
        }
        return children;
    }

    private static void read(
            Extent extent, BlockPointer at, int level, boolean filtered, List<Item> into, List<Long> filters) {
        if (level == 0) {
            BlockEntry entry = enter(extent, at, BlockType.FOOTER);
            while (entry.next()) {
                into.add(new Item(text(entry), entry.rank(), value(entry).text(), 0));
            }
            return;
        }
        List<Child> children = children(extent, at, filtered, filtered && level == 1);
        assertTrue(!children.isEmpty());
        for (Child child : children) {
            int first = into.size();
            read(extent, child.block, level - 1, filtered, into, filters);
            // An entry says what the block below it begins with.
            assertEquals(into.get(first).key, child.key);
            assertEquals(into.get(first).rank, child.rank);
            if (filtered) {
                assertEquals(first, child.ordinal);
            }
            if (child.filter >= 0) {
                assertEquals(filters.size() + 1, child.filter);
                filters.add((long) into.size() - first);
            }
        }
    }

    private static List<Item> items(SplittableRandom random, int count) {
        TreeMap<String, TreeSet<Long>> keys = new TreeMap<>();
        for (int i = 0; i < count; i++) {
            String key = "k" + "\u00f0".repeat(random.nextInt(5)) + random.nextInt(count);
            keys.computeIfAbsent(key, k -> new TreeSet<>()).add(random.nextLong(4));
        }
        List<Item> items = new ArrayList<>();
        keys.forEach((key, ranks) ->
                ranks.forEach(rank -> items.add(new Item(key, rank, "v".repeat(random.nextInt(9)), 0))));
        return items;
    }

    private static IndexTree tree(ExtentWriter out, int blockBytes, @Nullable Supplier<BlockPointer> filter) {
        // FOOTER: any type that is not that of the levels above.
        return new IndexTree(out, Codec.RAW, BlockType.FOOTER, blockBytes, filter);
    }

    private static void add(IndexTree tree, Item item, long ordinal) {
        tree.add(bytes(item.key), item.key.length(), item.rank, new Encoder(16).text(item.value), ordinal);
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void whatWasAddedIsFoundInOrderAndEveryEntryAboveSaysWhatIsBelow(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Item> items = items(random, 1 + random.nextInt(400));
        boolean filtered = random.nextBoolean();
        int blockBytes = 128 + random.nextInt(200);
        int leastLevel = random.nextInt(3);
        List<Long> built = new ArrayList<>();
        writeAndRead(
                out -> {
                    int[] added = {0};
                    IndexTree tree = tree(
                            out,
                            blockBytes,
                            !filtered
                                    ? null
                                    : () -> {
                                        built.add((long) added[0]);
                                        added[0] = 0;
                                        return new BlockPointer(built.size(), 1);
                                    });
                    for (int i = 0; i < items.size(); i++) {
                        added[0]++;
                        add(tree, items.get(i), i);
                        if (random.nextInt(50) == 0) {
                            tree.closeLeaf();
                            // There is no open one now.
                            tree.closeLeaf();
                        }
                    }
                    return tree.finish(leastLevel);
                },
                (extent, root) -> {
                    assertTrue(root.level() >= leastLevel);
                    List<Item> found = new ArrayList<>();
                    List<Long> filters = new ArrayList<>();
                    read(extent, root.block(), root.level(), filtered, found, filters);
                    assertEquals(items, found);
                    if (filtered && root.level() > 0) {
                        // A filter holds exactly what lies below its leaf.
                        assertEquals(built, filters);
                    }
                });
    }

    @Test
    void aTreeOfOneLeafIsThatLeafUnlessALevelAboveIsWanted() {
        for (int leastLevel = 0; leastLevel < 3; leastLevel++) {
            int least = leastLevel;
            writeAndRead(
                    out -> {
                        IndexTree tree = tree(out, 4096, null);
                        add(tree, new Item("a", 3, "x", 0), 0);
                        add(tree, new Item("b", 0, "y", 0), 1);
                        return tree.finish(least);
                    },
                    (extent, root) -> {
                        assertEquals(least, root.level());
                        List<Item> found = new ArrayList<>();
                        read(extent, root.block(), root.level(), false, found, new ArrayList<>());
                        assertEquals(List.of(new Item("a", 3, "x", 0), new Item("b", 0, "y", 0)), found);
                    });
        }
    }

    @Test
    void aLeafThatIsClosedEarlyGetsItsFilterAtOnce() {
        int[] filters = {0};
        writeAndRead(
                out -> {
                    IndexTree tree = tree(out, 4096, () -> new BlockPointer(++filters[0], 1));
                    tree.closeLeaf();
                    assertEquals(0, filters[0], "there is no leaf");
                    add(tree, new Item("a", 0, "x", 0), 0);
                    tree.closeLeaf();
                    tree.closeLeaf();
                    assertEquals(1, filters[0]);
                    add(tree, new Item("b", 0, "y", 0), 1);
                    return tree.finish(1);
                },
                (extent, root) -> {
                    List<Child> children = children(extent, root.block(), true, true);
                    assertEquals(2, children.size());
                    assertEquals(1, children.get(1).ordinal);
                    assertEquals(2, children.get(1).filter);
                });
    }

    /** A block is closed by the entry that fills it, not before the next. */
    @Test
    void blocksAreClosedAsSoonAsTheyAreFull() {
        List<Integer> closed = new ArrayList<>();
        writeAndRead(
                out -> {
                    int[] added = {0};
                    IndexTree tree = tree(out, 200, () -> {
                        closed.add(added[0]);
                        return new BlockPointer(1, 1);
                    });
                    int bytes = 0;
                    BlockBuilder due = new BlockBuilder(200, SortedBlock.RESTART_EVERY);
                    List<Integer> dueAt = new ArrayList<>();
                    for (int i = 0; i < 100; i++) {
                        String key = "key " + (100 + i);
                        byte[] value = new Encoder(16).text("v").toBytes();
                        due.add(bytes(key), key.length(), 0, StepKind.VALUE, value, 0, value.length);
                        bytes = due.bytes();
                        added[0] = i + 1;
                        if (bytes >= 200) {
                            dueAt.add(i + 1);
                            due.clear();
                        }
                        add(tree, new Item(key, 0, "v", 0), i);
                        assertEquals(dueAt, closed);
                    }
                    assertTrue(closed.size() > 3);
                    return tree.finish(1);
                },
                (extent, root) -> assertTrue(root.level() >= 1));
    }

    // ---- the change directory ----

    private static void readDirectory(Extent extent, BlockPointer at, int level, List<long[]> pairs) {
        if (level > 0) {
            for (Child child : children(extent, at, false, false)) {
                readDirectory(extent, child.block, level - 1, pairs);
            }
            return;
        }
        BlockEntry entry = enter(extent, at, BlockType.CHANGE_DIRECTORY);
        while (entry.next()) {
            ByteBuffer key = ByteBuffer.wrap(entry.key(), 0, entry.keyLength());
            int rank = key.getInt();
            long ordinal = key.getInt();
            assertEquals(0, key.remaining());
            pairs.add(new long[] {rank, ordinal});
            Decoder value = value(entry);
            while (value.hasMore()) {
                ordinal += value.varint();
                pairs.add(new long[] {rank, ordinal});
            }
        }
    }

    private static List<String> texts(List<long[]> pairs) {
        return pairs.stream().map(pair -> pair[0] + " in " + pair[1]).toList();
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void theDirectoryHasEveryRankOnceForEveryBlockThatHoldsIt(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int blocks = 1 + random.nextInt(60);
        // More than the builder has room for at first, now and then; and runs so long that entries are cut.
        int ranks = random.nextInt(4) == 0 ? 600 : 1 + random.nextInt(12);
        int pairsMax = random.nextBoolean() ? 1600 : 10 + random.nextInt(200);
        TreeSet<Long> all = new TreeSet<>();
        List<TreeRoot> sections = new ArrayList<>();
        writeAndRead(
                out -> {
                    DirectoryBuilder builder = new DirectoryBuilder(out, Codec.RAW, 256, pairsMax);
                    for (int block = 0; block < blocks; block++) {
                        for (int n = random.nextInt(2 * ranks); n > 0; n--) {
                            int rank = random.nextInt(ranks);
                            builder.add(rank);
                            all.add((long) rank << 32 | block);
                        }
                        builder.endBlock(block);
                    }
                    sections.addAll(builder.finish());
                    return new TreeRoot(0, new BlockPointer(0, 0));
                },
                (extent, root) -> {
                    assertEquals((all.size() + pairsMax - 1) / pairsMax, sections.size());
                    List<String> found = new ArrayList<>();
                    long before = -1;
                    for (TreeRoot section : sections) {
                        List<long[]> pairs = new ArrayList<>();
                        readDirectory(extent, section.block(), section.level(), pairs);
                        assertTrue(pairs.size() <= pairsMax);
                        // Within a section by rank; a later section is of later blocks, or goes on within one.
                        long last = -1;
                        long first = Long.MAX_VALUE;
                        for (long[] pair : pairs) {
                            long packed = pair[0] << 32 | pair[1];
                            assertTrue(packed > last, texts(pairs).toString());
                            last = packed;
                            first = Math.min(first, pair[1]);
                        }
                        assertTrue(first >= before);
                        before = first;
                        found.addAll(texts(pairs));
                    }
                    List<String> due = new ArrayList<>();
                    all.forEach(packed -> due.add((packed >>> 32) + " in " + (int) (long) packed));
                    assertArrayEquals(
                            due.stream().sorted().toArray(),
                            found.stream().sorted().toArray());
                });
    }

    /** A rank that changes everywhere must not make one entry that is larger than its block. */
    @Test
    void theBlocksOfARankAreSpreadOverEntriesOfAQuarterBlock() {
        int blockBytes = 256;
        List<TreeRoot> sections = new ArrayList<>();
        writeAndRead(
                out -> {
                    DirectoryBuilder builder = new DirectoryBuilder(out, Codec.RAW, blockBytes, 10_000);
                    for (int block = 0; block < 1000; block++) {
                        builder.add(7);
                        builder.endBlock(block);
                    }
                    sections.addAll(builder.finish());
                    return sections.get(0);
                },
                (extent, root) -> {
                    assertEquals(1, sections.size());
                    List<long[]> pairs = new ArrayList<>();
                    readDirectory(extent, root.block(), root.level(), pairs);
                    assertEquals(1000, pairs.size());
                    BlockPointer leaf = root.block();
                    for (int level = root.level(); level > 0; level--) {
                        leaf = children(extent, leaf, false, false).get(0).block;
                    }
                    BlockEntry entry = enter(extent, leaf, BlockType.CHANGE_DIRECTORY);
                    assertTrue(entry.next());
                    assertEquals(blockBytes / 4, entry.valueLength());
                });
    }

    @Test
    void withoutBreakpointsThereIsNoSection() {
        List<TreeRoot> sections = new ArrayList<>();
        writeAndRead(
                out -> {
                    DirectoryBuilder builder = new DirectoryBuilder(out, Codec.RAW, 256, 10);
                    builder.endBlock(0);
                    sections.addAll(builder.finish());
                    out.append(BlockType.FOOTER, Codec.RAW, new byte[] {1}, 1);
                    return new TreeRoot(0, new BlockPointer(0, 0));
                },
                (extent, root) -> assertEquals(List.of(), sections));
    }
}
