package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.sim.PowerCuts;
import io.donjon.extents.sim.SimFailure;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The power is cut during every change that {@link CrashScenario histories} make to the disks, with flushes and merges in
 * the background under a seeded scheduler, and during every change that a recovery makes. Each time, what was not stable
 * is lost, torn or reordered in six ways of {@link Survival}; each time what is recovered is exactly what was
 * acknowledged, and at most the operation under way, whole; it can be verified and gone on with.
 *
 * <p>{@code -Dcrash.points=10000} cuts at so many places at least, 1000 by default: they are drawn from all places of so
 * many scenarios as it takes. A failure says which {@code -Dseed} and {@code -Dcut} replay it, with all survivals and all
 * second cuts behind that one.
 */
class CrashStatesTest {
    /** About so many places of a scenario are visited when all are. */
    private static final int POINTS_PER_SCENARIO = 1000;

    private static final int SCENARIOS_MIN = 10;

    /** One first cut of so many is followed by second cuts, at every change of the recovery. */
    private static final int RECOVERY_ONE_IN = 100;

    private static final int STEPS_AFTER = 6;

    /** What every cut is followed by, each time. */
    private static final List<Survival> ALWAYS =
            List.of(Survival.ALL_LOST, Survival.NAMES_KEPT, Survival.DATA_KEPT, Survival.TORN, Survival.REORDERED);

    /** And one of these, in turn. */
    private static final List<Survival> IN_TURN = List.of(Survival.RANDOM, Survival.PREFIX, Survival.ALL_KEPT);

    private static final Long SEED = Long.getLong("seed");
    private static final Long CUT = Long.getLong("cut");
    private static final int POINTS = Integer.getInteger("crash.points", 1000);

    private static long points;
    private static long states;
    private static long violations;

    /** Called on what is recovered, not in the scenarios: all other methods of the API must be. */
    private static final Set<String> CALLED_AFTERWARDS = Set.of("Store.verify[]");

    /** What must happen in one scenario or another, besides what must in each. */
    private static final Set<String> EVENTS =
            Set.of("a batch as a whole", "a batch undone", "unforced writes made stable");

    static LongStream seeds() {
        return SEED == null ? LongStream.range(0, scenarios()) : LongStream.of(SEED);
    }

    private static int scenarios() {
        return Math.max(SCENARIOS_MIN, (POINTS + POINTS_PER_SCENARIO - 1) / POINTS_PER_SCENARIO);
    }

    /** Which part of all places is visited. */
    private static double share() {
        return SEED == null ? (double) POINTS / (scenarios() * POINTS_PER_SCENARIO) : 1;
    }

    @Test
    void theScenariosHoldEveryMethodOfTheApi() {
        Recorder recorder = new Recorder();
        Set<String> events = new TreeSet<>();
        for (long seed = 0; seed < SCENARIOS_MIN; seed++) {
            Machine machine = new Machine(seed);
            CrashScenario scenario = new CrashScenario(seed);
            PowerCuts.at(seed, 0, world -> world.run(() -> scenario.run(world, machine, recorder::face)));
            Set<String> missing = scenario.mustHold();
            missing.removeAll(machine.events());
            assertEquals(Set.of(), missing, () -> "did not happen in scenario " + scenario);
            events.addAll(machine.events());
        }
        assertEquals(CALLED_AFTERWARDS, recorder.neverCalled());
        assertTrue(events.containsAll(EVENTS), events.toString());
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void everyCrashStateHoldsWhatWasAcknowledged(long seed) {
        CrashScenario scenario = new CrashScenario(seed);
        long changes = cut(scenario, seed, CUT == null ? 0 : CUT);
        for (long cut = 1; CUT == null && cut <= changes; cut++) {
            if (isDrawn(seed, cut, 0)) {
                cut(scenario, seed, cut);
            }
        }
    }

    private static boolean isDrawn(long seed, long cut, long second) {
        return new SplittableRandom(seed * 1_000_003 + cut * 1009 + second).nextDouble() < share();
    }

    /** Runs a scenario with the power cut at a change, or to its end, and judges every state that may be found. */
    private static long cut(CrashScenario scenario, long seed, long cut) {
        try {
            return PowerCuts.at(seed, cut, world -> {
                Machine machine = new Machine(seed);
                world.run(() -> scenario.run(world, machine, store -> store));
                judge(scenario, machine, world);
                if (new SplittableRandom(seed * 1_000_003 + cut).nextInt(RECOVERY_ONE_IN) == 0) {
                    cutRecovery(scenario, machine, world, seed, cut);
                }
            });
        } catch (SimFailure e) {
            violations++;
            throw new AssertionError("-Dseed=" + seed + " -Dcut=" + cut + " replays " + e.getMessage(), e);
        }
    }

    /** All the states that may be found after a cut. */
    private static void judge(CrashScenario scenario, Machine machine, SimWorld cut) {
        long changes = cut.power().changes();
        List<Survival> survivals = new ArrayList<>(ALWAYS);
        survivals.add(IN_TURN.get((int) (changes % IN_TURN.size())));
        for (Survival survival : survivals) {
            SimWorld after = cut.reboot(survival);
            assertTrue(after.run(() -> goOn(machine, scenario.store.open(after), changes)));
            states++;
        }
        points++;
    }

    /** Cuts the power at every change of the recovery of one state. */
    private static void cutRecovery(CrashScenario scenario, Machine machine, SimWorld world, long seed, long cut) {
        List<Survival> all = List.of(Survival.values());
        // Rebooted with all that there is, it is this very state each time.
        SimWorld state = world.reboot(all.get((int) (cut % all.size())));
        SimWorld whole = state.reboot(Survival.ALL_KEPT);
        whole.run(() -> scenario.store.open(whole).close());
        for (long second = 1; second <= whole.power().changes(); second++) {
            SimWorld again = state.reboot(Survival.ALL_KEPT);
            if (isDrawn(seed, cut, second)) {
                again.power().cutAtChange(second);
                again.run(() -> scenario.store.open(again).close());
                judge(scenario, machine, again);
            }
        }
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

    @AfterAll
    static void sum() {
        System.out.println("crash-states: points=" + points + " states=" + states + " violations=" + violations);
        if (SEED == null && violations == 0) {
            assertTrue(points >= POINTS, points + " places were cut at, fewer than the " + POINTS + " asked for");
        }
    }
}
