package io.donjon.perf.btree;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.perf.IoCounts;
import io.donjon.perf.Seeds;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.ConcurrentModificationException;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class BPlusTreeTest {
    private static final long TINY = BPlusTree.POOL_BYTES_MIN;
    private static final long AMPLE = 64L << 20;

    @TempDir
    private Path folder;

    static LongStream seeds() {
        return Seeds.upTo(40);
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void agreesWithATreeMap(long seed) {
        new Model(new SplittableRandom(seed), folder.resolve("tree")).run();
    }

    private enum KeyShape {
        SHORT,
        LONG,
        /** With long beginnings in common, so that a separator takes up to a quarter of an inner page. */
        PREFIXED
    }

    /** Random puts, deletes, gets, scans, checkpoints and reopenings; what is likely changes from phase to phase. */
    private static final class Model {
        private final SplittableRandom random;
        private final Path file;
        private final boolean direct;
        private final int keyKinds;
        private final KeyShape shape;
        private final int keyBytesMax;
        private final int valueBytesMax;
        private final TreeMap<byte[], byte[]> expected = new TreeMap<>(Arrays::compareUnsigned);
        private BPlusTree tree;

        Model(SplittableRandom random, Path file) {
            this.random = random;
            this.file = file;
            direct = random.nextInt(8) == 0;
            keyKinds = 1 << (2 + random.nextInt(12));
            shape = List.of(KeyShape.SHORT, KeyShape.LONG, KeyShape.PREFIXED).get(random.nextInt(3));
            keyBytesMax = shape == KeyShape.SHORT ? 24 : shape == KeyShape.LONG ? 1000 : BPlusTree.RECORD_BYTES_MAX;
            valueBytesMax = random.nextBoolean() ? 120 : BPlusTree.RECORD_BYTES_MAX;
            tree = open();
        }

        private BPlusTree open() {
            long pool = random.nextBoolean() ? TINY : TINY * (2 + random.nextInt(20));
            return BPlusTree.open(file, pool, direct);
        }

        void run() {
            for (int phase = 0, phases = 2 + random.nextInt(5); phase < phases; phase++) {
                int deletesOfTen = random.nextInt(10);
                for (int n = random.nextInt(direct ? 300 : 3000); n > 0; n--) {
                    step(deletesOfTen);
                }
                tree.check();
                compareAll();
                if (random.nextInt(3) == 0) {
                    tree.close();
                    tree = open();
                    tree.check();
                    compareAll();
                }
            }
            for (byte[] key : expected.keySet()) {
                assertTrue(tree.delete(key));
            }
            TreeCheck empty = tree.check();
            assertEquals(0, empty.records());
            assertEquals(1, empty.height());
            assertEquals(1, empty.leaves());
            tree.close();
        }

        private void step(int deletesOfTen) {
            byte[] key = key();
            int what = random.nextInt(100);
            if (what == 0) {
                scan(key, random.nextInt(300));
            } else if (what == 1 && random.nextInt(20) == 0) {
                tree.checkpoint();
            } else if (what < 12) {
                byte[] into = new byte[BPlusTree.RECORD_BYTES_MAX];
                int length = tree.get(key, into);
                byte[] value = expected.get(key);
                assertEquals(value == null ? -1 : value.length, length);
                assertTrue(value == null || Arrays.equals(value, Arrays.copyOf(into, length)));
            } else if (random.nextInt(10) < deletesOfTen) {
                assertEquals(expected.remove(key) != null, tree.delete(key));
            } else {
                int room = Math.min(valueBytesMax, BPlusTree.RECORD_BYTES_MAX - key.length);
                byte[] value = new byte[random.nextInt(room + 1)];
                random.nextBytes(value);
                tree.put(key, value);
                expected.put(key, value);
            }
            assertEquals(expected.size(), tree.size());
        }

        /** One of few keys, the same for the same kind. */
        private byte[] key() {
            int kind = random.nextInt(keyKinds);
            var ofKey = new SplittableRandom(kind);
            if (shape == KeyShape.PREFIXED) {
                byte[] family = new byte[ofKey.nextInt(BPlusTree.RECORD_BYTES_MAX - Integer.BYTES)];
                Arrays.fill(family, (byte) 7);
                return ByteBuffer.allocate(family.length + Integer.BYTES)
                        .put(family)
                        .putInt(kind)
                        .array();
            }
            byte[] key = new byte[ofKey.nextInt(keyBytesMax + 1)];
            if (ofKey.nextBoolean()) {
                ofKey.nextBytes(key);
            }
            for (int i = 0; i < 2 && key.length > 0; i++) {
                key[ofKey.nextInt(key.length)] = (byte) ofKey.nextInt(256);
            }
            return key;
        }

        private void compareAll() {
            assertScan(tree.scan(null), expected, Integer.MAX_VALUE);
        }

        private void scan(byte[] from, int limit) {
            assertScan(tree.scan(from), expected.tailMap(from, true), limit);
        }
    }

    private static void assertScan(TreeCursor cursor, Map<byte[], byte[]> expected, int limit) {
        int count = 0;
        for (Map.Entry<byte[], byte[]> entry : expected.entrySet()) {
            if (count++ == limit) {
                return;
            }
            assertTrue(cursor.next());
            assertArrayEquals(entry.getKey(), cursor.key());
            assertArrayEquals(entry.getValue(), cursor.value());
        }
        assertFalse(cursor.next());
        assertFalse(cursor.next());
    }

    @Test
    void ascendingInsertsFillThePages() {
        try (BPlusTree tree = BPlusTree.open(folder.resolve("tree"), AMPLE, false)) {
            for (int i = 0; i < 100_000; i++) {
                tree.put(key(i), new byte[100]);
            }
            TreeCheck check = tree.check();
            assertTrue(check.leafFill() > 0.98, "fill " + check.leafFill());
        }
    }

    @Test
    void randomInsertsFillThePagesToAboutLnTwo() {
        try (BPlusTree tree = BPlusTree.open(folder.resolve("tree"), AMPLE, false)) {
            var random = new SplittableRandom(1);
            for (int i = 0; i < 100_000; i++) {
                tree.put(key(random.nextLong()), new byte[100]);
            }
            double fill = tree.check().leafFill();
            assertTrue(fill > 0.64 && fill < 0.76, "fill " + fill);
        }
    }

    @Test
    void aPoolSmallerThanTheDataEvictsAndLosesNothing() {
        var expected = new TreeMap<byte[], byte[]>(Arrays::compareUnsigned);
        var random = new SplittableRandom(2);
        Path file = folder.resolve("tree");
        try (BPlusTree tree = BPlusTree.open(file, 40 * Page.BYTES, false)) {
            for (int i = 0; i < 30_000; i++) {
                byte[] key = key(random.nextLong());
                tree.put(key, key);
                expected.put(key, key);
            }
            IoCounts counts = tree.counts();
            assertTrue(counts.reads() > 5_000 && counts.writes() > 5_000, "" + counts);
            assertScan(tree.scan(null), expected, Integer.MAX_VALUE);
        }
        try (BPlusTree tree = BPlusTree.open(file, TINY, false)) {
            assertEquals(expected.size(), tree.check().records());
            assertScan(tree.scan(null), expected, Integer.MAX_VALUE);
        }
    }

    @Test
    void freedPagesAreUsedAgain() {
        try (BPlusTree tree = BPlusTree.open(folder.resolve("tree"), AMPLE, false)) {
            long bytes = 0;
            for (int round = 0; round < 5; round++) {
                for (int i = 0; i < 20_000; i++) {
                    tree.put(key(i), new byte[100]);
                }
                if (round == 0) {
                    bytes = tree.fileBytes();
                }
                assertEquals(bytes, tree.fileBytes());
                for (int i = 0; i < 20_000; i++) {
                    assertTrue(tree.delete(key(i)));
                }
                assertEquals(0, tree.check().records());
            }
        }
    }

    @Test
    void aScanOfAdjacentLeavesReadsThemInLongRuns() {
        Path file = folder.resolve("tree");
        try (BPlusTree tree = BPlusTree.open(file, AMPLE, false)) {
            for (int i = 0; i < 100_000; i++) {
                tree.put(key(i), new byte[100]);
            }
        }
        try (BPlusTree tree = BPlusTree.open(file, AMPLE, true)) {
            TreeCursor cursor = tree.scan(null);
            int count = 0;
            while (cursor.next()) {
                count++;
            }
            assertEquals(100_000, count);
            IoCounts counts = tree.counts();
            assertTrue(counts.readBytes() > 100_000 * 116, "" + counts);
            assertTrue(counts.readBytes() / counts.reads() > 300_000, "" + counts);
            assertTrue(counts.readsRandom() < 10, "" + counts);
        }
    }

    @Test
    void readAheadLeavesPagesThatWereChangedInMemoryAsTheyAre() {
        Path file = folder.resolve("tree");
        var expected = new TreeMap<byte[], byte[]>(Arrays::compareUnsigned);
        try (BPlusTree tree = BPlusTree.open(file, AMPLE, false)) {
            for (int i = 0; i < 20_000; i++) {
                tree.put(key(i), key(i));
                expected.put(key(i), key(i));
            }
        }
        try (BPlusTree tree = BPlusTree.open(file, AMPLE, false)) {
            for (int i = 1000; i < 20_000; i += 1000) {
                tree.put(key(i), key(-i));
                expected.put(key(i), key(-i));
            }
            assertScan(tree.scan(null), expected, Integer.MAX_VALUE);
            assertTrue(tree.counts().readBytes() / tree.counts().reads() > 2 * Page.BYTES, "" + tree.counts());
        }
        try (BPlusTree tree = BPlusTree.open(file, AMPLE, false)) {
            assertScan(tree.scan(null), expected, Integer.MAX_VALUE);
        }
    }

    @Test
    void aCheckpointWritesNeighboursInPageOrderInLongRuns() {
        try (BPlusTree tree = BPlusTree.open(folder.resolve("tree"), AMPLE, false)) {
            var random = new SplittableRandom(3);
            for (int i = 0; i < 50_000; i++) {
                tree.put(key(random.nextLong()), new byte[100]);
            }
            IoCounts before = tree.counts();
            tree.checkpoint();
            IoCounts checkpoint = tree.counts().since(before);
            assertEquals(tree.fileBytes(), checkpoint.writtenBytes());
            assertTrue(checkpoint.writes() < 12, "" + checkpoint);
            assertTrue(checkpoint.writesRandom() <= 2, "" + checkpoint);
            assertEquals(2, checkpoint.forces());
        }
    }

    @Test
    void aCheckpointWithoutChangesWritesNothing() {
        Path file = folder.resolve("tree");
        try (BPlusTree tree = BPlusTree.open(file, AMPLE, false)) {
            tree.put(key(1), key(2));
        }
        try (BPlusTree tree = BPlusTree.open(file, AMPLE, false)) {
            assertEquals(8, tree.get(key(1), new byte[8]));
            tree.checkpoint();
            assertEquals(0, tree.counts().writes());
        }
    }

    @Test
    void aValueThatDoesNotFitIsNotCopied() {
        try (BPlusTree tree = BPlusTree.open(folder.resolve("tree"), TINY, false)) {
            tree.put(key(1), new byte[] {1, 2, 3});
            byte[] into = new byte[2];
            assertEquals(3, tree.get(key(1), into));
            assertArrayEquals(new byte[2], into);
        }
    }

    @Test
    void aRecordAboveAQuarterPageIsRefusedBeforeAnyEffect() {
        try (BPlusTree tree = BPlusTree.open(folder.resolve("tree"), TINY, false)) {
            byte[] value = new byte[BPlusTree.RECORD_BYTES_MAX - 8];
            tree.put(key(1), value);
            var e = assertThrows(IllegalArgumentException.class, () -> tree.put(key(2), new byte[value.length + 1]));
            assertEquals("record of 8 + 2027 bytes: key and value together may have at most 2034", e.getMessage());
            assertEquals(1, tree.check().records());
        }
    }

    @Test
    void aStepOfACursorAfterAChangeIsRefused() {
        try (BPlusTree tree = BPlusTree.open(folder.resolve("tree"), TINY, false)) {
            tree.put(key(1), key(1));
            TreeCursor cursor = tree.scan(null);
            tree.put(key(2), key(2));
            assertThrows(ConcurrentModificationException.class, cursor::next);
        }
    }

    @Test
    void aFlippedBitIsFoundWhenThePageIsRead() throws IOException {
        Path file = folder.resolve("tree");
        try (BPlusTree tree = BPlusTree.open(file, AMPLE, false)) {
            for (int i = 0; i < 1000; i++) {
                tree.put(key(i), new byte[100]);
            }
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            channel.read(one, Page.BYTES + 5000);
            one.put(0, (byte) (one.get(0) ^ 4));
            channel.write(one.flip(), Page.BYTES + 5000);
        }
        try (BPlusTree tree = BPlusTree.open(file, AMPLE, false)) {
            var e = assertThrows(UncheckedIOException.class, () -> tree.get(key(0), new byte[100]));
            assertTrue(String.valueOf(e.getMessage()).contains("page 1: crc32c is 0x"), e.getMessage());
        }
    }

    @Test
    void aFileThatWasNotClosedIsRefused() throws IOException {
        Path file = folder.resolve("tree");
        Path copy = folder.resolve("copy");
        try (BPlusTree tree = BPlusTree.open(file, AMPLE, false)) {
            tree.put(key(1), key(1));
            tree.checkpoint();
            tree.put(key(2), key(2));
            Files.copy(file, copy);
        }
        var e = assertThrows(IllegalStateException.class, () -> BPlusTree.open(copy, AMPLE, false));
        assertTrue(String.valueOf(e.getMessage()).contains("was not closed"), e.getMessage());
    }

    @Test
    void aFileOfAnotherKindIsRefused() throws IOException {
        Path file = folder.resolve("tree");
        Files.writeString(file, "x".repeat(Page.BYTES), StandardCharsets.US_ASCII);
        var e = assertThrows(IllegalStateException.class, () -> BPlusTree.open(file, AMPLE, false));
        assertTrue(String.valueOf(e.getMessage()).contains("magic 0x7878787878787878"), e.getMessage());
    }

    private static byte[] key(long number) {
        return ByteBuffer.allocate(Long.BYTES).putLong(number).array();
    }
}
