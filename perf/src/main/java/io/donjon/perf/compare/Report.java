package io.donjon.perf.compare;

import io.donjon.perf.plot.BarChart;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The result of a comparison.
 *
 * @param options what was compared, and how
 * @param rows one row for each engine and workload
 */
public record Report(Compare.Options options, List<Row> rows) {
    private static final String NONE = "-";

    /** The rows as a JSON document. */
    public String json() {
        return Json.rows(rows.stream().map(Json::fields).toList());
    }

    /** The row of an engine and a workload, or null. */
    public @Nullable Row row(String engine, String workload) {
        return rows.stream()
                .filter(row -> row.engine().equals(engine) && row.workload().equals(workload))
                .findFirst()
                .orElse(null);
    }

    /** How many times the first engine's rate is the second's under a workload, NaN if one of them is missing. */
    public double ratio(String engine, String rival, String workload) {
        Row one = row(engine, workload);
        Row other = row(rival, workload);
        return one == null || other == null ? Double.NaN : one.rate() / other.rate();
    }

    /** Tables of speed and of I/O, the write bound, and the extrapolation to 2^30 records. */
    public String text() {
        String memory = options.cacheMb() > 0
                ? options.cacheMb() + " MiB of memory each, page cache bypassed"
                : "256 MiB of memory each, and the page cache";
        String head = String.format(
                Locale.ROOT,
                "%,d records of %d + %d bytes (%s), %s; compression of donjon: %s; seed %d; %s%n",
                options.records(),
                options.keyBytes(),
                options.valueBytes(),
                bytes(options.records() * (options.keyBytes() + options.valueBytes())),
                memory,
                options.compression().name().toLowerCase(Locale.ROOT),
                options.seed(),
                options.repetitions() == 1 ? "1 repetition" : "median of " + options.repetitions() + " repetitions");
        return head
                + "\nLoads and mixed: a final sync counts; \"until done\" also counts work in the background that was due."
                + " Latencies in us.\n"
                + speeds()
                + "\nWhat was asked of the disks, and the rate on the slides' disk (8 ms a seek, 100 MB/s).\n"
                + ios()
                + writeBound()
                + "\n"
                + Extrapolation.text(rows, options.memoryBytes());
    }

    /** Writes bar charts of the rates and of the modelled rates as SVG into a folder. */
    public void plot(Path folder) throws IOException {
        Files.createDirectories(folder);
        chart("Rate (operations or records a second, logarithmic)", Row::rate).write(folder.resolve("rate.svg"));
        chart(
                        "Rate on the slides' disk: 8 ms a seek, 100 MB/s (logarithmic)",
                        row -> row.modelled().rate())
                .write(folder.resolve("modelled-rate.svg"));
    }

    private BarChart chart(String title, ToDoubleFunction<Row> figure) {
        Map<String, List<Double>> series = new LinkedHashMap<>();
        for (String engine : options.engines()) {
            series.put(
                    engine,
                    options.workloads().stream()
                            .map(workload -> row(engine, workload))
                            .map(row -> row == null ? Double.NaN : figure.applyAsDouble(row))
                            .toList());
        }
        return new BarChart(title, options.workloads(), series);
    }

    private String speeds() {
        TextTable table = new TextTable(
                2, "workload", "engine", "rate", "until done", "p50", "p99", "p99.9", "max", "latency of one");
        for (String workload : options.workloads()) {
            for (String engine : options.engines()) {
                Row row = row(engine, workload);
                if (row != null) {
                    table.add(
                            workload,
                            engine,
                            count(row.rate()) + " " + row.unit(),
                            count(row.rateQuiesced()),
                            micros(row.latency().p50()),
                            micros(row.latency().p99()),
                            micros(row.latency().p999()),
                            micros(row.latency().max()),
                            row.latency().of());
                }
            }
            addRatio(table, workload, Row::rate, Row::rateQuiesced);
        }
        return table.toString();
    }

    private String ios() {
        TextTable table = new TextTable(
                2,
                "workload",
                "engine",
                "read",
                "written",
                "I/Os seq.",
                "I/Os random",
                "bytes random",
                "write amp",
                "space amp",
                "modelled rate");
        for (String workload : options.workloads()) {
            for (String engine : options.engines()) {
                Row row = row(engine, workload);
                if (row != null) {
                    long all = row.io().reads() + row.io().writes();
                    table.add(
                            workload,
                            engine,
                            bytes(row.io().readBytes()),
                            bytes(row.io().writtenBytes()),
                            count(all - row.io().random()),
                            count(row.io().random()),
                            bytes(row.io().readBytesRandom() + row.io().writtenBytesRandom()),
                            factor(row.writeAmplification()),
                            factor(row.spaceAmplification()),
                            count(row.modelled().rate()));
                }
            }
        }
        return table.toString();
    }

    private void addRatio(
            TextTable table, String workload, ToDoubleFunction<Row> rate, ToDoubleFunction<Row> rateQuiesced) {
        Row donjon = row(Engines.DONJON, workload);
        Row btree = row(Engines.BTREE, workload);
        if (donjon != null && btree != null) {
            table.add(
                    workload,
                    "donjon/btree",
                    factor(rate.applyAsDouble(donjon) / rate.applyAsDouble(btree)) + "x",
                    factor(rateQuiesced.applyAsDouble(donjon) / rateQuiesced.applyAsDouble(btree)) + "x");
        }
    }

    private String writeBound() {
        Row load = row(Engines.DONJON, Workloads.LOAD_RANDOM);
        if (load == null) {
            return "";
        }
        Double buffer = load.figures().get(DonjonMeter.BUFFER_BYTES);
        Double data = load.figures().get(WriteBound.DATA_BYTES);
        Double doublings = load.figures().get(WriteBound.DOUBLINGS);
        Double bound = load.figures().get(WriteBound.BOUND);
        if (buffer == null || data == null || doublings == null || bound == null) {
            return "";
        }
        return String.format(
                Locale.ROOT,
                "%ndonjon load-random: M = %,.0f bytes of write buffer, N = %,.0f bytes, log2(N/M) = %.2f;"
                        + " write amplification %.2f, bound 1.5 + log2(N/M) = %.2f%n",
                buffer,
                data,
                doublings,
                load.writeAmplification(),
                bound);
    }

    private static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    private static String count(double number) {
        return Double.isNaN(number) ? NONE : String.format(Locale.ROOT, number < 10 ? "%.2f" : "%,.0f", number);
    }

    private static String micros(double micros) {
        return String.format(Locale.ROOT, micros < 100 ? "%.2f" : "%,.0f", micros);
    }

    private static String factor(double factor) {
        return Double.isNaN(factor) ? NONE : String.format(Locale.ROOT, "%.2f", factor);
    }

    private static String bytes(long bytes) {
        return String.format(Locale.ROOT, bytes < 10_000_000 ? "%,.2f MB" : "%,.1f MB", bytes / 1e6);
    }
}
