package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.Extent;
import io.donjon.extents.sim.Seeds;
import io.donjon.versioning.Line;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Which arrays are merged: by examples, and what must hold of every choice. Bands lie on a line of ten versions. */
class MergePolicyTest {
    private static final int PLACES = 10;
    private static final String NO_END = "";

    static LongStream seeds() {
        return Seeds.first(Integer.getInteger("seeds", 25));
    }

    /** Makes arrays that say they are anything: what they have is one and the same. */
    private static final class Line10 {
        final MergeBench bench;
        final int[] line;
        private final List<ArrayRun> real = new ArrayList<>();
        private long nextId = 1;

        Line10(MergeBench bench) {
            this.bench = bench;
            this.line = bench.chain(PLACES);
        }

        MergePolicy policy(double ratio) {
            return new MergePolicy(bench.forest.line(), ratio);
        }

        int place(int at) {
            return at == PLACES ? Line.END : line[at];
        }

        /** An array of all keys and versions. */
        ArrayRun array(long age, long bytes) {
            return array(age, 0, PLACES, NO_END, NO_END, bytes);
        }

        /** An array of all keys with this band. */
        ArrayRun band(long age, int from, int to, long bytes) {
            return array(age, from, to, NO_END, NO_END, bytes);
        }

        /** An array of these keys and all versions. */
        ArrayRun keys(long age, String keysFrom, String keysTo, long bytes) {
            return array(age, 0, PLACES, keysFrom, keysTo, bytes);
        }

        ArrayRun array(long age, int from, int to, String keysFrom, String keysTo, long bytes) {
            return array(nextId++, age, from, to, keysFrom, keysTo, bytes, real());
        }

        /** The same array, with fewer keys. */
        ArrayRun narrowed(ArrayRun array, String keysFrom) {
            return array(
                    array.id(),
                    array.age(),
                    0,
                    PLACES,
                    keysFrom,
                    NO_END,
                    array.info().bytes(),
                    real());
        }

        /** An array that is so long in truth, apart from what it says. */
        ArrayRun large(long age, int valueBytes, long bytes) {
            int kind = valueBytes > bench.tuning.largeBytes() ? StepKind.LARGE : StepKind.VALUE;
            MergeBench.Content content = new MergeBench.Content()
                    .put(bench.key(line[0], "a"), 0, new MergeBench.Point(kind, new byte[valueBytes]));
            ArrayRun like = bench.array(1, line[0], Line.END, new int[] {line[0]}, content);
            return array(nextId++, age, 0, PLACES, NO_END, NO_END, bytes, like);
        }

        private ArrayRun real() {
            if (real.isEmpty()) {
                real.add(large(1, 10, 1));
            }
            return real.get(0);
        }

        private ArrayRun array(
                long id, long age, int from, int to, String keysFrom, String keysTo, long bytes, ArrayRun like) {
            ArrayInfo info = new ArrayInfo(
                    id,
                    age,
                    bench.forest.id(place(from)),
                    to == PLACES ? ArrayInfo.END_OF_LINE : bench.forest.id(place(to)),
                    bytes(keysFrom),
                    keysTo.equals(NO_END) ? null : bytes(keysTo),
                    like.info().data(),
                    like.info().meta(),
                    like.info().values(),
                    like.info().footer(),
                    1,
                    1,
                    bytes);
            return ArrayRun.open(info, bench.store, place(from), place(to), each -> {});
        }

