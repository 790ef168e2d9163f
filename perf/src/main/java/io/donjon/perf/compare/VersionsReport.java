package io.donjon.perf.compare;

import io.donjon.perf.plot.LineChart;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The result of {@link Versions}.
 *
 * @param options what was compared, and how
 * @param rows one row for each engine, point and measurement; {@link Row#records} is how many inserts there were by then
 * @param remarks what a reader of the rows must know
 */
public record VersionsReport(Versions.Options options, List<Row> rows, List<String> remarks) {
    private static final String NONE = "-";

    /** The rows as a JSON document. */
    public String json() {
        return Json.rows(rows.stream().map(Json::fields).toList());
    }

    /** The row of an engine and a workload such as paper/insert after so many inserts, or null. */
    public @Nullable Row row(String engine, String workload, long records) {
        return rows.stream()
                .filter(row ->
                        row.engine().equals(engine) && row.workload().equals(workload) && row.records() == records)
                .findFirst()
                .orElse(null);
    }

    /** Tables of all rows, and Donjon's ratios to its rivals. */
    public String text() {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%s: %,d records of %d + %d bytes, %,d versions, %d MiB of memory each%s; compression of donjon: %s;"
                        + " seed %d%n",
                options.workload(),
                options.records(),
                options.keyBytes(),
                options.valueBytes(),
                options.versions(),
                options.setup().memoryBytes() >> 20,
                options.cacheMb() > 0 ? ", page cache bypassed" : ", and the page cache",
                options.compression().name().toLowerCase(Locale.ROOT),
                options.seed()));
        remarks.forEach(remark -> text.append(remark).append(". What follows it was not run.\n"));
        text.append(
                "\nAfter so many inserts; an insert row tells of those since the one before. \"Until done\" also counts"
                        + " work in the background that was due. Latencies in us.\n\"Modelled\" is the rate on the slides' disk (8 ms a seek,"
                        + " 100 MB/s). Space: bytes of all files, and of data alone, per pair of key and version.\n");
        return text.append(table()).append('\n').append(ratios()).toString();
    }

    private String table() {
        TextTable table = new TextTable(
                2,
                "workload",
                "engine",
                "inserts",
                "rate",
                "until done",
                "p50",
                "p99",
                "I/Os random",
                "read",
                "written",
                "modelled",
                "read/live",
                "times alone");
        for (String workload : workloads()) {
            for (Row row : rows) {
                if (row.workload().equals(workload)) {
                    table.add(
                            workload,
                            row.engine(),
                            count(row.records()),
                            count(row.rate()) + " " + row.unit(),
                            count(row.rateQuiesced()),
                            count(row.latency().p50()),
                            count(row.latency().p99()),
                            count(row.io().random()),
                            megabytes(row.io().readBytes()),
                            megabytes(row.io().writtenBytes()),
                            count(row.modelled().rate()),
                            figure(row, Versions.ENTRIES_READ),
                            row.figures().containsKey(VersionsRace.ALONE)
                                    ? figure(row, VersionsRace.ALONE)
                                    : figure(row, VersionsRace.UNVERSIONED));
                }
            }
        }
        return table.toString();
    }

    /** Donjon against each rival at the largest number of inserts that both have come to. */
    private String ratios() {
        TextTable table =
                new TextTable(2, "donjon is faster, times", "than", "at inserts", "rate", "until done", "modelled");
        for (String workload : workloads()) {
            for (String rival : List.of(Versions.DONJON_FLAT, Versions.COW_BTREE)) {
                OptionalLong records = rows.stream()
                        .filter(row -> row.engine().equals(rival)
                                && row.workload().equals(workload)
                                && !row.unit().equals("B/entry")
                                && row(Versions.DONJON, workload, row.records()) != null)
                        .mapToLong(Row::records)
                        .max();
                Row one = records.isEmpty() ? null : row(Versions.DONJON, workload, records.getAsLong());
                Row other = records.isEmpty() ? null : row(rival, workload, records.getAsLong());
                if (one != null && other != null) {
                    table.add(
                            workload,
                            rival,
                            count(one.records()),
                            count(one.rate() / other.rate()),
                            count(one.rateQuiesced() / other.rateQuiesced()),
                            count(one.modelled().rate() / other.modelled().rate()));
                }
                if (one != null && other != null && workload.endsWith("/insert")) {
                    table.add(
                            workload + ", all so far",
                            rival,
                            count(one.records()),
                            count(ratio(one, other, "cumulativeRate")),
                            count(ratio(one, other, "cumulativeRateQuiesced")),
                            count(ratio(one, other, "cumulativeModelledRate")));
                }
            }
        }
        return table.isEmpty() ? "" : table.toString();
    }

    /** Writes line charts of inserts and ranges over the number of inserts as SVG into a folder, as the papers draw them. */
    public void plot(Path folder) throws IOException {
        Files.createDirectories(folder);
        chart("insert", "inserts a second", Row::rate).write(folder.resolve("inserts.svg"));
        chart("range", "records a second in ranges of 1000 at random versions", Row::rate)
                .write(folder.resolve("ranges.svg"));
        chart("get", "point reads a second at random versions", Row::rate).write(folder.resolve("gets.svg"));
        String slides = " on the slides' disk (8 ms a seek, 100 MB/s)";
        chart("insert", "inserts a second" + slides, row -> row.modelled().rate())
                .write(folder.resolve("modelled-inserts.svg"));
        chart(
                        "range",
                        "records a second in ranges" + slides,
                        row -> row.modelled().rate())
                .write(folder.resolve("modelled-ranges.svg"));
    }

    private LineChart chart(String what, String unit, ToDoubleFunction<Row> figure) {
        Map<String, List<LineChart.Point>> series = new LinkedHashMap<>();
        for (String engine : options.engines()) {
            List<LineChart.Point> points = new ArrayList<>();
            for (Row row : rows) {
                if (row.engine().equals(engine) && row.workload().equals(options.workload() + "/" + what)) {
                    points.add(new LineChart.Point(row.records(), figure.applyAsDouble(row)));
                }
            }
            series.put(engine, points);
        }
        return new LineChart(options.workload() + ": " + unit, "inserts so far", unit, series);
    }

    private List<String> workloads() {
        return rows.stream().map(Row::workload).distinct().toList();
    }

    private static double ratio(Row one, Row other, String figure) {
        return one.figures().getOrDefault(figure, Double.NaN) / other.figures().getOrDefault(figure, Double.NaN);
    }

    private static String figure(Row row, String name) {
        return count(row.figures().getOrDefault(name, Double.NaN));
    }

    private static String count(double number) {
        return Double.isNaN(number) ? NONE : String.format(Locale.ROOT, number < 100 ? "%.2f" : "%,.0f", number);
    }

    private static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    private static String megabytes(long bytes) {
        return String.format(Locale.ROOT, "%,.1f MB", bytes / 1e6);
    }
}
