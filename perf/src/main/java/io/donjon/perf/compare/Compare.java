package io.donjon.perf.compare;

import io.donjon.Compression;
import io.donjon.perf.IoCounts;
import io.donjon.perf.btree.BPlusTree;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * {@code bench compare}: engines raced over the same data.
 *
 * <p>Each repetition gives each engine, one after the other, a fresh folder and a random load; the workloads that read or
 * update then run on that store, in the order in which they were asked for. The ordered load has a store of its own. A
 * short run over little data comes first and is thrown away, so that none pays for the JVM's warming up.
 *
 * <p><b>What is timed.</b> A load writes batches of 1000 without waiting for the disk, then syncs: {@code rate} counts the
 * time from the first batch to the end of the sync, in which the data are made and batches are filled too, alike for all
 * engines; {@code rateQuiesced} also the time until no work in the background is due. For the B+Tree a sync is a checkpoint,
 * which writes every dirty page; Donjon's makes its log stable, and what is still in its write buffer is on disk in the
 * log alone. The mixed workload ends with a sync in the same way. Reads are compared with what they must give within the
 * timed part. Percentiles are of single calls of the engine.
 *
 * <p>Bytes and I/Os count what was asked of the disks from a workload's start until work in the background rested, by each
 * engine's own meter; an I/O is sequential if it begins where the one before it, of the same kind on the same file, ended.
 */
public final class Compare {
    /** The memory of each engine where no limit is asked for, as in peers.md: 256 MiB. */
    private static final long MEMORY_BYTES_STANDARD = 256L << 20;
    /** Enough for the compiler to have seen every loop; a second or less for each engine. */
    private static final long WARM_UP_RECORDS = 40_000;

    private final Options options;
    private final Setup setup;
    private final Progress progress;
    private final Workspace workspace;

    private Compare(Options options, Progress progress, Workspace workspace) {
        this.options = options;
        this.progress = progress;
        this.workspace = workspace;
        boolean limited = options.cacheMb() > 0;
        setup = new Setup(options.memoryBytes(), limited, options.compression());
        if (limited) {
            workspace.requireDirectIo();
        }
    }

    /**
     * What to compare, and how.
     *
     * @param engines names of engines: donjon, btree
     * @param workloads names of workloads, see {@link #workloads}
     * @param records records in the store, at least 1
     * @param keyBytes length of the keys, at least 8
     * @param valueBytes length of the values, at least 16
     * @param operations operations of the workloads that read or update single records, at least 1; a hundredth as many
     *     short scans
     * @param cacheMb the memory of each engine in MiB, whose files then bypass the page cache; 0 for 256 MiB and files
     *     that do not
     * @param compression how Donjon compresses blocks
     * @param seed decides the data and all random orders
     * @param repetitions how often everything is measured; the median by rate of each row counts
     * @param folder where the stores go and are removed from, or null for the folder of temporary files
     * @param json the file for the rows, or null
     * @param plots the folder for the plots, or null
     */
    public record Options(
            List<String> engines,
            List<String> workloads,
            long records,
            int keyBytes,
            int valueBytes,
            long operations,
            long cacheMb,
            Compression compression,
            long seed,
            int repetitions,
            @Nullable Path folder,
            @Nullable Path json,
            @Nullable Path plots) {
        /**
         * Copies the lists, names once each, and checks everything.
         *
         * @throws IllegalArgumentException if something is unknown or out of its range
         */
        public Options {
            engines = engines.stream().distinct().toList();
            workloads = workloads.stream().distinct().toList();
            engines.forEach(Engines::named);
            workloads.forEach(Workloads::named);
            require(!engines.isEmpty(), "engines: name at least one");
            require(!workloads.isEmpty(), "workloads: name at least one of " + Workloads.names());
            require(records >= 1, "records " + records + ": must be at least 1");
            require(
                    keyBytes >= Dataset.KEY_BYTES_MIN,
                    "key " + keyBytes + " bytes: must be at least " + Dataset.KEY_BYTES_MIN);
            require(
                    valueBytes >= Dataset.VALUE_BYTES_MIN,
                    "value " + valueBytes + " bytes: must be at least " + Dataset.VALUE_BYTES_MIN);
            require(
                    !engines.contains(Engines.BTREE) || keyBytes + valueBytes <= BPlusTree.RECORD_BYTES_MAX,
                    "key and value of " + (keyBytes + valueBytes) + " bytes: the B+Tree takes at most "
                            + BPlusTree.RECORD_BYTES_MAX);
            require(operations >= 1, "operations " + operations + ": must be at least 1");
            require(cacheMb >= 0, "cache " + cacheMb + " MiB: must not be negative");
            require(repetitions >= 1, "repetitions " + repetitions + ": must be at least 1");
        }

        /** The memory of each engine in bytes. */
        long memoryBytes() {
            return cacheMb > 0 ? cacheMb << 20 : MEMORY_BYTES_STANDARD;
        }

        private static void require(boolean fact, String otherwise) {
            if (!fact) {
                throw new IllegalArgumentException(otherwise);
            }
        }

        /**
         * Both engines, all workloads, records of 16 + 100 bytes, 100,000 operations, LZ4, once, in a temporary folder,
         * without a limit of the cache and without files.
         */
        public static Options standard(long records) {
            return new Options(
                    List.of(Engines.DONJON, Engines.BTREE),
                    Workloads.names(),
                    records,
                    16,
                    100,
                    100_000,
                    0,
                    Compression.LZ4,
                    1,
                    1,
                    null,
                    null,
                    null);
        }
    }

    /** The names of all workloads, in the usual order. */
    public static List<String> workloads() {
        return Workloads.names();
    }

