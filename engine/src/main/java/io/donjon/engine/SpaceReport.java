package io.donjon.engine;

import io.donjon.Version;
import io.donjon.VersionSpace;
import java.util.Arrays;
import java.util.List;

/**
 * How much of the arrays each version reads, and how much of that alone, estimated in one pass over the arrays' key
 * samples. It takes five numbers for each readable version. Immutable once made.
 */
final class SpaceReport {
    private final Readers readers;

    /** The ids of the readers, ascending, and the index of each. */
    private final long[] ids;

    private final int[] readerOf;

    // By index among the readers.
    private final double[] exclusive;
    private final double[] freed;

    /** At first by how much the shared bytes change from one to the next, then these bytes. */
    private final double[] shared;

    private SpaceReport(Catalog catalog, Readers readers) {
        this.readers = readers;
        long[] inOrder = new long[readers.count()];
        for (int reader = 0; reader < inOrder.length; reader++) {
            inOrder[reader] = catalog.forest().id(readers.place(reader));
        }
        this.ids = inOrder.clone();
        Arrays.sort(ids);
        this.readerOf = new int[ids.length];
        for (int reader = 0; reader < inOrder.length; reader++) {
            readerOf[Arrays.binarySearch(ids, inOrder[reader])] = reader;
        }
        this.exclusive = new double[readers.count()];
        this.freed = new double[readers.count()];
        this.shared = new double[readers.count() + 1];
    }

    /**
     * Looks at arrays.
     *
     * @param arrays of a state that the caller pins
     */
    static SpaceReport of(List<ArrayRun> arrays, Catalog catalog) {
        SpaceReport report = new SpaceReport(catalog, Readers.of(catalog));
        for (ArrayRun array : arrays) {
            new Liveness(array, report.readers, catalog.forest()).reportTo(report);
        }
        for (int i = 1; i < report.shared.length; i++) {
            report.shared[i] += report.shared[i - 1];
        }
        return report;
    }

    /** Bytes that one reader alone has, and what would be free without him. */
    void exclusive(int reader, double bytes, double bytesFreed) {
        exclusive[reader] += bytes;
        freed[reader] += bytesFreed;
    }

    /** Bytes that all readers from one on and before another share. */
    void shared(int from, int to, double bytes) {
        shared[from] += bytes;
        shared[to] -= bytes;
    }

    /** What is said of a version; nothing of one that was born or dropped meanwhile. */
    VersionSpace of(Version version) {
        int found = Arrays.binarySearch(ids, version.id());
        if (found < 0) {
            return new VersionSpace(version, 0, 0, 0);
        }
        int reader = readerOf[found];
        return new VersionSpace(
                version,
                Math.round(exclusive[reader]),
                // Sums of differences may end up a little below nothing.
                Math.max(0, Math.round(shared[reader])),
                Math.round(freed[reader]));
    }
}
