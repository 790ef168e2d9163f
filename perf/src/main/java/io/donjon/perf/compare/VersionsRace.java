package io.donjon.perf.compare;

import io.donjon.perf.IoCounts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.SplittableRandom;
import org.HdrHistogram.Histogram;

/**
 * One engine's way through a history, and what is measured on it.
 *
 * <p><b>What is timed.</b> Inserts: from one point to the next, versions that are made on the way and a final sync
 * included; {@code rateQuiesced} also counts the time until no work in the background is due. What is picked at random, and
 * whether an answer is right, is found out while the clock stands. Of a range every record that comes is checked, and that
 * none is left out for as many keys as {@value #GAPS_CHECKED} a measurement.
 *
 * <p>Bytes and I/Os of inserts are counted until the background rests, what it does once nobody writes included, so those
 * of reads are theirs alone.
 */
final class VersionsRace {
    private static final int RANGE_RECORDS = 1000;
    /** So many point reads there are for each range: that takes about as long. */
    private static final int GETS_PER_RANGE = 20;

    private static final int GAPS_CHECKED = 2_000_000;
    private static final int PICKS = 100;
    private static final int SMALL_SCANS = 500;
    private static final int ANY = -1;
    /** At the end of the names of rows that were measured again after cleaning. */
    private static final String CLEAN = "-clean";

    /** Figures with how many times as long something takes as the same in a store of its own. */
    static final String UNVERSIONED = "timesUnversioned";

    static final String ALONE = "timesAlone";
    /** An engine stops when only this part of what was free on the disk is left. */
    private static final int FREE_PART_LEFT = 4;

    /** Three digits, so that a percentile is right to a thousandth. */
    private static final int DIGITS = 3;

    private static final Row.Latency NO_LATENCY = new Row.Latency("", Double.NaN, Double.NaN, Double.NaN, Double.NaN);

    private final String name;
    private final VersionedEngine.Factory factory;
    private final History history;
    private final NavigableSet<Integer> points;
    private final Versions.Options options;
    private final Workspace workspace;
    private final Progress progress;
    private final Dataset data;
    private final SplittableRandom random;
    private final ByteBuffer key;
    private final ByteBuffer value;
    private final int[] foundKeys = new int[RANGE_RECORDS];
    private final ByteBuffer foundValues;
    private int found;
    private int gapsToCheck;
    private int pickedKey;
    private int pickedVersion;
    /** What the last body of {@link #inTurn} did. */
    private long operations;

    /** Of the scan under way. */
    private long sum;

    private final Batch batch;
    private final int[] batchVersions = new int[Batch.RECORDS];

    private final List<Row> rows = new ArrayList<>();
    private final List<String> remarks = new ArrayList<>();

    /** What every measurement is about: an engine in a folder with a part of a history in it. */
    private static final class Stand implements AutoCloseable {
        private final VersionedEngine engine;
        private final Path folder;
        private final History history;
        private int done;
        private int made;

        Stand(VersionedEngine engine, Path folder, History history) {
            this.engine = engine;
            this.folder = folder;
            this.history = history;
        }

        @Override
        public void close() {
            engine.close();
            Workspace.delete(folder);
        }
    }

    VersionsRace(
            String name,
            VersionedEngine.Factory factory,
            History history,
            NavigableSet<Integer> points,
            Versions.Options options,
            Workspace workspace,
            Progress progress) {
        this.name = name;
        this.factory = factory;
        this.history = history;
        this.points = points;
        this.options = options;
        this.workspace = workspace;
        this.progress = progress;
        int records = Math.max(history.keys, history.operations());
        data = new Dataset(records, options.keyBytes(), options.valueBytes(), options.seed());
        random = new SplittableRandom(options.seed() + 2);
        batch = new Batch(options.keyBytes(), options.valueBytes());
        key = ByteBuffer.allocate(options.keyBytes());
        value = ByteBuffer.allocate(options.valueBytes());
        foundValues = ByteBuffer.allocate(RANGE_RECORDS * options.valueBytes());
    }

    /** Writes the history as far as the time allows, and measures at all points. */
    List<Row> run() {
        try (Stand stand = stand(history)) {
            grow(stand);
            switch (options.workload()) {
                case Versions.CHAIN -> againstUnversioned(stand);
                case Versions.KEYSPACES -> againstAlone(stand);
                default -> {
                    if (stand.engine.clean()) {
                        measure(stand, CLEAN);
                    }
                }
            }
        }
        return rows;
    }

