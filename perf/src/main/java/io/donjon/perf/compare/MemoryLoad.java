package io.donjon.perf.compare;

import io.donjon.Compression;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.SplittableRandom;

/**
 * What {@link MemoryCheck} watches: a process that loads records in random order, reads some at random while merges go
 * on, scans them all, and reads again, checking every value.
 */
final class MemoryLoad {
    private static final int KEY_BYTES = 16;
    private static final int VALUE_BYTES = 100;

    private final Dataset dataset;
    private final Engine engine;
    private final ByteBuffer key = ByteBuffer.allocate(KEY_BYTES);
    private final ByteBuffer value = ByteBuffer.allocate(VALUE_BYTES);
    private long seen;

    private MemoryLoad(Dataset dataset, Engine engine) {
        this.dataset = dataset;
        this.engine = engine;
    }

    /**
     * Runs it.
     *
     * @param args the folder of the store, its memory limit in bytes, how many records, and a seed
     */
    public static void main(String[] args) {
        long memory = Long.parseLong(args[1]);
        long records = Long.parseLong(args[2]);
        long seed = Long.parseLong(args[3]);
        Setup setup = new Setup(memory, false, Compression.LZ4);
        try (Engine engine = new DonjonEngine(Path.of(args[0]), setup)) {
            new MemoryLoad(new Dataset(records, KEY_BYTES, VALUE_BYTES, seed), engine).run(seed);
        }
    }

    private void run(long seed) {
        for (long i = 0; i < dataset.records; i++) {
            long record = dataset.inRandomOrder(i);
            dataset.key(record, key);
            dataset.value(record, value);
            engine.put(key, value);
        }
        say("loaded", dataset.records);
        SplittableRandom random = new SplittableRandom(seed);
        read(random);
        engine.scan(ByteBuffer.wrap(new byte[KEY_BYTES]), (k, v) -> {
            dataset.check(dataset.recordOf(k), v);
            seen++;
            return true;
        });
        if (seen != dataset.records) {
            throw new IllegalStateException("a scan saw " + seen + " of " + dataset.records + " records");
        }
        say("scanned", seen);
        engine.quiesce();
        read(random);
    }

    private void read(SplittableRandom random) {
        long count = Math.max(1, dataset.records / 20);
        for (long i = 0; i < count; i++) {
            long record = random.nextLong(dataset.records);
            dataset.key(record, key);
            if (engine.get(key, value.clear()) != VALUE_BYTES) {
                throw new IllegalStateException("record " + record + " is missing");
            }
            dataset.check(record, value.clear());
        }
        say("read", count);
    }

    private static void say(String what, long count) {
        System.out.println(what + " " + count);
    }
}
