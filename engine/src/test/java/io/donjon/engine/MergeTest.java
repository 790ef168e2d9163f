package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.engine.MergeBench.Content;
import io.donjon.engine.MergeBench.Point;
import io.donjon.extents.Codec;
import io.donjon.extents.sim.Seeds;
import io.donjon.versioning.Line;
import io.donjon.versioning.VersionForest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Merges of arrays made by hand. At random: whoever can read finds afterwards what he found before, nothing is written
 * that says nothing, and what is left of the inputs is what a walk over them says. And by examples.
 */
class MergeTest {
    /** Larger than anything that is written. */
    private static final long ALL = 1L << 40;

    private static final Tuning TUNING = Tunings.of(64 << 10, 1, 64 << 10, 128, 8, 1.0, 16 << 10, Codec.RAW);

    static LongStream seeds() {
        return Seeds.first(Integer.getInteger("seeds", 25));
    }

    private static Point value(String text) {
        return new Point(StepKind.VALUE, text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static Merge merge(MergeBench bench, List<ArrayRun> group, List<ArrayRun> older, long bytesMax) {
        return merge(bench, group, older, bytesMax, RankMap.of(group, bench.catalog));
    }

    private static Merge merge(
            MergeBench bench, List<ArrayRun> group, List<ArrayRun> older, long bytesMax, RankMap map, int... cuts) {
        return new Merge(bench.store, bench.catalog, bench.tuning, group, older, map, cuts, bytesMax, () -> false);
    }

    /** What a merge without cuts has written. */
    private static Merge.Output only(Merge.Result result) {
        assertEquals(1, result.outputs().size());
        return result.outputs().get(0);
    }

    private static ArrayRun open(MergeBench bench, Merge.Output output, long age, Merge.Result result) {
        return bench.open(output.written(), age, output.from(), output.to(), result.keysFrom(), result.keysTo());
    }

    // ---- anything ----

    /** Arrays and what they say, newest first. */
    private static final class Layers {
        final MergeBench bench;
        final Map<ArrayRun, Content> contents = new LinkedHashMap<>();

        /** All keys that anything is said of. */
        final TreeSet<byte[]> keys = new TreeSet<>(Model.KEY_ORDER);

        Layers(MergeBench bench) {
            this.bench = bench;
        }

        /** Adds the arrays of an age, which share no keys; some have had more keys. */
        void add(SplittableRandom random, long age) {
            List<byte[]> borders = new ArrayList<>();
            borders.add(new byte[0]);
            for (int n = random.nextInt(3); n > 0; n--) {
                borders.add(anyKey(random));
            }
            borders.sort(Arrays::compareUnsigned);
            for (int i = 0; i < borders.size(); i++) {
                byte[] from = borders.get(i);
                byte[] to = i + 1 == borders.size() ? null : borders.get(i + 1);
                if (!Arrays.equals(from, to) && random.nextInt(8) > 0) {
                    add(random, age, from, to);
                }
            }
        }

        private byte[] anyKey(SplittableRandom random) {
            int[] line = bench.places();
            return bench.key(line[random.nextInt(line.length)], "k" + random.nextInt(30));
        }

        private void add(SplittableRandom random, long age, byte[] from, byte @Nullable [] to) {
            int[] line = bench.places();
            int begin = random.nextInt(line.length);
            int end = random.nextInt(begin, line.length);
            int[] places = IntStream.rangeClosed(begin, end)
                    .filter(i -> i == begin || random.nextInt(3) > 0)
                    .map(i -> line[i])
                    .toArray();
            boolean hadMore = random.nextInt(3) == 0;
            Content content = new Content();
            for (int n = 1 + random.nextInt(40); n > 0; n--) {
                int rank = random.nextInt(places.length);
                byte[] key = bench.key(places[rank], "k" + random.nextInt(30));
                boolean before = Arrays.compareUnsigned(key, from) < 0;
                if ((!before || hadMore) && ArrayInfo.compareKeysFrom(key, to) < 0) {
                    content.put(key, rank, point(random));
                }
            }
            Content within = new Content();
            within.keys.putAll(content.keys.tailMap(from, true));
            if (!within.keys.isEmpty()) {
                int bandEnd = end + 1 == line.length ? Line.END : line[end + 1];
                ArrayRun array = bench.array(age, line[begin], bandEnd, places, content, new byte[0], to);
                ArrayRun narrowed = narrowed(array, from, within.points());
                contents.put(narrowed, within);
                keys.addAll(within.keys.keySet());
            }
        }

        private Point point(SplittableRandom random) {
            int choice = random.nextInt(12);
            if (choice < 5) {
                return choice < 2 ? Point.PASS : Point.TOMBSTONE;
            }
            if (choice > 5) {
                return value("v".repeat(1 + random.nextInt(3)));
            }
            byte[] large = new byte[bench.tuning.largeBytes() + 1 + random.nextInt(2)];
            large[random.nextInt(2)] = 1;
            return new Point(StepKind.LARGE, large);
        }

        private ArrayRun narrowed(ArrayRun array, byte[] from, long points) {
            ArrayInfo info = array.info().narrowed(from, points, array.info().bytes());
            return ArrayRun.open(info, bench.store, array.from(), array.to(), each -> {});
        }

        List<ArrayRun> sorted() {
            return contents.keySet().stream().sorted(ArrayRun.NEWEST_FIRST).toList();
        }

        /** What everybody who can read finds, by key and version. */
        Map<String, String> answers() {
            List<ArrayRun> arrays = sorted();
            Map<String, String> answers = new LinkedHashMap<>();
            for (byte[] key : keys) {
                for (int place : bench.places()) {
                    if (bench.forest.id(bench.forest.tree(place)) == FullKey.treeOf(key)
                            && bench.catalog.isReadable(place)) {
                        answers.put(hex(key) + " at " + bench.forest.id(place), answer(arrays, key, place));
                    }
                }
            }
            return answers;
        }

        private String answer(List<ArrayRun> arrays, byte[] key, int place) {
            for (ArrayRun array : arrays) {
                Point point = bench.answer(array, Objects.requireNonNull(contents.get(array)), key, place);
                if (point.kind() == StepKind.TOMBSTONE) {
                    return "nothing";
                }
                if (point.kind() != StepKind.PASS) {
                    return hex(point.value());
                }
            }
            return "nothing";
        }

        /** Puts in place of a group what came of its merge; returns what is left of the group. */
        List<ArrayRun> install(List<ArrayRun> group, Merge.Result result) {
            List<ArrayRun> rest = new ArrayList<>(group);
            for (Merge.Left left : result.left()) {
                ArrayRun array = left.array();
                Content content = Objects.requireNonNull(contents.remove(array));
                byte[] from = left.keysFrom();
                if (from == null) {
                    rest.remove(array);
                } else {
                    ArrayRun narrowed = narrowed(array, from, left.breakpoints());
                    Content within = new Content();
                    within.keys.putAll(content.keys.tailMap(from, true));
                    contents.put(narrowed, within);
                    rest.set(rest.indexOf(array), narrowed);
                }
            }
            for (Merge.Output output : result.outputs()) {
                ArrayRun array = open(bench, output, group.get(0).age(), result);
                contents.put(array, bench.read(array));
            }
            return rest;
        }
    }

    private static String hex(byte @Nullable [] bytes) {
        return bytes == null ? "none" : HexFormat.of().formatHex(bytes);
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void whoeverCanReadFindsWhatHeFoundBefore(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        MergeBench.use(TUNING, bench -> {
            bench.grow(random, 3 + random.nextInt(20));
            Layers all = new Layers(bench);
            int olderAges = random.nextInt(3);
            for (int age = 1 + random.nextInt(5) + olderAges; age > 0; age--) {
                all.add(random, age);
            }
            List<ArrayRun> older = all.sorted().stream()
                    .filter(array -> array.age() <= olderAges)
                    .toList();
            List<ArrayRun> group = new ArrayList<>(all.sorted());
            group.removeAll(older);
            if (group.isEmpty()) {
                return;
            }
            long bytesMax = random.nextBoolean() ? ALL : random.nextInt(3000);
            RankMap map = RankMap.of(group, bench.catalog);
            int[] cuts = IntStream.range(1, map.places.length)
                    .filter(rank -> random.nextInt(4) == 0)
                    .toArray();
            Map<String, String> before = all.answers();
            byte[] keysFrom = MergePolicy.keysFrom(group);
            byte[] keysTo = MergePolicy.keysTo(group);
            while (!group.isEmpty()) {
                assertTrue(Arrays.compareUnsigned(keysFrom, MergePolicy.keysFrom(group)) <= 0);
                Merge.Result result =
                        merge(bench, group, older, bytesMax, map, cuts).run();
                assertArrayEquals(MergePolicy.keysFrom(group), result.keysFrom());
                assertLeft(bench, group, result);
                assertFigures(bench, group, map, result, bytesMax);
                List<ArrayRun> rest = all.install(group, result);
                assertCut(
                        bench,
                        result,
                        Arrays.stream(cuts).map(rank -> map.places[rank]).toArray());
                for (Merge.Output output : result.outputs()) {
                    assertNothingNeedless(all, all.sorted(), output, older);
                }
                assertEquals(before, all.answers(), () -> "after a piece of at most " + bytesMax + " bytes");
                keysFrom = rest.isEmpty() ? keysFrom : Objects.requireNonNull(result.keysTo());
                assertEquals(rest.isEmpty() ? hex(keysTo) : hex(keysFrom), hex(result.keysTo()));
                group = rest;
            }
            clone(all, before);
        });
    }

    /** Who is born after the merge stands directly behind his parent and finds what that finds. */
    private static void clone(Layers all, Map<String, String> before) {
        MergeBench bench = all.bench;
        Map<Integer, Integer> parents = new LinkedHashMap<>();
        for (int place : bench.places()) {
            if (bench.forest.kind(place) == VersionForest.Kind.SNAPSHOT) {
                parents.put(bench.cloneOf(place), place);
            }
        }
        Map<String, String> after = all.answers();
        parents.forEach((child, parent) -> {
            for (byte[] key : all.keys) {
                if (FullKey.treeOf(key) == bench.forest.id(bench.forest.tree(child))) {
                    assertEquals(
                            before.get(hex(key) + " at " + bench.forest.id(parent)),
                            after.get(hex(key) + " at " + bench.forest.id(child)),
                            () -> "a clone of " + bench.forest.id(parent));
                }
            }
        });
    }

    /** No output crosses a cut, and each begins at one or where the whole does. */
    private static void assertCut(MergeBench bench, Merge.Result result, int... cuts) {
        Line line = bench.forest.line();
        int end = VersionForest.ROOT;
        for (Merge.Output output : result.outputs()) {
            assertTrue(line.compare(end, output.from()) <= 0);
            end = output.to();
            for (int cut : cuts) {
                assertTrue(!bench.within(cut, output.from(), output.to()) || cut == output.from());
            }
        }
    }

    /** What is left of the inputs is what a walk over each says. */
    private static void assertLeft(MergeBench bench, List<ArrayRun> group, Merge.Result result) {
        List<ArrayRun> untouched = new ArrayList<>(group);
        for (Merge.Left left : result.left()) {
            ArrayRun array = left.array();
            assertTrue(untouched.remove(array), () -> array + " is left twice, or none of the inputs");
            byte[] from = left.keysFrom();
            if (from == null) {
                continue;
            }
            assertTrue(ArrayInfo.compareKeysFrom(array.info().keysFrom(), result.keysTo()) < 0);
            assertTrue(ArrayInfo.compareKeysFrom(from, result.keysTo()) >= 0);
            long data = 0;
            long values = 0;
            long breakpoints = 0;
            boolean there = false;
            ArrayCursor cursor = bench.cursor(array);
            for (boolean more = cursor.first(); more; more = cursor.next()) {
                BlockEntry entry = cursor.entry();
                int order = entry.compareKey(from, from.length);
                there |= order == 0;
                breakpoints += order >= 0 ? 1 : 0;
                data = order < 0 ? cursor.blockOffset() : data;
                values = order < 0 && entry.kind() == StepKind.LARGE
                        ? entry.large().offset()
                        : values;
            }
            assertTrue(there, () -> array + " has no key " + hex(from));
            assertEquals(breakpoints, left.breakpoints(), () -> array + " from " + hex(from));
            assertEquals(data, left.data(), () -> array + " from " + hex(from));
            assertEquals(values, left.values(), () -> array + " from " + hex(from));
        }
        for (ArrayRun array : untouched) {
            assertTrue(ArrayInfo.compareKeysFrom(array.info().keysFrom(), result.keysTo()) >= 0);
        }
    }

    private static void assertFigures(
            MergeBench bench, List<ArrayRun> group, RankMap map, Merge.Result result, long bytesMax) {
        Line line = bench.forest.line();
        for (Merge.Output output : result.outputs()) {
            assertTrue(line.compare(map.from, output.from()) <= 0 && line.compare(output.to(), map.to) <= 0);
        }
        boolean toTheEnd = result.left().stream().allMatch(left -> left.keysFrom() == null)
                && result.left().size() == group.size();
        boolean allOfThem = group.stream().allMatch(array -> array.info().keysFrom().length == 0);
        if (toTheEnd && allOfThem) {
            long due = group.stream().mapToLong(array -> array.data().length()).sum();
            assertTrue(result.bytesRead() >= due, () -> result.bytesRead() + " read of " + due);
            assertTrue(result.bytesRead() <= 2 * due, () -> result.bytesRead() + " read of " + due);
        }
        if (!result.outputs().isEmpty()) {
            long bytes = 0;
            long bytesWritten = 0;
            for (Merge.Output output : result.outputs()) {
                bytes += output.written().bytes();
                bytesWritten += output.written().bytesWritten();
            }
            assertEquals(bytesWritten, result.bytesWritten());
            long written = bytes;
            assertTrue(toTheEnd || written >= bytesMax, () -> written + " bytes of " + bytesMax);
            assertEquals(result.keysTo() == null, toTheEnd && MergePolicy.keysTo(group) == null);
        }
    }

    /** Breakpoints change something, for somebody, and tombstones hide something. */
    private static void assertNothingNeedless(
            Layers all, List<ArrayRun> arrays, Merge.Output output, List<ArrayRun> older) {
        MergeBench bench = all.bench;
        ArrayRun made = arrays.stream()
                .filter(array -> array.data().id() == output.written().data().id())
                .findFirst()
                .orElseThrow();
        long[] versions = made.versions();
        int[] places = new int[versions.length];
        bench.forest.places(versions, places);
        Objects.requireNonNull(all.contents.get(made)).keys.forEach((key, points) -> {
            assertTrue(made.info().covers(key, key.length));
            Point last = Point.PASS;
            for (Map.Entry<Long, Point> at : points.entrySet()) {
                int place = places[(int) (long) at.getKey()];
                assertTrue(bench.catalog.isReadable(place));
                assertEquals(FullKey.treeOf(key), bench.forest.id(bench.forest.tree(place)));
                assertFalse(at.getValue().sameAs(last), () -> "version " + bench.forest.id(place) + " repeats");
                last = at.getValue();
                Long next = points.higherKey(at.getKey());
                int to = next == null ? made.to() : places[(int) (long) next];
                boolean hides = older.stream()
                        .anyMatch(array -> Arrays.stream(bench.places())
                                        .anyMatch(p ->
                                                bench.within(p, place, to) && bench.within(p, array.from(), array.to()))
                                && array.mayHave(new FullKey().setFull(key, 0, key.length), new BlockEntry()));
                assertTrue(
                        last.kind() != StepKind.TOMBSTONE || hides,
                        () -> "nothing is hidden at " + bench.forest.id(place));
            }
        });
        Line line = bench.forest.line();
        for (int rank = 0; rank < places.length; rank++) {
            assertTrue(rank == 0 || line.compare(places[rank - 1], places[rank]) < 0);
            assertTrue(bench.within(places[rank], made.from(), made.to()));
        }
    }

    // ---- by examples ----

    /** What a merge of all makes of arrays, as text; versions by their numbers. */
    private static String merged(MergeBench bench, List<ArrayRun> group, List<ArrayRun> older) {
        Merge.Result result = merge(bench, group, older, ALL).run();
        if (result.outputs().isEmpty()) {
            return "";
        }
        return text(bench, open(bench, only(result), group.get(0).age(), result));
    }

    private static String text(MergeBench bench, ArrayRun array) {
        return bench.read(array).keys.entrySet().stream()
                .map(key -> new String(
                                key.getKey(),
                                FullKey.TREE_BYTES,
                                key.getKey().length - FullKey.TREE_BYTES,
                                StandardCharsets.ISO_8859_1)
                        + key.getValue().entrySet().stream()
                                .map(at -> " " + array.version((int) (long) at.getKey()) + ":" + text(at.getValue()))
                                .collect(Collectors.joining()))
                .collect(Collectors.joining(", "));
    }

    private static String text(Point point) {
        return switch (point.kind()) {
            case StepKind.PASS -> "pass";
            case StepKind.TOMBSTONE -> "tombstone";
            case StepKind.LARGE -> "large " + point.value().length;
            default -> new String(point.value(), StandardCharsets.ISO_8859_1);
        };
    }

    @Test
    void theNewestHoldsWhereItDoesNotPass() {
        MergeBench.use(TUNING, bench -> {
            int[] v = bench.chain(4);
            byte[] a = bench.key(v[0], "a");
            Content newer = new Content().put(a, 1, value("new")).put(a, 2, Point.PASS);
            Content old = new Content().put(a, 0, value("old")).put(a, 3, value("oldest"));
            assertEquals(
                    "a 1:old 2:new 3:old 4:oldest",
                    merged(
                            bench,
                            List.of(bench.array(2, v[0], Line.END, v, newer), bench.array(1, v[0], Line.END, v, old)),
                            List.of()));
        });
    }

    @Test
    void equalNeighboursBecomeOneWhereverTheyComeFrom() {
        MergeBench.use(TUNING, bench -> {
            int[] v = bench.chain(4);
            byte[] a = bench.key(v[0], "a");
            byte[] b = bench.key(v[0], "b");
            Content newer = new Content().put(a, 1, value("x")).put(b, 1, value("xy"));
            Content old = new Content().put(a, 0, value("x")).put(b, 0, value("xx"));
            List<ArrayRun> group =
                    List.of(bench.array(2, v[0], Line.END, v, newer), bench.array(1, v[0], Line.END, v, old));
            assertEquals("a 1:x, b 1:xx 2:xy", merged(bench, group, List.of()));
        });
    }

    @Test
    void whatNobodyCanReadDisappears() {
        MergeBench.use(TUNING, bench -> {
            int[] v = bench.chain(4);
            byte[] a = bench.key(v[0], "a");
            byte[] b = bench.key(v[0], "b");
            bench.drop(v[1]);
            bench.drop(v[3]);
            Content all = new Content()
                    .put(a, 0, value("1"))
                    .put(a, 1, value("2"))
                    .put(a, 2, value("3"))
                    .put(a, 3, value("4"))
                    .put(b, 1, value("2"));
            Content dead = new Content().put(bench.key(v[0], "c"), 3, value("4"));
            ArrayRun array = bench.array(2, v[0], Line.END, v, all);
            assertEquals("a 1:1 3:3, b 3:2", merged(bench, List.of(array), List.of()));
            Merge.Result none = merge(bench, List.of(bench.array(1, v[0], Line.END, v, dead)), List.of(), ALL)
                    .run();
            assertEquals(List.of(), none.outputs());
            assertEquals(1, none.left().size());
            assertNull(none.left().get(0).keysFrom());
            assertEquals(0, none.bytesWritten());
        });
    }

    @Test
    void aTombstoneStaysOnlyWhereAnOlderArrayMayHaveTheKey() {
        MergeBench.use(TUNING, bench -> {
            int[] v = bench.chain(5);
            byte[] b = bench.key(v[0], "b");
            Content content = new Content().put(b, 1, Point.TOMBSTONE).put(b, 3, value("x"));
            List<ArrayRun> group = List.of(bench.array(2, v[0], Line.END, v, content));
            Content has = new Content().put(b, 0, value("old"));
            Content others =
                    new Content().put(bench.key(v[0], "a"), 0, value("old")).put(bench.key(v[0], "c"), 0, value("old"));
            assertEquals("b 4:x", merged(bench, group, List.of()));
            assertEquals("b 4:x", merged(bench, group, List.of(bench.array(1, v[0], Line.END, v, others))));
            assertEquals("b 2:tombstone 4:x", merged(bench, group, List.of(bench.array(1, v[0], Line.END, v, has))));
            int[] one = {v[0]};
            assertEquals("b 4:x", merged(bench, group, List.of(bench.array(1, v[0], v[1], one, has))));
            assertEquals("b 2:tombstone 4:x", merged(bench, group, List.of(bench.array(1, v[0], v[2], one, has))));
            int[] third = {v[2]};
            int[] fourth = {v[3]};
            assertEquals("b 2:tombstone 4:x", merged(bench, group, List.of(bench.array(1, v[2], v[3], third, has))));
            assertEquals("b 4:x", merged(bench, group, List.of(bench.array(1, v[3], Line.END, fourth, has))));
            // Any of them is enough.
            assertEquals(
                    "b 2:tombstone 4:x",
                    merged(
                            bench,
                            group,
                            List.of(
                                    bench.array(1, v[0], Line.END, v, others),
                                    bench.array(1, v[2], v[3], third, has))));
        });
    }

    @Test
    void aTombstoneThatLastsToTheEndIsForAllThatStandBefore() {
        MergeBench.use(TUNING, bench -> {
            int[] v = bench.chain(5);
            byte[] b = bench.key(v[0], "b");
            Content content = new Content().put(b, 0, value("x")).put(b, 1, Point.TOMBSTONE);
            Content has = new Content().put(b, 0, value("old"));
            int[] some = {v[0], v[1], v[2]};
            int[] last = {v[3]};
            List<ArrayRun> group = List.of(bench.array(2, v[0], v[3], some, content));
            assertEquals("b 1:x 2:pass", merged(bench, group, List.of(bench.array(1, v[3], Line.END, last, has))));
            int[] third = {v[2]};
            assertEquals("b 1:x 2:tombstone", merged(bench, group, List.of(bench.array(1, v[2], v[3], third, has))));
        });
    }

    @Test
    void arraysOfOneAgeMayShareKeysWhereTheirBandsAreApart() {
        MergeBench.use(TUNING, bench -> {
            int[] v = bench.chain(4);
            byte[] a = bench.key(v[0], "a");
            byte[] b = bench.key(v[0], "b");
            byte[] c = bench.key(v[0], "c");
            Content left = new Content().put(a, 0, value("x")).put(c, 0, value("y"));
            Content right = new Content().put(b, 0, value("z"));
            Content old =
                    new Content().put(a, 0, value("1")).put(b, 0, value("2")).put(c, 0, value("3"));
            int[] first = {v[0]};
            int[] last = {v[3]};
            assertEquals(
                    "a 1:x 3:1, b 1:2 4:z, c 1:y 3:3",
                    merged(
                            bench,
                            List.of(
                                    bench.array(2, v[0], v[2], first, left),
                                    bench.array(2, v[3], Line.END, last, right, b, null),
                                    bench.array(1, v[0], Line.END, first, old)),
                            List.of()));
        });
    }

    @Test
    void whatEndsWithABandEndsWithItInTheWhole() {
        MergeBench.use(TUNING, bench -> {
            int[] v = bench.chain(4);
            byte[] a = bench.key(v[0], "a");
            byte[] b = bench.key(v[0], "b");
            int[] first = {v[0]};
            Content newer = new Content().put(a, 0, value("x")).put(b, 0, value("y"));
            Content old = new Content().put(b, 0, value("z"));
            assertEquals(
                    "a 1:x 3:pass, b 1:y 3:z",
                    merged(
                            bench,
                            List.of(
                                    bench.array(2, v[0], v[2], first, newer),
                                    bench.array(1, v[0], Line.END, first, old)),
                            List.of()));
        });
    }

    /** The band ends in another tree, where nobody asks for the key. */
    @Test
    void aKeyHasNoBreakpointsBehindItsTree() {
        MergeBench.use(TUNING, bench -> {
            int[] behind = bench.chain(3);
            int[] v = bench.chain(1);
            int[] first = {v[0]};
            Content newer = new Content().put(bench.key(v[0], "a"), 0, value("x"));
            Content old = new Content().put(bench.key(behind[2], "b"), 0, value("y"));
            int[] last = {behind[2]};
            assertEquals(
                    "b 3:y, a 4:x",
                    merged(
                            bench,
                            List.of(
                                    bench.array(2, v[0], behind[1], first, newer),
                                    bench.array(1, behind[2], Line.END, last, old)),
                            List.of()));
        });
    }

    private static Point large(int length, long seed) {
        byte[] bytes = new byte[length];
        new SplittableRandom(seed).nextBytes(bytes);
        return new Point(StepKind.LARGE, bytes);
    }

    @Test
    void largeValuesOfTheSameBytesAreOne() {
        MergeBench.use(TUNING, bench -> {
            int[] v = bench.chain(6);
            byte[] a = bench.key(v[0], "a");
            int two = 2 * LargeValue.PIECE_BYTES + 10;
            Content newer = new Content()
                    .put(a, 1, large(two, 1))
                    .put(a, 3, large(100, 2))
                    .put(a, 4, large(101, 2));
            Content old = new Content()
                    .put(a, 0, large(two, 1))
                    .put(a, 2, large(two, 3))
                    .put(a, 5, large(5, 5));
            List<ArrayRun> group =
                    List.of(bench.array(2, v[0], Line.END, v, newer), bench.array(1, v[0], Line.END, v, old));
            assertEquals("a 1:large " + two + " 4:large 100 5:large 101", merged(bench, group, List.of()));
            // Also one that holds again behind another of its bytes.
            Content again = new Content().put(a, 1, large(100, 1)).put(a, 2, Point.PASS);
            Content first = new Content().put(a, 0, large(100, 1));
            assertEquals(
                    "a 1:large 100",
                    merged(
                            bench,
                            List.of(bench.array(2, v[0], Line.END, v, again), bench.array(1, v[0], Line.END, v, first)),
                            List.of()));
            Content hole = new Content().put(a, 1, value("x")).put(a, 2, Point.PASS);
            Content whole = new Content().put(a, 0, large(100, 1));
            assertEquals(
                    "a 1:large 100 2:x 3:large 100",
                    merged(
                            bench,
                            List.of(bench.array(2, v[0], Line.END, v, hole), bench.array(1, v[0], Line.END, v, whole)),
                            List.of()));
        });
    }

    /** Two values of 64 bytes whose hashes are equal: of a hash's state a second word can undo what a first did. */
    private static byte[][] twins() {
        byte[] one = new byte[64];
        new SplittableRandom(7).nextBytes(one);
        byte[] other = one.clone();
        ByteBuffer from = ByteBuffer.wrap(one).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer to = ByteBuffer.wrap(other).order(ByteOrder.LITTLE_ENDIAN);
        long prime1 = 0x9E3779B185EBCA87L;
        long prime2 = 0xC2B2AE3D27D4EB4FL;
        long inverse2 = prime2;
        for (int i = 0; i < 6; i++) {
            inverse2 *= 2 - prime2 * inverse2;
        }
        long start = prime1 + prime2;
        long changed = from.getLong(0) + 1;
        to.putLong(0, changed);
        long before = Long.rotateLeft(start + from.getLong(0) * prime2, 31) * prime1;
        long after = Long.rotateLeft(start + changed * prime2, 31) * prime1;
        to.putLong(32, from.getLong(32) + (before - after) * inverse2);
        return new byte[][] {one, other};
    }

    @Test
    void largeValuesOfEqualHashesAndOtherBytesStayTwo() {
        MergeBench.use(TUNING, bench -> {
            byte[][] twins = twins();
            assertFalse(Arrays.equals(twins[0], twins[1]));
            assertEquals(XxHash64.hash(twins[0], 0, 64), XxHash64.hash(twins[1], 0, 64));
            int[] v = bench.chain(2);
            byte[] a = bench.key(v[0], "a");
            Content newer = new Content().put(a, 1, new Point(StepKind.LARGE, twins[1]));
            Content old = new Content().put(a, 0, new Point(StepKind.LARGE, twins[0]));
            List<ArrayRun> group =
                    List.of(bench.array(2, v[0], Line.END, v, newer), bench.array(1, v[0], Line.END, v, old));
            Merge.Result result = merge(bench, group, List.of(), ALL).run();
            ArrayRun array = open(bench, only(result), 2, result);
            Content content = bench.read(array);
            assertArrayEquals(twins[0], content.at(a, 0).value());
            assertArrayEquals(twins[1], content.at(a, 1).value());
        });
    }

    /** The store may have been opened with larger or smaller blocks than the arrays were written with. */
    @Test
    void whereAValueLiesFollowsFromTheTuningOfTheMerge() {
        MergeBench.use(TUNING, bench -> {
            int[] v = bench.chain(4);
            byte[] a = bench.key(v[0], "a");
            int small = TUNING.largeBytes();
            Content content = new Content()
                    .put(a, 0, value("x".repeat(small)))
                    .put(a, 1, large(small + 1, 1))
                    .put(a, 2, large(4 * small, 2))
                    .put(a, 3, large(4 * small + 1, 3));
            ArrayRun array = bench.array(1, v[0], Line.END, v, content);
            Content found = mergedWith(bench, 512, array);
            assertEquals(StepKind.VALUE, found.at(a, 1).kind());
            assertEquals(StepKind.VALUE, found.at(a, 2).kind());
            assertEquals(StepKind.LARGE, found.at(a, 3).kind());
            assertSame(content, found, a);
            Content wide = new Content()
                    .put(a, 0, value("y" + "x".repeat(15)))
                    .put(a, 1, value("yz" + "x".repeat(15)))
                    .put(a, 2, value("x".repeat(small)));
            Content apart = mergedWith(bench, 64, bench.array(1, v[0], Line.END, v, wide));
            assertEquals(StepKind.VALUE, apart.at(a, 0).kind());
            assertEquals(StepKind.LARGE, apart.at(a, 1).kind());
            assertSame(wide, apart, a);
        });
    }

    private static Content mergedWith(MergeBench bench, int blockBytes, ArrayRun array) {
        Tuning other = Tunings.of(64 << 10, 1, 64 << 10, blockBytes, 8, 1.0, 16 << 10, Codec.RAW);
        Merge.Result result = new Merge(
                        bench.store,
                        bench.catalog,
                        other,
                        List.of(array),
                        List.of(),
                        RankMap.of(List.of(array), bench.catalog),
                        new int[0],
                        ALL,
                        () -> false)
                .run();
        return bench.read(open(bench, only(result), 2, result));
    }

    private static void assertSame(Content expected, Content found, byte[] key) {
        Map<Long, Point> points = Objects.requireNonNull(expected.keys.get(key));
        assertEquals(
                points.keySet(), Objects.requireNonNull(found.keys.get(key)).keySet());
        points.forEach((rank, point) ->
                assertArrayEquals(point.value(), found.at(key, rank).value()));
    }

    // ---- pieces ----

    private static Content keys(MergeBench bench, int place, int count) {
        Content content = new Content();
        for (int i = 0; i < count; i++) {
            content.put(bench.key(place, String.format("%05d", i)), 0, value("v" + i));
        }
        return content;
    }

    @Test
    void aMergeThatMayWriteNothingWritesOneKey() {
        MergeBench.use(TUNING, bench -> {
            int[] v = bench.chain(2);
            Content content = keys(bench, v[0], 3);
            byte[] second = bench.key(v[0], "00001");
            content.put(second, 1, value("more"));
            List<ArrayRun> group = List.of(bench.array(1, v[0], Line.END, v, content));
            Merge.Result first = merge(bench, group, List.of(), 0).run();
            assertEquals(1, only(first).written().counts().breakpoints());
            assertArrayEquals(new byte[0], first.keysFrom());
            assertArrayEquals(second, first.keysTo());
            Merge.Left left = first.left().get(0);
            assertArrayEquals(second, left.keysFrom());
            assertEquals(3, left.breakpoints());
        });
    }

    /** Of what it writes all extents count. */
    @Test
    void aMergeEndsWithTheKeyThatMakesItEnough() {
        MergeBench.use(TUNING, bench -> {
            int[] v = bench.chain(2);
            Content content = keys(bench, v[0], 2000);
            ArrayWriter.Written plain = piece(bench, content, 20_000);
            assertTrue(plain.bytes() >= 20_000);
            assertTrue(
                    plain.data().length() <= 20_000,
                    () -> "data " + plain.data().length());
            assertTrue(
                    plain.data().length() > 8_000, () -> "data " + plain.data().length());
            content.keys.keySet().forEach(key -> content.put(key, 1, large(500, 1)));
            ArrayWriter.Written apart = piece(bench, content, 20_000);
            long values = Objects.requireNonNull(apart.values()).length();
            assertTrue(values <= 20_000 && values > 8_000, () -> "values " + values);
        });
    }

    private static ArrayWriter.Written piece(MergeBench bench, Content content, long bytesMax) {
        int[] v = bench.places();
        ArrayRun array = bench.array(1, v[0], Line.END, v, content);
        return only(merge(bench, List.of(array), List.of(), bytesMax).run()).written();
    }

    @Test
    void whatIsLeftSaysFromWhereItsLargeValuesAreNeeded() {
        MergeBench.use(TUNING, bench -> {
            int[] v = bench.chain(2);
            Content content = new Content();
            for (int i = 0; i < 6; i++) {
                content.put(bench.key(v[0], "k" + i), 0, i % 2 == 0 ? large(1000, i) : value("x"));
            }
            ArrayRun array = bench.array(1, v[0], Line.END, v, content);
            long before = -1;
            for (int left = 5; left > 0; left--) {
                Merge.Result result = merge(bench, List.of(array), List.of(), 0).run();
                assertLeft(bench, List.of(array), result);
                Merge.Left rest = result.left().get(0);
                assertEquals(left, rest.breakpoints());
                // Of what was passed the last large value's block, if there is one.
                assertEquals(left % 2 == 1 && left < 5, rest.values() > 0);
                assertTrue(rest.values() == 0 || rest.values() > before);
                before = Math.max(before, rest.values());
                byte[] from = Objects.requireNonNull(rest.keysFrom());
                ArrayInfo info = array.info().narrowed(from, left, array.info().bytes());
                array = ArrayRun.open(info, bench.store, v[0], Line.END, each -> {});
            }
        });
    }

    @Test
    void longKeysAreMergedLikeOthers() {
        MergeBench.use(TUNING, bench -> {
            int[] v = bench.chain(2);
            Content content = new Content();
            for (String key : List.of("a", "b".repeat(60), "c".repeat(500), "d")) {
                content.put(bench.key(v[0], key), 1, value("x"));
            }
            assertEquals(
                    "a 2:x, " + "b".repeat(60) + " 2:x, " + "c".repeat(500) + " 2:x, d 2:x",
                    merged(bench, List.of(bench.array(1, v[0], Line.END, v, content)), List.of()));
        });
    }

    /** So that a merge of which little comes gives back what it has read. */
    @Test
    void aMergeOfWhichNothingComesEndsWithFourTimesSoMuchRead() {
        MergeBench.use(TUNING, bench -> {
            int[] v = bench.chain(2);
            // Two inputs: what is passed of both counts.
            Content content = keys(bench, v[0], 2500);
            Content tombstones = new Content();
            content.keys.keySet().forEach(key -> tombstones.put(key, 0, Point.TOMBSTONE));
            ArrayRun newer = bench.array(2, v[0], Line.END, v, tombstones);
            // And of a run all that have been passed.
            byte[] border = bench.key(v[0], "00700");
            Content low = new Content();
            low.keys.putAll(content.keys.headMap(border, false));
            content.keys.keySet().removeAll(low.keys.keySet());
            ArrayRun old = bench.array(1, v[0], Line.END, v, low, new byte[0], border);
            ArrayRun high = bench.array(1, v[0], Line.END, v, content, border, null);
            List<ArrayRun> group = List.of(newer, old, high);
            long all = group.stream().mapToLong(array -> array.data().length()).sum();
            long meta = old.meta().length();
            // It looks after 1024 keys and after 2048.
            Merge.Result result =
                    merge(bench, group, List.of(), (all * 3 / 10 + meta) / 4).run();
            assertEquals(List.of(), result.outputs());
            assertArrayEquals(bench.key(v[0], "01024"), result.keysTo());
            assertEquals(2500 - 1024, result.left().get(0).breakpoints());
            assertNull(result.left().get(1).keysFrom());
            assertEquals(2500 - 1024, result.left().get(2).breakpoints());
            result = merge(bench, group, List.of(), (all * 6 / 10 + meta) / 4).run();
            assertArrayEquals(bench.key(v[0], "02048"), result.keysTo());
            result = merge(bench, group, List.of(), (all + meta) / 4).run();
            assertNull(result.keysTo());
            assertTrue(result.bytesRead() >= all, () -> "less than " + all);
        });
    }

    @Test
    void aCancelledMergeLeavesNoFiles() {
        MergeBench.use(TUNING, bench -> {
            int[] v = bench.chain(2);
            Content content = keys(bench, v[0], 5000).put(bench.key(v[0], "00000"), 1, large(10_000, 1));
            List<ArrayRun> group = List.of(bench.array(1, v[0], Line.END, v, content));
            long before = bench.world.disk("d0").usedBytes();
            int[] asked = {0};
            Merge merge = new Merge(
                    bench.store,
                    bench.catalog,
                    bench.tuning,
                    group,
                    List.of(),
                    RankMap.of(group, bench.catalog),
                    new int[0],
                    ALL,
                    () -> {
                        asked[0]++;
                        assertNotEquals(before, bench.world.disk("d0").usedBytes());
                        return true;
                    });
            assertThrows(CancellationException.class, merge::run);
            assertEquals(1, asked[0]);
            assertEquals(before, bench.world.disk("d0").usedBytes());
        });
    }
}