    /** What a reader of the rows must know. */
    List<String> remarks() {
        return remarks;
    }

    private Stand stand(History of) {
        Path folder = workspace.newFolder(name);
        return new Stand(factory.open(folder, options.setup()), folder, of);
    }

    /**
     * Writes, and measures at every point. Where an engine is stopped is a point too, for those that come after it as well,
     * if it is nearer to the next one than to the last: the inserts since then are to hold their share of merges.
     */
    private void grow(Stand stand) {
        long budget = options.seconds() * 1_000_000_000L;
        FileStore disk = diskOf(stand.folder);
        long freeMin = free(disk) / FREE_PART_LEFT;
        IoCounts allIo = IoCounts.NONE;
        long nanos = 0;
        long nanosQuiesced = 0;
        String stopped = "";
        while (stand.done < history.operations() && stopped.isEmpty()) {
            int from = stand.done;
            int point = points.higher(from);
            var makes = new Histogram(DIGITS);
            var writes = new Histogram(DIGITS);
            IoCounts before = stand.engine.counts();
            long start = System.nanoTime();
            while (stand.done < point && stopped.isEmpty()) {
                write(stand, point, makes, writes);
                progress.at(name + " " + options.workload(), stand.done, history.operations());
                if (nanos + System.nanoTime() - start > budget) {
                    stopped = options.seconds() + " s were used up";
                } else if (free(disk) < freeMin) {
                    stopped = "three quarters of the free disk were used up";
                }
            }
            if (stand.done - from < (point - from) / 2) {
                break;
            }
            stand.engine.sync();
            long took = System.nanoTime() - start;
            stand.engine.quiesce();
            long tookQuiesced = System.nanoTime() - start;
            nanos += took;
            nanosQuiesced += tookQuiesced;
            stand.engine.rest();
            IoCounts io = stand.engine.counts().since(before);
            allIo = allIo.plus(io);
            Map<String, Double> figures = new LinkedHashMap<>();
            figures.put("cumulativeRate", stand.done / (nanos / 1e9));
            figures.put("cumulativeRateQuiesced", stand.done / (nanosQuiesced / 1e9));
            figures.put(
                    "cumulativeModelledRate", SlideDisk.of(allIo, stand.done).rate());
            figures.putAll(stand.engine.figures());
            int written = stand.done - from;
            double amplification = (double) io.writtenBytes() / ((double) written * options.pairBytes());
            row(
                    stand,
                    "insert",
                    written,
                    took,
                    tookQuiesced,
                    "rec/s",
                    latency("batch", writes),
                    io,
                    amplification,
                    figures);
            if (makes.getTotalCount() > 0) {
                long all = (long) (makes.getMean() * makes.getTotalCount());
                row(
                        stand,
                        "snapshot",
                        makes.getTotalCount(),
                        all,
                        all,
                        "op/s",
                        latency("version", makes),
                        IoCounts.NONE,
                        Double.NaN,
                        Map.of());
            }
            measure(stand, "");
            points.add(stand.done);
        }
        if (stand.done < history.operations()) {
            stand.engine.sync();
            stand.engine.rest();
            remarks.add("%s stopped after %,d of %,d inserts: %s"
                    .formatted(name, stand.done, history.operations(), stopped));
        }
        progress.at(name + " " + options.workload(), 1, 1);
    }

    /** Makes the versions that are due, then writes a batch, at most up to the next version or the next point. */
    private void write(Stand stand, int point, Histogram makes, Histogram writes) {
        History of = stand.history;
        while (stand.made < of.versions() && of.bornAt(stand.made) == stand.done) {
            long start = System.nanoTime();
            stand.engine.make(stand.made, of.parent(stand.made));
            makes.recordValue(System.nanoTime() - start);
            stand.made++;
        }
        int end = Math.min(point, stand.made < of.versions() ? of.bornAt(stand.made) : of.operations());
        batch.clear();
        while (!batch.full() && stand.done < end) {
            batchVersions[batch.size()] = of.version(stand.done);
            batch.add(data, of.key(stand.done), stand.done++);
        }
        long start = System.nanoTime();
        stand.engine.write(batch, batchVersions);
        writes.recordValue(System.nanoTime() - start);
    }

