package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.ExtentStore;
import io.donjon.extents.ManifestEdit;
import io.donjon.extents.sim.SimWorld;
import io.donjon.versioning.Line;
import io.donjon.versioning.VersionForest;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Versions and arrays made by hand, in a store of a simulated world that knows nothing of them. */
final class MergeBench {
    /** What an array says of a key from a rank on; the value is empty for kinds without one. */
    @SuppressWarnings("ArrayRecordComponent") // compared by sameAs
    record Point(int kind, byte[] value) {
        static final Point PASS = new Point(StepKind.PASS, new byte[0]);
        static final Point TOMBSTONE = new Point(StepKind.TOMBSTONE, new byte[0]);

        boolean sameAs(Point other) {
            return kind == other.kind && Arrays.equals(value, other.value);
        }
    }

    /** What an array says, by full key and rank. */
    static final class Content {
        final NavigableMap<byte[], NavigableMap<Long, Point>> keys = new TreeMap<>(Model.KEY_ORDER);

        Content put(byte[] key, long rank, Point point) {
            keys.computeIfAbsent(key, k -> new TreeMap<>()).put(rank, point);
            return this;
        }

        long points() {
            return keys.values().stream().mapToLong(Map::size).sum();
        }

        /** The breakpoint that holds for a key at a rank. */
        Point at(byte[] key, long rank) {
            NavigableMap<Long, Point> points = keys.get(key);
            Map.@Nullable Entry<Long, Point> floor = points == null ? null : points.floorEntry(rank);
            return floor == null ? Point.PASS : Objects.requireNonNull(floor.getValue());
        }
    }

    final ExtentStore store;
    final Tuning tuning;
    final Catalog catalog = new Catalog();
    final VersionForest forest = catalog.forest();
    final SimWorld world;
    private long nextArray = 1;

    private MergeBench(ExtentStore store, Tuning tuning, SimWorld world) {
        this.store = store;
        this.tuning = tuning;
        this.world = world;
    }

    static void use(Tuning tuning, Consumer<MergeBench> test) {
        SimWorld world = new SimWorld(1);
        assertTrue(world.run(() -> {
            StoreHandle handle = new SimStore(1, 1, tuning).open(world);
            test.accept(new MergeBench(handle.engine().store(), tuning, world));
            handle.close();
        }));
    }

    // ---- versions ----

    /** Begins a tree, which comes before all others on the line. */
    int tree() {
        long id = catalog.newVersion();
        return forest.addTree(id, "k" + id, "t" + id, 0);
    }

    /** Makes a head a snapshot; returns the new head, directly behind it. */
    int freeze(int head) {
        long id = catalog.newVersion();
        return forest.freeze(head, "s" + id, id, 0);
    }

    /** A clone of a snapshot, directly behind it. */
    int cloneOf(int place) {
        long id = catalog.newVersion();
        return forest.addHead(id, place, "c" + id, 0);
    }

    /** Drops a version, so that merges may believe it. */
    void drop(int place) {
        forest.drop(place);
        forest.markDropSaved(place);
    }

    /** A tree whose versions are snapshots one behind the other, but for the last. */
    int[] chain(int length) {
        int[] places = new int[length];
        places[0] = tree();
        for (int i = 1; i < length; i++) {
            places[i] = freeze(places[i - 1]);
        }
        return places;
    }

    /** Adds trees, snapshots and clones, and drops some; of these some may be read still. */
    void grow(SplittableRandom random, int versions) {
        tree();
        while (forest.size() <= versions) {
            int place = 1 + random.nextInt(forest.size() - 1);
            if (random.nextInt(8) == 0) {
                tree();
            } else if (forest.kind(place) == VersionForest.Kind.HEAD) {
                freeze(place);
            } else {
                cloneOf(place);
            }
        }
        int dropsOfTen = random.nextInt(8);
        for (int place = 1; place < forest.size(); place++) {
            if (random.nextInt(10) < dropsOfTen) {
                forest.drop(place);
                if (random.nextInt(8) > 0) {
                    forest.markDropSaved(place);
                }
                if (random.nextInt(8) == 0) {
                    catalog.cursorOpened(place);
                }
            }
        }
    }

    /** All versions in line order. */
    int[] places() {
        return IntStream.iterate(
                        forest.next(VersionForest.ROOT),
                        place -> place != VersionForest.NONE,
                        place -> forest.next(place))
                .toArray();
    }

