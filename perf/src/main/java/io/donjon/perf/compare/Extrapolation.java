package io.donjon.perf.compare;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * From the measured I/O of a random load to 2^30 records on the slides' disk, the memory staying as it is.
 *
 * <p><b>B+Tree.</b> The random I/Os per update in the last tenth of the load are those of a tree of that size: each
 * update that misses the pool reads a leaf and evicts another, which is dirty. A leaf is missed with the probability
 * 1 - memory / file; so they are multiplied by the ratio of that probability at 2^30 to that at the measured size. Inner
 * pages are taken to stay in memory, which is kind to the tree (the slides count five I/Os for each update).
 *
 * <p><b>Donjon.</b> Each doubling of the data reads and writes every record once more, by as many bytes as it takes on
 * disk now; these are added to the bytes per update of the whole load, and its random I/Os grow in the same proportion.
 */
final class Extrapolation {
    /** The figure of a load's row with the random I/Os per record in the last tenth, the final sync left out. */
    static final String TAIL_RANDOM_IOS = "tailRandomIosPerRecord";
    /** The figure with the bytes read and written per record there. */
    static final String TAIL_BYTES = "tailBytesPerRecord";

    static final long RECORDS = 1L << 30;
    /** With less than this share of updates missing the pool, there is nothing to extrapolate from. */
    private static final double MISS_MIN = 0.1;

    private Extrapolation() {}

    /**
     * What is expected of an engine.
     *
     * @param randomIos random I/Os for each update
     * @param bytes bytes read and written for each update
     * @param rate updates a second on the slides' disk
     */
    record Expected(double randomIos, double bytes, double rate) {
        static Expected of(double randomIos, double bytes) {
            return new Expected(
                    randomIos, bytes, SlideDisk.of(randomIos, bytes, 1).rate());
        }
    }

    /** Empty if the tree fits so well into memory that its misses say nothing. */
    static Optional<Expected> ofBTree(Row load, long memoryBytes) {
        double bytesPerRecord = (double) load.diskBytes() / load.records();
        double tailFile = bytesPerRecord * load.records() * 0.95;
        double missNow = 1 - memoryBytes / tailFile;
        Double randomIos = load.figures().get(TAIL_RANDOM_IOS);
        Double bytes = load.figures().get(TAIL_BYTES);
        if (missNow < MISS_MIN || randomIos == null || bytes == null) {
            return Optional.empty();
        }
        double growth = (1 - memoryBytes / (bytesPerRecord * RECORDS)) / missNow;
        return Optional.of(Expected.of(randomIos * growth, bytes * growth));
    }

    static Expected ofDonjon(Row load) {
        double operations = load.operations();
        double bytes = load.io().bytes() / operations;
        double randomIos = load.io().random() / operations;
        double doublings = Math.max(0, Math.log((double) RECORDS / load.records()) / Math.log(2));
        double bytesThen = bytes + doublings * 2 * load.diskBytes() / load.records();
        return Expected.of(randomIos * bytesThen / bytes, bytesThen);
    }

    /** A few lines for the report, empty if no random load was run. */
    static String text(List<Row> rows, long memoryBytes) {
        TextTable table = new TextTable(1, "", "random I/Os", "bytes", "updates/s", "the slides");
        Row btree = load(rows, Engines.BTREE);
        Row donjon = load(rows, Engines.DONJON);
        String remark = "";
        if (btree != null) {
            Optional<Expected> expected = ofBTree(btree, memoryBytes);
            if (expected.isPresent()) {
                add(table, Engines.BTREE, expected.get(), SlideDisk.SLIDES_BTREE_RATE);
            } else {
                remark = "The B+Tree's data fit into its memory: give a cache limit below their size to see it pay.\n";
            }
        }
        if (donjon != null) {
            add(table, Engines.DONJON, ofDonjon(donjon), SlideDisk.SLIDES_DOUBLING_RATE);
        }
        if (table.isEmpty()) {
            return remark;
        }
        return """
                Extrapolated to 2^30 records with the same memory, for each update, on the slides' disk (8 ms a seek, 100 MB/s).
                B+Tree: random I/Os of the last tenth of load-random, grown with the share of leaves that are not in memory;
                inner pages count as cached. Donjon: bytes of the whole load-random, and for each further doubling of the
                data its bytes on disk read and written once more; random I/Os grow with the bytes.
                """ + table + remark;
    }

    private static void add(TextTable table, String engine, Expected expected, double slides) {
        table.add(
                engine,
                String.format(Locale.ROOT, "%.4f", expected.randomIos()),
                String.format(Locale.ROOT, "%,.0f", expected.bytes()),
                String.format(Locale.ROOT, "%,.0f", expected.rate()),
                String.format(Locale.ROOT, "%,.0f", slides));
    }

    private static @Nullable Row load(List<Row> rows, String engine) {
        return rows.stream()
                .filter(row -> row.engine().equals(engine) && row.workload().equals(Workloads.LOAD_RANDOM))
                .findFirst()
                .orElse(null);
    }
}
