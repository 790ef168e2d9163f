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

    private static final long RECORDS = 400_000;
    private static final int CACHE_MIB = 8;
    private static final int KEY_BYTES = 16;
    private static final int VALUE_BYTES = 100;
    private static final long OPERATIONS = 50_000;

    private final boolean quick;
    private final @Nullable Path folder;

    /**
     * A race.
     *
     * @param quick whether over a tenth of the data
     * @param folder where the engines' files go while it lasts
     */
    DemoRace(boolean quick, @Nullable Path folder) {
        this.quick = quick;
        this.folder = folder;
    }

    private Compare.Options options(int cacheMib) {
        return new Compare.Options(
                List.of(DONJON, BTREE),
                WORKLOADS,
                records(),
                KEY_BYTES,
                VALUE_BYTES,
                quick ? OPERATIONS / 10 : OPERATIONS,
                cacheMib,
                Compression.NONE,
                1,
                1,
                folder,
                null,
                null);
    }

    private long records() {
        return quick ? RECORDS / 10 : RECORDS;
    }

    String before() {
        return String.format(
                Locale.ROOT,
                "%,d records of %d + %d bytes, %d MiB of memory each, nothing compressed; files past the%n"
                        + "page cache: both engines pay for every page that they do not hold themselves.%s%n",
                records(),
                KEY_BYTES,
                VALUE_BYTES,
                CACHE_MIB,
                quick
                        ? "\nQuick: nearly all fits into memory, where a B+Tree is at home; the figures say little."
                        : "");
    }

    String run(Terminal terminal) {
        Report report;
        String note = "";
        try {
            report = Compare.run(options(CACHE_MIB), terminal.progress());
        } catch (IllegalArgumentException e) {
            note = e.getMessage() + ".\nSo this is without a limit, and everything fits into memory.\n\n";
            report = Compare.run(options(0), terminal.progress());
        }
        StringBuilder table = new StringBuilder(note)
                .append(String.format(
                        "%-13s  %16s  %16s  %10s  %s%n", "", "donjon", "B+Tree", "ratio", "bytes written, each"));
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
