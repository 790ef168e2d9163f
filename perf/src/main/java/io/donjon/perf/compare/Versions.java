package io.donjon.perf.compare;

import io.donjon.Compression;
import io.donjon.perf.btree.CowTree;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * {@code bench versions}: the experiment of the papers on stratified B-trees. Engines with versions are raced over the
 * same history, and measured whenever its steps have doubled in number.
 *
 * <p>Each engine gets a fresh folder and writes the history in batches of 1000 without waiting for the disk. At every point
 * it syncs, rests, and then answers point reads and ranges; see {@link VersionsRace} for what is timed. The copy-on-write
 * tree goes first: if its time is used up it is measured where it stopped, and all others there too. A short run over
 * little data comes first and is thrown away.
 */
public final class Versions {
    /** The figure with how many entries are read for each that is live. */
    static final String ENTRIES_READ = "entriesReadPerLiveKey";

    static final String DONJON = "donjon";
    static final String DONJON_FLAT = "donjon-flat";
    static final String COW_BTREE = "cow-btree";

    private static final Map<String, VersionedEngine.Factory> ENGINES = new TreeMap<>(
            Map.of(DONJON, DonjonVersions::cut, DONJON_FLAT, DonjonVersions::flat, COW_BTREE, CowVersions::new));

    static final String CHAIN = "chain";
    static final String HOT_KEYS = "hotkeys";
    static final String KEYSPACES = "keyspaces";

    private static final Map<String, ToHistory> WORKLOADS = new LinkedHashMap<>();

    static {
        WORKLOADS.put("paper", History::paper);
        WORKLOADS.put(CHAIN, History::chain);
        WORKLOADS.put("star", History::star);
        WORKLOADS.put("forest", History::forest);
        WORKLOADS.put(HOT_KEYS, History::hotKeys);
        WORKLOADS.put(KEYSPACES, (records, versions, seed) -> History.keyspaces(records, versions));
    }

    /** The memory of each engine where no limit is asked for, as in {@link Compare}: 256 MiB. */
    private static final long MEMORY_BYTES_STANDARD = 256L << 20;

    private static final int WARM_UP_RECORDS = 20_000;
    private static final int WARM_UP_VERSIONS = 20;
    /** Operations of the largest history: what is known of each takes 12 bytes. */
    private static final long OPERATIONS_MAX = 500_000_000;

    private interface ToHistory {
        History of(int records, int versions, long seed);
    }

    private Versions() {}

    /**
     * What to compare, and how.
     *
     * @param workload paper, chain, star, forest, hotkeys or keyspaces
     * @param engines names of engines: donjon, donjon-flat, cow-btree
     * @param records paper and keyspaces: how many records are written in all; else how many the base has
     * @param versions paper: versions in all; keyspaces: keyspaces; else versions beside the base
     * @param keyBytes length of the keys, at least 8
     * @param valueBytes length of the values, at least 16
     * @param operations point reads at each point; a twentieth as many ranges
     * @param seconds how long each engine may write in all before it is measured and stopped
     * @param cacheMb the memory of each engine in MiB, whose files then bypass the page cache; 0 for 256 MiB and files
     *     that do not
     * @param compression how Donjon compresses blocks
     * @param seed decides the history, the values and all random picks
     * @param repetitions how often that is timed which is compared with a store of its own; medians count
     * @param folder where the stores go and are removed from, or null for the folder of temporary files
     * @param json the file for the rows, or null
     * @param plots the folder for the plots, or null
     */
    public record Options(
            String workload,
            List<String> engines,
            int records,
            int versions,
            int keyBytes,
            int valueBytes,
            int operations,
            int seconds,
            long cacheMb,
            Compression compression,
            long seed,
            int repetitions,
            @Nullable Path folder,
            @Nullable Path json,
            @Nullable Path plots) {
        /**
         * Copies the engines, names once each, and checks everything.
         *
         * @throws IllegalArgumentException if something is unknown or out of its range
         */
        public Options {
            engines = engines.stream().distinct().toList();
            require(WORKLOADS.containsKey(workload), "workload " + workload + ": must be one of " + WORKLOADS.keySet());
            require(!engines.isEmpty(), "engines: name at least one of " + ENGINES.keySet());
            engines.forEach(name ->
                    require(ENGINES.containsKey(name), "engine " + name + ": must be one of " + ENGINES.keySet()));
            require(records >= 1, "records " + records + ": must be at least 1");
            require(versions >= 1, "versions " + versions + ": must be at least 1");
            require(
                    versions <= records || !workload.equals(KEYSPACES),
                    "versions " + versions + ": must be at most the " + records + " records, one for each keyspace");
            require(
                    records + (double) versions * Math.max(10, records / 100) <= OPERATIONS_MAX
                            || workload.equals("paper")
                            || workload.equals(KEYSPACES),
                    "records " + records + " and versions " + versions + ": more than " + OPERATIONS_MAX + " writes");
            require(
                    keyBytes >= Dataset.KEY_BYTES_MIN,
                    "key " + keyBytes + " bytes: must be at least " + Dataset.KEY_BYTES_MIN);
            require(
                    valueBytes >= Dataset.VALUE_BYTES_MIN,
                    "value " + valueBytes + " bytes: must be at least " + Dataset.VALUE_BYTES_MIN);
            require(
                    !engines.contains(COW_BTREE) || keyBytes + valueBytes <= CowTree.RECORD_BYTES_MAX,
                    "key and value of " + (keyBytes + valueBytes) + " bytes: the copy-on-write tree takes at most "
                            + CowTree.RECORD_BYTES_MAX);
            require(operations >= 1, "operations " + operations + ": must be at least 1");
            require(seconds >= 1, "seconds " + seconds + ": must be at least 1");
            require(cacheMb >= 0, "cache " + cacheMb + " MiB: must not be negative");
            require(repetitions >= 1, "repetitions " + repetitions + ": must be at least 1");
        }

        private static void require(boolean fact, String otherwise) {
            if (!fact) {
                throw new IllegalArgumentException(otherwise);
            }
        }

        /** All engines, pairs of 100 bytes, nothing compressed, in a temporary folder, without files. */
        public static Options standard(String workload) {
            boolean small = workload.equals(KEYSPACES);
            return new Options(
                    workload,
                    List.of(DONJON, DONJON_FLAT, COW_BTREE),
                    small ? 200_000 : 1_000_000,
                    small ? 10_000 : 100,
                    16,
                    84,
                    10_000,
                    600,
                    0,
                    Compression.NONE,
                    1,
                    5,
                    null,
                    null,
                    null);
        }

        /** What every engine gets alike. */
        Setup setup() {
            return new Setup(cacheMb > 0 ? cacheMb << 20 : MEMORY_BYTES_STANDARD, cacheMb > 0, compression);
        }

        /** Bytes of a key and its value. */
        int pairBytes() {
            return keyBytes + valueBytes;
        }

        /** As little as is enough for the compiler to have seen every loop. */
        private Options warmUp() {
            return new Options(
                    workload,
                    engines,
                    Math.min(records, WARM_UP_RECORDS),
                    Math.min(versions, WARM_UP_VERSIONS),
                    keyBytes,
                    valueBytes,
                    Math.min(operations, 1000),
                    seconds,
                    cacheMb,
                    compression,
                    seed,
                    1,
                    folder,
                    null,
                    null);
        }
    }

