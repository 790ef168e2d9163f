package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.engine.MergeBench.Content;
import io.donjon.engine.MergeBench.Point;
import io.donjon.extents.Codec;
import io.donjon.versioning.Line;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * What an array says of the version at which its band ends, by examples. {@link StrataHistoriesTest} compares it with the
 * truth, and diffs that go by it.
 */
class OutlookTest {
    private static final long ALL = 1L << 40;
    private static final Tuning TUNING = Tunings.of(64 << 10, 1, 64 << 10, 128, 8, 1.0, 16 << 10, Codec.RAW);

    private static Point value(String text) {
        return new Point(StepKind.VALUE, text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static Point deleted() {
        return new Point(StepKind.TOMBSTONE, new byte[0]);
    }

    /** The arrays that come of a merge, cut at these ranks, in line order. */
    private static List<ArrayRun> merged(MergeBench bench, List<ArrayRun> group, List<ArrayRun> others, int... cuts) {
        RankMap map = RankMap.of(group, bench.catalog);
        map.look(cuts, others);
        Merge.Result result = new Merge(
                        bench.store, bench.catalog, bench.tuning, group, List.of(), map, cuts, ALL, () -> false)
                .run();
        List<ArrayRun> made = new ArrayList<>();
        for (Merge.Output output : result.outputs()) {
            made.add(bench.open(output.written(), 9, output.from(), output.to(), result.keysFrom(), result.keysTo()));
        }
        return made;
    }

    /** A chain of four versions in one array: what each key is at each. */
    private static ArrayRun chain(MergeBench bench, int[] v) {
        Content content = new Content()
                .put(bench.key(v[0], "changed"), 0, value("0"))
                .put(bench.key(v[0], "changed"), 2, value("2"))
                .put(bench.key(v[0], "deleted"), 1, value("1"))
                .put(bench.key(v[0], "deleted"), 2, deleted())
                .put(bench.key(v[0], "early"), 0, value("0"))
                .put(bench.key(v[0], "early"), 1, value("1"))
                .put(bench.key(v[0], "late"), 0, value("0"))
                .put(bench.key(v[0], "late"), 3, value("3"))
                .put(bench.key(v[0], "new"), 2, value("2"));
        return bench.array(1, v[0], Line.END, v, content);
    }

    /** What an array says of a key at a rank; null for nothing. */
    private static @Nullable String said(MergeBench bench, ArrayRun array, int place, String key, int rank) {
        byte[] full = bench.key(place, key);
        BlockEntry at = new BlockEntry();
        int kind = array.find(new FullKey().setFull(full, 0, full.length), rank, at);
        return kind == StepKind.VALUE
                ? new String(at.block(), at.valueAt(), at.valueLength(), StandardCharsets.ISO_8859_1)
                : null;
    }

    private static List<@Nullable String> said(MergeBench bench, ArrayRun array, int place, int rank) {
        List<@Nullable String> said = new ArrayList<>();
        for (String key : List.of("changed", "deleted", "early", "late", "new")) {
            said.add(said(bench, array, place, key, rank));
        }
        return said;
    }

    @Test
    void theLeftArrayOfACutSaysWhatIsThere() {
        MergeBench.use(TUNING, bench -> {
            int[] v = bench.chain(4);
            List<ArrayRun> made = merged(bench, List.of(chain(bench, v)), List.of(), 2);
            ArrayRun left = made.get(0);
            assertEquals(new ArrayFooter.Outlook(3, true), left.footer().outlook());
            assertEquals(Arrays.asList("2", null, "1", "0", "2"), said(bench, left, v[0], 2));
            assertEquals(Arrays.asList("0", "1", "1", "0", null), said(bench, left, v[0], 1));
            assertEquals(4, left.footer().counts().visibleLast());
            assertEquals(ArrayFooter.Outlook.NONE, made.get(1).footer().outlook());
        });
    }

    @Test
    void noneWhereTheVersionMayStillBeWritten() {
        MergeBench.use(TUNING, bench -> {
            int[] v = bench.chain(4);
            List<ArrayRun> made = merged(bench, List.of(chain(bench, v)), List.of(), 3);
            assertEquals(ArrayFooter.Outlook.NONE, made.get(0).footer().outlook());
        });
    }

    @Test
    void noneWhereAnotherArrayMaySaySomethingOfIt() {
        MergeBench.use(TUNING, bench -> {
            int[] v = bench.chain(4);
            Content content = new Content().put(bench.key(v[0], "changed"), 0, value("x"));
            ArrayRun at = bench.array(2, v[2], v[3], new int[] {v[2]}, content);
            ArrayRun behind = bench.array(2, v[3], Line.END, new int[] {v[3]}, content);
            List<ArrayRun> group = List.of(chain(bench, v));
            assertFalse(merged(bench, group, List.of(at), 2)
                    .get(0)
                    .footer()
                    .outlook()
                    .whole());
            assertTrue(merged(bench, group, List.of(behind), 2)
                    .get(0)
                    .footer()
                    .outlook()
                    .whole());
        });
    }

    /** A clone is no neighbour of what stands before it on the line by chance. */
    @Test
    void noneBetweenBranches() {
        MergeBench.use(TUNING, bench -> {
            int[] v = bench.chain(2);
            int[] clone = {bench.cloneOf(v[0]), 0, 0};
            clone[1] = bench.freeze(clone[0]);
            clone[2] = bench.freeze(clone[1]);
            int other = bench.cloneOf(v[0]);
            int[] places = {v[0], other, clone[0], clone[1], clone[2]};
            Content content = new Content();
            for (int rank = 0; rank < places.length; rank++) {
                content.put(bench.key(v[0], "a"), rank, value("" + rank));
            }
            List<ArrayRun> group = List.of(bench.array(1, v[0], Line.END, places, content));
            assertFalse(
                    merged(bench, group, List.of(), 2).get(0).footer().outlook().whole());
            assertTrue(
                    merged(bench, group, List.of(), 3).get(0).footer().outlook().whole());
        });
    }

    @Test
    void whereNearlyAllChangesItIsGivenUp() {
        MergeBench.use(TUNING, bench -> {
            int[] v = bench.chain(3);
            Content content = new Content();
            int keys = 100;
            for (int i = 0; i < keys; i++) {
                content.put(bench.key(v[0], "k" + (100 + i)), 0, value("0"));
                content.put(bench.key(v[0], "k" + (100 + i)), 1, value("1"));
            }
            ArrayRun left = merged(bench, List.of(bench.array(1, v[0], Line.END, v, content)), List.of(), 1)
                    .get(0);
            assertFalse(left.footer().outlook().whole());
            assertTrue(left.footer().outlook().entries() > 0);
            assertTrue(left.footer().outlook().entries() < keys / 4);
            // Nothing is left of it by another merge.
            ArrayRun again = merged(bench, List.of(left), List.of()).get(0);
            assertEquals(ArrayFooter.Outlook.NONE, again.footer().outlook());
            assertEquals(keys, again.footer().counts().breakpoints());
        });
    }

    /** Also of a version dropped since: what it showed, and the one behind still shows, is a difference now. */
    @Test
    void aMergeOfTheLeftArrayKeepsIt() {
        MergeBench.use(TUNING, bench -> {
            int[] v = bench.chain(4);
            ArrayRun left =
                    merged(bench, List.of(chain(bench, v)), List.of(), 2).get(0);
            bench.drop(v[1]);
            // A clone of the first version stands before the others: what is written to it concerns nobody else.
            int clone = bench.cloneOf(v[0]);
            Content written = new Content()
                    .put(bench.key(v[0], "late"), 0, value("clone"))
                    .put(bench.key(v[0], "late"), 1, new Point(StepKind.PASS, new byte[0]));
            ArrayRun newer = bench.array(10, clone, v[2], new int[] {clone, v[1]}, written);
            ArrayRun made = merged(bench, List.of(newer, left), List.of()).get(0);
            assertEquals(2, made.footer().places());
            assertEquals(Arrays.asList("0", null, "0", "clone", null), said(bench, made, v[0], 1));
            assertEquals(new ArrayFooter.Outlook(4, true), made.footer().outlook());
            assertEquals(Arrays.asList("2", null, "1", "0", "2"), said(bench, made, v[0], 2));
        });
    }

    @Test
    void itIsNotKeptWhereOfSomeKeysNobodySaysIt() {
        MergeBench.use(TUNING, bench -> {
            int[] v = bench.chain(4);
            ArrayRun whole =
                    merged(bench, List.of(chain(bench, v)), List.of(), 2).get(0);
            byte[] from = bench.key(v[0], "l");
            ArrayRun part = whole.narrow(whole.info().narrowed(from, 1, 1));
            Content content = new Content().put(bench.key(v[0], "changed"), 0, value("x"));
            ArrayRun before = bench.array(10, v[0], v[2], new int[] {v[0]}, content, new byte[0], from);
            assertFalse(merged(bench, List.of(before, part), List.of())
                    .get(0)
                    .footer()
                    .outlook()
                    .whole());
            assertTrue(merged(bench, List.of(part), List.of())
                    .get(0)
                    .footer()
                    .outlook()
                    .whole());
        });
    }
}
