package io.donjon.perf.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FairnessTest {
    @TempDir
    private Path folder;

    @Test
    void theTwoTakeTurnsAndEachGetsItsRates() {
        Set<String> seen = new LinkedHashSet<>();
        var options = new Fairness.Options(5000, 64, 2, 1, folder);
        Fairness.Result result = Fairness.run(options, (what, done, total) -> seen.add(what));
        assertEquals(
                List.of(
                        "btree round 0",
                        "mvstore round 0",
                        "btree round 1",
                        "mvstore round 1",
                        "btree round 2",
                        "mvstore round 2"),
                List.copyOf(seen));
        assertEquals(
                List.of("random inserts", "random inserts and sync", "random reads"),
                result.ratios().stream().map(Fairness.Ratio::what).toList());
        for (Fairness.Ratio ratio : result.ratios()) {
            assertTrue(ratio.btree() > 0 && ratio.mvstore() > 0);
            assertEquals(ratio.btree() / ratio.mvstore(), ratio.ratio());
        }
    }

    @Test
    void oneRatioBelowTheTargetIsNotFair() {
        var good = Fairness.Ratio.of("a", List.of(1.0, 8.0, 9.0), List.of(10.0, 10.0));
        var bad = Fairness.Ratio.of("b", List.of(7.0), List.of(10.0));
        assertEquals(0.8, good.ratio());
        assertTrue(new Fairness.Result(Fairness.Options.standard(), List.of(good)).fair());
        var result = new Fairness.Result(Fairness.Options.standard(), List.of(good, bad));
        assertFalse(result.fair());
        assertTrue(result.text().contains("0.80 MISSED"), result.text());
        assertTrue(result.text().contains("0.80 ok"), result.text());
    }
}
