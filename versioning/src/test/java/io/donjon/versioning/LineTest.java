package io.donjon.versioning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntSupplier;
import java.util.random.RandomGenerator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class LineTest {
    /** 60 fixed seeds on every build; {@code -Dseed=17} replays one. */
    static LongStream seeds() {
        Long one = Long.getLong("seed");
        return one == null ? LongStream.range(0, 60) : LongStream.of(one);
    }

    @Test
    void aNewLineIsTheRootAlone() {
        var line = new Line();
        assertEquals(1, line.size());
        assertEquals(Line.NONE, line.next(Line.ROOT));
        assertEquals(Line.NONE, line.previous(Line.ROOT));
        assertEquals(0, line.compare(Line.ROOT, Line.ROOT));
        assertEquals(0, line.relabellings());
        line.check();
    }

    @Test
    void aPlaceIsNumberedByItsBirthAndStandsDirectlyBehindItsParent() {
        var line = new Line();
        assertEquals(1, line.insertAfter(Line.ROOT));
        assertEquals(2, line.insertAfter(Line.ROOT));
        assertEquals(3, line.insertAfter(1));
        assertEquals(List.of(0, 2, 1, 3), forwards(line));
        assertEquals(4, line.size());
    }

    /** Growth changes its way every so often, so that each way meets what the others leave behind. */
    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void agreesWithAPlainList(long seed) {
        var random = new SplittableRandom(seed);
        var line = new Line();
        var model = new ArrayList<>(List.of(Line.ROOT));
        Growth[] ways = Growth.values();
        while (model.size() < 4000) {
            IntSupplier parents = ways[random.nextInt(ways.length)].on(line, random);
            for (int n = 1 + random.nextInt(1 << random.nextInt(12)); n > 0; n--) {
                int parent = parents.getAsInt();
                int place = line.insertAfter(parent);
                assertEquals(model.size(), place);
                model.add(model.indexOf(parent) + 1, place);
            }
            line.check();
            assertEquals(model, forwards(line));
            assertEquals(model, backwards(line, model.get(model.size() - 1)));
            int[] ranks = new int[model.size()];
            for (int rank = 0; rank < ranks.length; rank++) {
                ranks[model.get(rank)] = rank;
            }
            assertComparesAs(ranks, line, 500, random);
        }
    }

    /** Places leave in bursts, from anywhere, and their numbers come back; the way from one that has left ends on the line. */
    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void agreesWithAPlainListWhilePlacesLeave(long seed) {
        var random = new SplittableRandom(seed);
        var line = new Line();
        var model = new ArrayList<>(List.of(Line.ROOT));
        for (int round = 0; round < 15; round++) {
            int behind = model.get(random.nextInt(model.size()));
            for (int n = random.nextInt(1 << random.nextInt(10)); n > 0; n--) {
                int parent = random.nextInt(3) == 0 ? model.get(random.nextInt(model.size())) : behind;
                int numbers = line.numbers();
                int place = line.insertAfter(parent);
                assertTrue(place <= numbers && !model.contains(place));
                model.add(model.indexOf(parent) + 1, place);
            }
            var left = new LinkedHashSet<Integer>();
            var before = new ArrayList<>(model);
            for (int n = random.nextInt(model.size()); n > 0; n--) {
                int at = Math.max(1, random.nextInt(model.size()));
                line.leave(model.get(at));
                left.add(model.remove(at));
            }
            for (int place : left) {
                int next = place;
                while (left.contains(next)) {
                    next = line.next(next);
                }
                int expected = before.indexOf(place);
                while (expected < before.size() && left.contains(before.get(expected))) {
                    expected++;
                }
                assertEquals(expected == before.size() ? Line.NONE : before.get(expected), next);
                assertThrows(IllegalArgumentException.class, () -> line.leave(place));
            }
            line.check();
            left.forEach(line::reuse);
            line.check();
            assertEquals(model.size(), line.size());
            assertEquals(model, forwards(line));
            assertEquals(model, backwards(line, model.get(model.size() - 1)));
            for (int n = 0; n < 300; n++) {
                int a = random.nextInt(model.size());
                int b = random.nextInt(model.size());
                assertEquals(Integer.compare(a, b), Integer.signum(line.compare(model.get(a), model.get(b))));
            }
        }
        assertThrows(IllegalArgumentException.class, () -> line.leave(Line.ROOT));
    }

    /** As many come as leave, for ever: neither numbers nor groups grow. */
    @Test
    void placesThatComeAndGoTakeNoMoreMemory() {
        var random = new SplittableRandom(1);
        var line = new Line();
        var places = new ArrayList<Integer>();
        for (int i = 0; i < 5_000; i++) {
            places.add(line.insertAfter(Line.ROOT));
        }
        long bytes = line.heapBytes();
        for (int i = 0; i < 1_000_000; i++) {
            int at = random.nextInt(places.size());
            int gone = places.get(at);
            line.leave(gone);
            line.reuse(gone);
            int parent = i % 2 == 0 ? Line.ROOT : places.get((at + 1) % places.size());
            places.set(at, line.insertAfter(parent));
        }
        line.check();
        assertEquals(5_001, line.numbers());
        assertTrue(line.heapBytes() <= 2 * bytes + 100_000, line.heapBytes() + " bytes, of " + bytes);
    }

    /** Neither time nor memory: counts of labels written over, and bytes. */
    @ParameterizedTest
    @EnumSource(Growth.class)
    void aMillionPlacesCostFewRelabelledOnesAndFewBytesEach(Growth growth) {
        int size = 1_000_000;
        var random = new SplittableRandom(Long.getLong("seed", 1));
        var line = new Line();
        int[] next = new int[size];
        next[Line.ROOT] = Line.NONE;
        IntSupplier parents = Growth.BEHIND_ANY.on(line, random);
        for (int place = 1; place < size; place++) {
            if (place == 1000) {
                parents = growth.on(line, random);
            }
            int parent = parents.getAsInt();
            assertEquals(place, line.insertAfter(parent));
            next[place] = next[parent];
            next[parent] = place;
        }

        line.check();
        int[] ranks = new int[size];
        int rank = 0;
        for (int place = Line.ROOT; place != Line.NONE; place = next[place]) {
            assertEquals(next[place], line.next(place));
            ranks[place] = rank++;
        }
        assertComparesAs(ranks, line, 300_000, random);

        // A group of at most 64 is split after 27 new places or more; that is 2.4 each, and the groups' share is 0.5.
        double relabelled = (double) line.relabelled() / size;
        double bytes = (double) line.heapBytes() / size;
        System.out.printf("%s: %.2f relabelled, %.2f bytes a place%n", growth, relabelled, bytes);
        assertTrue(relabelled < 3, relabelled + " places and groups relabelled for each new place");
        assertTrue(bytes < 18, bytes + " bytes for each place");
    }

    /** So {@code heapBytes} is true, and growing throws little away. */
    @ParameterizedTest
    @ValueSource(ints = {1, 1000, 300_000})
    void theHeapTakenIsAllThatWasEverAllocated(int size) throws ReflectiveOperationException {
        grow(new Line(), size); // loads what is loaded once
        long before = allocatedBytes();
        var line = new Line();
        grow(line, size);
        long allocated = allocatedBytes() - before;
        long difference = Math.abs(allocated - line.heapBytes());
        assertTrue(
                difference < 2000 + allocated / 100,
                line.heapBytes() + " bytes by its account, allocated " + allocated);
    }

    @Test
    void theEndIsBehindEveryPlaceAndEqualToItself() {
        var line = new Line();
        var random = new SplittableRandom(1);
        for (int i = 0; i < 5000; i++) {
            int place = line.insertAfter(random.nextInt(line.size()));
            assertTrue(line.compare(place, Line.END) < 0);
            assertTrue(line.compare(Line.END, place) > 0);
        }
        assertTrue(line.compare(Line.ROOT, Line.END) < 0);
        assertEquals(0, line.compare(Line.END, Line.END));
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 3, 4, Integer.MIN_VALUE, Integer.MAX_VALUE - 1})
    void aNumberWithoutAPlaceIsRefused(int place) {
        var line = new Line();
        line.insertAfter(Line.ROOT);
        line.insertAfter(Line.ROOT);
        assertNoPlace(place, () -> line.insertAfter(place));
        assertNoPlace(place, () -> line.next(place));
        assertNoPlace(place, () -> line.previous(place));
        assertNoPlace(place, () -> line.compare(place, Line.ROOT));
        assertNoPlace(place, () -> line.compare(Line.ROOT, place));
        assertNoPlace(place, () -> line.compare(place, place));
        assertNoPlace(place, () -> line.compare(place, Line.END));
        assertNoPlace(place, () -> line.compare(Line.END, place));
        assertEquals(3, line.size());
        line.check();
    }

    @Test
    void theEndIsNoPlace() {
        var line = new Line();
        assertThrows(IndexOutOfBoundsException.class, () -> line.insertAfter(Line.END));
        assertThrows(IndexOutOfBoundsException.class, () -> line.next(Line.END));
        assertThrows(IndexOutOfBoundsException.class, () -> line.previous(Line.END));
    }

    private static void assertNoPlace(int place, Executable use) {
        var refusal = assertThrows(IndexOutOfBoundsException.class, use);
        assertEquals("place " + place + " on a line of 3", refusal.getMessage());
    }

    /** What this thread has allocated; by reflection, since this module does not read {@code jdk.management}. */
    private static long allocatedBytes() throws ReflectiveOperationException {
        Object threads = Class.forName("java.lang.management.ManagementFactory")
                .getMethod("getThreadMXBean")
                .invoke(null);
        return (long) Class.forName("com.sun.management.ThreadMXBean")
                .getMethod("getCurrentThreadAllocatedBytes")
                .invoke(threads);
    }

    private static void grow(Line line, int size) {
        var random = new SplittableRandom(1);
        while (line.size() < size) {
            line.insertAfter(random.nextInt(line.size()));
        }
    }

    /** Half of the pairs are near each other in age, which makes them neighbours now and then. */
    private static void assertComparesAs(int[] ranks, Line line, int pairs, RandomGenerator random) {
        for (int i = 0; i < pairs; i++) {
            int a = random.nextInt(ranks.length);
            int b = i % 2 == 0 ? random.nextInt(ranks.length) : Math.max(0, a - random.nextInt(10));
            int order = line.compare(a, b);
            if (Integer.signum(order) != Integer.compare(ranks[a], ranks[b])) {
                throw new AssertionError(
                        "compare(" + a + ", " + b + ") is " + order + " for ranks " + ranks[a] + " and " + ranks[b]);
            }
        }
    }

    private static List<Integer> forwards(Line line) {
        var places = new ArrayList<Integer>();
        for (int place = Line.ROOT; place != Line.NONE; place = line.next(place)) {
            places.add(place);
        }
        return places;
    }

    private static List<Integer> backwards(Line line, int last) {
        var places = new ArrayList<Integer>();
        for (int place = last; place != Line.NONE; place = line.previous(place)) {
            places.add(0, place);
        }
        return places;
    }
}
