package io.donjon.perf.compare;

import io.donjon.perf.IoCounts;
import java.util.Map;

/**
 * What was measured of one engine under one workload. Figures that have no meaning there are NaN.
 *
 * @param engine the engine's name
 * @param workload the workload's name
 * @param records records in the store
 * @param operations operations that were timed, of the kind that {@code unit} names
 * @param rate operations a second; of workloads that write, a final sync included
 * @param rateQuiesced operations a second if the time until no work in the background was due counts too
 * @param unit the unit of both rates
 * @param latency how long single operations took
 * @param io what was asked of the disks, until work in the background rested
 * @param diskBytes the length of all files of the store after that
 * @param writeAmplification bytes written to disk, logs included, for each byte of keys and values written
 * @param spaceAmplification bytes on disk for each byte of keys and values in the store
 * @param modelled the same I/O on the slides' disk
 * @param figures further figures by name, the engine's own among them
 */
public record Row(
        String engine,
        String workload,
        long records,
        long operations,
        double rate,
        double rateQuiesced,
        String unit,
        Latency latency,
        IoCounts io,
        long diskBytes,
        double writeAmplification,
        double spaceAmplification,
        SlideDisk.Cost modelled,
        Map<String, Double> figures) {
    /**
     * Percentiles in microseconds.
     *
     * @param of what was timed, such as "operation" or "batch of 1000"
     * @param p50 the median
     * @param p99 what 99 of 100 stay below
     * @param p999 what 999 of 1000 stay below
     * @param max the slowest
     */
    public record Latency(String of, double p50, double p99, double p999, double max) {}
}
