package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The wall clock may jump as it likes: nothing that is stored, found or dropped depends on it. */
final class ClockTest {
    private static final int LIVES = 3;
    private static final int STEPS = 80;
    private static final long HOUR_MILLIS = 3_600_000;

    /** An hour back, a day on, and more than a year back: in the end, before the store was made. */
    private static final List<Long> JUMPS = List.of(-HOUR_MILLIS, 24 * HOUR_MILLIS, -400 * 24 * HOUR_MILLIS);

    @ParameterizedTest(name = "seed={0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void noAnswerDependsOnTheWallClock(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        SimStore sim = new SimStore(1, 1, Tunings.random(random));
        Machine machine = new Machine(seed);
        SimWorld world = new SimWorld(seed);
        for (int life = 0; life < LIVES; life++) {
            SimWorld here = world;
            assertTrue(here.run(() -> {
                jump(here, random);
                StoreHandle store = sim.open(here);
                machine.judge(store, true);
                for (int step = 0; step < STEPS; step++) {
                    if (random.nextInt(4) == 0) {
                        jump(here, random);
                    }
                    machine.step();
                }
                machine.assertEverything();
                assertEquals(List.of(), store.verify().result().problems());
                if (random.nextBoolean()) {
                    store.close();
                }
            }));
            world = world.reboot(Survival.ALL_KEPT);
        }
    }

    private static void jump(SimWorld world, SplittableRandom random) {
        world.environment().shiftWallClock(JUMPS.get(random.nextInt(JUMPS.size())));
    }
}