    private void measure(Stand stand, String suffix) {
        space(stand, "space" + suffix);
        gets(stand, "get" + suffix, () -> pick(stand));
        if (options.workload().equals(Versions.KEYSPACES)) {
            return;
        }
        ranges(stand, "range" + suffix, () -> {
            pickedKey = random.nextInt(history.keys);
            pickedVersion = random.nextInt(stand.made);
        });
        if (!history.hotKeys.isEmpty()) {
            Runnable hot = () -> {
                pickedKey = history.hotKeys.get(random.nextInt(history.hotKeys.size()));
                pickedVersion = random.nextInt(stand.made);
            };
            gets(stand, "get-hot" + suffix, hot);
            ranges(stand, "range-hot" + suffix, hot);
        }
    }

    private void space(Stand stand, String what) {
        int distinct = history.distinct(stand.done);
        double pairs = (double) distinct * options.pairBytes();
        long data = stand.engine.dataBytes();
        Map<String, Double> figures = new LinkedHashMap<>();
        figures.put("distinctEntries", (double) distinct);
        figures.put("dataBytes", (double) data);
        figures.put("dataSpaceAmplification", data / pairs);
        long disk = Workspace.bytes(stand.folder);
        rows.add(new Row(
                name,
                options.workload() + "/" + what,
                stand.done,
                distinct,
                (double) disk / distinct,
                (double) data / distinct,
                "B/entry",
                NO_LATENCY,
                IoCounts.NONE,
                disk,
                Double.NaN,
                disk / pairs,
                SlideDisk.of(IoCounts.NONE, 0),
                figures));
    }

    /** A random key that was written so far, and a random version that shows it. */
    private void pick(Stand stand) {
        int operation = random.nextInt(Math.min(stand.done, history.plainOperations));
        pickedKey = history.key(operation);
        for (int i = 0; i < PICKS; i++) {
            pickedVersion = random.nextInt(stand.made);
            if (history.visible(pickedKey, pickedVersion, stand.done) >= 0) {
                return;
            }
        }
        pickedVersion = history.version(operation);
    }

    private void gets(Stand stand, String what, Runnable pick) {
        IoCounts before = stand.engine.counts();
        var latencies = new Histogram(DIGITS);
        long nanos = gets(stand, options.operations(), pick, latencies);
        row(
                stand,
                what,
                options.operations(),
                nanos,
                nanos,
                "op/s",
                latency("read", latencies),
                stand.engine.counts().since(before),
                Double.NaN,
                Map.of());
    }

    private long gets(Stand stand, int count, Runnable pick, Histogram latencies) {
        long nanos = 0;
        for (int i = 0; i < count; i++) {
            pick.run();
            data.key(pickedKey, key);
            long start = System.nanoTime();
            int length = stand.engine.get(pickedVersion, key, value.clear());
            long took = System.nanoTime() - start;
            nanos += took;
            latencies.recordValue(took);
            int operation = stand.history.visible(pickedKey, pickedVersion, stand.done);
            require(
                    length == (operation < 0 ? -1 : value.capacity()),
                    pickedKey,
                    pickedVersion,
                    "has a value of " + length + " bytes");
            if (operation >= 0) {
                data.check(operation, value.flip());
            }
        }
        return nanos;
    }

    private void ranges(Stand stand, String what, Runnable pick) {
        IoCounts before = stand.engine.counts();
        var latencies = new Histogram(DIGITS);
        long nanos = 0;
        long elements = 0;
        gapsToCheck = GAPS_CHECKED;
        for (int i = 0; i < Math.max(1, options.operations() / GETS_PER_RANGE); i++) {
            pick.run();
            long took = range(stand, pickedVersion, pickedKey);
            nanos += took;
            latencies.recordValue(took);
            elements += found;
        }
        IoCounts io = stand.engine.counts().since(before);
        Map<String, Double> figures = stand.engine.readFigures(history.live(stand.done), elements);
        row(stand, what, elements, nanos, nanos, "rec/s", latency("range", latencies), io, Double.NaN, figures);
    }

    /** Reads records of a version from a key on, checks them, and returns the nanoseconds that the reading took. */
    private long range(Stand stand, int version, int from) {
        data.key(from, key);
        found = 0;
        foundValues.clear();
        long start = System.nanoTime();
        stand.engine.scan(version, key, (k, v) -> {
            foundKeys[found++] = (int) data.recordOf(k);
            foundValues.put(v);
            return found < RANGE_RECORDS;
        });
        long took = System.nanoTime() - start;
        foundValues.flip();
        int next = from;
        for (int i = 0; i < found; i++) {
            requireAbsent(stand, version, next, foundKeys[i]);
            next = foundKeys[i] + 1;
            boolean ascending = next > from && next <= stand.history.keys;
            int operation = ascending ? stand.history.visible(foundKeys[i], version, stand.done) : -1;
            require(operation >= 0, foundKeys[i], version, "is met by a scan");
            int at = i * value.capacity();
            data.check(operation, foundValues.limit(at + value.capacity()).position(at));
        }
        if (found < RANGE_RECORDS) {
            requireAbsent(stand, version, next, stand.history.keys);
        }
        return took;
    }

