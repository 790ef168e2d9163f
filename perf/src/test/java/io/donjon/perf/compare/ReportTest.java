package io.donjon.perf.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Compression;
import io.donjon.perf.IoCounts;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ReportTest {
    private static final int MIB = 1 << 20;

    private static Row load(String engine, double rate, IoCounts io, long diskBytes, Map<String, Double> figures) {
        long records = 1_000_000;
        return new Row(
                engine,
                Workloads.LOAD_RANDOM,
                records,
                records,
                rate,
                rate / 2,
                "rec/s",
                new Row.Latency("batch of 1000", 1, 2, 3, 4),
                io,
                diskBytes,
                io.writtenBytes() / 116e6,
                diskBytes / 116e6,
                SlideDisk.of(io, records),
                figures);
    }

    private static Compare.Options options(List<String> engines) {
        return new Compare.Options(
                engines,
                List.of(Workloads.LOAD_RANDOM),
                1_000_000,
                16,
                100,
                1000,
                16,
                Compression.NONE,
                1,
                3,
                null,
                null,
                null);
    }

    private final Row btree = load(
            "btree",
            10_000,
            new IoCounts(
                    900_000,
                    900_000,
                    900_000L * 8192,
                    900_000L * 8192,
                    900_000,
                    800_000,
                    900_000L * 8192,
                    800_000L * 8192,
                    2),
            160L * MIB,
            Map.of(Extrapolation.TAIL_RANDOM_IOS, 1.8, Extrapolation.TAIL_BYTES, 16_000.0));
    private final Row donjon = load(
            "donjon",
            150_000,
            new IoCounts(1000, 10, 400_000_000, 4_000_000, 2000, 20, 600_000_000, 6_000_000, 50),
            125_000_000,
            donjonFigures());

    private static Map<String, Double> donjonFigures() {
        Map<String, Double> figures = new HashMap<>(WriteBound.of(116e6, 4.0 * MIB));
        figures.put(DonjonMeter.BUFFER_BYTES, 4.0 * MIB);
        return figures;
    }

    @Test
    void theSlidesDiskPricesSeeksAndBytes() {
        var io = new IoCounts(10, 4, 50_000_000, 20_000_000, 20, 6, 150_000_000, 45_000_000, 1);
        assertEquals(new SlideDisk.Cost(0.08 + 2, 1000 / 2.08), SlideDisk.of(io, 1000));
        assertTrue(Double.isNaN(SlideDisk.of(IoCounts.NONE, 1000).rate()));
    }

    @Test
    void theWriteBoundGrowsByOneWithEachDoubling() {
        assertEquals(Map.of("dataBytes", 64.0, "log2NM", 3.0, "writeAmplificationBound", 4.5), WriteBound.of(64, 8));
        assertEquals(1.5, WriteBound.of(8, 64).get(WriteBound.BOUND));
    }

    @Test
    void theTreesRandomIosGrowWithTheShareOfLeavesOutOfMemory() {
        var expected = Extrapolation.ofBTree(btree, 16L * MIB).orElseThrow();
        // 16 MiB of the 152 MiB that the file has in the last tenth of the load were in memory; of 2^30 records none.
        assertEquals(1.8 / (1 - 16 / 152.0), expected.randomIos(), 1e-3);
        assertEquals(16_000 / (1 - 16 / 152.0), expected.bytes(), 10);
        assertEquals(1 / (expected.randomIos() * 0.008 + expected.bytes() / 100e6), expected.rate(), 1e-9);
        assertTrue(Extrapolation.ofBTree(btree, 150L * MIB).isEmpty());
    }

    @Test
    void donjonsBytesGrowByAReadAndAWriteForEachDoubling() {
        var expected = Extrapolation.ofDonjon(donjon);
        double doublings = Math.log((1L << 30) / 1e6) / Math.log(2);
        assertEquals(1000 + doublings * 2 * 125, expected.bytes(), 1e-6);
        assertEquals(30 / 1e6 * expected.bytes() / 1000, expected.randomIos(), 1e-12);
    }

    @Test
    void theTextShowsRatiosBoundAndExtrapolation() {
        var report = new Report(options(List.of("donjon", "btree")), List.of(donjon, btree));
        String text = report.text();
        assertTrue(text.startsWith("1,000,000 records of 16 + 100 bytes (116.0 MB), 16 MiB of memory each, page cache"
                + " bypassed; compression of donjon: none; seed 1; median of 3 repetitions\n"));
        assertTrue(text.contains("load-random  donjon        150,000 rec/s      75,000  1.00"), text);
        assertTrue(text.contains("load-random  donjon/btree         15.00x      15.00x\n"), text);
        assertTrue(
                text.contains("M = 4,194,304 bytes of write buffer, N = 116,000,000 bytes, log2(N/M) = 4.79;"
                        + " write amplification 5.17, bound 1.5 + log2(N/M) = 6.29\n"),
                text);
        assertTrue(text.contains("btree        2.0116  17,881         61          20\n"), text);
        assertTrue(text.contains("65,000\n"), text);
        assertEquals(15, report.ratio("donjon", "btree", Workloads.LOAD_RANDOM));
        assertTrue(Double.isNaN(report.ratio("donjon", "btree", Workloads.READ_HIT)));
    }

    @Test
    void oneEngineAloneHasNoRatio() {
        var report = new Report(options(List.of("btree")), List.of(btree));
        String text = report.text();
        assertTrue(!text.contains("donjon/btree") && !text.contains("bound"), text);
        assertNull(report.row("donjon", Workloads.LOAD_RANDOM));
    }

    @Test
    void aTreeThatFitsIntoMemoryIsNotExtrapolated() {
        var options = Compare.Options.standard(1000);
        String text = new Report(options, List.of(btree)).text();
        assertTrue(text.contains("fit into its memory"), text);
    }
}
