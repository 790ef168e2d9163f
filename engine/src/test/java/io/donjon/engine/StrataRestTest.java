package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Durability;
import io.donjon.Keyspace;
import io.donjon.Snapshot;
import io.donjon.Version;
import io.donjon.VersionQuery;
import io.donjon.extents.Codec;
import io.donjon.extents.sim.Seeds;
import io.donjon.extents.sim.SimWorld;
import io.donjon.versioning.VersionForest;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the store's own merges leave of random forests once they rest, and what cleaning leaves: no version pays much more
 * than it shows for any band that it is read from, and there is no cut left to be made. {@code -Dseeds=N}: more forests.
 */
class StrataRestTest {
    private static final double ALPHA = Tuning.ALPHA;
    private static final Tuning.Strata STRATA = new Tuning.Strata(ALPHA, 1 << 10);

    /** So many times what it shows, in entries, a version pays for a band at most: issue 11. */
    private static final double PAID_MOST = 6;

    /** About so many entries make the smallest band. */
    private static final int BAND_ENTRIES = 44;

    /** Where a band has fewer entries of a tree than so many of the smallest, any version may pay for all of them. */
    private static final int FEW_BANDS = 4;

    /**
     * How much a cut that is left may miss the rule by: so many times more than that allows a version would have to pay, and
     * bands be twice as large. Merges leave an array as it is as long as its sample says no more than this, and plan by
     * their inputs' samples and sizes; what comes of them has other sizes for each entry.
     */
    private static final double SLACK = 1.5;

    static LongStream seeds() {
        return Seeds.first(Integer.getInteger("seeds", 24));
    }

