package io.donjon.perf.compare;

import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongUnaryOperator;

/** The workloads, by name. */
final class Workloads {
    static final String LOAD_RANDOM = "load-random";
    static final String LOAD_SEQUENTIAL = "load-sequential";
    static final String READ_HIT = "read-hit";
    static final String READ_MISS = "read-miss";
    static final String SCAN_FULL = "scan-full";
    static final String SCAN_100 = "scan-100";
    static final String MIXED = "mixed";

    /** How many records a long scan visits for each latency that is recorded. */
    private static final int SCAN_STRIDE = 1000;
    /** Operations between two words to the progress line. */
    private static final int PROGRESS_STRIDE = 1 << 10;

    private static final String OPERATION = "operation";
    private static final Map<String, Workload> ALL = new LinkedHashMap<>();

    static {
        List<Workload> all = List.of(
                new Load(LOAD_RANDOM, data -> data::inRandomOrder),
                new Load(LOAD_SEQUENTIAL, data -> index -> index),
                new Plain(READ_HIT, "op/s", OPERATION, Workloads::readHit),
                new Plain(READ_MISS, "op/s", OPERATION, Workloads::readMiss),
                new Plain(SCAN_FULL, "rec/s", SCAN_STRIDE + " records", Workloads::scanFull),
                new Plain(SCAN_100, "scan/s", "scan of 100 records", Workloads::scan100),
                new Plain(MIXED, "op/s", OPERATION, Workloads::mixed));
        all.forEach(workload -> ALL.put(workload.name(), workload));
    }

    private Workloads() {}

    static Workload named(String name) {
        Workload workload = ALL.get(name);
        if (workload == null) {
            throw new IllegalArgumentException("workload " + name + ": must be one of " + ALL.keySet());
        }
        return workload;
    }

    /** All names, in the order in which they are run. */
    static List<String> names() {
        return List.copyOf(ALL.keySet());
    }

    /** Which record comes when. */
    private interface Order {
        LongUnaryOperator of(Dataset data);
    }

    /** Writes all records in batches, then syncs. */
    private record Load(String name, Order order) implements Workload {
        @Override
        public Start start() {
            return Start.EMPTY;
        }

        @Override
        public String unit() {
            return "rec/s";
        }

        @Override
        public String latencyOf() {
            return "batch of " + Batch.RECORDS;
        }

        @Override
        public Done run(Trial trial) {
            Dataset data = trial.data;
            LongUnaryOperator recordAt = order.of(data);
            Batch batch = new Batch(data.keyBytes, data.valueBytes);
            long tailFrom = data.records - data.records / 10;
            long done = 0;
            boolean inTail = false;
            while (done < data.records) {
                if (!inTail && done + Batch.RECORDS > tailFrom) {
                    tailFrom = done;
                    inTail = true;
                    trial.beginTail();
                }
                batch.clear();
                while (!batch.full() && done < data.records) {
                    batch.add(data, recordAt.applyAsLong(done++));
                }
                trial.begin();
                trial.engine.write(batch);
                trial.end();
                trial.progress(done, data.records);
            }
            if (inTail) {
                trial.endTail(done - tailFrom);
            }
            trial.engine.sync();
            return new Done(done, data.bytes());
        }
    }

    /** A workload on loaded stores that is one method. */
    private record Plain(String name, String unit, String latencyOf, Body body) implements Workload {
        private interface Body {
            Done run(Trial trial);
        }

        @Override
        public Start start() {
            return Start.LOADED;
        }

        @Override
        public Done run(Trial trial) {
            return body.run(trial);
        }
    }

    private static Workload.Done readHit(Trial trial) {
        for (long i = 0; i < trial.operations; i++) {
            checkedGet(trial, trial.random.nextLong(trial.data.records));
            progress(trial, i);
        }
        return new Workload.Done(trial.operations, 0);
    }

    private static void checkedGet(Trial trial, long record) {
        trial.data.key(record, trial.key);
        if (!trial.timedGet()) {
            throw new IllegalStateException("record " + record + " is missing");
        }
        trial.data.check(record, trial.value);
    }

    private static Workload.Done readMiss(Trial trial) {
        for (long i = 0; i < trial.operations; i++) {
            long record = trial.random.nextLong(trial.data.records);
            trial.data.keyBelow(record, trial.key);
            if (trial.timedGet()) {
                throw new IllegalStateException("the key below that of record " + record + " has a value");
            }
            progress(trial, i);
        }
        return new Workload.Done(trial.operations, 0);
    }

    private static Workload.Done scanFull(Trial trial) {
        var scan = new Scan(trial, 0, trial.data.records);
        trial.begin();
        trial.engine.scan(ByteBuffer.allocate(0), (key, value) -> {
            scan.visit(key, value);
            if (scan.next % SCAN_STRIDE == 0) {
                trial.end();
                trial.progress(scan.next, trial.data.records);
                trial.begin();
            }
            return true;
        });
        if (trial.data.records % SCAN_STRIDE != 0) {
            trial.end();
            trial.progress(trial.data.records, trial.data.records);
        }
        scan.ended();
        return new Workload.Done(trial.data.records, 0);
    }

    private static Workload.Done scan100(Trial trial) {
        int length = (int) Math.min(100, trial.data.records);
        long scans = Math.max(1, trial.operations / length);
        for (long i = 0; i < scans; i++) {
            long from = trial.random.nextLong(trial.data.records - length + 1);
            trial.data.key(from, trial.key);
            var scan = new Scan(trial, from, from + length);
            trial.begin();
            trial.engine.scan(trial.key, (key, value) -> {
                scan.visit(key, value);
                return scan.next < scan.end;
            });
            trial.end();
            scan.ended();
            trial.progress(i + 1, scans);
        }
        return new Workload.Done(scans, 0);
    }

    /** As many reads as updates on average, in random order; no record is updated twice. */
    private static Workload.Done mixed(Trial trial) {
        long updates = 0;
        for (long i = 0; i < trial.operations; i++) {
            if (trial.random.nextBoolean() && !trial.data.exhausted()) {
                long record = trial.data.update();
                trial.data.key(record, trial.key);
                trial.data.value(record, trial.value);
                trial.begin();
                trial.engine.put(trial.key, trial.value);
                trial.end();
                updates++;
            } else {
                checkedGet(trial, trial.random.nextLong(trial.data.records));
            }
            progress(trial, i);
        }
        trial.engine.sync();
        return new Workload.Done(trial.operations, updates * trial.data.recordBytes());
    }

    private static void progress(Trial trial, long index) {
        if ((index + 1) % PROGRESS_STRIDE == 0 || index + 1 == trial.operations) {
            trial.progress(index + 1, trial.operations);
        }
    }

    /** Checks that a scan meets every record of a range, in order, with its value. */
    private static final class Scan {
        private final Dataset data;
        private final long end;
        private long next;

        Scan(Trial trial, long from, long end) {
            data = trial.data;
            next = from;
            this.end = end;
        }

        void visit(ByteBuffer key, ByteBuffer value) {
            long record = data.recordOf(key);
            if (record != next || next >= end) {
                throw new IllegalStateException("a scan met record " + record + ", expected " + next + " of " + end);
            }
            data.check(record, value);
            next++;
        }

        void ended() {
            if (next != end) {
                throw new IllegalStateException("a scan ended before record " + next + ", expected " + end);
            }
        }
    }
}
