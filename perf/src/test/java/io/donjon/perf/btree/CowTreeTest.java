package io.donjon.perf.btree;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.perf.IoCounts;
import io.donjon.perf.Seeds;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.ConcurrentModificationException;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class CowTreeTest {
    private static final long TINY = CowTree.POOL_BYTES_MIN;
    private static final long AMPLE = 64L << 20;

    @TempDir
    private Path folder;

    static LongStream seeds() {
        return Seeds.upTo(25);
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void agreesWithAMapForEachVersionOfARandomTree(long seed) {
        new Model(new SplittableRandom(seed), folder.resolve("tree")).run();
    }

    /** Random versions, some of them in trees of their own; puts to any of them; drops; and a walk now and then. */
    private static final class Model {
        private final SplittableRandom random;
        private final CowTree tree;
        private final int keyKinds;
        private final int keyBytesMax;
        private final int valueBytesMax;
        private final Map<Integer, TreeMap<byte[], byte[]>> expected = new TreeMap<>();

        Model(SplittableRandom random, Path file) {
            this.random = random;
            tree = CowTree.create(file, random.nextBoolean() ? TINY : 3 * TINY, random.nextInt(6) == 0);
            keyKinds = 1 << (4 + random.nextInt(10));
            keyBytesMax = random.nextInt(3) == 0 ? 1200 : 30;
            valueBytesMax = random.nextBoolean() ? 120 : CowTree.RECORD_BYTES_MAX;
        }

        void run() {
            for (int phase = 0; phase < 4; phase++) {
                int puts = 1 + random.nextInt(200);
                for (int n = random.nextInt(4000); n > 0; n--) {
                    int what = random.nextInt(puts + 4);
                    if (expected.isEmpty() || (what == 0 && random.nextInt(3) == 0)) {
                        expected.put(tree.create(), new TreeMap<>(Arrays::compareUnsigned));
                    } else if (what == 1) {
                        int parent = any();
                        expected.put(tree.clone(parent), new TreeMap<>(version(parent)));
                    } else if (what == 2 && expected.size() > 3) {
                        int version = any();
                        tree.drop(version);
                        expected.remove(version);
                        assertThrows(IllegalArgumentException.class, () -> get(version, new byte[0]));
                    } else if (what == 3) {
                        int version = any();
                        byte[] from = key();
                        assertScan(scan(tree, version, from), version(version).tailMap(from, true), 200);
                    } else {
                        put(any());
                    }
                }
                assertEquals(tree.usedBytes() / Page.BYTES, tree.check());
                expected.forEach((version, records) -> {
                    assertScan(scan(tree, version, new byte[0]), records, Integer.MAX_VALUE);
                });
                if (random.nextBoolean()) {
                    tree.checkpoint();
                }
            }
            expected.keySet().forEach(tree::drop);
            assertEquals(0, tree.check());
            tree.close();
        }

        private int any() {
            List<Integer> all = List.copyOf(expected.keySet());
            return all.get(random.nextInt(all.size()));
        }

        private NavigableMap<byte[], byte[]> version(int version) {
            return Objects.requireNonNull(expected.get(version));
        }

        private int get(int version, byte[] key) {
            return tree.get(version, key, 0, key.length, new byte[0]);
        }

        private void put(int version) {
            byte[] key = key();
            byte[] old = version(version).get(key);
            byte[] into = new byte[CowTree.RECORD_BYTES_MAX];
            int length = tree.get(version, key, 0, key.length, into);
            assertEquals(old == null ? -1 : old.length, length);
            assertTrue(old == null || Arrays.equals(old, Arrays.copyOf(into, length)));
            int most = Math.min(valueBytesMax, CowTree.RECORD_BYTES_MAX - key.length);
            byte[] value = new byte[old != null && random.nextBoolean() ? old.length : random.nextInt(most + 1)];
            random.nextBytes(value);
            tree.put(version, key, 0, key.length, value, 0, value.length);
            version(version).put(key, value);
        }

        /** One of few keys, the same for the same kind. */
        private byte[] key() {
            var ofKey = new SplittableRandom(random.nextInt(keyKinds));
            byte[] key = new byte[ofKey.nextInt(keyBytesMax + 1)];
            if (ofKey.nextBoolean()) {
                ofKey.nextBytes(key);
            } else if (key.length > 0) {
                key[ofKey.nextInt(key.length)] = (byte) ofKey.nextInt(256);
            }
            return key;
        }
    }

    private static CowCursor scan(CowTree tree, int version, byte[] from) {
        return tree.scan(version, from, 0, from.length);
    }

    private static void assertScan(CowCursor cursor, Map<byte[], byte[]> expected, int limit) {
        int count = 0;
        for (Map.Entry<byte[], byte[]> entry : expected.entrySet()) {
            if (count++ == limit) {
                return;
            }
            assertTrue(cursor.next());
            byte[] bytes = cursor.bytes();
            assertArrayEquals(
                    entry.getKey(), Arrays.copyOfRange(bytes, cursor.keyAt(), cursor.keyAt() + cursor.keyLength()));
            assertArrayEquals(
                    entry.getValue(),
                    Arrays.copyOfRange(bytes, cursor.valueAt(), cursor.valueAt() + cursor.valueLength()));
        }
        assertFalse(cursor.next());
        assertFalse(cursor.next());
    }

    @Test
    void aCloneTakesNoPageAndTheFirstChangeOfItOnlyTheWayFromTheRootDown() {
        try (CowTree tree = CowTree.create(folder.resolve("tree"), AMPLE, false)) {
            int first = tree.create();
            fill(tree, first, 50_000);
            long used = tree.usedBytes();
            IoCounts before = tree.counts();
            List<Integer> clones = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                clones.add(tree.clone(first));
            }
            assertEquals(used, tree.usedBytes());
            assertEquals(before, tree.counts());
            put(tree, clones.get(7), 25_000);
            assertEquals(used + 3 * Page.BYTES, tree.usedBytes());
            put(tree, clones.get(7), 25_000);
            assertEquals(used + 3 * Page.BYTES, tree.usedBytes());
            clones.forEach(tree::drop);
            assertEquals(used / Page.BYTES, tree.check());
        }
    }

    @Test
    void changesOutsideOfThePoolReadAtRandomAndWriteInLongRuns() {
        try (CowTree tree = CowTree.create(folder.resolve("tree"), TINY, false)) {
            int version = tree.create();
            var random = new SplittableRandom(1);
            for (int i = 0; i < 60_000; i++) {
                if (i % 10_000 == 0) {
                    version = tree.clone(version);
                }
                put(tree, version, random.nextLong());
            }
            IoCounts counts = tree.counts();
            assertTrue(counts.readsRandom() > 20_000, "" + counts);
            assertTrue(counts.writtenBytes() / counts.writes() > 15 * Page.BYTES, "" + counts);
            assertTrue(counts.writesRandom() < counts.readsRandom() / 12, "" + counts);
        }
    }

    @Test
    void changedPagesStayInThePoolUntilTheyFillHalfOfIt() {
        try (CowTree tree = CowTree.create(folder.resolve("tree"), TINY, false)) {
            int version = tree.create();
            fill(tree, version, 30_000);
            tree.checkpoint();
            IoCounts before = tree.counts();
            for (int i = 0; i < 20; i++) {
                put(tree, version, 1000L * i);
            }
            CowCursor cursor = scan(tree, version, new byte[0]);
            while (cursor.next()) {}
            IoCounts counts = tree.counts().since(before);
            assertTrue(counts.readBytes() > 2 * TINY, "" + counts);
            assertEquals(0, counts.writes());
        }
    }

    @Test
    void freedPagesAreUsedAgainAndTheFileStaysWithinFourTimesWhatIsInUse() throws IOException {
        Path file = folder.resolve("tree");
        try (CowTree tree = CowTree.create(file, TINY, false)) {
            int version = tree.create();
            fill(tree, version, 20_000);
            var random = new SplittableRandom(2);
            for (int i = 0; i < 40_000; i++) {
                put(tree, version, random.nextInt(20_000));
            }
            tree.checkpoint();
            assertTrue(tree.counts().writtenBytes() > 20 * Files.size(file), "" + tree.counts());
            assertTrue(Files.size(file) < 4.3 * tree.usedBytes(), Files.size(file) + " for " + tree.usedBytes());
            tree.check();
        }
    }

    @Test
    void ascendingInsertsFillThePages() {
        try (CowTree tree = CowTree.create(folder.resolve("tree"), AMPLE, false)) {
            fill(tree, tree.create(), 100_000);
            assertTrue(100_000 * 116 > 0.9 * tree.usedBytes(), "" + tree.usedBytes());
        }
    }

    @Test
    void aScanOfAdjacentLeavesReadsThemInLongRunsAndCountsTheirRecords() {
        try (CowTree tree = CowTree.create(folder.resolve("tree"), 4 * TINY, true)) {
            int version = tree.create();
            fill(tree, version, 100_000);
            tree.checkpoint();
            IoCounts before = tree.counts();
            CowCursor cursor = scan(tree, version, new byte[0]);
            int count = 0;
            while (cursor.next()) {
                count++;
            }
            assertEquals(100_000, count);
            assertEquals(100_000, tree.entriesScanned());
            IoCounts counts = tree.counts().since(before);
            assertTrue(counts.readBytes() / counts.reads() > 200_000, "" + counts);
            assertTrue(counts.readsRandom() < 30, "" + counts);
        }
    }

    @Test
    void readAheadKeepsAwayFromPagesThatWereNeverWritten() {
        try (CowTree tree = CowTree.create(folder.resolve("tree"), TINY, false)) {
            int version = tree.create();
            long used = 0;
            for (int i = 0; i < 20_000; i++) {
                put(tree, version, i);
                if (tree.usedBytes() != used) {
                    tree.drop(tree.create());
                    used = tree.usedBytes();
                }
            }
            CowCursor cursor = scan(tree, version, new byte[0]);
            int count = 0;
            while (cursor.next()) {
                count++;
            }
            assertEquals(20_000, count);
        }
    }

    @Test
    void aFreedPageIsUsedAgainOnceWhatReplacesItIsWrittenAndNewPagesFollowEachOther() {
        PageSpace space = new PageSpace();
        for (int page = 1; page <= 100; page++) {
            assertEquals(page, space.allocate());
        }
        space.addReference(20);
        for (int page = 20; page < 40; page++) {
            assertEquals(page > 20, space.dropReference(page));
        }
        assertEquals(81, space.usedCount());
        assertEquals(101, space.allocate());
        space.settle();
        assertEquals(21, space.allocate());
        for (int page = 60; page < 80; page++) {
            space.dropReference(page);
        }
        for (int page = 22; page < 40; page++) {
            assertEquals(page, space.allocate());
        }
        assertEquals(102, space.allocate());
        space.settle();
        assertEquals(60, space.allocate());
        for (int page = 1; page <= 102; page++) {
            while (space.references(page) > 0) {
                space.dropReference(page);
            }
        }
        space.settle();
        assertEquals(0, space.usedCount());
        assertEquals(61, space.allocate());
    }

    @Test
    void whatIsRefusedHasNoEffect() throws IOException {
        Path file = folder.resolve("tree");
        try (CowTree tree = CowTree.create(file, TINY, false)) {
            int version = tree.create();
            byte[] value = new byte[CowTree.RECORD_BYTES_MAX - 7];
            var tooLong = assertThrows(
                    IllegalArgumentException.class, () -> tree.put(version, new byte[8], 0, 8, value, 0, value.length));
            assertEquals(
                    "record of 8 + 2027 bytes: key and value together may have at most 2034", tooLong.getMessage());
            var none = assertThrows(IllegalArgumentException.class, () -> tree.clone(version + 1));
            assertEquals("version 1: there is none, or it was dropped", none.getMessage());
            put(tree, version, 1);
            CowCursor cursor = scan(tree, version, new byte[0]);
            put(tree, version, 2);
            assertThrows(ConcurrentModificationException.class, cursor::next);
            assertEquals(1, tree.check());
            tree.checkpoint();
        }
        assertThrows(IllegalArgumentException.class, () -> CowTree.create(file, TINY, false));
        assertThrows(IllegalArgumentException.class, () -> CowTree.create(folder.resolve("new"), TINY - 1, false));
        assertFalse(Files.exists(folder.resolve("new")));
    }

    private static void fill(CowTree tree, int version, int count) {
        for (int i = 0; i < count; i++) {
            put(tree, version, i);
        }
    }

    private static void put(CowTree tree, int version, long number) {
        byte[] key = ByteBuffer.allocate(Long.BYTES).putLong(number).array();
        tree.put(version, key, 0, key.length, new byte[108], 0, 108);
    }
}
