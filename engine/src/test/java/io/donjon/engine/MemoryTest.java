package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Compression;
import io.donjon.Cursor;
import io.donjon.Durability;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.ScanOption;
import io.donjon.Store;
import io.donjon.StoreOptions;
import io.donjon.StoreStats;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The memory limit, at its smallest: what the store says it takes stays within, while everything goes on. */
class MemoryTest {
    private static final int ROUNDS = 40;
    private static final int PUTS = 2_000;
    private static final int CURSORS = 60;

    @Test
    void allPartsTogetherStayWithinTheLimit(@TempDir Path folder) {
        SplittableRandom random = new SplittableRandom(1);
        ByteBuffer key = ByteBuffer.allocate(16);
        ByteBuffer value = ByteBuffer.allocate(200);
        Deque<Cursor> cursors = new ArrayDeque<>();
        long most = 0;
        boolean worked = false;
        try (Store store = Store.open(StoreOptions.at(folder)
                .createIfMissing(true)
                .memoryBytes(StoreOptions.MEMORY_BYTES_MIN)
                .durability(Durability.ASYNC)
                .compression(Compression.NONE))) {
            Keyspace keyspace = store.createKeyspace("k");
            for (int round = 0; round < ROUNDS; round++) {
                for (int i = 0; i < PUTS; i++) {
                    random.nextBytes(value.array());
                    keyspace.put(
                            key.clear().putLong(random.nextLong()).putLong(i).flip(), value.clear());
                }
                keyspace.snapshot("s" + round);
                Cursor cursor = keyspace.view().scan(KeyRange.all(), ScanOption.NO_CACHE_FILL);
                cursors.add(cursor);
                for (int i = 0; i < CURSORS && cursor.next(); i++) {
                    most = Math.max(most, taken(store));
                    worked |= store.stats().memory().working()
                            > store.stats().buffer().pinned() + (1 << 20);
                }
                for (int i = 0; i < 2_000 && cursor.next(); i++) {
                    assertTrue(cursor.value().hasRemaining());
                }
                // These fill the cache, which then has to lend its memory.
                try (Cursor cached = keyspace.scan(KeyRange.all())) {
                    for (int i = 0; i < 20_000 && cached.next(); i++) {
                        assertTrue(cached.value().hasRemaining());
                    }
                }
                most = Math.max(most, taken(store));
                if (cursors.size() > 16) {
                    cursors.remove().close();
                }
            }
            StoreStats stats = store.stats();
            assertEquals(StoreOptions.MEMORY_BYTES_MIN, stats.memory().limit());
            assertTrue(stats.merging().merges() > 0, "nothing was merged");
            assertTrue(worked, "no merge and no read-ahead was seen at work");
            assertTrue(most <= stats.memory().limit(), most + " bytes of " + stats.memory());
            cursors.forEach(Cursor::close);
        }
    }

    /** Versions take of the cache what they need, which their drop gives back to it. */
    @Test
    void versionsCountAndTheCacheShrinksByThem(@TempDir Path folder) {
        int versions = 20_000;
        try (Store store = Store.open(StoreOptions.at(folder)
                .createIfMissing(true)
                .memoryBytes(StoreOptions.MEMORY_BYTES_MIN)
                .durability(Durability.ASYNC))) {
            Engine engine = ((StoreHandle) store).engine();
            Keyspace keyspace = store.createKeyspace("k");
            long before = store.stats().memory().versions();
            for (int i = 0; i < versions; i++) {
                keyspace.snapshot("s" + i);
            }
            engine.commits().sealNow();
            while (store.stats().memory().versions()
                    != engine.catalog().forest().heapBytes()) {
                engine.environment().pause(1_000_000);
            }
            StoreStats.Memory memory = store.stats().memory();
            assertTrue(memory.versions() >= before + 60L * versions, () -> memory + " where it were " + before);
            assertEquals(memory.buffers() + memory.cache() + memory.working() + memory.versions(), memory.taken());
        }
        try (Store store = Store.open(StoreOptions.at(folder).memoryBytes(StoreOptions.MEMORY_BYTES_MIN))) {
            assertTrue(
                    store.stats().memory().versions() >= 60L * versions,
                    () -> "" + store.stats().memory());
        }
    }

    /** What is taken; the figures are not all of one moment, so that what one of three looks sees may be counted twice. */
    private static long taken(Store store) {
        long least = Long.MAX_VALUE;
        for (int look = 0; look < 3; look++) {
            least = Math.min(least, store.stats().memory().taken());
        }
        return least;
    }
}
