package io.donjon.perf.compare;

import io.donjon.Store;
import io.donjon.StoreStats;
import io.donjon.perf.IoCounts;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** What is measured of a store of Donjon, and the waiting for it to rest. */
final class DonjonMeter {
    /** The name of the figure that holds the size at which a write buffer is flushed: M of the doubling array. */
    static final String BUFFER_BYTES = "bufferBytes";

    private static final long POLL_MILLIS = 10;

    private DonjonMeter() {}

    /** Waits until neither flush nor merge goes on or is due. */
    static void quiesce(Store store) {
        await(store, stats -> stats.merging().debt() > 0);
    }

    /** Waits until neither goes on or is due, those included that begin only once nobody writes. */
    static void rest(Store store) {
        await(store, stats -> stats.merging().debtAtLeisure() > 0);
    }

    private static void await(Store store, Predicate<StoreStats> isDue) {
        StoreStats stats = store.stats();
        while (stats.buffer().sealed() > 0 || stats.merging().running() > 0 || isDue.test(stats)) {
            String failure = stats.merging().lastFailure();
            if (failure != null) {
                throw new IllegalStateException("a flush or merge failed: " + failure);
            }
            try {
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while merges went on", e);
            }
            stats = store.stats();
        }
    }

    /** What was asked of the disks since the store was opened. */
    static IoCounts counts(Store store) {
        StoreStats.Io io = store.stats().io();
        return new IoCounts(
                io.reads(),
                io.readsRandom(),
                io.readBytes(),
                io.readBytesRandom(),
                io.writes(),
                io.writesRandom(),
                io.writtenBytes(),
                io.writtenBytesRandom(),
                io.forces());
    }

    /** What else is worth a column of a load. */
    static Map<String, Double> figures(Store store) {
        StoreStats stats = store.stats();
        Map<String, Double> figures = new LinkedHashMap<>();
        figures.put(BUFFER_BYTES, (double) stats.buffer().capacity());
        figures.put("arrays", (double) stats.arrays().size());
        figures.put("logWritten", (double) stats.log().written());
        figures.put("flushes", (double) stats.merging().flushes());
        figures.put("flushWritten", (double) stats.merging().flushWritten());
        figures.put("merges", (double) stats.merging().merges());
        figures.put("mergeRead", (double) stats.merging().mergeRead());
        figures.put("mergeWritten", (double) stats.merging().mergeWritten());
        figures.put("delayedMillis", stats.merging().delayedNanos() / 1e6);
        return figures;
    }
}
