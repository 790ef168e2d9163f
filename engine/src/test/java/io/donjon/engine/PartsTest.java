package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.StoreOptions;
import io.donjon.extents.Decoder;
import io.donjon.extents.Encoder;
import io.donjon.extents.sim.Seeds;
import io.donjon.extents.sim.SimEnvironment;
import io.donjon.versioning.Line;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Small parts by themselves, against brute force and known answers. */
class PartsTest {
    static LongStream seeds() {
        return Seeds.first(Integer.getInteger("seeds", 100));
    }

    // ---- XXH64 ----

    @Test
    void hashesAreThoseOfTheSpecification() {
        assertEquals(0xef46db3751d8e999L, hash(""));
        assertEquals(0xd24ec4f1a98c6e5bL, hash("a"));
        assertEquals(0x44bc2cf5ad770999L, hash("abc"));
        assertEquals(0x0b242d361fda71bcL, hash("The quick brown fox jumps over the lazy dog"));
        byte[] shifted = new byte[100];
        byte[] text = "The quick brown fox jumps over the lazy dog".getBytes(StandardCharsets.UTF_8);
        System.arraycopy(text, 0, shifted, 13, text.length);
        assertEquals(0x0b242d361fda71bcL, XxHash64.hash(shifted, 13, text.length));
    }

    private static long hash(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return XxHash64.hash(bytes, 0, bytes.length);
    }

    // ---- loser tree ----

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void theLoserTreeMerges(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int count = random.nextInt(9);
        int[][] sources = new int[count][];
        List<int[]> expected = new ArrayList<>();
        for (int source = 0; source < count; source++) {
            sources[source] = random.ints(random.nextInt(20), 0, 15).sorted().toArray();
            for (int value : sources[source]) {
                expected.add(new int[] {value, source});
            }
        }
        expected.sort((a, b) -> a[0] != b[0] ? a[0] - b[0] : a[1] - b[1]);
        int[] at = new int[count];
        LoserTree tree = new LoserTree(count) {
            @Override
            boolean hasEnded(int source) {
                return at[source] == sources[source].length;
            }

            @Override
            boolean beats(int a, int b) {
                if (hasEnded(a) || hasEnded(b)) {
                    return !hasEnded(a) || (hasEnded(b) && a < b);
                }
                int order = Integer.compare(sources[a][at[a]], sources[b][at[b]]);
                return order != 0 ? order < 0 : a < b;
            }
        };
        tree.build();
        for (int[] next : expected) {
            assertEquals(next[1], tree.winner());
            assertEquals(next[0], sources[tree.winner()][at[tree.winner()]++]);
            tree.replay();
        }
        assertEquals(-1, tree.winner());
    }

    // ---- place map ----

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void placesHaveNumbers(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Line line = new Line();
        PlaceMap map = new PlaceMap();
        Map<Integer, Integer> expected = new HashMap<>();
        for (int i = 1; i < 500; i++) {
            int place = line.insertAfter(random.nextInt(i));
            if (random.nextBoolean()) {
                map.put(place, i);
                expected.put(place, i);
            }
        }
        expected.replaceAll((place, number) -> {
            if (random.nextBoolean()) {
                map.put(place, -number);
                return -number;
            }
            return number;
        });
        assertEquals(expected.size(), map.size());
        for (int place = 0; place < 500; place++) {
            int here = place;
            assertEquals(expected.containsKey(place), map.has(place));
            if (map.has(place)) {
                assertEquals(expected.get(place), map.get(place));
            } else {
                assertThrows(IllegalArgumentException.class, () -> map.get(here));
            }
        }
        int[] order = map.inOrder(line);
        assertEquals(expected.size(), order.length);
        map.rank(order);
        for (int i = 0; i < order.length; i++) {
            assertEquals(i, map.get(order[i]));
            assertTrue(i == 0 || line.compare(order[i - 1], order[i]) < 0);
        }
    }

    // ---- sorted blocks ----

