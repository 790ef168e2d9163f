package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.StorageException;
import io.donjon.extents.sim.Seeds;
import io.donjon.versioning.Line;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Where the ranks of merged arrays go: by examples, and against a walk along the line for each. */
class RankMapTest {
    static LongStream seeds() {
        return Seeds.first(Integer.getInteger("seeds", 25));
    }

    private static ArrayRun array(MergeBench bench, int from, int to, int... places) {
        MergeBench.Content content = new MergeBench.Content()
                .put(bench.key(places[0], "a"), 0, new MergeBench.Point(StepKind.VALUE, new byte[] {1}));
        return bench.array(1, from, to, places, content);
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void everyRankGoesToTheFirstReadableVersionBehindItInItsTreeAndItsBand(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        MergeBench.use(Tunings.small(), bench -> {
            bench.grow(random, 3 + random.nextInt(30));
            int[] line = bench.places();
            List<ArrayRun> inputs = new ArrayList<>();
            for (int n = 1 + random.nextInt(4); n > 0; n--) {
                int begin = random.nextInt(line.length);
                int end = random.nextInt(begin, line.length);
                int[] places = IntStream.rangeClosed(begin, end)
                        .filter(i -> random.nextInt(3) > 0)
                        .map(i -> line[i])
                        .toArray();
                int to = end + 1 == line.length ? Line.END : line[end + 1];
                inputs.add(array(bench, line[begin], to, places.length == 0 ? new int[] {line[begin]} : places));
            }
            assertMaps(bench, line, inputs);
        });
    }

    private static void assertMaps(MergeBench bench, int[] line, List<ArrayRun> inputs) {
        RankMap map = RankMap.of(inputs, bench.catalog);
        // All by positions on the line.
        List<Integer> at = Arrays.stream(line).boxed().toList();
        int from = inputs.stream().mapToInt(a -> at.indexOf(a.from())).min().orElseThrow();
        int to = inputs.stream().mapToInt(a -> end(at, a)).max().orElseThrow();
        assertEquals(line[from], map.from);
        assertEquals(to == line.length ? Line.END : line[to], map.to);
        TreeSet<Integer> shown = new TreeSet<>();
        for (ArrayRun input : inputs) {
            for (long version : input.versions()) {
                shown.add(firstReadable(bench, line, at.indexOf(bench.forest.place(version)), to));
            }
            if (end(at, input) < to) {
                shown.add(firstReadable(bench, line, end(at, input), to));
            }
        }
        shown.remove(to);
        List<Integer> places = shown.stream().map(i -> line[i]).toList();
        assertArrayEquals(places.stream().mapToInt(place -> place).toArray(), map.places);
        for (int i = 0; i < inputs.size(); i++) {
            int end = end(at, inputs.get(i));
            int behind = firstReadable(bench, line, end, to);
            assertEquals(
                    behind == to ? Integer.MAX_VALUE : places.indexOf(line[behind]),
                    map.end(inputs.get(i)),
                    "end of " + i);
            long[] versions = inputs.get(i).versions();
            assertEquals(versions.length, map.ranks(inputs.get(i)).length);
            for (int rank = 0; rank < versions.length; rank++) {
                int place = bench.forest.place(versions[rank]);
                int shows = firstReadable(bench, line, at.indexOf(place), to);
                boolean somebody = shows < end && bench.forest.tree(line[shows]) == bench.forest.tree(place);
                assertEquals(
                        somebody ? places.indexOf(line[shows]) : RankMap.NOWHERE,
                        map.ranks(inputs.get(i))[rank],
                        "rank " + rank + " of " + i);
            }
        }
    }

    private static int end(List<Integer> at, ArrayRun array) {
        return array.to() == Line.END ? at.size() : at.indexOf(array.to());
    }

    private static int firstReadable(MergeBench bench, int[] line, int from, int to) {
        int i = from;
        while (i < to && !bench.catalog.isReadable(line[i])) {
            i++;
        }
        return Math.min(i, to);
    }

    @Test
    void whatADroppedVersionShowedIsForTheNextThatStands() {
        MergeBench.use(Tunings.small(), bench -> {
            int[] v = bench.chain(4);
            bench.drop(v[1]);
            ArrayRun array = array(bench, v[0], Line.END, v);
            RankMap map = RankMap.of(List.of(array), bench.catalog);
            assertArrayEquals(new int[] {v[0], v[2], v[3]}, map.places);
            assertArrayEquals(new int[] {0, 1, 1, 2}, map.ranks(array));
        });
    }

    @Test
    void whatADroppedVersionShowedIsNotForTheNextTree() {
        MergeBench.use(Tunings.small(), bench -> {
            int[] behind = bench.chain(2);
            int[] v = bench.chain(2);
            bench.drop(v[1]);
            ArrayRun array = array(bench, v[0], Line.END, v[0], v[1], behind[0], behind[1]);
            RankMap map = RankMap.of(List.of(array), bench.catalog);
            assertArrayEquals(new int[] {v[0], behind[0], behind[1]}, map.places);
            assertArrayEquals(new int[] {0, RankMap.NOWHERE, 1, 2}, map.ranks(array));
        });
    }

    /** The array says nothing about who stands behind its end, though others of the merge do. */
    @Test
    void whatBeginsBeforeABandsEndDoesNotReachBeyondIt() {
        MergeBench.use(Tunings.small(), bench -> {
            int[] v = bench.chain(4);
            bench.drop(v[1]);
            ArrayRun front = array(bench, v[0], v[2], v[0], v[1]);
            ArrayRun back = array(bench, v[3], Line.END, v[3]);
            RankMap map = RankMap.of(List.of(front, back), bench.catalog);
            assertArrayEquals(new int[] {v[0], v[2], v[3]}, map.places);
            assertArrayEquals(new int[] {0, RankMap.NOWHERE}, map.ranks(front));
            assertEquals(1, map.end(front));
            assertEquals(Integer.MAX_VALUE, map.end(back));
            assertEquals(v[0], map.from);
            assertEquals(Line.END, map.to);
        });
    }

    @Test
    void aBandThatEndsWhereNobodyStandsAnyMoreEndsWithTheWhole() {
        MergeBench.use(Tunings.small(), bench -> {
            int[] v = bench.chain(4);
            bench.drop(v[2]);
            bench.drop(v[3]);
            ArrayRun front = array(bench, v[0], v[2], v[0]);
            ArrayRun back = array(bench, v[1], Line.END, v[1]);
            RankMap map = RankMap.of(List.of(front, back), bench.catalog);
            assertArrayEquals(new int[] {v[0], v[1]}, map.places);
            assertEquals(Integer.MAX_VALUE, map.end(front));
            assertEquals(Integer.MAX_VALUE, map.end(back));
        });
    }

    @Test
    void aVersionThatACursorIsOpenOnIsReadable() {
        MergeBench.use(Tunings.small(), bench -> {
            int[] v = bench.chain(2);
            bench.drop(v[0]);
            bench.catalog.cursorOpened(v[0]);
            List<ArrayRun> inputs = List.of(array(bench, v[0], Line.END, v));
            assertArrayEquals(v, RankMap.of(inputs, bench.catalog).places);
            bench.catalog.cursorClosed(v[0]);
            assertArrayEquals(new int[] {v[1]}, RankMap.of(inputs, bench.catalog).places);
        });
    }

    @Test
    void whereNobodyStandsNothingGoesAnywhere() {
        MergeBench.use(Tunings.small(), bench -> {
            int[] v = bench.chain(2);
            ArrayRun array = array(bench, v[0], Line.END, v);
            bench.drop(v[0]);
            bench.drop(v[1]);
            RankMap map = RankMap.of(List.of(array), bench.catalog);
            assertEquals(0, map.places.length);
            assertArrayEquals(new int[] {RankMap.NOWHERE, RankMap.NOWHERE}, map.ranks(array));
        });
    }

    @Test
    void aVersionTableThatNamesAnUnknownVersionIsDamage() {
        MergeBench.use(Tunings.small(), bench -> {
            int[] v = bench.chain(2);
            ArrayRun array = array(bench, v[0], Line.END, v);
            Catalog other = new Catalog();
            other.forest().addTree(bench.forest.id(v[0]), "k", "t", 0);
            StorageException e = assertThrows(StorageException.class, () -> RankMap.of(List.of(array), other));
            assertEquals(StorageException.Kind.DAMAGED, e.kind());
            assertTrue(
                    String.valueOf(e.getMessage()).contains("version " + bench.forest.id(v[1])),
                    () -> String.valueOf(e.getMessage()));
        });
    }

    /** A table of several blocks, with gaps. */
    @Test
    void aVersionIsFoundInAVersionTableOfSeveralBlocks() {
        MergeBench.use(Tunings.small(), bench -> {
            int[] v = bench.chain(3 * ArrayWriter.TABLE_IDS + 100);
            int[] table = IntStream.range(2, v.length)
                    .filter(i -> i % 5 != 1)
                    .map(i -> v[i])
                    .toArray();
            ArrayRun array = array(bench, v[0], Line.END, table);
            int rank = -1;
            for (int place : v) {
                rank += rank + 1 < table.length && table[rank + 1] == place ? 1 : 0;
                assertEquals(rank, Ranks.floor(array, place, bench.forest), () -> "place " + place);
            }
            assertEquals(table.length - 1, rank);
            StorageException e =
                    assertThrows(StorageException.class, () -> Ranks.floor(array, v[0], new Catalog().forest()));
            assertTrue(String.valueOf(e.getMessage()).contains("which does not exist"));
        });
    }
}
