package io.donjon.perf.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class WorkloadsTest {
    private static final int RECORDS = 2500;

    private final Dataset data = new Dataset(RECORDS, 16, 100, 1);

    static List<String> names() {
        return Workloads.names();
    }

    static List<String> readers() {
        return List.of(Workloads.READ_HIT, Workloads.SCAN_FULL, Workloads.SCAN_100, Workloads.MIXED);
    }

    private static Trial trial(Engine engine, Dataset data, String name) {
        return new Trial(engine, data, 2000, 1, name, Progress.NONE);
    }

    private Workload.Done run(Engine engine, String name) {
        return Workloads.named(name).run(trial(engine, data, name));
    }

    private void load(Engine engine) {
        run(engine, Workloads.LOAD_RANDOM);
    }

    @ParameterizedTest
    @MethodSource("names")
    void everyWorkloadPassesOnARightEngineAndTimesItsOperations(String name) {
        var engine = new MapEngine();
        Workload workload = Workloads.named(name);
        if (workload.start() == Workload.Start.LOADED) {
            load(engine);
        }
        int syncs = engine.syncs;
        Trial trial = trial(engine, data, name);
        Workload.Done done = workload.run(trial);
        long timed = trial.latencies().getTotalCount();
        switch (name) {
            case Workloads.LOAD_RANDOM, Workloads.LOAD_SEQUENTIAL -> {
                assertEquals(new Workload.Done(RECORDS, RECORDS * 116), done);
                assertEquals(3, timed);
                assertEquals(syncs + 1, engine.syncs);
                assertEquals(500, trial.tailOperations());
            }
            case Workloads.SCAN_FULL -> {
                assertEquals(new Workload.Done(RECORDS, 0), done);
                assertEquals(3, timed);
            }
            case Workloads.SCAN_100 -> {
                assertEquals(new Workload.Done(20, 0), done);
                assertEquals(20, timed);
            }
            case Workloads.MIXED -> {
                assertEquals(2000, done.operations());
                assertEquals(2000, timed);
                assertEquals(data.updates() * 116, done.writtenBytes());
                assertTrue(data.updates() > 900 && data.updates() < 1100, data.updates() + " updates");
                assertEquals(syncs + 1, engine.syncs);
            }
            default -> {
                assertEquals(new Workload.Done(2000, 0), done);
                assertEquals(2000, timed);
            }
        }
        assertEquals(RECORDS, engine.map.size());
    }

    @Test
    void aRandomLoadIsInRandomOrderAndASequentialOneInKeyOrder() {
        List<Long> order = new ArrayList<>();
        var engine = new MapEngine() {
            @Override
            public void put(ByteBuffer key, ByteBuffer value) {
                order.add(data.recordOf(key));
            }
        };
        run(engine, Workloads.LOAD_SEQUENTIAL);
        List<Long> ascending = order.stream().sorted().toList();
        assertEquals(ascending, order);
        order.clear();
        run(engine, Workloads.LOAD_RANDOM);
        long ascents = 0;
        for (int i = 1; i < order.size(); i++) {
            ascents += order.get(i) > order.get(i - 1) ? 1 : 0;
        }
        assertEquals(ascending, order.stream().sorted().toList());
        assertTrue(ascents > RECORDS * 0.45 && ascents < RECORDS * 0.55, ascents + " ascents");
    }

    @ParameterizedTest
    @MethodSource("readers")
    void aWrongValueEndsTheRun(String name) {
        var engine = new MapEngine();
        load(engine);
        engine.map.values().forEach(value -> value[42] ^= 1);
        var e = assertThrows(IllegalStateException.class, () -> run(engine, name));
        assertTrue(String.valueOf(e.getMessage()).contains("has the value"), e.getMessage());
    }

    @ParameterizedTest
    @MethodSource("readers")
    void aMissingRecordEndsTheRun(String name) {
        var engine = new MapEngine();
        load(engine);
        ByteBuffer key = ByteBuffer.allocate(16);
        for (int record = 10; record < RECORDS; record += 20) {
            data.key(record, key);
            engine.delete(key);
        }
        assertThrows(IllegalStateException.class, () -> run(engine, name));
    }

    @Test
    void aScanThatEndsEarlyEndsTheRun() {
        var engine = new MapEngine();
        load(engine);
        engine.map.pollLastEntry();
        var e = assertThrows(IllegalStateException.class, () -> run(engine, Workloads.SCAN_FULL));
        assertEquals("a scan ended before record 2499, expected 2500", e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {Workloads.SCAN_FULL, Workloads.SCAN_100})
    void aRecordTooMuchInAScanEndsTheRun(String name) {
        var engine = new MapEngine();
        load(engine);
        ByteBuffer key = ByteBuffer.allocate(16);
        for (int record = 10; record < RECORDS; record += 20) {
            data.keyBelow(record, key);
            engine.put(key, ByteBuffer.allocate(100));
        }
        assertThrows(IllegalStateException.class, () -> run(engine, name));
    }

    @Test
    void aValueOfAMissingKeyEndsTheRun() {
        var engine = new MapEngine();
        load(engine);
        ByteBuffer key = ByteBuffer.allocate(16);
        for (int record = 0; record < RECORDS; record += 20) {
            data.keyBelow(record, key);
            engine.put(key, ByteBuffer.allocate(100));
        }
        assertThrows(IllegalStateException.class, () -> run(engine, Workloads.READ_MISS));
    }

    @Test
    void anUpdateThatIsForgottenEndsTheRun() {
        var engine = new MapEngine();
        load(engine);
        run(engine, Workloads.MIXED);
        run(engine, Workloads.SCAN_FULL);
        var old = new MapEngine();
        for (int record = 0; record < RECORDS; record++) {
            ByteBuffer key = ByteBuffer.allocate(16);
            ByteBuffer value = ByteBuffer.allocate(100);
            data.key(record, key);
            new Dataset(RECORDS, 16, 100, 1).value(record, value);
            old.put(key, value);
        }
        assertThrows(IllegalStateException.class, () -> run(old, Workloads.SCAN_FULL));
    }

    @Test
    void moreOperationsThanRecordsUpdateEachRecordOnce() {
        var small = new Dataset(10, 16, 100, 1);
        var engine = new MapEngine();
        Workloads.named(Workloads.LOAD_SEQUENTIAL).run(trial(engine, small, "load"));
        Workloads.named(Workloads.MIXED).run(trial(engine, small, "mixed"));
        assertEquals(10, small.updates());
    }

    @Test
    void anUnknownNameIsAnsweredWithTheKnownOnes() {
        var e = assertThrows(IllegalArgumentException.class, () -> Workloads.named("read"));
        assertEquals(
                "workload read: must be one of [load-random, load-sequential, read-hit, read-miss, scan-full,"
                        + " scan-100, mixed]",
                e.getMessage());
    }
}
