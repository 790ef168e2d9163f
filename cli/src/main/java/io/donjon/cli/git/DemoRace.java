package io.donjon.cli.git;

import io.donjon.Compression;
import io.donjon.cli.Terminal;
import io.donjon.perf.compare.Compare;
import io.donjon.perf.compare.Report;
import io.donjon.perf.compare.Row;
import io.donjon.perf.plot.TextBars;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The demo's comparison with a B+Tree, which takes about a minute. */
final class DemoRace {
    private static final String DONJON = "donjon";
    private static final String BTREE = "btree";

    private static final List<String> WORKLOADS = List.of("load-random", "read-hit", "scan-full");
    private static final Map<String, String> TITLES = Map.of(
            "load-random", "Load in random order",
            "read-hit", "Read one record at random",
            "scan-full", "Read everything in order");

    private static final long RECORDS = 300_000;
    private static final int CACHE_MIB = 8;

    private final Compare.Options options;

    DemoRace(boolean quick, @Nullable Path folder) {
        options = new Compare.Options(
                List.of(DONJON, BTREE),
                WORKLOADS,
                quick ? RECORDS / 10 : RECORDS,
                16,
                100,
                quick ? 2_000 : 50_000,
                CACHE_MIB,
                Compression.LZ4,
                1,
                1,
                folder,
                null,
                null);
    }

    String before() {
        return String.format(
                Locale.ROOT,
                "%,d records of %d + %d bytes, %d MiB of memory each, files past the page cache: both%n"
                        + "engines pay for every page they do not hold themselves.%n",
                options.records(),
                options.keyBytes(),
                options.valueBytes(),
                CACHE_MIB);
    }

    String run(Terminal terminal) {
        Report report = Compare.run(options, terminal.progress());
        StringBuilder table = new StringBuilder(
                String.format("%-13s  %16s  %16s  %10s  %s%n", "", "donjon", "B+Tree", "ratio", "bytes written, each"));
        StringBuilder bars = new StringBuilder();
        for (String workload : WORKLOADS) {
            Row own = report.row(DONJON, workload);
            Row rival = report.row(BTREE, workload);
            if (own == null || rival == null) {
                throw new IllegalStateException("the comparison has no row of " + workload);
            }
            double ratio = own.rate() / rival.rate();
            table.append(String.format(
                    Locale.ROOT,
                    "%-13s  %16s  %16s  %9s%s%n",
                    workload,
                    rate(own),
                    rate(rival),
                    String.format(Locale.ROOT, ratio < 10 ? "%.1f" : "%,.0f", ratio),
                    "x  " + written(own) + " / " + written(rival)));
            TextBars chart = new TextBars(TITLES.getOrDefault(workload, workload))
                    .add("donjon", own.rate(), rate(own))
                    .add("B+Tree", rival.rate(), rate(rival));
            bars.append('\n').append(chart);
        }
        String text = table.append(bars).toString();
        return terminal.unicode() ? text : text.replace('█', '#').replaceAll("[▉-▏]", "");
    }

    private static String rate(Row row) {
        return String.format(Locale.ROOT, "%,.0f %s", row.rate(), row.unit());
    }

    private static String written(Row row) {
        return String.format(Locale.ROOT, "%,.0f MB", row.io().writtenBytes() / 1e6);
    }
}
