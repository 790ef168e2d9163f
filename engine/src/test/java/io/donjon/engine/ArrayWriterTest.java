package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Keyspace;
import io.donjon.Version;
import io.donjon.VersionQuery;
import io.donjon.engine.MergeBench.Content;
import io.donjon.engine.MergeBench.Point;
import io.donjon.extents.Codec;
import io.donjon.extents.sim.Seeds;
import io.donjon.extents.sim.SimWorld;
import io.donjon.versioning.Line;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Arrays as the writer makes them, against a sorted map: what was added is found by key and rank, and nothing else. */
class ArrayWriterTest {
    private static final int VERSIONS = 40;

    static LongStream seeds() {
        return Seeds.first(Integer.getInteger("seeds", 40));
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void whatIsWrittenIsFound(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Tuning tuning = Tunings.random(random);
        SimWorld world = new SimWorld(seed);
        assertTrue(world.run(() -> {
            StoreHandle store = new SimStore(1, 1, tuning).open(world);
            long[] versions = versions(store);
            Content all = content(random, tuning, versions.length);
            ArrayRun array = write(store.engine(), tuning, versions, all);
            List<String> problems = new ArrayList<>();
            new ArrayCheck(array, store.engine().catalog().forest(), (place, what) -> problems.add(what), () -> {})
                    .run();
            assertEquals(List.of(), problems);
            assertCounts(all, array.footer().counts());
            assertArrayEquals(versions, array.versions());
            assertFound(random, all, array);
            store.close();
        }));
    }

    /** Each separator is longer than an index block: there must not be a level above for each. */
    @Test
    void keysThatAreLongAndAlikeMakeAnIndexOfFewLevels() {
        Tuning tuning = Tunings.small();
        SimWorld world = new SimWorld(1);
        assertTrue(world.run(() -> {
            StoreHandle store = new SimStore(1, 1, tuning).open(world);
            Content all = new Content();
            for (int n = 0; n < 100; n++) {
                byte[] user = new byte[FullKey.KEY_BYTES_MAX];
                user[user.length - 1] = (byte) n;
                FullKey full = new FullKey().set(1, user);
                all.put(Arrays.copyOf(full.bytes(), full.length()), 0, new Point(StepKind.VALUE, new byte[] {(byte) n
                }));
            }
            ArrayRun array = write(store.engine(), tuning, versions(store), all);
            assertTrue(
                    array.footer().index().level() <= 8,
                    "level " + array.footer().index().level());
            assertFound(new SplittableRandom(1), all, array);
            store.close();
        }));
    }

    /** Else a filter would be as large as the array, and built in memory. */
    @Test
    void aFilterIsForAFewBlocksOfKeys() {
        Tuning tuning = Tunings.of(64 << 10, 1, 64 << 10, 4096, 6, 1.0, 16 << 10, Codec.RAW);
        SimWorld world = new SimWorld(1);
        assertTrue(world.run(() -> {
            StoreHandle store = new SimStore(1, 1, tuning).open(world);
            Content all = new Content();
            for (int n = 0; n < 36; n++) {
                FullKey full = new FullKey().set(1, new byte[] {(byte) n});
                all.put(
                        Arrays.copyOf(full.bytes(), full.length()),
                        0,
                        new Point(StepKind.VALUE, new byte[tuning.largeBytes()]));
            }
            ArrayRun array = write(store.engine(), tuning, versions(store), all);
            // Three keys in a block.
            assertEquals(12, array.footer().counts().dataBlocks());
            assertEquals(1, array.footer().index().level());
            BlockPointer root = array.footer().index().block();
            BlockEntry entry = new BlockEntry();
            entry.enter(
                    array.meta().read(root.offset(), root.size()).bytes(),
                    array.meta().id(),
                    root.offset());
            int filters = 0;
            while (entry.next()) {
                filters++;
            }
            assertEquals(6, filters);
            store.close();
        }));
    }

    private static long[] versions(StoreHandle store) {
        Keyspace keyspace = store.createKeyspace("k");
        for (int n = 1; n < VERSIONS; n++) {
            keyspace.snapshot("s" + n);
        }
        try (Stream<Version> versions = store.versions(VersionQuery.all())) {
            return versions.mapToLong(Version::id).toArray();
        }
    }

    private static Content content(SplittableRandom random, Tuning tuning, int ranks) {
        Content all = new Content();
        int keys = 1 + random.nextInt(random.nextInt(4) == 0 ? 600 : 40);
        int density = 1 + random.nextInt(4);
        for (int n = 0; n < keys; n++) {
            byte[] key = new FullKeyBytes(random).bytes;
            NavigableMap<Long, Point> points = new TreeMap<>();
            do {
                points.put((long) random.nextInt(ranks), point(random, tuning));
            } while (random.nextInt(8) < density);
            if (random.nextInt(50) == 0) {
                // More than a block holds.
                for (long rank = 0; rank < ranks; rank++) {
                    points.put(rank, point(random, tuning));
                }
            }
            all.keys.put(key, points);
        }
        return all;
    }

    /** A full key of one of two trees, with much in common with others. */
    private static final class FullKeyBytes {
        final byte[] bytes;

        FullKeyBytes(SplittableRandom random) {
            byte[] user = new byte[random.nextInt(random.nextInt(30) == 0 ? 300 : 12)];
            for (int i = 0; i < user.length; i++) {
                user[i] = (byte) (random.nextInt(6) == 0 ? 0xff : 'a' + random.nextInt(3));
            }
            FullKey full = new FullKey().set(1 + random.nextInt(2), user);
            bytes = Arrays.copyOf(full.bytes(), full.length());
        }
    }

    private static Point point(SplittableRandom random, Tuning tuning) {
        int choice = random.nextInt(20);
        if (choice < 2) {
            return new Point(choice == 0 ? StepKind.PASS : StepKind.TOMBSTONE, new byte[0]);
        }
        boolean large = choice == 2;
        int length = large
                ? tuning.largeBytes() + 1 + random.nextInt(random.nextInt(20) == 0 ? 200_000 : 500)
                : random.nextInt(Math.min(20, tuning.largeBytes()) + 1);
        byte[] value = new byte[length];
        Arrays.fill(value, (byte) random.nextInt(3));
        if (large) {
            // Pieces that differ, so that their order counts.
            random.nextBytes(value);
        }
        return new Point(large ? StepKind.LARGE : StepKind.VALUE, value);
    }

    private static ArrayRun write(Engine engine, Tuning tuning, long[] versions, Content all) {
        int from = engine.catalog().forest().place(versions[0]);
        ArrayWriter.Written written = MergeBench.write(engine.store(), tuning, versions, all);
        long[] names = {1, 1, versions[0], ArrayInfo.END_OF_LINE};
        return MergeBench.open(engine.store(), written, names, from, Line.END, new byte[0], null);
    }

    private static void assertCounts(Content all, ArrayCounts counts) {
        List<Point> points = all.keys.values().stream()
                .flatMap(ranks -> ranks.values().stream())
                .toList();
        assertEquals(points.size(), counts.breakpoints());
        assertEquals(all.keys.size(), counts.keys());
        assertEquals(all.keys.keySet().stream().mapToLong(key -> key.length).sum(), counts.keyBytes());
        assertEquals(count(points, StepKind.PASS), counts.passes());
        assertEquals(count(points, StepKind.TOMBSTONE), counts.tombstones());
        assertEquals(count(points, StepKind.LARGE), counts.largeValues());
        assertEquals(count(points, StepKind.VALUE), counts.values() + counts.resumes());
    }

    private static long count(List<Point> points, int kind) {
        return points.stream().filter(one -> one.kind() == kind).count();
    }

    private static void assertFound(SplittableRandom random, Content all, ArrayRun array) {
        BlockEntry at = new BlockEntry();
        all.keys.forEach((key, points) -> points.forEach((rank, point) -> {
            assertIs(points, key, rank, array, at);
            assertIs(points, key, rank - 1, array, at);
        }));
        for (int n = 0; n < 200; n++) {
            byte[] key = new FullKeyBytes(random).bytes;
            assertIs(all.keys.getOrDefault(key, new TreeMap<>()), key, random.nextInt(VERSIONS), array, at);
        }
    }

    private static void assertIs(
            NavigableMap<Long, Point> points, byte[] key, long rank, ArrayRun array, BlockEntry at) {
        FullKey full = new FullKey().setFull(key, 0, key.length);
        Map.@Nullable Entry<Long, Point> due = points.floorEntry(rank);
        int kind = rank < 0 ? StepKind.PASS : array.find(full, rank, at);
        assertTrue(points.isEmpty() || array.mayHave(full, new BlockEntry()));
        if (due == null) {
            assertEquals(StepKind.PASS, kind);
            return;
        }
        Point point = Objects.requireNonNull(due.getValue());
        assertEquals(point.kind(), kind);
        if (kind == StepKind.VALUE) {
            assertArrayEquals(
                    point.value(), Arrays.copyOfRange(at.block(), at.valueAt(), at.valueAt() + at.valueLength()));
        } else if (kind == StepKind.LARGE) {
            assertArrayEquals(point.value(), array.largeValue(at.large()));
        }
    }
}
