package io.donjon.perf.micro;

import io.donjon.perf.compare.Json;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;
import org.openjdk.jmh.util.Statistics;

/** Runs the microbenchmarks, each in a JVM of its own, and says what came of them. */
public final class Micro {
    private Micro() {}

    /**
     * One benchmark, in microseconds.
     *
     * @param name its method
     * @param rate operations a second, on average
     * @param p50 the median
     * @param p99 what 99 of 100 stay below
     * @param p999 what 999 of 1000 stay below
     * @param max the slowest
     */
    public record Row(String name, double rate, double p50, double p99, double p999, double max) {}

    /**
     * Runs all benchmarks whose names match.
     *
     * @param pattern a regular expression that a part of the name must match; empty for all
     * @throws IllegalStateException if one fails
     */
    public static List<Row> run(String pattern) {
        Options options = new OptionsBuilder()
                .include("\\." + StoreBenchmark.class.getSimpleName() + "\\..*" + pattern)
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT)
                .build();
        Collection<RunResult> results;
        try {
            results = new Runner(options).run();
        } catch (RunnerException e) {
            throw new IllegalStateException("the benchmark failed: " + e.getMessage(), e);
        }
        List<Row> rows = new ArrayList<>();
        for (RunResult result : results) {
            Result<?> primary = result.getPrimaryResult();
            Statistics times = primary.getStatistics();
            rows.add(new Row(
                    primary.getLabel(),
                    1e6 / times.getMean(),
                    times.getPercentile(50),
                    times.getPercentile(99),
                    times.getPercentile(99.9),
                    times.getMax()));
        }
        return rows;
    }

    /** A table for people. */
    public static String text(List<Row> rows) {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT, "%-18s %12s %9s %9s %9s %10s%n", "", "op/s", "p50 us", "p99", "p99.9", "max"));
        for (Row row : rows) {
            text.append(String.format(
                    Locale.ROOT,
                    "%-18s %,12.0f %9.2f %9.2f %9.2f %10.1f%n",
                    row.name,
                    row.rate,
                    row.p50,
                    row.p99,
                    row.p999,
                    row.max));
        }
        return text.toString();
    }

    /** {@code {"rows": [...]}} with the fields that the rows of every bench command have. */
    public static String json(List<Row> rows) {
        List<Map<String, @Nullable Object>> lines = new ArrayList<>();
        for (Row row : rows) {
            Map<String, @Nullable Object> fields = new LinkedHashMap<>();
            fields.put("engine", "donjon");
            fields.put("workload", row.name);
            fields.put("records", StoreBenchmark.RECORDS);
            fields.put("rate", row.rate);
            fields.put("unit", "op/s");
            fields.put("p50us", row.p50);
            fields.put("p99us", row.p99);
            fields.put("p999us", row.p999);
            fields.put("maxus", row.max);
            lines.add(fields);
        }
        return Json.rows(lines);
    }
}
