package io.donjon.perf.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.StoreOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MemoryCheckTest {
    private static final long LIMIT = StoreOptions.MEMORY_BYTES_MIN;

    @TempDir
    Path folder;

    @Test
    void aLoadManyTimesTheSmallestLimitStaysWithinIt() throws IOException {
        List<String> said = new ArrayList<>();
        MemoryCheck.Result result = MemoryCheck.run(new MemoryCheck.Options(100_000, LIMIT, 1, folder), said::add);
        assertEquals(List.of("loaded 100000", "read 5000", "scanned 100000", "read 5000"), said);
        assertTrue(result.holds(), result.text());
        assertTrue(result.peakBytes() > 20 << 20, "no JVM is so small: " + result.text());
        assertEquals(0, folder.toFile().list().length);
    }

    @Test
    void theResultSaysWhetherThePeakIsWithinTheLimitAnd300MiB() {
        long most = LIMIT + (300L << 20);
        MemoryCheck.Result good = new MemoryCheck.Result(10, LIMIT, most, 5);
        assertTrue(good.holds());
        assertEquals("memory: limit=8388608 peak=322961408 heap=5 records=10 holds", good.text());
        MemoryCheck.Result bad = new MemoryCheck.Result(10, LIMIT, most + 1, 5);
        assertFalse(bad.holds());
        assertEquals("memory: limit=8388608 peak=322961409 heap=5 records=10 exceeds limit + 314572800", bad.text());
    }
}