    /** An entry as it was added: null for a tombstone. */
    private record Added(String key, long rank, int kind, String value) {}

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void blocksAreReadBackAndSearched(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        TreeMap<String, TreeMap<Long, Added>> content = new TreeMap<>();
        List<Added> sorted = new ArrayList<>();
        for (int n = 1 + random.nextInt(60); n > 0; n--) {
            String key = "key" + "x".repeat(random.nextInt(3)) + random.nextInt(6);
            long rank = random.nextInt(4) == 0 ? random.nextLong(1L << 40) : random.nextInt(10);
            int kind = random.nextInt(3);
            content.computeIfAbsent(key, k -> new TreeMap<>())
                    .put(rank, new Added(key, rank, kind, "v".repeat(random.nextInt(4))));
        }
        content.values().forEach(ranks -> sorted.addAll(ranks.values()));
        BlockBuilder builder = new BlockBuilder(512, 1 + random.nextInt(5));
        long limit = 0;
        for (Added added : sorted) {
            byte[] key = added.key.getBytes(StandardCharsets.UTF_8);
            byte[] value = added.value.getBytes(StandardCharsets.UTF_8);
            limit += BlockBuilder.entryBytesMax(key.length, value.length);
            builder.add(key, key.length, added.rank, added.kind, value, 0, value.length);
        }
        assertTrue(builder.bytes() <= limit + Integer.BYTES);
        assertEquals(sorted.size(), builder.entries());
        int bytes = builder.bytes();
        Encoder finished = builder.finish();
        assertEquals(bytes, finished.length());
        byte[] block = finished.toBytes();
        SortedBlock.validate(block, "the test");
        BlockEntry entry = new BlockEntry();
        entry.enter(block, 1, 2);
        for (Added added : sorted) {
            assertTrue(entry.next());
            assertIs(added, entry);
        }
        assertFalse(entry.next());
        entry.last();
        for (int i = sorted.size() - 1; i >= 0; i--) {
            assertIs(sorted.get(i), entry);
            assertEquals(i > 0, entry.previous());
        }
        for (int n = 0; n < 40; n++) {
            String key = "key" + "x".repeat(random.nextInt(3)) + random.nextInt(7);
            long rank = random.nextInt(3) == 0 ? random.nextLong(1L << 40) : random.nextInt(-1, 11);
            Added floor = null;
            for (Added added : sorted) {
                int order = added.key.compareTo(key);
                floor = order < 0 || (order == 0 && added.rank <= rank) ? added : floor;
            }
            byte[] sought = key.getBytes(StandardCharsets.UTF_8);
            entry.enter(block, 1, 2);
            assertEquals(floor != null, entry.seekFloor(sought, sought.length, rank));
            if (floor != null) {
                assertIs(floor, entry);
                int at = sorted.indexOf(floor);
                assertEquals(at + 1 < sorted.size(), entry.next());
            }
        }
        builder.clear();
        assertTrue(builder.isEmpty());
    }

    private static void assertIs(Added added, BlockEntry entry) {
        assertEquals(added.key, new String(entry.key(), 0, entry.keyLength(), StandardCharsets.UTF_8));
        assertEquals(added.rank, entry.rank());
        assertEquals(added.kind, entry.kind());
        if (added.kind == StepKind.VALUE) {
            assertEquals(
                    added.value,
                    new String(entry.block(), entry.valueAt(), entry.valueLength(), StandardCharsets.UTF_8));
        }
    }

    /** The bytes that docs/format.md section 5 says. */
    @Test
    void aBlockIsAsTheFormatSays() {
        BlockBuilder builder = new BlockBuilder(512, 16);
        byte[] a = {'a', 'b'};
        byte[] c = {'a', 'c'};
        byte[] value = {'v', 'w'};
        builder.add(a, 2, 0, StepKind.VALUE, value, 0, 2);
        builder.add(a, 2, 3, StepKind.TOMBSTONE, value, 0, 0);
        assertEquals(StepKind.RESUME, builder.add(a, 2, 300, StepKind.VALUE, value, 0, 2));
        builder.add(c, 2, 1, StepKind.PASS, value, 0, 0);
        builder.addLarge(c, 2, 2, 0, new LargeValue(5, 6, 7, 0x0102030405060708L));
        String entries = "02" + "00" + "02" + "6162" + "00" + "02" + "7677" // value: key, rank 0, 2 bytes
                + "11" + "03" // same key, tombstone, rank + 3
                + "13" + "a902" + "0b" // same key, resume, rank + 297, 11 bytes back
                + "00" + "01" + "01" + "63" + "01" // pass, shares 1 byte
                + "14" + "01" + "05" + "06" + "07" + "0102030405060708"; // same key, large
        assertEquals(
                entries + "00000000" + "00000001",
                HexFormat.of().formatHex(builder.finish().toBytes()));
    }

    // ---- key sample ----

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void theSampleHasWholeKeysBelowItsThreshold(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int keys = random.nextInt(4) == 0 ? 6_000 : random.nextInt(300);
        KeySample.Builder builder = new KeySample.Builder();
        Map<Long, List<KeySample.Point>> all = new HashMap<>();
        int points = 0;
        for (int i = 0; i < keys; i++) {
            long hash = random.nextLong();
            boolean wanted = builder.wants(hash);
            for (int n = 1 + random.nextInt(3); n > 0; n--) {
                int kind = random.nextInt(2) == 0 ? StepKind.VALUE : StepKind.TOMBSTONE;
                boolean value = kind == StepKind.VALUE;
                KeySample.Point point =
                        new KeySample.Point(3 - n, kind, value ? random.nextInt(9) : 0, value ? random.nextInt() : 0);
                all.computeIfAbsent(hash, h -> new ArrayList<>()).add(point);
                points++;
                if (wanted) {
                    builder.add(hash, point);
                }
            }
        }
        KeySample built = builder.build();
        KeySample sample =
                KeySample.decode(new Decoder("the test", built.encode().toBytes()));
        assertEquals(built, sample);
        assertEquals(points <= KeySample.Builder.POINTS_MAX, sample.threshold() == 0);
        int sampled = 0;
        long last = 0;
        for (KeySample.Key key : sample.keys()) {
            assertTrue(sampled == 0 || Long.compareUnsigned(last, key.hash()) < 0);
            assertEquals(all.get(key.hash()), key.points());
            sampled += key.points().size();
            last = key.hash();
        }
        assertTrue(sampled <= KeySample.Builder.POINTS_MAX);
        long below = all.keySet().stream()
                .filter(hash -> sample.threshold() == 0 || Long.compareUnsigned(hash, sample.threshold()) < 0)
                .count();
        assertEquals(below, sample.keys().size());
        assertEquals(sample.share() * points, sampled, 0.15 * points + 1);
    }

