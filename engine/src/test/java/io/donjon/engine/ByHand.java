package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Durability;
import io.donjon.Keyspace;
import io.donjon.Reader;
import io.donjon.Snapshot;
import io.donjon.extents.Codec;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Short histories of one simulated store over several lives, in which nothing is flushed or merged unless the test does it. */
abstract class ByHand {
    private static final Tuning TUNING = Tunings.of(1 << 20, 4, 64 << 10, 512, 64, 0.0, 64 << 10, Codec.RAW);

    final SimStore sim = new SimStore(1, 1, TUNING, Durability.ASYNC);
    private SimWorld world = new SimWorld(1);

    /** Lives once in the present world; then the process dies, and what was not stable may be lost. */
    final void live(Survival survival, Consumer<StoreHandle> life) {
        SimWorld here = world;
        assertTrue(here.run(() -> life.accept(sim.open(here))));
        world = here.reboot(survival);
    }

    /** Makes an array of what is in the buffer, and moves the manifest's line on. */
    static void flush(StoreHandle store) {
        store.engine().commits().sealNow();
        awaitFlushes(store, 0);
    }

    /** Waits until at most so many sealed buffers are left to be flushed. */
    static void awaitFlushes(StoreHandle store, int sealed) {
        while (store.engine().states().current().sealed.size() > sealed) {
            store.engine().environment().pause(10_000);
        }
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static Keyspace keyspace(StoreHandle store, String name) {
        return Objects.requireNonNull(store.keyspace(name), name);
    }

    static Snapshot snapshot(StoreHandle store, String keyspace, String name) {
        return Objects.requireNonNull(keyspace(store, keyspace).snapshotNamed(name), name);
    }

    static void put(Keyspace keyspace, String key, String value) {
        keyspace.put(bytes(key), bytes(value));
    }

    static void assertHolds(@Nullable String value, Reader reader, String key) {
        assertArrayEquals(value == null ? null : bytes(value), reader.get(bytes(key)));
    }
}
