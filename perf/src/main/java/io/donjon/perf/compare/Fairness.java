package io.donjon.perf.compare;

import io.donjon.Compression;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code bench fairness}: whether the plain B+Tree is a rival worth beating, that is, how it does against H2's MVStore, a
 * B-tree written by others, when both have all data in memory.
 *
 * <p>The two take turns, one round after the other, each with a fresh folder: all records in random order in batches of
 * 1000, then a sync, then as many reads of random records, each compared with what it must be. Files go through the page
 * cache. Rates are medians over the rounds; a first round that is shorter is thrown away.
 */
public final class Fairness {
    /** The ratio to MVStore that the B+Tree must reach in everything measured. */
    public static final double RATIO_MIN = 0.8;

    private static final long WARM_UP_RECORDS = 100_000;
    private static final int KEY_BYTES = 16;
    private static final int VALUE_BYTES = 100;

    private final Options options;
    private final Workspace workspace;
    private final Progress progress;

    private Fairness(Options options, Workspace workspace, Progress progress) {
        this.options = options;
        this.workspace = workspace;
        this.progress = progress;
    }

    /**
     * How much to measure.
     *
     * @param records records of 16 + 100 bytes, at least 1; they and what MVStore makes of them must fit into the heap
     * @param memoryMb the cache of each in MiB, enough for all records
     * @param rounds how often each takes its turn
     * @param seed decides the data and all random orders
     * @param folder where the stores go and are removed from, or null for the folder of temporary files
     */
    public record Options(
            long records,
            long memoryMb,
            int rounds,
            long seed,
            @Nullable Path folder) {
        /** Half a million records, which take 80 MB in the tree, 512 MiB for each, five rounds. */
        public static Options standard() {
            return new Options(500_000, 512, 5, 1, null);
        }
    }

    /**
     * Median rates per second, and the ratio of the two.
     *
     * @param what what was measured
     * @param btree the B+Tree's rate
     * @param mvstore MVStore's rate
     * @param ratio the B+Tree's rate divided by MVStore's
     */
    public record Ratio(String what, double btree, double mvstore, double ratio) {
        static Ratio of(String what, List<Double> btree, List<Double> mvstore) {
            double one = median(btree);
            double other = median(mvstore);
            return new Ratio(what, one, other, one / other);
        }
    }

    /**
     * What was found.
     *
     * @param options what was asked for
     * @param ratios inserts, inserts with the final sync, and reads
     */
    public record Result(Options options, List<Ratio> ratios) {
        /** Whether the tree reaches {@link #RATIO_MIN} in everything. */
        public boolean fair() {
            return ratios.stream().allMatch(ratio -> ratio.ratio() >= RATIO_MIN);
        }

        /** A table for people. */
        public String text() {
            TextTable table = new TextTable(1, "rate per second", Engines.BTREE, Engines.MVSTORE, "ratio", "target");
            for (Ratio ratio : ratios) {
                table.add(
                        ratio.what(),
                        String.format(Locale.ROOT, "%,.0f", ratio.btree()),
                        String.format(Locale.ROOT, "%,.0f", ratio.mvstore()),
                        String.format(Locale.ROOT, "%.2f", ratio.ratio()),
                        String.format(Locale.ROOT, "%.2f %s", RATIO_MIN, ratio.ratio() >= RATIO_MIN ? "ok" : "MISSED"));
            }
            return String.format(
                            Locale.ROOT,
                            "%,d records of 16 + 100 bytes, all in memory, in turns, medians of %d rounds%n",
                            options.records(),
                            options.rounds())
                    + table;
        }

        /** {@code {"rows": [...]}}, a row for each engine and workload. */
        public String json() {
            List<Map<String, Object>> rows = new ArrayList<>();
            for (Ratio ratio : ratios) {
                rows.add(row(Engines.BTREE, ratio.what(), ratio.btree(), ratio.ratio()));
                rows.add(row(Engines.MVSTORE, ratio.what(), ratio.mvstore(), 1));
            }
            return Json.rows(rows);
        }

        private Map<String, Object> row(String engine, String workload, double rate, double ratio) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("engine", engine);
            fields.put("workload", workload);
            fields.put("records", options.records());
            fields.put("rate", rate);
            fields.put("unit", "op/s");
            fields.put("ratio", ratio);
            return fields;
        }
    }

    /**
     * Runs the comparison.
     *
     * @throws IllegalStateException naming the record, if one of the two gives a wrong answer
     */
    public static Result run(Options options, Progress progress) {
        Rates btree = new Rates();
        Rates mvstore = new Rates();
        try (Workspace workspace = new Workspace(options.folder())) {
            var fairness = new Fairness(options, workspace, progress);
            long warmUp = Math.min(options.records(), WARM_UP_RECORDS);
            fairness.turn(Engines.BTREE, BTreeEngine::new, warmUp, 0, new Rates());
            fairness.turn(Engines.MVSTORE, MvStoreEngine::new, warmUp, 0, new Rates());
            for (int round = 1; round <= options.rounds(); round++) {
                fairness.turn(Engines.BTREE, BTreeEngine::new, options.records(), round, btree);
                fairness.turn(Engines.MVSTORE, MvStoreEngine::new, options.records(), round, mvstore);
            }
        }
        return new Result(
                options,
                List.of(
                        Ratio.of("random inserts", btree.inserts, mvstore.inserts),
                        Ratio.of("random inserts and sync", btree.insertsSynced, mvstore.insertsSynced),
                        Ratio.of("random reads", btree.reads, mvstore.reads)));
    }

    private static final class Rates {
        private final List<Double> inserts = new ArrayList<>();
        private final List<Double> insertsSynced = new ArrayList<>();
        private final List<Double> reads = new ArrayList<>();
    }

    private void turn(String name, Engine.Factory factory, long records, int round, Rates rates) {
        Path folder = workspace.newFolder(name);
        String label = name + " round " + round;
        var data = new Dataset(records, KEY_BYTES, VALUE_BYTES, options.seed());
        Setup setup = new Setup(options.memoryMb() << 20, false, Compression.NONE);
        try (Engine engine = factory.open(folder, setup)) {
            Batch batch = new Batch(KEY_BYTES, VALUE_BYTES);
            long start = System.nanoTime();
            for (long done = 0; done < records; ) {
                batch.clear();
                while (!batch.full() && done < records) {
                    batch.add(data, data.inRandomOrder(done++));
                }
                engine.write(batch);
                progress.at(label, done, 2 * records);
            }
            rates.inserts.add(rate(records, start));
            engine.sync();
            rates.insertsSynced.add(rate(records, start));
            var trial = new Trial(engine, data, records, options.seed(), label, progress);
            long readStart = System.nanoTime();
            Workloads.named(Workloads.READ_HIT).run(trial);
            rates.reads.add(rate(records, readStart));
        }
        Workspace.delete(folder);
    }

    private static double rate(long count, long startNanos) {
        return count * 1e9 / (System.nanoTime() - startNanos);
    }

    private static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }
}