    /**
     * Runs the experiment and writes the files that were asked for.
     *
     * @throws IllegalStateException naming the key and the version, if an engine gives a wrong answer
     * @throws IllegalArgumentException if the folder's file system does not allow what is needed
     */
    public static VersionsReport run(Options options, Progress progress) {
        VersionsReport report;
        try (Workspace workspace = new Workspace(options.folder())) {
            if (options.cacheMb() > 0) {
                workspace.requireDirectIo();
            }
            race(options.warmUp(), workspace, progress);
            report = race(options, workspace, progress);
        }
        try {
            if (options.json() != null) {
                Files.writeString(options.json(), report.json());
            }
            if (options.plots() != null) {
                report.plot(options.plots());
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the results could not be written", e);
        }
        return report;
    }

    private static VersionsReport race(Options options, Workspace workspace, Progress progress) {
        ToHistory workload = WORKLOADS.get(options.workload());
        if (workload == null) {
            throw new IllegalStateException("no workload " + options.workload());
        }
        History history = workload.of(options.records(), options.versions(), options.seed());
        TreeSet<Integer> points = new TreeSet<>(history.points);
        Map<String, List<Row>> rows = new LinkedHashMap<>();
        List<String> remarks = new ArrayList<>();
        ToIntFunction<String> rivalFirst = engine -> engine.equals(COW_BTREE) ? 0 : 1;
        for (String engine : options.engines().stream()
                .sorted(Comparator.comparingInt(rivalFirst))
                .toList()) {
            VersionedEngine.Factory factory = ENGINES.get(engine);
            if (factory == null) {
                throw new IllegalStateException("no engine " + engine);
            }
            try {
                var race = new VersionsRace(engine, factory, history, points, options, workspace, progress);
                rows.put(engine, race.run());
                remarks.addAll(race.remarks());
            } catch (IllegalStateException e) {
                throw new IllegalStateException(engine + " " + options.workload() + ": " + e.getMessage(), e);
            }
        }
        List<Row> all = options.engines().stream()
                .flatMap(engine -> rows.getOrDefault(engine, List.of()).stream())
                .toList();
        return new VersionsReport(options, all, remarks);
    }

    /** The figure in the middle; of an even number, the lower of the two; NaN of none. */
    static double median(List<Double> figures) {
        List<Double> sorted = figures.stream().sorted().toList();
        return sorted.isEmpty() ? Double.NaN : sorted.get((sorted.size() - 1) / 2);
    }
}
