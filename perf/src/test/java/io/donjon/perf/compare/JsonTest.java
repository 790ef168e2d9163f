package io.donjon.perf.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.donjon.perf.IoCounts;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class JsonTest {
    private static String json(@Nullable Object value) {
        StringBuilder text = new StringBuilder();
        Json.write(value, text);
        return text.toString();
    }

    @Test
    void stringsAreQuotedAndEscaped() {
        assertEquals("\"plain\"", json("plain"));
        assertEquals("\"a\\\"b\\\\c\\u000a\\u0000\\u001f/é\"", json("a\"b\\c\n\0\u001f/é"));
        assertEquals("\"\\ud83d\\ude00\"", json("\ud83d\ude00"));
    }

    @Test
    void numbersReadBackTheSame() {
        assertEquals("0", json(0));
        assertEquals("-7", json(-7L));
        assertEquals("12", json(12.0));
        assertEquals("0.1", json(0.1));
        assertEquals("1.0E300", json(1e300));
        assertEquals("9.007199254740992E15", json(0x1p53));
    }

    @Test
    void whatJsonCannotHoldIsNull() {
        assertEquals("null", json(Double.NaN));
        assertEquals("null", json(Double.NEGATIVE_INFINITY));
        assertEquals("null", json(null));
    }

    @Test
    void mapsAndListsNestAndKeepTheirOrder() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("b", List.of(1, "x", List.of()));
        map.put("a", Map.of());
        assertEquals("{\"b\": [1, \"x\", []], \"a\": {}}", json(map));
        assertEquals("[null, 1]", json(Arrays.asList(null, 1)));
    }

    @Test
    void aRowHasTheFieldsOfEveryBenchCommandAndTheEnginesOwn() {
        Row row = new Row(
                "btree",
                "load-random",
                1000,
                900,
                12.5,
                11,
                "rec/s",
                new Row.Latency("batch of 1000", 1.5, 2, 3, 4.25),
                new IoCounts(10, 4, 8192, 4000, 20, 7, 16384, 7000, 3),
                4096,
                1.25,
                Double.NaN,
                new SlideDisk.Cost(0.5, 200),
                Map.of("treeHeight", 3.0));
        assertEquals("""
                {"rows": [
                  {"engine": "btree", "workload": "load-random", "records": 1000, "operations": 900, "rate": 12.5, \
                "rateQuiesced": 11, "unit": "rec/s", "latencyOf": "batch of 1000", "p50us": 1.5, "p99us": 2, "p999us": 3, \
                "maxus": 4.25, "bytesRead": 8192, "bytesWritten": 16384, "reads": 10, "readsSequential": 6, \
                "readsRandom": 4, "bytesReadSequential": 4192, "bytesReadRandom": 4000, "writes": 20, \
                "writesSequential": 13, "writesRandom": 7, "bytesWrittenSequential": 9384, "bytesWrittenRandom": 7000, \
                "forces": 3, \
                "diskBytes": 4096, "writeAmplification": 1.25, "spaceAmplification": null, "modelledSeconds": 0.5, \
                "modelledRate": 200, "treeHeight": 3}
                ]}
                """, Json.rows(List.of(Json.fields(row))));
        assertEquals("{\"rows\": [\n\n]}\n", Json.rows(List.of()));
    }
}