    /** Whether a place lies in a band. */
    boolean within(int place, int from, int to) {
        Line line = forest.line();
        return line.compare(from, place) <= 0 && line.compare(place, to) < 0;
    }

    // ---- keys and arrays ----

    /** A key of the tree that a place is in. */
    byte[] key(int place, String key) {
        byte[] user = key.getBytes(StandardCharsets.ISO_8859_1);
        FullKey full = new FullKey().set(forest.id(forest.tree(place)), user);
        return Arrays.copyOf(full.bytes(), full.length());
    }

    /** An array of all keys; its version table has these places. */
    ArrayRun array(long age, int from, int to, int[] places, Content content) {
        return array(age, from, to, places, content, new byte[0], null);
    }

    /** An array of the keys from one to another. */
    ArrayRun array(
            long age, int from, int to, int[] places, Content content, byte[] keysFrom, byte @Nullable [] keysTo) {
        long[] versions = Arrays.stream(places).mapToLong(forest::id).toArray();
        return open(write(store, tuning, versions, content), age, from, to, keysFrom, keysTo);
    }

    /** The array that was written, whose extents the manifest names from now on. */
    ArrayRun open(ArrayWriter.Written written, long age, int from, int to, byte[] keysFrom, byte @Nullable [] keysTo) {
        return open(
                store,
                written,
                new long[] {nextArray++, age, forest.id(from), to == Line.END ? ArrayInfo.END_OF_LINE : forest.id(to)},
                from,
                to,
                keysFrom,
                keysTo);
    }

    /** Writes an array. */
    static ArrayWriter.Written write(ExtentStore store, Tuning tuning, long[] versions, Content content) {
        ArrayWriter writer = new ArrayWriter(store, tuning, 0, versions.length);
        assertTrue(writer.isEmpty());
        content.keys.forEach((key, points) -> points.forEach((rank, point) -> {
            // The writer keeps nothing of what it is given.
            byte[] lent = Arrays.copyOf(key, key.length + 5);
            byte[] value = point.value();
            if (point.kind() != StepKind.VALUE && point.kind() != StepKind.LARGE) {
                writer.add(lent, key.length, rank, point.kind());
            } else if (point.kind() == StepKind.VALUE) {
                writer.addValue(lent, key.length, rank, false, value, 0, value.length);
            } else {
                writer.addLarge(lent, key.length, rank, false, new Bytes(value));
            }
            Arrays.fill(lent, (byte) 0x55);
        }));
        assertFalse(writer.isEmpty());
        ArrayWriter.Written written = writer.finish(versions);
        assertTrue(written.bytesWritten() >= written.bytes());
        return written;
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

    /** Opens what was written; {@code names} are the array's id and age and the versions of its band's ends. */
    static ArrayRun open(
            ExtentStore store,
            ArrayWriter.Written written,
            long[] names,
            int from,
            int to,
            byte[] keysFrom,
            byte @Nullable [] keysTo) {
        ManifestEdit edit = new ManifestEdit();
        written.addTo(edit);
        store.commit(edit);
        ArrayInfo info = written.info(names[0], names[1], names[2], names[3], keysFrom, keysTo);
        return ArrayRun.open(info, store, from, to, array -> {});
    }

    /** A cursor before all breakpoints. */
    ArrayCursor cursor(ArrayRun array) {
        return new ArrayCursor(array, store, ArrayCursor.Reading.PASSING, 4096, null);
    }

    /** What a walk over an array's range finds. */
    Content read(ArrayRun array) {
        Content content = new Content();
        ArrayCursor cursor = cursor(array);
        for (boolean more = cursor.first(); more; more = cursor.next()) {
            BlockEntry entry = cursor.entry();
            byte[] value = new byte[0];
            if (entry.kind() == StepKind.VALUE) {
                value = Arrays.copyOfRange(entry.block(), entry.valueAt(), entry.valueAt() + entry.valueLength());
            } else if (entry.kind() == StepKind.LARGE) {
                value = array.largeValue(entry.large());
            }
            content.put(Arrays.copyOf(entry.key(), entry.keyLength()), entry.rank(), new Point(entry.kind(), value));
        }
        return content;
    }

    /** What an array that has this content says of a key at a place. */
    Point answer(ArrayRun array, Content content, byte[] key, int place) {
        boolean covered =
                within(place, array.from(), array.to()) && array.info().covers(key, key.length);
        return covered ? content.at(key, Ranks.floor(array, place, forest)) : Point.PASS;
    }
}