    // ---- throttle ----

    private static long paused(int arraysDue, double fill, boolean flushing, int writes) {
        SimEnvironment environment = new SimEnvironment(1);
        Throttle throttle = new Throttle(environment);
        environment.run(() -> {
            throttle.flushed(1_000_000, 100_000_000);
            throttle.mergesDue(arraysDue);
            for (int i = 0; i < writes; i++) {
                throttle.pace(1_000, fill, flushing);
            }
        });
        return throttle.delayedNanos();
    }

    @Test
    void writersAreSlowedInProportion() {
        assertEquals(0, paused(0, 1.0, false, 1_000));
        assertEquals(0, paused(0, 0.5, true, 1_000));
        assertEquals(0, paused(10, 0.9, false, 1_000));
        long before = 0;
        for (double fill : new double[] {0.6, 0.7, 0.8, 0.9, 1.0}) {
            long now = paused(0, fill, true, 1_000);
            assertTrue(now > before, "fill " + fill + ": " + now + " after " + before);
            before = now;
        }
        before = 0;
        for (int due : new int[] {15, 25, 35, 40}) {
            long now = paused(due, 0, false, 1_000);
            assertTrue(now > before, "due " + due + ": " + now + " after " + before);
            before = now;
        }
        assertEquals(paused(40, 0, false, 1_000), paused(400, 0, false, 1_000));
        // Never stopped dead: at the steepest a write costs twenty times what flushing it takes, 37 ns a byte.
        assertTrue(before <= 1_000_000L * 20 * 40, "delayed " + before);
        assertTrue(before >= 1_000_000L * 10 * 37, "delayed " + before);
    }

    @Test
    void nobodySleepsForLessThanItIsWorth() {
        assertEquals(0, paused(40, 0, false, 0));
        assertTrue(paused(40, 0, false, 1) >= 100_000);
        long one = paused(12, 0, false, 1);
        assertTrue(one == 0 || one >= 100_000, "one sleep of " + one);
        assertTrue(paused(40, 1, true, 1) <= 20_000_000);
    }

    // ---- full keys ----

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void fullKeysSortByTreeAndKey(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int n = 0; n < 50; n++) {
            byte[] a = randomKey(random);
            byte[] b = randomKey(random);
            FullKey one = new FullKey().set(random.nextInt(2), a);
            FullKey other = new FullKey().set(random.nextInt(2), b);
            int order =
                    one.tree() != other.tree() ? Long.compare(one.tree(), other.tree()) : Arrays.compareUnsigned(a, b);
            int found = one.compareTo(other.bytes(), 0, other.length());
            assertEquals(Integer.signum(order), Integer.signum(found));
            int prefixes = Long.compareUnsigned(
                    FullKey.prefix(one.bytes(), one.length()), FullKey.prefix(other.bytes(), other.length()));
            if (one.tree() == other.tree() && prefixes != 0) {
                assertEquals(Integer.signum(order), Integer.signum(prefixes));
            }
            byte[] copy = new byte[FullKey.TREE_BYTES + Long.BYTES];
            FullKey.putTree(copy, one.tree());
            FullKey.putPrefix(copy, FullKey.prefix(one.bytes(), one.length()));
            int common = Math.min(copy.length, one.length());
            assertArrayEquals(Arrays.copyOf(one.bytes(), common), Arrays.copyOf(copy, common));
        }
    }

    private static byte[] randomKey(SplittableRandom random) {
        byte[] key = new byte[random.nextInt(12)];
        for (int i = 0; i < key.length; i++) {
            key[i] = (byte) (random.nextInt(3) * 127);
        }
        return key;
    }

    @Test
    void whatWritersShareIsAMultipleOfABlockOfADisk() {
        for (long memory = StoreOptions.MEMORY_BYTES_MIN; memory < 1L << 33; memory *= 3) {
            Tuning tuning = Tuning.of(StoreOptions.at(Path.of("s")).memoryBytes(memory));
            for (int writers = 1; writers <= 64; writers++) {
                Tuning share = tuning.sharedBy(writers);
                assertEquals(0, share.ioBytes() % 4096, "of " + memory + " for " + writers);
                assertTrue(share.ioBytes() > 0 && share.ioBytes() <= tuning.ioBytes());
            }
            int most = tuning.outputsMax();
            assertTrue(most >= 2 && tuning.mergeBytes(1, most) < memory, "of " + memory + ": " + most);
        }
    }
}
