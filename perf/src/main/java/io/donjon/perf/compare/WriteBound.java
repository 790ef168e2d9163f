package io.donjon.perf.compare;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How often a doubling array may write each byte: once to the log, about half a time for what a flush, an index and
 * filters add, and once for each doubling from the buffer's size M to the data's size N.
 */
final class WriteBound {
    static final String DATA_BYTES = "dataBytes";
    static final String DOUBLINGS = "log2NM";
    static final String BOUND = "writeAmplificationBound";

    private static final double BASE = 1.5;

    private WriteBound() {}

    /** N, log2(N/M) and 1.5 + log2(N/M), to go beside M in a row. */
    static Map<String, Double> of(double dataBytes, double bufferBytes) {
        double doublings = Math.max(0, Math.log(dataBytes / bufferBytes) / Math.log(2));
        Map<String, Double> figures = new LinkedHashMap<>();
        figures.put(DATA_BYTES, dataBytes);
        figures.put(DOUBLINGS, doublings);
        figures.put(BOUND, BASE + doublings);
        return figures;
    }
}