    private static Tuning tuning(long pieceBytes) {
        return new Tuning(
                16 << 10,
                1,
                256 << 10,
                64 << 20,
                512,
                64,
                10,
                1.0,
                STRATA,
                pieceBytes,
                1,
                4096,
                4096,
                64 << 10,
                16,
                Codec.RAW,
                HeapSlab::new);
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void noVersionPaysMuchAndNoCutIsLeft(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        SimWorld world = new SimWorld(seed);
        SimStore sim = new SimStore(1, 1, tuning(random.nextBoolean() ? 64 << 20 : 8 << 10), Durability.ASYNC);
        assertTrue(world.run(() -> {
            try (StoreHandle store = sim.open(world)) {
                grow(store, random);
                rest(store);
                assertBands(store, "at rest, seed=" + seed);
                store.clean().result();
                assertBands(store, "cleaned, seed=" + seed);
                assertEquals(List.of(), store.verify().result().problems());
            }
        }));
    }

    // ---- forests ----

    /** One to three trees that are written to in turn, of which versions are born and dropped all the time. */
    private static void grow(StoreHandle store, SplittableRandom random) {
        int keys = pick(random, 50, 200, 1000);
        double births = pick(random, 2, 10, 30) / 1000.0;
        double drops = pick(random, 0, 30, 80) / 100.0;
        double chain = pick(random, 10, 60, 95) / 100.0;
        double deletes = pick(random, 0, 10, 40) / 100.0;
        int spread = 1 + random.nextInt(6);
        List<Keyspace> heads = new ArrayList<>();
        List<Snapshot> snapshots = new ArrayList<>();
        for (int tree = 1 + random.nextInt(3); tree > 0; tree--) {
            heads.add(store.createKeyspace("tree" + tree));
        }
        for (int step = 0; step < 6000; step++) {
            Keyspace head = heads.get(heads.size() - 1 - random.nextInt(Math.min(spread, heads.size())));
            byte[] key = ByteBuffer.allocate(4).putInt(random.nextInt(keys)).array();
            if (random.nextDouble() < deletes) {
                head.delete(key);
            } else {
                head.put(key, ByteBuffer.allocate(12).putInt(step / 2).array());
            }
            if (random.nextDouble() < births) {
                bear(heads, snapshots, random.nextDouble() < chain, step, random);
                if (random.nextDouble() < drops) {
                    drop(heads, snapshots, random);
                }
            }
        }
    }

    private static void bear(
            List<Keyspace> heads, List<Snapshot> snapshots, boolean chain, int step, SplittableRandom random) {
        Keyspace head = heads.get(random.nextInt(heads.size()));
        String name = "v" + step;
        if (snapshots.isEmpty() || chain) {
            snapshots.add(head.snapshot(name));
            return;
        }
        Snapshot snapshot = snapshots.get(random.nextInt(snapshots.size()));
        if (random.nextInt(5) == 0
                && Objects.equals(snapshot.version().tree(), head.version().tree())) {
            head.rollback(snapshot);
        } else {
            heads.add(snapshot.cloneAs(name));
        }
    }

    private static void drop(List<Keyspace> heads, List<Snapshot> snapshots, SplittableRandom random) {
        if (random.nextInt(4) == 0 && heads.size() > 1) {
            heads.remove(random.nextInt(heads.size())).drop();
        } else if (snapshots.size() > 3) {
            snapshots.remove(random.nextInt(snapshots.size())).drop();
        }
    }

    private static int pick(SplittableRandom random, int... choices) {
        return choices[random.nextInt(choices.length)];
    }

    /** Until nothing is due, be it so small that it would wait for more. */
    private static void rest(StoreHandle store) {
        store.engine().commits().sealNow();
        Merges merges = store.engine().background().merges();
        do {
            store.engine().environment().pause(1_000_000_000L);
        } while (!store.engine().states().current().sealed.isEmpty()
                || merges.running() > 0
                || merges.mergeOne()
                || merges.cutOne(0, () -> false));
    }

    // ---- what is left ----

    /** What a run of arrays that divide the keys of one band among them has of one tree. */
    private static final class Part {
        final int[] visibleFrom;
        int stored;

        Part(int ranks) {
            this.visibleFrom = new int[ranks + 1];
        }
    }

    private static void assertBands(StoreHandle store, String when) {
        ReadState state = store.engine().states().acquire();
        try {
            Catalog catalog = store.engine().catalog();
            List<Integer> readable = new ArrayList<>();
            try (Stream<Version> versions = store.versions(VersionQuery.all().readable())) {
                versions.forEach(version -> readable.add(catalog.forest().place(version.id())));
            }
            for (List<ArrayRun> band : bands(state.arrays)) {
                double worst = worstPaid(store, band, readable);
                assertTrue(
                        worst <= PAID_MOST, () -> when + ": a version pays " + worst + " times what it shows: " + band);
                CutPlanner planner = new CutPlanner(band, false, RankMap.of(band, catalog), catalog, twice(band));
                assertFalse(planner.hasCut(SLACK * (1 + ALPHA)), () -> when + ": a cut is left to be made: " + band);
            }
        } finally {
            store.engine().states().release(state);
        }
    }

    /** The rule with smallest bands of twice as many entries, whatever else small arrays consist of. */
    private static Tuning.Strata twice(List<ArrayRun> band) {
        return new Tuning.Strata(ALPHA, (long) (2 * BAND_ENTRIES * entryBytes(band)));
    }

    private static double entryBytes(List<ArrayRun> band) {
        long entries =
                band.stream().mapToLong(array -> array.info().breakpoints()).sum();
        return (double) MergePolicy.bytes(band) / entries;
    }

    /** Arrays of one age and band: together they are what a version of the band is read from. */
    private static Collection<List<ArrayRun>> bands(List<ArrayRun> arrays) {
        Map<List<Long>, List<ArrayRun>> bands = new LinkedHashMap<>();
        for (ArrayRun array : arrays) {
            List<Long> band = List.of(array.age(), (long) array.from(), (long) array.to());
            bands.computeIfAbsent(band, b -> new ArrayList<>()).add(array);
        }
        return bands.values();
    }

    /** How many times what it shows in a band the version pays that pays most; one that shows nothing is not asked. */
    private static double worstPaid(StoreHandle store, List<ArrayRun> band, List<Integer> readable) {
        VersionForest forest = store.engine().catalog().forest();
        Map<Long, Integer> stored = new HashMap<>();
        Map<Integer, Integer> visible = new HashMap<>();
        for (ArrayRun array : band) {
            Map<Long, Part> parts = parts(store, array);
            parts.forEach((tree, part) -> stored.merge(tree, part.stored, Integer::sum));
            for (int place : readable) {
                Part part = parts.get(forest.id(forest.tree(place)));
                if (part != null
                        && forest.line().compare(array.from(), place) <= 0
                        && forest.line().compare(place, array.to()) < 0) {
                    int rank = Ranks.floor(array, place, forest);
                    visible.merge(place, rank < 0 ? 0 : part.visibleFrom[rank], Integer::sum);
                }
            }
        }
        double worst = 0;
        for (Map.Entry<Integer, Integer> shown : visible.entrySet()) {
            int paid = Objects.requireNonNull(stored.get(forest.id(forest.tree(shown.getKey()))));
            if (shown.getValue() > 0 && paid >= FEW_BANDS * BAND_ENTRIES) {
                worst = Math.max(worst, (double) paid / shown.getValue());
            }
        }
        return worst;
    }

    /** By tree: what an array has of it. */
    private static Map<Long, Part> parts(StoreHandle store, ArrayRun array) {
        int ranks = array.footer().places();
        Map<Long, Part> parts = new HashMap<>();
        ArrayCursor cursor = new ArrayCursor(array, store.engine().store(), ArrayCursor.Reading.STREAMING, 4096, null);
        byte[] key = {};
        boolean shown = false;
        Set<List<Long>> values = new HashSet<>();
        for (boolean more = cursor.first(); more; more = cursor.next()) {
            BlockEntry entry = cursor.entry();
            if (!entry.keyEquals(key, key.length)) {
                key = Arrays.copyOf(entry.key(), entry.keyLength());
                shown = false;
                values.clear();
            }
            if (entry.rank() < ranks) {
                Part part = parts.computeIfAbsent(FullKey.treeOf(key), tree -> new Part(ranks));
                boolean shows = StepKind.isValue(entry.kind());
                part.visibleFrom[(int) entry.rank()] += (shows ? 1 : 0) - (shown ? 1 : 0);
                shown = shows;
                // A value that comes back in its block is stored once.
                boolean isStored = shows
                        ? values.add(List.of(cursor.blockOffset(), (long) entry.valueAt()))
                        : entry.kind() == StepKind.TOMBSTONE;
                part.stored += isStored ? 1 : 0;
            }
        }
        parts.values().forEach(part -> Arrays.parallelPrefix(part.visibleFrom, Integer::sum));
        return parts;
    }
}
