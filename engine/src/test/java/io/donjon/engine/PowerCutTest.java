package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.sim.PowerCuts;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The power is cut after every single change that a history makes to the disks, with flushes and merges in the background
 * under a seeded scheduler; what was not stable is lost, torn or reordered. What is recovered is exactly what was
 * acknowledged, and at most the operation under way, whole; and it can be gone on with.
 */
class PowerCutTest {
    private static final int STEPS = 60;
    private static final int STEPS_AFTER = 12;

    /** Few seeds, since each stands for some thousand histories; {@code -Dseed=17} replays one, {@code -Dcuts=50} more. */
    static LongStream seeds() {
        Long one = Long.getLong("seed");
        return one == null ? LongStream.range(0, Integer.getInteger("cuts", 3)) : LongStream.of(one);
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void nothingAcknowledgedIsLostWhereverThePowerIsCut(long seed) {
        SplittableRandom choices = new SplittableRandom(seed);
        int disks = 1 + (int) (seed % 3);
        SimStore store = new SimStore(disks, Math.min(2, disks), Tunings.random(choices));
        PowerCuts.everywhere(seed, world -> {
            Machine machine = new Machine(seed);
            world.run(() -> {
                StoreHandle opened = store.open(world);
                machine.attach(opened);
                for (int step = 0; step < STEPS; step++) {
                    machine.step();
                }
                opened.close();
            });
            SplittableRandom random = new SplittableRandom(seed + world.power().changes());
            // One of the ways in which un-synced changes may be lost; over all cuts they come up about equally often.
            Survival survival = List.of(Survival.values()).get(random.nextInt(Survival.values().length));
            SimWorld after = world.reboot(survival);
            boolean cutAgain = random.nextInt(4) == 0;
            if (cutAgain) {
                // A second cut, inside the first recovery.
                after.power().cutAtChange(1 + random.nextInt(20));
                after.run(() -> store.open(after).close());
                SimWorld last = after.reboot(survival);
                assertTrue(last.run(() -> goOn(machine, store.open(last), random.nextLong())));
            } else {
                assertTrue(after.run(() -> goOn(machine, store.open(after), random.nextLong())));
            }
        });
    }

    private static void goOn(Machine before, StoreHandle store, long seed) {
        Machine machine = before.fork(seed);
        machine.judge(store, false);
        for (int step = 0; step < STEPS_AFTER; step++) {
            machine.step();
        }
        machine.assertEverything();
        assertEquals(List.of(), store.verify().result().problems());
        store.close();
    }
}
