package io.donjon.perf.compare;

import io.donjon.perf.IoCounts;

/**
 * The disk of the slides that Castle was presented with: 8 ms for every I/O that does not go on where the last one
 * ended, and 100 MB/s for the bytes. Measured I/O counts are priced by it, so that a run on any disk can be held against
 * the slides' table: 20 updates a second in a B-tree against 65,000 in a doubling array at 2^30 entries.
 */
public final class SlideDisk {
    static final double SEEK_SECONDS = 0.008;
    static final double BYTES_PER_SECOND = 100e6;
    static final double SLIDES_BTREE_RATE = 20;
    static final double SLIDES_DOUBLING_RATE = 65_000;

    private SlideDisk() {}

    /**
     * What I/O would cost.
     *
     * @param seconds the time on that disk
     * @param rate operations a second, NaN if there was no I/O
     */
    public record Cost(double seconds, double rate) {}

    static Cost of(IoCounts io, long operations) {
        return of((double) io.random(), (double) io.bytes(), (double) operations);
    }

    static Cost of(double randomIos, double bytes, double operations) {
        double seconds = randomIos * SEEK_SECONDS + bytes / BYTES_PER_SECOND;
        return new Cost(seconds, seconds == 0 ? Double.NaN : operations / seconds);
    }
}
