package io.donjon.perf.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Compression;
import io.donjon.perf.IoCounts;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class VersionsTest {
    private static final List<String> ALL = List.of("donjon", "donjon-flat", "cow-btree");

    @TempDir
    private Path folder;

    private Versions.Options options(String workload, List<String> engines, int records, int versions, int cacheMb) {
        return new Versions.Options(
                workload,
                engines,
                records,
                versions,
                16,
                84,
                200,
                60,
                cacheMb,
                Compression.NONE,
                1,
                2,
                folder.resolve("stores"),
                folder.resolve("rows.json"),
                folder.resolve("plots"));
    }

    @Test
    void thePapersWorkloadGivesRowsAtEveryPointForAllEnginesAndTheStoresAreGone() throws IOException {
        VersionsReport report = Versions.run(options("paper", ALL, 40_000, 8, 8), Progress.NONE);
        for (String engine : ALL) {
            for (String what : List.of("insert", "space", "get", "range")) {
                assertEquals(
                        List.of(5_000L, 10_000L, 20_000L, 40_000L),
                        report.rows().stream()
                                .filter(row -> row.engine().equals(engine)
                                        && row.workload().equals("paper/" + what))
                                .map(Row::records)
                                .toList());
            }
            Row insert = row(report, engine, "paper/insert", 40_000);
            assertEquals(20_000, insert.operations());
            assertTrue(insert.rate() > 0 && insert.rateQuiesced() <= insert.rate(), "" + insert);
            assertTrue(insert.figures().getOrDefault("cumulativeRate", 0.0) > 0, "" + insert);
            Row space = row(report, engine, "paper/space", 40_000);
            assertTrue(space.rate() * space.operations() > 40_000 * 95 && space.spaceAmplification() > 1, "" + space);
            Row range = row(report, engine, "paper/range", 40_000);
            double read = range.figures().getOrDefault(Versions.ENTRIES_READ, Double.NaN);
            assertTrue(read > 0 && read < 20, "" + range);
            assertEquals(200, row(report, engine, "paper/get", 40_000).operations());
        }
        assertTrue(row(report, "cow-btree", "paper/range", 40_000).operations() > 1000);
        assertEquals(
                row(report, "cow-btree", "paper/range", 40_000).operations(),
                row(report, "donjon", "paper/range", 40_000).operations());
        assertEquals(report.json(), Files.readString(folder.resolve("rows.json")));
        for (String plot : List.of("inserts", "ranges", "gets", "modelled-inserts", "modelled-ranges")) {
            assertTrue(Files.size(folder.resolve("plots/" + plot + ".svg")) > 1000);
        }
        assertTrue(report.text().contains("\npaper/insert, all so far  cow-btree"), report.text());
        try (Stream<Path> left = Files.list(folder.resolve("stores"))) {
            assertEquals(List.of(), left.toList());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "chain, scan-unversioned scan-oldest scan-middle scan-newest get-unversioned get-oldest get-middle get-newest",
        "star, range",
        "forest, range",
        "hotkeys, range get-hot range-hot",
        "keyspaces, scan-alone scan-one scan-random"
    })
    void everyWorkloadHasRowsOfItsOwn(String workload, String own) {
        VersionsReport report =
                Versions.run(options(workload, List.of("donjon", "cow-btree"), 2_000, 40, 0), Progress.NONE);
        Set<String> workloads = report.rows().stream().map(Row::workload).collect(Collectors.toSet());
        for (String what : List.of(("insert snapshot space get " + own).split(" ", -1))) {
            assertTrue(workloads.contains(workload + "/" + what), workload + "/" + what + " is not in " + workloads);
        }
        String first = workload.equals("chain") ? "chain/scan-unversioned" : "keyspaces/scan-alone";
        String figure = workload.equals("chain") ? "timesUnversioned" : "timesAlone";
        for (Row row : report.rows()) {
            assertTrue(row.rate() > 0, "" + row);
            assertEquals(
                    row.workload().contains("/scan-") || row.workload().matches("chain/get-.*"),
                    row.figures().containsKey(figure),
                    "" + row);
            assertTrue(
                    !row.workload().equals(first)
                            || Objects.equals(1.0, row.figures().get(figure)),
                    "" + row);
        }
    }

    @Test
    void aCacheSmallerThanTheDataMakesTheTreePayForRandomPages() {
        VersionsReport report = Versions.run(options("paper", List.of("cow-btree"), 20_000, 4, 1), Progress.NONE);
        Row insert = row(report, "cow-btree", "paper/insert", 20_000);
        assertTrue(insert.io().readsRandom() > 3_000, "" + insert);
        assertTrue(insert.io().writesRandom() < insert.io().readsRandom() / 10, "" + insert);
        assertTrue(insert.modelled().rate() < 1_000, "" + insert);
    }

    @Test
    void whatCanBeCleanedIsMeasuredAgainAfterwards() {
        for (String workload : List.of("chain", "keyspaces")) {
            VersionsReport report =
                    Versions.run(options(workload, List.of("donjon", "cow-btree"), 2_000, 40, 0), Progress.NONE);
            List<String> before = clean(report, "donjon", false);
            assertEquals(workload.equals("chain") ? 9 : 4, before.size());
            assertEquals(before, clean(report, "donjon", true));
            assertEquals(List.of(), clean(report, "cow-btree", true));
        }
    }

    /** The names of the rows that are measured twice, without what tells them apart, in order. */
    private static List<String> clean(VersionsReport report, String engine, boolean cleaned) {
        return report.rows().stream()
                .filter(row -> row.engine().equals(engine))
                .map(Row::workload)
                .filter(name -> name.matches(".*/(space|scan-[a-z]+|get-[a-z]+)(-clean)?"))
                .filter(name -> name.endsWith("-clean") == cleaned)
                .map(name -> name.replace("-clean", ""))
                .distinct()
                .sorted()
                .toList();
    }

    @Test
    void theTreeThatMayBeStoppedGoesFirstAndTheRowsComeAsAskedFor() {
        Set<String> seen = new LinkedHashSet<>();
        VersionsReport report = Versions.run(
                options("star", List.of("donjon", "cow-btree"), 100, 2, 0), (what, done, total) -> seen.add(what));
        assertEquals(List.of("cow-btree star", "donjon star"), List.copyOf(seen));
        assertEquals(
                List.of("donjon", "cow-btree"),
                report.rows().stream().map(Row::engine).distinct().toList());
    }

    @Test
    void onlyArraysWhoseBandHoldsAVersionCountAsReadForIt() {
        Setup setup = new Setup(8 << 20, false, Compression.NONE);
        var data = new Dataset(120_000, 16, 84, 1);
        Batch batch = new Batch(16, 84);
        int[] versions = new int[Batch.RECORDS];
        try (DonjonVersions engine = DonjonVersions.flat(folder, setup)) {
            engine.make(0, -1);
            for (int record = 0; record < 120_000; ) {
                if (record == 95_000) {
                    // So that no array has records of both.
                    engine.clean();
                    engine.make(1, -1);
                }
                batch.clear();
                Arrays.fill(versions, record < 95_000 ? 0 : 1);
                while (!batch.full()) {
                    batch.add(data, record++);
                }
                engine.write(batch, versions);
            }
            engine.rest();
            // What is still in the buffer counts for nothing.
            Map<String, Double> figures = engine.readFigures(new int[] {95_000, 25_000}, 0);
            assertEquals(0.9, figures.getOrDefault(Versions.ENTRIES_READ + "Max", 0.0), 0.2, "" + figures);
            assertEquals(1.0, figures.getOrDefault("arraysPerVersionMax", 0.0), "" + figures);
        }
    }

    /** Wraps an engine so that it lies or is late. */
    private static class Bent implements VersionedEngine {
        private final VersionedEngine engine;

        Bent(Path folder, Setup setup) {
            engine = new CowVersions(folder, setup);
        }

        @Override
        public void make(int version, int parent) {
            engine.make(version, parent);
        }

        @Override
        public void write(Batch batch, int[] versions) {
            engine.write(batch, versions);
        }

        @Override
        public int get(int version, ByteBuffer key, ByteBuffer into) {
            return engine.get(version, key, into);
        }

        @Override
        public void scan(int version, ByteBuffer from, Engine.Visitor visitor) {
            engine.scan(version, from, visitor);
        }

        @Override
        public void sync() {
            engine.sync();
        }

        @Override
        public void quiesce() {
            engine.quiesce();
        }

        @Override
        public boolean clean() {
            return engine.clean();
        }

        @Override
        public IoCounts counts() {
            return engine.counts();
        }

        @Override
        public long dataBytes() {
            return engine.dataBytes();
        }

        @Override
        public Map<String, Double> figures() {
            return engine.figures();
        }

        @Override
        public Map<String, Double> readFigures(int[] live, long elements) {
            return engine.readFigures(live, elements);
        }

        @Override
        public void close() {
            engine.close();
        }
    }

    private VersionsRace race(VersionedEngine.Factory factory, Versions.Options options, NavigableSet<Integer> points) {
        History history = History.paper(options.records(), options.versions(), options.seed());
        points.addAll(history.points);
        return new VersionsRace(
                "bent", factory, history, points, options, new Workspace(folder.resolve("stores")), Progress.NONE);
    }

    @Test
    void aMissingRecordOrOneOfAnotherVersionIsFound() {
        var options = options("paper", List.of("cow-btree"), 3_000, 8, 0);
        VersionedEngine.Factory leavesOut = (at, setup) -> new Bent(at, setup) {
            @Override
            public void scan(int version, ByteBuffer from, Engine.Visitor visitor) {
                int[] seen = {0};
                super.scan(version, from, (k, v) -> seen[0]++ == 3 || visitor.visit(k, v));
            }
        };
        var left = assertThrows(
                IllegalStateException.class,
                () -> race(leavesOut, options, new TreeSet<>()).run());
        assertTrue(String.valueOf(left.getMessage()).contains(" is left out by a scan at version "), left.getMessage());
        VersionedEngine.Factory stale = (at, setup) -> new Bent(at, setup) {
            @Override
            public int get(int version, ByteBuffer key, ByteBuffer into) {
                return super.get(version == 0 ? 0 : version - 1, key, into);
            }
        };
        assertThrows(
                IllegalStateException.class,
                () -> race(stale, options, new TreeSet<>()).run());
    }

    @Test
    void anEngineThatIsLateIsMeasuredWhereItStoppedOnlyIfThatIsBehindHalfOfTheWay() {
        var second = new Versions.Options(
                "paper", ALL, 8_000, 8, 16, 84, 10, 1, 0, Compression.NONE, 1, 1, null, null, null);
        for (int late : new int[] {4_500, 6_500}) {
            VersionedEngine.Factory slow = (at, setup) -> new Bent(at, setup) {
                private int written;

                @Override
                public void write(Batch batch, int[] versions) {
                    super.write(batch, versions);
                    written += batch.size();
                    if (written >= late) {
                        pause();
                    }
                }
            };
            TreeSet<Integer> points = new TreeSet<>();
            VersionsRace race = race(slow, second, points);
            long last = race.run().stream().mapToLong(Row::records).max().orElse(0);
            int stopped = (late + 999) / 1000 * 1000;
            assertEquals(late == 6_500 ? stopped : 4_000, last);
            assertEquals(
                    List.of("bent stopped after %,d of 8,000 inserts: 1 s were used up".formatted(stopped)),
                    race.remarks());
            assertEquals(late == 6_500, points.contains(stopped));
        }
    }

    private static void pause() {
        long until = System.nanoTime() + 1_100_000_000;
        while (System.nanoTime() < until) {
            Thread.onSpinWait();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "workload",
                "engine",
                "engines",
                "records",
                "versions",
                "keyspaces",
                "key",
                "value",
                "pair",
                "operations",
                "seconds",
                "cache",
                "repetitions",
                "writes"
            })
    void aWrongOptionIsRefusedBeforeAnythingRuns(String which) {
        String workload = switch (which) {
            case "workload" -> "nap";
            case "keyspaces" -> "keyspaces";
            case "writes" -> "chain";
            default -> "paper";
        };
        assertThrows(
                IllegalArgumentException.class,
                () -> new Versions.Options(
                        workload,
                        which.equals("engines") ? List.of() : List.of(which.equals("engine") ? "btree" : "cow-btree"),
                        which.equals("records") ? 0 : which.equals("writes") ? 1_000_000 : 10,
                        which.equals("versions") ? 0 : which.equals("keyspaces") ? 11 : 50_000,
                        which.equals("key") ? 7 : 8,
                        which.equals("value") ? 15 : which.equals("pair") ? 2030 : 16,
                        which.equals("operations") ? 0 : 1,
                        which.equals("seconds") ? 0 : 1,
                        which.equals("cache") ? -1 : 0,
                        Compression.LZ4,
                        1,
                        which.equals("repetitions") ? 0 : 1,
                        null,
                        null,
                        null));
    }

    private static Row row(VersionsReport report, String engine, String workload, long records) {
        return Objects.requireNonNull(report.row(engine, workload, records), engine + " " + workload);
    }
}
