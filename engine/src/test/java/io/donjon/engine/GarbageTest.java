package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.donjon.Compression;
import io.donjon.Cursor;
import io.donjon.Durability;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Snapshot;
import io.donjon.Store;
import io.donjon.StoreOptions;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The hot path makes no garbage (design.md section 7.3): bytes allocated by this thread, per operation. */
class GarbageTest {
    private static final int RECORDS = 10_000;
    private static final int ROUNDS = 6;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private interface Operations {
        /** Does them all; the figure of the last round counts, when everything has been warmed up. */
        int run(int round);
    }

    private static double bytesPerOperation(Operations operations) {
        double last = 0;
        for (int round = 0; round < ROUNDS; round++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            int count = operations.run(round);
            last = (double) (THREADS.getCurrentThreadAllocatedBytes() - before) / count;
        }
        return last;
    }

    private static ByteBuffer key(ByteBuffer into, int number) {
        return into.clear().putLong(0x6b65792d00000000L).putInt(number).flip();
    }

    private static Store filled(Path folder) {
        Store store = Store.open(StoreOptions.at(folder)
                .createIfMissing(true)
                .memoryBytes(64 << 20)
                .durability(Durability.ASYNC)
                .compression(Compression.NONE));
        Keyspace keyspace = store.createKeyspace("k");
        ByteBuffer key = ByteBuffer.allocate(12);
        ByteBuffer value = ByteBuffer.allocate(100);
        for (int i = 0; i < RECORDS; i++) {
            keyspace.put(key(key, i), value.clear().putInt(0, i));
        }
        return store;
    }

    @Test
    void getsIntoTheCallersBufferMakeNone(@TempDir Path folder) {
        ByteBuffer key = ByteBuffer.allocate(12);
        ByteBuffer into = ByteBuffer.allocate(100);
        for (boolean flushed : new boolean[] {false, true}) {
            Path where = folder.resolve("flushed-" + flushed);
            try (Store store = filled(where)) {
                // Closing flushes nothing, but a full buffer of other records does.
                if (flushed) {
                    fillUpWithOthers(store);
                }
                Snapshot snapshot = Objects.requireNonNull(store.keyspace("k")).snapshot("s");
                Keyspace keyspace = Objects.requireNonNull(store.keyspace("k"));
                double bytes = bytesPerOperation(round -> {
                    for (int i = 0; i < RECORDS; i++) {
                        int number = (i * 7919) % RECORDS;
                        assertEquals(100, keyspace.get(key(key, number), into.clear()));
                        assertEquals(number, into.getInt(0));
                        assertEquals(100, snapshot.get(key(key, number), into.clear()));
                        assertEquals(-1, keyspace.get(key(key, number + RECORDS), into.clear()));
                    }
                    return 3 * RECORDS;
                });
                assertTrue(bytes < 1, "flushed: " + flushed + ", " + bytes + " bytes per get");
            }
        }
    }

    private static void fillUpWithOthers(Store store) {
        Keyspace others = store.createKeyspace("others");
        ByteBuffer key = ByteBuffer.allocate(12);
        ByteBuffer value = ByteBuffer.allocate(1000);
        for (int i = 0; store.stats().arrays().isEmpty(); i++) {
            others.put(key(key, i), value.clear());
        }
    }

    @Test
    void movesOfACursorMakeNone(@TempDir Path folder) {
        try (Store store = filled(folder)) {
            fillUpWithOthers(store);
            Keyspace keyspace = Objects.requireNonNull(store.keyspace("k"));
            double bytes = bytesPerOperation(round -> {
                int count = 0;
                try (Cursor cursor = keyspace.scan(KeyRange.all())) {
                    while (cursor.next()) {
                        ByteBuffer value = cursor.value();
                        assertEquals(count, value.getInt(value.position()));
                        count++;
                    }
                }
                assertEquals(RECORDS, count);
                return count;
            });
            // Opening a cursor and entering a block make some.
            assertTrue(bytes < 24, bytes + " bytes per move");
        }
    }

    @ParameterizedTest
    @EnumSource(Durability.class)
    void putsOfTheCallersBuffersMakeNone(Durability durability, @TempDir Path folder) {
        ByteBuffer key = ByteBuffer.allocate(12);
        ByteBuffer value = ByteBuffer.allocate(100);
        assertPutsMakeNone(
                folder,
                durability,
                (keyspace, i, round) -> keyspace.put(key(key, i), value.clear().putInt(0, round)));
    }

    @ParameterizedTest
    @EnumSource(Durability.class)
    void putsOfTheCallersArraysMakeNone(Durability durability, @TempDir Path folder) {
        byte[] key = new byte[12];
        byte[] value = new byte[100];
        ByteBuffer keyBuffer = ByteBuffer.wrap(key);
        assertPutsMakeNone(folder, durability, (keyspace, i, round) -> {
            key(keyBuffer, i);
            value[0] = (byte) round;
            keyspace.put(key, value);
        });
    }

    private interface Put {
        void run(Keyspace keyspace, int number, int round);
    }

    private static void assertPutsMakeNone(Path folder, Durability durability, Put put) {
        try (Store store = filled(folder)) {
            Keyspace keyspace = Objects.requireNonNull(store.keyspace("k")).with(durability);
            // A put that waits for the disk takes its time, but makes its few objects every time if it makes any.
            int count = durability == Durability.SYNC ? RECORDS / 20 : RECORDS;
            double bytes = bytesPerOperation(round -> {
                for (int i = 0; i < count; i++) {
                    put.run(keyspace, i, round);
                }
                return count;
            });
            assertTrue(bytes < 1, durability + ": " + bytes + " bytes per put");
        }
    }
}