    private void requireAbsent(Stand stand, int version, int from, int to) {
        for (int k = from; k < to && gapsToCheck > 0; k++, gapsToCheck--) {
            require(stand.history.visible(k, version, stand.done) < 0, k, version, "is left out by a scan");
        }
    }

    private static void require(boolean fact, int key, int version, String otherwise) {
        if (!fact) {
            throw new IllegalStateException(
                    "record " + key + " " + otherwise + " at version " + version + ", which is not what was written");
        }
    }

    /** One of several things that are timed in turn; the first is what the others are compared with. */
    private record Subject(String what, Stand stand, int version) {}

    /** Does something a few times. */
    @FunctionalInterface
    private interface Body {
        /** Sets {@link #operations} and returns the nanoseconds. */
        long run(Subject subject);
    }

    /** Times subjects in turn, round by round, and gives each a row with the median of its rates and of its ratios to the first. */
    private void inTurn(List<Subject> subjects, String unit, String ratioName, Body body) {
        Map<Subject, List<Double>> rates = new LinkedHashMap<>();
        Map<Subject, List<Double>> ratios = new LinkedHashMap<>();
        Map<Subject, Long> counts = new LinkedHashMap<>();
        Map<Subject, IoCounts> ios = new LinkedHashMap<>();
        for (int round = 0; round < options.repetitions(); round++) {
            double first = Double.NaN;
            for (Subject subject : subjects) {
                VersionedEngine engine = subject.stand.engine;
                IoCounts before = engine.counts();
                long nanos = body.run(subject);
                double perOperation = nanos / (double) operations;
                first = subject.equals(subjects.get(0)) ? perOperation : first;
                rates.computeIfAbsent(subject, s -> new ArrayList<>()).add(1e9 / perOperation);
                ratios.computeIfAbsent(subject, s -> new ArrayList<>()).add(perOperation / first);
                counts.merge(subject, operations, Long::sum);
                ios.merge(subject, engine.counts().since(before), IoCounts::plus);
            }
        }
        rates.forEach((subject, all) -> {
            double rate = Versions.median(all);
            long count = counts.getOrDefault(subject, 0L);
            Map<String, Double> figures = Map.of(ratioName, Versions.median(ratios.getOrDefault(subject, List.of())));
            long nanos = (long) (count * 1e9 / rate);
            IoCounts io = ios.getOrDefault(subject, IoCounts.NONE);
            row(subject.stand, subject.what, count, nanos, nanos, unit, NO_LATENCY, io, Double.NaN, figures);
        });
    }

    /** Scans of whole versions and point reads, against a store that has as many records and one version; and once cleaned. */
    private void againstUnversioned(Stand stand) {
        try (Stand plain = filled(History.unversioned(options.records(), options.seed()))) {
            againstUnversioned(stand, plain, "");
            if (cleaned(stand, plain)) {
                againstUnversioned(stand, plain, CLEAN);
            }
        }
    }

    private void againstUnversioned(Stand stand, Stand plain, String suffix) {
        int newest = stand.made - 1;
        for (String what : List.of("scan", "get")) {
            List<Subject> subjects = List.of(
                    new Subject(what + "-unversioned" + suffix, plain, 0),
                    new Subject(what + "-oldest" + suffix, stand, 0),
                    new Subject(what + "-middle" + suffix, stand, newest / 2),
                    new Subject(what + "-newest" + suffix, stand, newest));
            if (what.equals("scan")) {
                Map<Subject, Long> sums = new LinkedHashMap<>();
                subjects.forEach(subject -> sums.put(subject, expectedSum(subject)));
                inTurn(subjects, "rec/s", UNVERSIONED, subject -> scan(subject, sums.getOrDefault(subject, 0L)));
            } else {
                inTurn(subjects, "op/s", UNVERSIONED, this::getsOfOneVersion);
            }
        }
    }

