package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Durability;
import io.donjon.Keyspace;
import io.donjon.extents.sim.SimWorld;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What was merged while there was memory for one array only is cut along the line later. */
class UncutTest {
    private static final Tuning TUNING = Tunings.byHand(new Tuning.Strata(1.0, 64), 64 << 20);

    /** Memory for a few arrays side by side. */
    private static final long BACK_BYTES = 4 << 20;

    private static void live(Consumer<StoreHandle> life) {
        SimWorld world = new SimWorld(1);
        assertTrue(world.run(() -> {
            try (StoreHandle store = new SimStore(1, 1, TUNING, Durability.ASYNC).open(world)) {
                life.accept(store);
            }
        }));
    }

    /** An array of 20 versions, each of which writes the same 10 keys. */
    private static void flush(StoreHandle store, Keyspace keyspace, int round) {
        for (int version = 0; version < 20; version++) {
            keyspace.snapshot("s" + round + "-" + version);
            for (int key = 0; key < 10; key++) {
                keyspace.put(
                        new byte[] {(byte) key},
                        ByteBuffer.allocate(20).putInt(round).putInt(version).array());
            }
        }
        ByHand.flush(store);
    }

    private static int arrays(StoreHandle store) {
        return store.engine().states().current().arrays.size();
    }

    private static boolean cutOne(StoreHandle store) {
        return store.engine().background().merges().cutOne(0, () -> false);
    }

    @Test
    void whatCouldNotBeCutForLackOfMemoryIsCutLater() {
        live(store -> {
            Keyspace keyspace = store.createKeyspace("k");
            flush(store, keyspace, 0);
            flush(store, keyspace, 1);
            assertEquals(2, arrays(store));
            WorkMemory memory = store.engine().memory();
            long all = memory.left();
            memory.take(all);
            assertTrue(store.engine().background().merges().mergeOne((every, busy) -> List.copyOf(every)));
            assertEquals(1, arrays(store), "there was no memory to write more");
            assertFalse(cutOne(store), "there still is none");
            memory.giveBack(BACK_BYTES);
            int times = 0;
            while (times < 10 && cutOne(store)) {
                times++;
            }
            // As many arrays at a time as there is memory for.
            assertTrue(times >= 1 && times < 10, times + " times");
            assertTrue(arrays(store) > 3, () -> arrays(store) + " arrays");
        });
    }
}
