package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.VerifyReport;
import io.donjon.extents.sim.Shrinker;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Steps;
import io.donjon.extents.sim.Survival;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random histories of the whole API, several lives long, against the oracle: each life ends in an orderly close, the
 * death of the process or a power cut, and the next one begins with what is left.
 */
class ModelTest {
    private static final int STEPS = 120;

    /** 200 fixed seeds on every build; {@code -Dseed=17} replays one, {@code -Dseeds=5000} runs more. */
    static LongStream seeds() {
        Long one = Long.getLong("seed");
        return one == null ? LongStream.range(0, Integer.getInteger("seeds", 200)) : LongStream.of(one);
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void agreesWithTheOracleThroughAllItsLives(long seed) {
        Shrinker.check(seed, steps -> lives(seed, steps));
    }

    private static void lives(long seed, Steps steps) {
        SplittableRandom random = new SplittableRandom(seed);
        int disks = 1 + random.nextInt(3);
        int copies = 1 + random.nextInt(Math.min(2, disks));
        Machine machine = new Machine(random.nextLong(), steps);
        SimWorld world = new SimWorld(random.nextLong());
        boolean everythingKept = true;
        for (int life = 0; life < 4; life++) {
            SimStore store = new SimStore(disks, copies, Tunings.random(random.split()));
            boolean cut = random.nextInt(3) == 0;
            if (cut) {
                world.power().cutAtChange(1 + random.nextLong(2000));
            }
            boolean close = random.nextBoolean();
            boolean kept = everythingKept;
            SimWorld here = world;
            boolean held = world.run(() -> live(machine, store.open(here), kept, close));
            assertTrue(held || cut);
            Survival survival = held ? Survival.ALL_KEPT : anySurvival(random);
            everythingKept = survival == Survival.ALL_KEPT;
            world = world.reboot(survival);
        }
    }

    private static Survival anySurvival(SplittableRandom random) {
        List<Survival> all = List.of(Survival.values());
        return all.get(random.nextInt(all.size()));
    }

    private static void live(Machine machine, StoreHandle store, boolean everythingKept, boolean close) {
        machine.judge(store, everythingKept);
        for (int step = 0; step < STEPS; step++) {
            machine.step();
        }
        machine.assertEverything();
        VerifyReport report = store.verify().result();
        assertEquals(List.of(), report.problems());
        if (close) {
            store.close();
        }
    }
}
