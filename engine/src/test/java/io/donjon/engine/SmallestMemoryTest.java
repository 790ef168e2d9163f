package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.donjon.Cursor;
import io.donjon.Durability;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Snapshot;
import io.donjon.Store;
import io.donjon.StoreOptions;
import io.donjon.Subprocess;
import io.donjon.WriteBatch;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Everything works with the smallest memory limit, in a JVM whose heap and direct memory are small as well: many records
 * and versions, large values, a large batch, merges, a recovery, a scan of everything and verification.
 */
class SmallestMemoryTest {
    /** A multiple of the versions. */
    private static final int RECORDS = Integer.getInteger("memory.records", 120_000);

    private static final int VERSIONS = 1_000;

    @Test
    void everythingWorksWithTheSmallestLimitInASmallJvm(@TempDir Path folder) throws Exception {
        String store = folder.resolve("store").toString();
        for (String step : new String[] {"fill", "check"}) {
            Subprocess process = Subprocess.java(
                    folder,
                    "-Xmx24m",
                    "-XX:MaxDirectMemorySize=12m",
                    "-XX:+UseSerialGC",
                    "-Dmemory.records=" + RECORDS,
                    "-cp",
                    System.getProperty("java.class.path"),
                    Life.class.getName(),
                    store,
                    step);
            assertEquals(step + " done", process.said().strip(), process.err());
        }
    }

    /** One life of the process. */
    static final class Life {
        private static final int LARGE_BYTES = 1 << 20;
        private static final int VALUE_BYTES = 100;

        private Life() {}

        /** Fills a store and ends without closing it, or opens it again and looks at everything. */
        public static void main(String[] args) {
            Store store = Store.open(StoreOptions.at(Path.of(args[0]))
                    .createIfMissing(true)
                    .memoryBytes(StoreOptions.MEMORY_BYTES_MIN)
                    .durability(Durability.ASYNC));
            if (args[1].equals("fill")) {
                fill(store);
            } else {
                check(store);
                store.close();
            }
            System.out.println(args[1] + " done");
            System.out.flush();
            Runtime.getRuntime().halt(0);
        }

        private static ByteBuffer key(ByteBuffer into, int number) {
            return into.clear()
                    .putLong(number * 0x9E3779B97F4A7C15L)
                    .putLong(number)
                    .flip();
        }

        private static void fill(Store store) {
            Keyspace keyspace = store.createKeyspace("k");
            Keyspace large = store.createKeyspace("large");
            ByteBuffer key = ByteBuffer.allocate(16);
            ByteBuffer value = ByteBuffer.allocate(VALUE_BYTES);
            for (int i = 0; i < RECORDS; i++) {
                keyspace.put(key(key, i), value.clear().putInt(0, i));
                if ((i + 1) % (RECORDS / VERSIONS) == 0) {
                    keyspace.snapshot("s" + i / (RECORDS / VERSIONS));
                    large.put(key(key, i % 7), ByteBuffer.allocate(i % LARGE_BYTES));
                }
            }
            WriteBatch batch = store.newBatch();
            batch.put(large, key(key, 8), ByteBuffer.allocate((int) StoreOptions.MEMORY_BYTES_MIN / 4 - 1000));
            store.write(batch, Durability.SYNC);
            store.sync();
        }

        private static void check(Store store) {
            ByteBuffer key = ByteBuffer.allocate(16);
            ByteBuffer value = ByteBuffer.allocate(VALUE_BYTES);
            Keyspace keyspace = Objects.requireNonNull(store.keyspace("k"));
            for (int version = 0; version < VERSIONS; version++) {
                Snapshot snapshot = Objects.requireNonNull(keyspace.snapshotNamed("s" + version));
                int last = (version + 1) * (RECORDS / VERSIONS) - 1;
                require(VALUE_BYTES, snapshot.get(key(key, last), value.clear()));
                require(last, value.getInt(0));
                require(-1, snapshot.get(key(key, last + 1), value.clear()));
            }
            int count = 0;
            try (Cursor cursor = keyspace.scan(KeyRange.all())) {
                while (cursor.next()) {
                    count++;
                }
            }
            require(RECORDS, count);
            byte[] batched = Objects.requireNonNull(store.keyspace("large"))
                    .get(key(key, 8).array());
            require((int) StoreOptions.MEMORY_BYTES_MIN / 4 - 1000, batched == null ? -1 : batched.length);
            require(0, store.verify().result().problems().size());
        }

        private static void require(int expected, int found) {
            if (expected != found) {
                throw new IllegalStateException(expected + " expected, found " + found);
            }
        }
    }
}
