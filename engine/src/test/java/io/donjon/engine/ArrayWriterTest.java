package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Keyspace;
import io.donjon.Version;
import io.donjon.VersionQuery;
import io.donjon.extents.ManifestEdit;
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

    /** A breakpoint as it was added; the value is empty for kinds without one. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Added(int kind, byte[] value) {}

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
            NavigableMap<byte[], NavigableMap<Long, Added>> all = content(random, tuning, versions.length);
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
            NavigableMap<byte[], NavigableMap<Long, Added>> all = new TreeMap<>(Model.KEY_ORDER);
            for (int n = 0; n < 100; n++) {
                byte[] user = new byte[FullKey.KEY_BYTES_MAX];
                user[user.length - 1] = (byte) n;
                FullKey full = new FullKey().set(1, user);
                NavigableMap<Long, Added> points = new TreeMap<>();
                points.put(0L, new Added(StepKind.VALUE, new byte[] {(byte) n}));
                all.put(Arrays.copyOf(full.bytes(), full.length()), points);
            }
            ArrayRun array = write(store.engine(), tuning, versions(store), all);
            assertTrue(
                    array.footer().index().level() <= 8,
                    "level " + array.footer().index().level());
            assertFound(new SplittableRandom(1), all, array);
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

    private static NavigableMap<byte[], NavigableMap<Long, Added>> content(
            SplittableRandom random, Tuning tuning, int ranks) {
        NavigableMap<byte[], NavigableMap<Long, Added>> all = new TreeMap<>(Model.KEY_ORDER);
        int keys = 1 + random.nextInt(random.nextInt(4) == 0 ? 600 : 40);
        int density = 1 + random.nextInt(4);
        for (int n = 0; n < keys; n++) {
            byte[] key = new FullKeyBytes(random).bytes;
            NavigableMap<Long, Added> points = new TreeMap<>();
            do {
                points.put((long) random.nextInt(ranks), added(random, tuning));
            } while (random.nextInt(8) < density);
            if (random.nextInt(50) == 0) {
                // More than a block holds.
                for (long rank = 0; rank < ranks; rank++) {
                    points.put(rank, added(random, tuning));
                }
            }
            all.put(key, points);
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

    private static Added added(SplittableRandom random, Tuning tuning) {
        int choice = random.nextInt(20);
        if (choice < 2) {
            return new Added(choice == 0 ? StepKind.PASS : StepKind.TOMBSTONE, new byte[0]);
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
        return new Added(large ? StepKind.LARGE : StepKind.VALUE, value);
    }

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Bytes(byte[] bytes) implements ValueSource {
        @Override
        public long length() {
            return bytes.length;
        }

        @Override
        public void copy(long from, byte[] into, int count) {
            System.arraycopy(bytes, (int) from, into, 0, count);
        }
    }

    private static ArrayRun write(
            Engine engine, Tuning tuning, long[] versions, NavigableMap<byte[], NavigableMap<Long, Added>> all) {
        ArrayWriter writer = new ArrayWriter(engine.store(), tuning, 0);
        assertTrue(writer.isEmpty());
        all.forEach((key, points) -> points.forEach((rank, added) -> {
            // The writer keeps nothing of what it is given.
            byte[] lent = Arrays.copyOf(key, key.length + 5);
            switch (added.kind) {
                case StepKind.VALUE -> writer.addValue(lent, key.length, rank, added.value, 0, added.value.length);
                case StepKind.LARGE -> writer.addLarge(lent, key.length, rank, new Bytes(added.value));
                default -> writer.add(lent, key.length, rank, added.kind);
            }
            Arrays.fill(lent, (byte) 0x55);
        }));
        assertFalse(writer.isEmpty());
        ArrayWriter.Written written = writer.finish(versions);
        assertTrue(written.bytesWritten() >= written.bytes());
        ManifestEdit edit = new ManifestEdit().add(written.data()).add(written.meta());
        if (written.values() != null) {
            edit.add(written.values());
        }
        engine.store().commit(edit);
        ArrayInfo info = new ArrayInfo(
                1,
                1,
                versions[0],
                ArrayInfo.END_OF_LINE,
                new byte[0],
                null,
                written.data().id(),
                written.meta().id(),
                written.values() == null ? 0 : written.values().id(),
                written.footer(),
                written.counts().breakpoints(),
                written.counts().keys(),
                written.bytes());
        int from = engine.catalog().forest().place(versions[0]);
        return ArrayRun.open(info, engine.store(), from, Line.END, array -> {});
    }

    private static void assertCounts(NavigableMap<byte[], NavigableMap<Long, Added>> all, ArrayCounts counts) {
        List<Added> added = all.values().stream()
                .flatMap(points -> points.values().stream())
                .toList();
        assertEquals(added.size(), counts.breakpoints());
        assertEquals(all.size(), counts.keys());
        assertEquals(all.keySet().stream().mapToLong(key -> key.length).sum(), counts.keyBytes());
        assertEquals(count(added, StepKind.PASS), counts.passes());
        assertEquals(count(added, StepKind.TOMBSTONE), counts.tombstones());
        assertEquals(count(added, StepKind.LARGE), counts.largeValues());
        assertEquals(count(added, StepKind.VALUE), counts.values() + counts.resumes());
    }

    private static long count(List<Added> added, int kind) {
        return added.stream().filter(one -> one.kind == kind).count();
    }

    private static void assertFound(
            SplittableRandom random, NavigableMap<byte[], NavigableMap<Long, Added>> all, ArrayRun array) {
        BlockEntry at = new BlockEntry();
        all.forEach((key, points) -> points.forEach((rank, added) -> {
            assertIs(points, key, rank, array, at);
            assertIs(points, key, rank - 1, array, at);
        }));
        for (int n = 0; n < 200; n++) {
            byte[] key = new FullKeyBytes(random).bytes;
            assertIs(all.getOrDefault(key, new TreeMap<>()), key, random.nextInt(VERSIONS), array, at);
        }
    }

    private static void assertIs(
            NavigableMap<Long, Added> points, byte[] key, long rank, ArrayRun array, BlockEntry at) {
        FullKey full = new FullKey().setFull(key, 0, key.length);
        Map.@Nullable Entry<Long, Added> due = points.floorEntry(rank);
        int kind = rank < 0 ? StepKind.PASS : array.find(full, rank, at);
        assertTrue(points.isEmpty() || array.mayHave(full, new BlockEntry()));
        if (due == null) {
            assertEquals(StepKind.PASS, kind);
            return;
        }
        Added added = Objects.requireNonNull(due.getValue());
        assertEquals(added.kind, kind);
        if (kind == StepKind.VALUE) {
            assertArrayEquals(
                    added.value, Arrays.copyOfRange(at.block(), at.valueAt(), at.valueAt() + at.valueLength()));
        } else if (kind == StepKind.LARGE) {
            assertArrayEquals(added.value, array.largeValue(at.large()));
        }
    }
}
