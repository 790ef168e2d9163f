package io.donjon.perf.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Compression;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CompareTest {
    @TempDir
    private Path folder;

    private Compare.Options options(List<String> workloads, long records, int cacheMb, int repetitions) {
        return new Compare.Options(
                List.of("btree"),
                workloads,
                records,
                16,
                100,
                500,
                cacheMb,
                Compression.NONE,
                1,
                repetitions,
                folder.resolve("stores"),
                folder.resolve("rows.json"),
                folder.resolve("plots"));
    }

    @Test
    void allWorkloadsGiveOneRowEachAndTheStoresAreGone() throws IOException {
        Report report = Compare.run(options(Compare.workloads(), 20_000, 0, 3), Progress.NONE);
        assertEquals(
                Compare.workloads(), report.rows().stream().map(Row::workload).toList());
        for (Row row : report.rows()) {
            assertTrue(row.rate() > 0 && row.rateQuiesced() > 0 && row.rateQuiesced() <= row.rate(), "" + row);
            assertTrue(row.latency().p50() <= row.latency().p99()
                    && row.latency().p999() <= row.latency().max());
            assertTrue(row.spaceAmplification() > 1 && row.spaceAmplification() < 2, "" + row);
        }
        Row load = row(report, Workloads.LOAD_RANDOM);
        assertEquals(20_000, load.operations());
        assertTrue(load.writeAmplification() > 1 && load.io().writtenBytes() > 20_000 * 116, "" + load);
        assertTrue(row(report, Workloads.LOAD_SEQUENTIAL).spaceAmplification() < 1.15);
        assertTrue(Double.isNaN(row(report, Workloads.READ_HIT).writeAmplification()));
        assertTrue(row(report, Workloads.MIXED).writeAmplification() > 1);
        assertEquals(report.json(), Files.readString(folder.resolve("rows.json")));
        assertTrue(Files.size(folder.resolve("plots/rate.svg")) > 1000);
        assertTrue(Files.size(folder.resolve("plots/modelled-rate.svg")) > 1000);
        try (Stream<Path> left = Files.list(folder.resolve("stores"))) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void aCacheSmallerThanTheDataMakesTheTreePayForRandomPages() {
        Report report =
                Compare.run(options(List.of(Workloads.LOAD_RANDOM, Workloads.READ_HIT), 15_000, 1, 1), Progress.NONE);
        Row reads = row(report, Workloads.READ_HIT);
        assertTrue(reads.io().readsRandom() > 200 && reads.io().readsRandom() <= 500, "" + reads);
        assertTrue(reads.modelled().rate() < 500, "" + reads);
        assertTrue(report.text().contains("Extrapolated to 2^30"), report.text());
    }

    @Test
    void readsAloneAreOfTheRandomLoadWhichGetsNoRow() {
        Report report =
                Compare.run(options(List.of(Workloads.READ_HIT, Workloads.READ_HIT), 1000, 0, 1), Progress.NONE);
        assertEquals(1, report.rows().size());
        assertEquals(500, report.rows().get(0).operations());
    }

    @Test
    void theMiddleRateOfTheRepetitionsCounts() {
        List<Row> rows = new ArrayList<>();
        Row any = Compare.run(options(List.of(Workloads.LOAD_RANDOM), 10, 0, 1), Progress.NONE)
                .rows()
                .get(0);
        for (double rate : new double[] {5, 1, 4, 2}) {
            rows.add(new Row(
                    any.engine(),
                    any.workload(),
                    any.records(),
                    any.operations(),
                    rate,
                    rate,
                    any.unit(),
                    any.latency(),
                    any.io(),
                    any.diskBytes(),
                    any.writeAmplification(),
                    any.spaceAmplification(),
                    any.modelled(),
                    any.figures()));
        }
        assertEquals(2, Compare.median(rows).rate());
        assertEquals(4, Compare.median(rows.subList(0, 3)).rate());
    }

    @Test
    void progressNamesEngineAndWorkload() {
        Set<String> seen = new LinkedHashSet<>();
        Compare.run(options(List.of(Workloads.LOAD_RANDOM), 10, 0, 2), (what, done, total) -> seen.add(what));
        assertEquals(
                List.of("btree load-random warming up", "btree load-random 1/2", "btree load-random 2/2"),
                List.copyOf(seen));
    }

    @ParameterizedTest
    @ValueSource(strings = {"engine", "workload", "key", "value", "record", "operations", "repetitions", "cache"})
    void aWrongOptionIsRefusedBeforeAnythingRuns(String which) {
        assertThrows(
                IllegalArgumentException.class,
                () -> new Compare.Options(
                        List.of(which.equals("engine") ? "mvstore" : "btree"),
                        List.of(which.equals("workload") ? "load" : Workloads.LOAD_RANDOM),
                        1,
                        which.equals("key") ? 7 : 8,
                        which.equals("value") ? 15 : which.equals("record") ? 2030 : 16,
                        which.equals("operations") ? 0 : 1,
                        which.equals("cache") ? -1 : 0,
                        Compression.LZ4,
                        1,
                        which.equals("repetitions") ? 0 : 1,
                        null,
                        null,
                        null));
    }

    private static Row row(Report report, String workload) {
        Row row = report.row("btree", workload);
        if (row == null) {
            throw new AssertionError("no row of " + workload);
        }
        return row;
    }
}
