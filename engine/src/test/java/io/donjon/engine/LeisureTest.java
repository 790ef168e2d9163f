package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Durability;
import io.donjon.Keyspace;
import io.donjon.StoreStats;
import io.donjon.extents.Codec;
import io.donjon.extents.sim.SimWorld;
import java.nio.ByteBuffer;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;

/** Merges for which there is no need, but time. Time is simulated. */
class LeisureTest {
    private static final int KEYS = 400;
    private static final long MILLI = 1_000_000;

    private static void live(BiConsumer<StoreHandle, Keyspace> life) {
        SimWorld world = new SimWorld(1);
        Tuning tuning = Tunings.of(1 << 20, 2, 64 << 10, 512, 64, 1.0, 64 << 10, Codec.RAW);
        assertTrue(world.run(() -> {
            try (StoreHandle store = new SimStore(1, 1, tuning, Durability.ASYNC).open(world)) {
                life.accept(store, store.createKeyspace("k"));
            }
        }));
    }

    /** Makes an array of the first so many keys. */
    private static void flush(StoreHandle store, Keyspace keyspace, int keys) {
        for (int number = 0; number < keys; number++) {
            keyspace.put(ByteBuffer.allocate(4).putInt(number).array(), new byte[100]);
        }
        ByHand.flush(store);
    }

    private static void pause(StoreHandle store, long millis) {
        store.engine().environment().pause(millis * MILLI);
    }

    private static int arrays(StoreHandle store) {
        return store.stats().arrays().size();
    }

    @Test
    void aSmallArrayIsMergedIntoALargerOneOnceNobodyWrites() {
        live((store, keyspace) -> {
            flush(store, keyspace, KEYS);
            flush(store, keyspace, KEYS / 3);
            assertEquals(0, store.stats().merging().debt());
            assertTrue(store.stats().merging().debtAtLeisure() > 0);
            pause(store, 300);
            assertEquals(2, arrays(store), "too soon");
            pause(store, 3_000);
            assertEquals(1, arrays(store));
            assertEquals(0, store.stats().merging().debtAtLeisure());
        });
    }

    @Test
    void whatIsInMemoryIsFlushedOnceNobodyHasWrittenForLong() {
        live((store, keyspace) -> {
            for (int number = 0; number < 2 * KEYS; number++) {
                keyspace.put(ByteBuffer.allocate(4).putInt(number).array(), new byte[400]);
            }
            assertTrue(store.stats().buffer().bytes() >= store.engine().tuning().flushBytesAtLeisure());
            pause(store, 1_500);
            assertEquals(0, arrays(store), "too soon");
            pause(store, 3_000);
            assertEquals(1, arrays(store));
            keyspace.put(new byte[] {1}, new byte[100]);
            pause(store, 10_000);
            assertEquals(1, arrays(store), "too little");
        });
    }

    @Test
    void asLongAsSomebodyWritesItIsNot() {
        live((store, keyspace) -> {
            flush(store, keyspace, KEYS);
            flush(store, keyspace, KEYS / 3);
            for (int i = 0; i < 50; i++) {
                keyspace.put(new byte[] {1}, new byte[100]);
                pause(store, 200);
            }
            assertEquals(2, arrays(store));
        });
    }

    /** However often a little is written, and then nothing for a while: what that costs is in proportion to what is written. */
    @Test
    void aLargeArrayIsNotWrittenAnewEachTime() {
        live((store, keyspace) -> {
            flush(store, keyspace, KEYS);
            int left = 0;
            for (int i = 0; i < 60; i++) {
                flush(store, keyspace, KEYS / 20);
                pause(store, 2_000);
                left += arrays(store) > 1 ? 1 : 0;
            }
            StoreStats.Merging merging = store.stats().merging();
            assertTrue(
                    merging.mergeRead() <= 5 * merging.flushWritten(),
                    merging.mergeRead() + " bytes for " + merging.flushWritten());
            assertTrue(left >= 30, left + " times of 60 all was left as it was");
        });
    }
}
