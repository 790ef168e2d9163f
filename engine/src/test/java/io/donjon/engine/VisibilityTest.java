package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Durability;
import io.donjon.Keyspace;
import io.donjon.extents.Environment.Worker;
import io.donjon.extents.sim.PowerCuts;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a reader has seen of synced writes is never taken back: the power is cut at every change of the disks while one
 * thread writes ever larger numbers and another reads them; afterwards the number is at least what was read, and at least
 * what was acknowledged (design.md section 3: visible once on stable storage).
 */
class VisibilityTest {
    private static final byte[] KEY = {1};

    @ParameterizedTest(name = "seed={0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void whatWasSeenIsThereAfterAPowerCut(long seed) {
        SimStore sim = new SimStore(1, 1, Tunings.random(new SplittableRandom(seed)));
        PowerCuts.everywhere(seed, world -> {
            AtomicInteger acknowledged = new AtomicInteger();
            AtomicInteger seen = new AtomicInteger();
            world.run(() -> {
                Keyspace keyspace = sim.open(world).createKeyspace("k").with(Durability.SYNC);
                List<Worker> workers = new ArrayList<>();
                workers.add(world.environment().start("writer", () -> {
                    for (int number = 1; number <= 12; number++) {
                        keyspace.put(KEY, ByteBuffer.allocate(40).putInt(number).array());
                        acknowledged.set(number);
                    }
                }));
                workers.add(world.environment().start("reader", () -> {
                    while (seen.get() < 12) {
                        seen.set(number(keyspace.get(KEY)));
                        world.environment().pause(1_000);
                    }
                }));
                workers.forEach(Worker::join);
            });
            SimWorld after = world.reboot(Survival.ALL_LOST);
            after.run(() -> {
                Keyspace keyspace = sim.open(after).keyspace("k");
                int found = keyspace == null ? 0 : number(keyspace.get(KEY));
                assertTrue(found >= seen.get(), "seen " + seen + ", found " + found);
                assertTrue(found >= acknowledged.get(), "acknowledged " + acknowledged + ", found " + found);
            });
        });
    }

    private static int number(byte @Nullable [] value) {
        return value == null ? 0 : ByteBuffer.wrap(value).getInt();
    }
}