    /**
     * Runs a comparison and writes the files that were asked for.
     *
     * @throws IllegalStateException naming the record, if an engine gives a wrong answer
     * @throws IllegalArgumentException if the folder's file system does not allow what is needed
     */
    public static Report run(Options options, Progress progress) {
        List<Row> rows;
        try (Workspace workspace = new Workspace(options.folder())) {
            rows = new Compare(options, progress, workspace).run();
        }
        Report report = new Report(options, rows);
        try {
            if (options.json() != null) {
                Files.writeString(options.json(), report.json());
            }
            if (options.plots() != null) {
                report.plot(options.plots());
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the report could not be written", e);
        }
        return report;
    }

    private List<Row> run() {
        for (String engine : options.engines()) {
            race(engine, Math.min(options.records(), WARM_UP_RECORDS), "warming up");
        }
        Map<String, List<Row>> repetitions = new LinkedHashMap<>();
        for (int i = 1; i <= options.repetitions(); i++) {
            String label = options.repetitions() == 1 ? "" : i + "/" + options.repetitions();
            for (String engine : options.engines()) {
                for (Row row : race(engine, options.records(), label)) {
                    repetitions
                            .computeIfAbsent(row.engine() + " " + row.workload(), key -> new ArrayList<>())
                            .add(row);
                }
            }
        }
        return repetitions.values().stream().map(Compare::median).toList();
    }

    /** The row whose rate is the median; of an even number, the lower of the two in the middle. */
    static Row median(List<Row> rows) {
        List<Row> byRate =
                rows.stream().sorted(Comparator.comparingDouble(Row::rate)).toList();
        return byRate.get((byRate.size() - 1) / 2);
    }

    /** All workloads on one engine. */
    private List<Row> race(String engineName, long records, String label) {
        Map<String, Row> rows = new LinkedHashMap<>();
        List<Workload> all = options.workloads().stream().map(Workloads::named).toList();
        List<Workload> loaded =
                all.stream().filter(w -> w.start() == Workload.Start.LOADED).toList();
        if (options.workloads().contains(Workloads.LOAD_RANDOM) || !loaded.isEmpty()) {
            List<Workload> onRandom = new ArrayList<>(List.of(Workloads.named(Workloads.LOAD_RANDOM)));
            onRandom.addAll(loaded);
            onFreshStore(engineName, onRandom, records, label, rows);
        }
        for (Workload workload : all) {
            if (workload.start() == Workload.Start.EMPTY && !rows.containsKey(workload.name())) {
                onFreshStore(engineName, List.of(workload), records, label, rows);
            }
        }
        return options.workloads().stream().map(rows::get).toList();
    }

    private void onFreshStore(
            String engineName, List<Workload> workloads, long records, String label, Map<String, Row> rows) {
        Path folder = workspace.newFolder(engineName);
        var data = new Dataset(records, options.keyBytes(), options.valueBytes(), options.seed());
        try (Engine engine = Engines.named(engineName).open(folder, setup)) {
            for (Workload workload : workloads) {
                String what = (engineName + " " + workload.name() + " " + label).strip();
                long operations = Math.min(options.operations(), records);
                var trial = new Trial(engine, data, operations, options.seed() + 2, what, progress);
                try {
                    rows.put(workload.name(), measure(engineName, workload, trial, folder));
                } catch (IllegalStateException e) {
                    throw new IllegalStateException(engineName + " " + workload.name() + ": " + e.getMessage(), e);
                }
            }
        }
        Workspace.delete(folder);
    }

    private static Row measure(String engineName, Workload workload, Trial trial, Path folder) {
        Engine engine = trial.engine;
        IoCounts before = engine.counts();
        long start = System.nanoTime();
        Workload.Done done = workload.run(trial);
        double seconds = (System.nanoTime() - start) / 1e9;
        engine.quiesce();
        double secondsQuiesced = (System.nanoTime() - start) / 1e9;
        engine.rest();
        IoCounts io = engine.counts().since(before);
        long diskBytes = Workspace.bytes(folder);
        return new Row(
                engineName,
                workload.name(),
                trial.data.records,
                done.operations(),
                done.operations() / seconds,
                done.operations() / secondsQuiesced,
                workload.unit(),
                latency(workload, trial.latencies()),
                io,
                diskBytes,
                done.writtenBytes() == 0 ? Double.NaN : (double) io.writtenBytes() / done.writtenBytes(),
                (double) diskBytes / trial.data.bytes(),
                SlideDisk.of(io, done.operations()),
                figures(workload, trial));
    }

    private static Row.Latency latency(Workload workload, Histogram nanos) {
        return new Row.Latency(
                workload.latencyOf(),
                nanos.getValueAtPercentile(50) / 1e3,
                nanos.getValueAtPercentile(99) / 1e3,
                nanos.getValueAtPercentile(99.9) / 1e3,
                nanos.getMaxValue() / 1e3);
    }

    /** The engine's own figures, which are totals since it was opened, are of use for a load alone. */
    private static Map<String, Double> figures(Workload workload, Trial trial) {
        if (workload.start() != Workload.Start.EMPTY) {
            return Map.of();
        }
        Map<String, Double> figures = new LinkedHashMap<>();
        if (trial.tailOperations() > 0) {
            double count = trial.tailOperations();
            figures.put(Extrapolation.TAIL_RANDOM_IOS, trial.tail().random() / count);
            figures.put(Extrapolation.TAIL_BYTES, trial.tail().bytes() / count);
        }
        Map<String, Double> own = trial.engine.figures();
        figures.putAll(own);
        Double buffer = own.get(DonjonMeter.BUFFER_BYTES);
        if (buffer != null) {
            figures.putAll(WriteBound.of((double) trial.data.bytes(), buffer));
        }
        return figures;
    }
}