        /** Any arrays, some of one age with a border between their keys. */
        List<ArrayRun> any(SplittableRandom random) {
            List<ArrayRun> arrays = new ArrayList<>();
            int ages = 1 + random.nextInt(7);
            for (int age = 1; age <= ages; age++) {
                String from = NO_END;
                for (int parts = 1 + random.nextInt(3); parts > 0; parts--) {
                    String to =
                            parts == 1 ? NO_END : String.valueOf((char) ('b' + 4 * (3 - parts) + random.nextInt(4)));
                    int begin = random.nextInt(PLACES);
                    int end = random.nextInt(begin + 1, PLACES + 1);
                    if (random.nextInt(4) > 0) {
                        arrays.add(array(age, begin, end, from, to, 1 + random.nextInt(1 << random.nextInt(12))));
                    }
                    from = to;
                }
            }
            return arrays;
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static void withArrays(Consumer<Line10> test) {
        MergeBench.use(Tunings.small(), bench -> test.accept(new Line10(bench)));
    }

    // ---- by examples ----

    @Test
    void theNextOlderIsTakenInUpToSoManyTimesWhatIsThere() {
        withArrays(all -> {
            ArrayRun newest = all.array(3, 10);
            ArrayRun next = all.array(2, 20);
            ArrayRun last = all.array(1, 60);
            List<ArrayRun> arrays = List.of(last, newest, next);
            assertEquals(List.of(newest, next, last), all.policy(2.0).pick(arrays, List.of()));
            assertEquals(List.of(), all.policy(1.9).pick(arrays, List.of()));
            // The last is more than twice the two before, by one.
            List<ArrayRun> more = List.of(newest, next, all.array(1, 61));
            assertEquals(List.of(newest, next), all.policy(2.0).pick(more, List.of()));
        });
    }

    @Test
    void theNewestThatIsDueGoesFirst() {
        withArrays(all -> {
            ArrayRun small = all.array(4, 1);
            ArrayRun large = all.array(3, 100);
            ArrayRun old = all.array(2, 100);
            List<ArrayRun> arrays = List.of(old, large, small);
            assertEquals(List.of(large, old), all.policy(1.0).pick(arrays, List.of()));
            ArrayRun other = all.array(5, 1);
            assertEquals(List.of(other, small), all.policy(1.0).pick(List.of(old, large, small, other), List.of()));
        });
    }

    @Test
    void arraysWhoseBandsAreApartAreNotMerged() {
        withArrays(all -> {
            ArrayRun left = all.band(3, 0, 4, 10);
            ArrayRun right = all.band(2, 4, PLACES, 10);
            assertEquals(List.of(), all.policy(1.0).pick(List.of(left, right), List.of()));
            ArrayRun both = all.band(1, 3, 5, 10);
            assertEquals(List.of(left, right, both), all.policy(2.0).pick(List.of(left, right, both), List.of()));
        });
    }

    /** What lies in age between two that are merged, and overlaps either, would be passed by. */
    @Test
    void whatLiesBetweenInAgeAndOverlapsBelongsToTheGroup() {
        withArrays(all -> {
            ArrayRun newest = all.band(5, 0, 2, 10);
            ArrayRun between = all.band(4, 3, 6, 10);
            ArrayRun apart = all.band(3, 8, PLACES, 10);
            ArrayRun oldest = all.band(1, 1, 4, 10);
            ArrayRun older = all.band(0, 5, 7, 10);
            List<ArrayRun> arrays = List.of(newest, between, apart, oldest, older);
            MergePolicy policy = all.policy(1.0);
            assertEquals(List.of(newest, between, oldest), policy.closed(List.of(newest, oldest), arrays));
            // Not what is as old as nobody in it, though it overlaps.
            assertEquals(List.of(between), policy.closed(List.of(between), arrays));
            assertEquals(
                    List.of(newest, between, oldest, older), all.policy(2.0).pick(arrays, List.of()));
            // It counts for the size.
            assertEquals(List.of(between, oldest), all.policy(1.0).pick(List.of(newest, between, oldest), List.of()));
        });
    }

    @Test
    void arraysOfOneAgeAreOfARunAndAreTakenAsAWhole() {
        withArrays(all -> {
            ArrayRun newest = all.array(2, 10);
            ArrayRun low = all.keys(1, NO_END, "h", 10);
            ArrayRun high = all.keys(1, "h", NO_END, 10);
            List<ArrayRun> arrays = List.of(high, low, newest);
            assertEquals(List.of(), all.policy(1.0).pick(arrays, List.of()));
            List<ArrayRun> group = all.policy(2.0).pick(arrays, List.of());
            assertEquals(List.of(newest, low, high), group);
            assertEquals(List.of(List.of(newest), List.of(low, high)), MergePolicy.runs(group));
            assertEquals(List.of(), MergePolicy.runs(List.of()));
        });
    }

    /** What is merged of an age gets that age: with keys that others of it have, in bands that are elsewhere. */
    @Test
    void arraysOfOneAgeThatShareKeysAreOfTwoRuns() {
        withArrays(all -> {
            ArrayRun behind = all.array(5, 0, 4, "p", NO_END, 10);
            ArrayRun before = all.array(5, 6, PLACES, "d", "m", 10);
            ArrayRun last = all.array(5, 6, PLACES, "m", "x", 10);
            ArrayRun older = all.band(3, 0, 4, 10);
            assertEquals(List.of(behind, older), all.policy(1.0).pick(List.of(before, last, behind, older), List.of()));
            ArrayRun made = all.array(5, 0, 4, NO_END, NO_END, 10);
            List<ArrayRun> group =
                    all.policy(1.0).pick(List.of(before, last, made, all.band(2, 0, PLACES, 10)), List.of());
            assertEquals(4, group.size());
            assertEquals(
                    List.of(List.of(made), List.of(before, last)),
                    MergePolicy.runs(group).subList(0, 2));
        });
    }

    @Test
    void aRunByItselfIsNotMerged() {
        withArrays(all -> {
            List<ArrayRun> run = List.of(all.keys(1, NO_END, "h", 10), all.keys(1, "h", NO_END, 10));
            assertEquals(List.of(), all.policy(9.0).pick(run, List.of()));
            assertEquals(0, all.policy(9.0).due(run));
            // Nor two ages without a key in common.
            List<ArrayRun> apart = List.of(all.keys(2, NO_END, "h", 10), all.keys(1, "h", NO_END, 10));
            assertEquals(List.of(), all.policy(9.0).pick(apart, List.of()));
        });
    }

    /** So a merge that was broken off goes on where it ended. */
    @Test
    void whatLiesBeforeOrBehindAllKeysThatTwoAgesHaveStaysAsItIs() {
        withArrays(all -> {
            ArrayRun merged = all.keys(3, NO_END, "d", 10);
            ArrayRun newer = all.keys(3, "d", "m", 10);
            ArrayRun newerStill = all.keys(3, "m", "p", 10);
            ArrayRun older = all.keys(2, "d", "m", 10);
            ArrayRun between = all.keys(2, "n", "o", 10);
            ArrayRun behind = all.keys(2, "p", NO_END, 10);
            List<ArrayRun> arrays = List.of(merged, newer, newerStill, older, between, behind);
            assertEquals(
                    List.of(newer, newerStill, older, between), all.policy(1.0).pick(arrays, List.of()));
            assertEquals(4, all.policy(1.0).due(arrays));
            assertEquals(40, all.policy(1.0).debt(arrays));
            // Without an end nothing lies behind.
            ArrayRun endless = all.keys(1, "d", NO_END, 10);
            ArrayRun all2 = all.keys(2, "p", NO_END, 10);
            assertEquals(
                    List.of(newer, newerStill, all2, endless),
                    all.policy(1.0).pick(List.of(merged, newer, newerStill, endless, all2), List.of()));
        });
    }

    @Test
    void aGroupsKeysReachFromItsFirstToItsLast() {
        withArrays(all -> {
            ArrayRun c = all.keys(3, "c", "m", 1);
            ArrayRun b = all.keys(2, "b", "g", 1);
            ArrayRun endless = all.keys(1, "d", NO_END, 1);
            assertArrayEquals(bytes("b"), MergePolicy.keysFrom(List.of(c, b, endless)));
            assertArrayEquals(bytes("m"), MergePolicy.keysTo(List.of(b, c)));
            assertNull(MergePolicy.keysTo(List.of(c, endless, b)));
            assertEquals(3, MergePolicy.bytes(List.of(c, b, endless)));
        });
    }

    @Test
    void mergesRunSideBySideIfTheirBandsOrTheirAgesAreApart() {
        withArrays(all -> {
            MergePolicy policy = all.policy(1.0);
            List<ArrayRun> running = List.of(all.band(6, 3, 5, 10), all.band(4, 4, 7, 10));
            BiConsumer<Boolean, List<ArrayRun>> assertMayRun = (may, group) -> {
                assertEquals(may, policy.mayRun(group, List.of(running)), group::toString);
                assertEquals(may, policy.mayRun(running, List.of(group)), group::toString);
            };
            assertMayRun.accept(true, List.of(all.band(5, 0, 3, 10), all.band(2, 1, 2, 10)));
            assertMayRun.accept(false, List.of(all.band(5, 1, 2, 10), all.band(2, 0, 4, 10)));
            assertMayRun.accept(false, List.of(all.band(2, 0, 4, 10), all.band(5, 1, 2, 10)));
            assertMayRun.accept(true, List.of(all.band(5, 7, 9, 10), all.band(5, 8, PLACES, 10)));
            assertMayRun.accept(false, List.of(all.band(5, 8, PLACES, 10), all.band(5, 6, 9, 10)));
            assertMayRun.accept(true, List.of(all.array(3, 10), all.array(2, 10)));
            assertMayRun.accept(true, List.of(all.array(8, 10), all.array(7, 10)));
            assertMayRun.accept(false, List.of(all.array(4, 10), all.array(3, 10)));
            assertMayRun.accept(false, List.of(all.array(7, 10), all.array(6, 10)));
            assertMayRun.accept(false, List.of(all.array(7, 10), all.array(3, 10)));
            assertTrue(policy.mayRun(running, List.of()));
        });
    }

    @Test
    void whatABusyMergeNeedsIsPassedByForTheNextThatMayRun() {
        withArrays(all -> {
            ArrayRun a = all.array(4, 10);
            ArrayRun b = all.array(3, 10);
            ArrayRun c = all.array(2, 100);
            ArrayRun d = all.array(1, 100);
            List<ArrayRun> arrays = List.of(a, b, c, d);
            MergePolicy policy = all.policy(1.0);
            assertEquals(List.of(a, b), policy.pick(arrays, List.of()));
            assertEquals(List.of(c, d), policy.pick(arrays, List.of(List.of(a, b))));
            assertEquals(List.of(), policy.pick(arrays, List.of(List.of(a, b), List.of(c, d))));
            assertEquals(4, policy.due(arrays));
            assertEquals(220, policy.debt(arrays));
        });
    }

    /** A merge has gone on meanwhile: what it merges has fewer keys than when it began. */
    @Test
    void anArrayWithFewerKeysCountsAsTheSame() {
        withArrays(all -> {
            ArrayRun a = all.array(4, 10);
            ArrayRun b = all.array(3, 10);
            ArrayRun c = all.array(1, 10);
            List<ArrayRun> now = List.of(all.narrowed(a, "f"), all.narrowed(b, "g"), c);
            assertEquals(3, all.policy(1.0).pick(now, List.of()).size());
            assertEquals(List.of(), all.policy(1.0).pick(now, List.of(List.of(a, b))));
            // Only by being the same: another age would do.
            ArrayRun same = all.narrowed(a, "f");
            assertFalse(all.policy(1.0).mayRun(List.of(same), List.of(List.of(a))));
            assertEquals(a.id(), same.id());
        });
    }

    @Test
    void eachArrayThatIsDueCountsOnce() {
        withArrays(all -> {
            MergePolicy policy = all.policy(1.0);
            List<ArrayRun> arrays =
                    List.of(all.band(9, 0, 2, 1), all.band(8, 0, 2, 1), all.band(7, 5, 6, 3), all.band(6, 5, 6, 2));
            assertEquals(4, policy.due(arrays));
            assertEquals(7, policy.debt(arrays));
            assertEquals(0, policy.due(List.of()));
            assertEquals(0, policy.debt(List.of(all.array(1, 5))));
        });
    }

    // ---- where room is scarce ----

    @Test
    void ofAGroupThatHasNoRoomThePartOfMostArraysThatHasIsMerged() {
        withArrays(all -> {
            ArrayRun a = all.array(5, 100);
            ArrayRun b = all.array(4, 60);
            ArrayRun c = all.array(3, 10);
            ArrayRun d = all.array(2, 20);
            ArrayRun e = all.array(1, 30);
            List<ArrayRun> group = List.of(a, b, c, d, e);
            MergePolicy policy = all.policy(1.0);
            assertEquals(group, policy.part(group, group, 220));
            assertEquals(List.of(a, b, c, d), policy.part(group, group, 219));
            assertEquals(List.of(b, c, d, e), policy.part(group, group, 189));
            assertEquals(List.of(c, d, e), policy.part(group, group, 60));
            assertEquals(List.of(c, d), policy.part(group, group, 59));
            assertEquals(List.of(c, d), policy.part(group, group, 30));
            assertEquals(List.of(), policy.part(group, group, 29));
        });
    }

    @Test
    void aPartIsClosedAndOfTwoAgesThatShareKeys() {
        withArrays(all -> {
            ArrayRun newest = all.band(5, 0, 3, 10);
            ArrayRun between = all.band(4, 2, 6, 100);
            ArrayRun oldest = all.band(3, 0, 2, 10);
            List<ArrayRun> group = List.of(newest, between, oldest);
            MergePolicy policy = all.policy(1.0);
            // Between is not the next of the two, but a part with both has it too.
            assertEquals(List.of(), policy.part(group, group, 30));
            assertEquals(List.of(), policy.part(List.of(newest, oldest), group, 30));
            assertEquals(group, policy.part(group, group, 120));
            ArrayRun low = all.keys(5, NO_END, "h", 10);
            ArrayRun high = all.keys(4, "h", NO_END, 10);
            ArrayRun wide = all.array(3, 100);
            assertEquals(List.of(), policy.part(List.of(low, high, wide), List.of(low, high, wide), 100));
        });
    }

    /** What a part takes before it gives back: of each run a step of its longest array, and a piece. */
    @Test
    void whereNoPartHasRoomTheOneThatGivesBackSoonestIsMergedStepByStep() {
        withArrays(all -> {
            long step = Extent.stepBytes(1);
            ArrayRun a = all.large(4, 100, 1L << 40);
            ArrayRun b = all.large(3, 3000, 1L << 40);
            ArrayRun c = all.large(2, 100, 1L << 40);
            ArrayRun d = all.large(1, 100, 1L << 40);
            List<ArrayRun> group = List.of(a, b, c, d);
            MergePolicy policy = all.policy(1.0);
            long least = Tuning.PIECE_BYTES_LEAST + 2 * step;
            assertEquals(List.of(c, d), policy.part(group, group, least + 1));
            assertEquals(List.of(), policy.part(group, group, least));
            // Where values lie apart a step is one of either extent.
            assertTrue(a.values() == null && b.values() != null);
            List<ArrayRun> two = List.of(a, b);
            assertEquals(two, policy.part(two, two, least + step + 1));
            assertEquals(List.of(), policy.part(two, two, least + step));
            // The one that takes least, whichever comes first.
            List<ArrayRun> last = List.of(c, d, all.large(0, 3000, 1L << 40));
            assertEquals(List.of(c, d), policy.part(last, last, 1L << 39));
            assertEquals(List.of(c, d), policy.part(group, group, 1L << 39));
        });
    }

    @Test
    void arraysOfARunAreReadOneAfterTheOtherAndTakeNoMoreThanTheLongest() {
        withArrays(all -> {
            ArrayRun newest = all.array(2, 1L << 40);
            List<ArrayRun> group =
                    List.of(newest, all.keys(1, NO_END, "h", 1L << 40), all.keys(1, "h", NO_END, 1L << 40));
            long needed = Tuning.PIECE_BYTES_LEAST + 2 * Extent.stepBytes(1);
            assertEquals(group, all.policy(1.0).part(group, group, needed + 1));
            assertEquals(List.of(), all.policy(1.0).part(group, group, needed));
        });
    }

    // ---- what must hold of every choice ----

    private static boolean overlap(Line10 all, ArrayRun a, ArrayRun b) {
        return Arrays.stream(all.line)
                .anyMatch(place ->
                        all.bench.within(place, a.from(), a.to()) && all.bench.within(place, b.from(), b.to()));
    }

    private static boolean shareKey(ArrayRun a, ArrayRun b) {
        for (char c = 'a'; c <= 'z'; c++) {
            byte[] key = {(byte) c};
            if (a.info().covers(key, 1) && b.info().covers(key, 1)) {
                return true;
            }
        }
        return false;
    }

    private static long oldest(List<ArrayRun> group) {
        return group.stream().mapToLong(ArrayRun::age).min().orElseThrow();
    }

    private static long newest(List<ArrayRun> group) {
        return group.stream().mapToLong(ArrayRun::age).max().orElseThrow();
    }

    /** Null if it may be merged, else what would be lost. */
    private static @Nullable String fault(Line10 all, List<ArrayRun> group, List<ArrayRun> arrays) {
        for (ArrayRun array : arrays) {
            boolean between = array.age() >= oldest(group) && array.age() <= newest(group);
            for (ArrayRun member : group) {
                if (between && !group.contains(array) && overlap(all, array, member) && shareKey(array, member)) {
                    return array + " lies between, and overlaps " + member;
                }
            }
        }
        if (group.stream().noneMatch(a -> group.stream().anyMatch(b -> a.age() != b.age() && shareKey(a, b)))) {
            return "no two ages have a key";
        }
        List<ArrayRun> sorted = new ArrayList<>(group);
        sorted.sort(ArrayRun.NEWEST_FIRST);
        return sorted.equals(group) ? null : "not the newest first";
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void whatIsPickedCanBeMergedBesideWhatIsBusyUntilNothingIsDue(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        withArrays(all -> {
            for (int round = 0; round < 10; round++) {
                List<ArrayRun> arrays = all.any(random);
                MergePolicy policy = all.policy(0.5 + random.nextInt(6) / 2.0);
                List<List<ArrayRun>> busy = new ArrayList<>();
                Set<ArrayRun> due = new HashSet<>();
                for (List<ArrayRun> group = policy.pick(arrays, busy);
                        !group.isEmpty();
                        group = policy.pick(arrays, busy)) {
                    assertNull(fault(all, group, arrays), () -> texts(arrays) + " busy " + busy);
                    for (List<ArrayRun> other : busy) {
                        assertTrue(areApart(all, group, other), () -> texts(arrays) + " busy " + busy);
                    }
                    due.addAll(group);
                    busy.add(group);
                }
                assertEquals(due.isEmpty(), policy.due(arrays) == 0, () -> texts(arrays));
                assertTrue(due.size() <= policy.due(arrays), () -> texts(arrays));
                assertTrue(MergePolicy.bytes(List.copyOf(due)) <= policy.debt(arrays), () -> texts(arrays));
            }
        });
    }

    private static boolean areApart(Line10 all, List<ArrayRun> a, List<ArrayRun> b) {
        return newest(a) < oldest(b)
                || newest(b) < oldest(a)
                || a.stream().noneMatch(one -> b.stream().anyMatch(other -> overlap(all, one, other)));
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void aPartWithinTheRoomIsOneOfMostArraysOfAllThatAre(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        withArrays(all -> {
            for (int round = 0; round < 10; round++) {
                List<ArrayRun> arrays = all.any(random);
                MergePolicy policy = all.policy(8.0);
                List<ArrayRun> group = policy.pick(arrays, List.of());
                if (group.isEmpty()) {
                    continue;
                }
                long room = random.nextLong(MergePolicy.bytes(group) + 1);
                List<ArrayRun> part = policy.part(group, arrays, room);
                int most = 0;
                for (int i = 0; i < group.size(); i++) {
                    for (int j = i + 2; j <= group.size(); j++) {
                        List<ArrayRun> other = policy.closed(group.subList(i, j), arrays);
                        boolean fits = group.containsAll(other)
                                && MergePolicy.bytes(other) <= room
                                && fault(all, other, arrays) == null;
                        most = fits ? Math.max(most, other.size()) : most;
                    }
                }
                assertEquals(most, part.size(), () -> texts(group) + " with room " + room + ": " + texts(part));
                if (!part.isEmpty()) {
                    assertNull(fault(all, part, arrays), () -> texts(group));
                    assertTrue(MergePolicy.bytes(part) <= room);
                    assertTrue(group.containsAll(part));
                }
            }
        });
    }

    private static String texts(List<ArrayRun> arrays) {
        return arrays.stream()
                .map(array -> array + " of age " + array.age() + " places " + array.from() + " to " + array.to()
                        + " keys " + Arrays.toString(array.info().keysFrom()) + " to "
                        + Arrays.toString(array.info().keysTo()) + " bytes "
                        + array.info().bytes())
                .collect(Collectors.joining("\n", "\n", "\n"));
    }

    /** Of ranges at random, as many as a merge may have: what two ages share is what every pair says. */
    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void whatTwoAgesShareIsWhatAllPairsSay(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        withArrays(line -> {
            for (int round = 0; round < 40; round++) {
                List<ArrayRun> group = new ArrayList<>();
                int ages = 1 + random.nextInt(4);
                for (int n = random.nextInt(12); n >= 0; n--) {
                    int from = random.nextInt(26);
                    int to = from + 1 + random.nextInt(26 - from);
                    group.add(line.keys(
                            1 + random.nextInt(ages),
                            Character.toString('a' + from),
                            to == 26 || random.nextInt(5) == 0 ? NO_END : Character.toString('a' + to),
                            100));
                }
                assertEquals(Set.copyOf(shared(group)), Set.copyOf(MergePolicy.withoutEnds(group)), "seed " + seed);
            }
        });
    }

    /** By all pairs: the arrays with keys between the first and the last that two ages have. */
    private static List<ArrayRun> shared(List<ArrayRun> group) {
        byte[] from = null;
        byte[] to = {};
        for (ArrayRun a : group) {
            for (ArrayRun b : group) {
                if (a.age() != b.age() && a.info().sharesKeysWith(b.info())) {
                    byte[] begin = a.info().keysFrom();
                    boolean later = Arrays.compareUnsigned(begin, b.info().keysFrom()) >= 0;
                    from = later && (from == null || Arrays.compareUnsigned(begin, from) < 0) ? begin : from;
                    byte[] end = a.info().keysTo();
                    byte[] other = b.info().keysTo();
                    boolean sooner = end != null && (other == null || Arrays.compareUnsigned(end, other) <= 0);
                    to = end == null && other == null ? null : to;
                    to = to != null && sooner && Arrays.compareUnsigned(end, to) > 0 ? end : to;
                }
            }
        }
        if (from == null) {
            return List.of();
        }
        byte[] first = from;
        byte[] last = to;
        return group.stream()
                .filter(array -> array.info().hasKeysIn(first, last))
                .toList();
    }
}