    private long getsOfOneVersion(Subject subject) {
        operations = options.operations();
        Runnable pick = () -> {
            pickedKey = random.nextInt(subject.stand.history.keys);
            pickedVersion = subject.version;
        };
        return gets(subject.stand, options.operations(), pick, new Histogram(DIGITS));
    }

    /** Scans of a small keyspace, always the same and any, against a store that has it alone; and once cleaned. */
    private void againstAlone(Stand stand) {
        int one = stand.made / 2;
        try (Stand alone = filled(history.alone(one))) {
            againstAlone(stand, one, alone, "");
            if (cleaned(stand, alone)) {
                againstAlone(stand, one, alone, CLEAN);
            }
        }
    }

    private void againstAlone(Stand stand, int one, Stand alone, String suffix) {
        List<Subject> subjects = List.of(
                new Subject("scan-alone" + suffix, alone, 0),
                new Subject("scan-one" + suffix, stand, one),
                new Subject("scan-random" + suffix, stand, ANY));
        inTurn(subjects, "scan/s", ALONE, subject -> {
            gapsToCheck = GAPS_CHECKED;
            operations = SMALL_SCANS;
            long nanos = 0;
            for (int i = 0; i < SMALL_SCANS; i++) {
                int version = subject.version == ANY ? random.nextInt(stand.made) : subject.version;
                nanos += range(subject.stand, version, 0);
            }
            return nanos;
        });
    }

    /** Cleans two stores of an engine, if it can. */
    private boolean cleaned(Stand stand, Stand other) {
        if (!stand.engine.clean()) {
            return false;
        }
        other.engine.clean();
        space(stand, "space" + CLEAN);
        return true;
    }

    /** A store of this engine with another history in it, at rest. */
    private Stand filled(History of) {
        Stand stand = stand(of);
        while (stand.done < of.operations()) {
            write(stand, of.operations(), new Histogram(DIGITS), new Histogram(DIGITS));
        }
        stand.engine.sync();
        stand.engine.rest();
        return stand;
    }

    /** What the values of a version add up to, their first eight bytes each, mixed with the keys. */
    private long expectedSum(Subject subject) {
        History of = subject.stand.history;
        long sum = 0;
        for (int k = 0; k < of.keys; k++) {
            int operation = of.visible(k, subject.version, subject.stand.done);
            if (operation >= 0) {
                data.value(operation, value);
                sum += value.getLong(0) * (2L * k + 1);
            }
        }
        return sum;
    }

    private long scan(Subject subject, long expectedSum) {
        operations = 0;
        sum = 0;
        long start = System.nanoTime();
        subject.stand.engine.scan(subject.version, ByteBuffer.allocate(0), (k, v) -> {
            sum += v.getLong(v.position()) * (2 * data.recordOf(k) + 1);
            operations++;
            return true;
        });
        long took = System.nanoTime() - start;
        if (sum != expectedSum) {
            throw new IllegalStateException("a scan of version " + subject.version + " gave " + operations
                    + " records, not those that were written");
        }
        return took;
    }

    private void row(
            Stand stand,
            String what,
            long count,
            long nanos,
            long nanosQuiesced,
            String unit,
            Row.Latency latency,
            IoCounts io,
            double writeAmplification,
            Map<String, Double> figures) {
        long disk = Workspace.bytes(stand.folder);
        double pairs = (double) stand.history.distinct(stand.done) * options.pairBytes();
        rows.add(new Row(
                name,
                options.workload() + "/" + what,
                stand.done,
                count,
                count / (nanos / 1e9),
                count / (nanosQuiesced / 1e9),
                unit,
                latency,
                io,
                disk,
                writeAmplification,
                disk / pairs,
                SlideDisk.of(io, count),
                figures));
    }

    private static Row.Latency latency(String of, Histogram nanos) {
        return new Row.Latency(
                of,
                nanos.getValueAtPercentile(50) / 1e3,
                nanos.getValueAtPercentile(99) / 1e3,
                nanos.getValueAtPercentile(99.9) / 1e3,
                nanos.getMaxValue() / 1e3);
    }

    private static FileStore diskOf(Path folder) {
        try {
            return Files.getFileStore(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("the disk of " + folder + " is unknown", e);
        }
    }

    private static long free(FileStore disk) {
        try {
            return disk.getUsableSpace();
        } catch (IOException e) {
            throw new UncheckedIOException("the free space of " + disk + " is unknown", e);
        }
    }
}
