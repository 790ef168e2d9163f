package io.donjon.perf.compare;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Histories against maps of all keys for every version. */
final class HistoryTest {
    private static final int RECORDS = 400;
    private static final int VERSIONS = 37;

    private enum Shape {
        PAPER,
        CHAIN,
        STAR,
        FOREST,
        HOT_KEYS,
        KEYSPACES,
        UNVERSIONED,
        ALONE;

        History history(long seed) {
            return switch (this) {
                case PAPER -> History.paper(RECORDS, VERSIONS, seed);
                case CHAIN -> History.chain(RECORDS, VERSIONS, seed);
                case STAR -> History.star(RECORDS, VERSIONS, seed);
                case FOREST -> History.forest(RECORDS, VERSIONS, seed);
                case HOT_KEYS -> History.hotKeys(RECORDS, VERSIONS, seed);
                case KEYSPACES -> History.keyspaces(RECORDS, VERSIONS);
                case UNVERSIONED -> History.unversioned(RECORDS, seed);
                case ALONE -> History.keyspaces(RECORDS, VERSIONS).alone(VERSIONS / 2);
            };
        }
    }

    /** What maps say after each operation that is looked at. */
    private static final class Oracle {
        private final History history;
        private final Map<Integer, Map<Integer, Integer>> contents = new HashMap<>();
        private final Set<Integer> parents = new HashSet<>();
        private final Set<List<Integer>> distinct = new HashSet<>();
        private int done;

        Oracle(History history) {
            this.history = history;
        }

        void advance(int operations) {
            while (true) {
                for (int v = contents.size(); v < history.versions() && history.bornAt(v) == done; v++) {
                    int parent = history.parent(v);
                    parents.add(parent);
                    contents.put(v, new HashMap<>(contents.getOrDefault(parent, Map.of())));
                }
                if (done == operations) {
                    return;
                }
                int version = history.version(done);
                assertTrue(!parents.contains(version), "version " + version + " is written to and has a child");
                contents.getOrDefault(version, new HashMap<>()).put(history.key(done), done);
                distinct.add(List.of(history.key(done), version));
                done++;
            }
        }

        void compare() {
            assertEquals(distinct.size(), history.distinct(done));
            int[] live = history.live(done);
            contents.forEach((version, content) -> {
                assertEquals(content.size(), live[version], "version " + version);
                for (int key = 0; key < history.keys; key++) {
                    assertEquals(content.getOrDefault(key, -1), history.visible(key, version, done));
                }
            });
        }
    }

    @ParameterizedTest
    @EnumSource(Shape.class)
    void whatIsVisibleIsWhatMapsSayAtEveryPoint(Shape shape) {
        for (long seed = 0; seed < 3; seed++) {
            History history = shape.history(seed);
            Oracle oracle = new Oracle(history);
            for (int point : history.points) {
                oracle.advance(point);
                oracle.compare();
            }
            assertEquals(history.operations(), oracle.done);
            assertEquals(history.versions(), oracle.contents.size());
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Shape.class,
            names = {"PAPER", "CHAIN", "STAR", "FOREST", "HOT_KEYS"})
    void thereIsAPointAfterAllStepsAHalfAQuarterAndSoOn(Shape shape) {
        History history = shape.history(1);
        List<Integer> points = history.points;
        int base = shape == Shape.PAPER ? 0 : RECORDS;
        int all = history.operations() - base;
        int[] expected = {1, 2, 4, 9, 18, 37};
        int[] steps = points.stream()
                .filter(point -> point > base)
                .mapToInt(point -> Math.round((point - base) * (float) VERSIONS / all))
                .toArray();
        assertArrayEquals(expected, steps);
        assertEquals(shape == Shape.PAPER ? 6 : 7, points.size());
    }

    @ParameterizedTest
    @EnumSource(
            value = Shape.class,
            names = {"CHAIN", "STAR", "FOREST"})
    void eachVersionChangesAHundredthOfTheBaseAndNoKeyTwice(Shape shape) {
        History history = shape.history(1);
        assertEquals(VERSIONS + 1, history.versions());
        assertEquals(RECORDS + VERSIONS * RECORDS / 100, history.operations());
        assertEquals(history.operations(), history.distinct(history.operations()));
        for (int version = 1; version <= VERSIONS; version++) {
            int parent = history.parent(version);
            assertTrue(shape != Shape.CHAIN || parent == version - 1);
            assertTrue(shape != Shape.STAR || parent == 0);
            assertTrue(parent >= 0 && parent < version);
        }
    }
}
