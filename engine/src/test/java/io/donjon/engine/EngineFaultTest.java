package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.collect.ImmutableList;
import io.donjon.DonjonException;
import io.donjon.extents.StorageException;
import io.donjon.extents.sim.Call;
import io.donjon.extents.sim.Fault;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Each call of a disk fails in turn, once or from then on, under a history of the whole API: an operation is done or fails
 * with a named exception, no answer is wrong, nothing takes more than 30 simulated seconds, and once the fault is gone the
 * store opens with all that was acknowledged, also after a power cut and after a second fault inside the recovery.
 */
class EngineFaultTest {
    private static final int STEPS = 30;
    private static final long PATIENCE_NANOS = 30_000_000_000L;

    /** Every so manieth call fails: {@code -Dfault.step=1} for each. */
    private static final int STEP = Integer.getInteger("fault.step", 3);

    /** In which the fault struck. */
    private static int runs;

    private static int violations;

    private enum Trouble {
        ERROR(Call.values()),
        FULL(Call.WRITE, Call.CREATE),
        PARTLY(Call.READ, Call.WRITE, Call.FORCE, Call.SYNC, Call.RENAME, Call.CREATE, Call.DELETE),
        FORGOTTEN(Call.FORCE);

        final ImmutableList<Call> calls;

        Trouble(Call... calls) {
            this.calls = ImmutableList.copyOf(calls);
        }

        Fault fault(Call call, boolean forGood, int after) {
            Fault fault = switch (this) {
                case ERROR -> Fault.ioError(call);
                case FULL -> Fault.noSpace(call);
                case PARTLY -> Fault.partly(call);
                case FORGOTTEN -> Fault.forgottenByForce();
            };
            return (forGood ? fault.forever() : fault).after(after);
        }
    }

    @AfterAll
    static void tell() {
        int kinds = 0;
        for (Trouble trouble : Trouble.values()) {
            kinds += trouble.calls.size();
        }
        System.out.println("fault-sweep: runs=" + runs + " kinds=" + kinds + " violations=" + violations);
    }

    @ParameterizedTest(name = "{0} disks, {1} copies")
    @CsvSource({"1,1", "2,1", "2,2"})
    void whateverFailsIsNamedAndNothingAcknowledgedIsLost(int disks, int copies) {
        int kind = 0;
        for (Trouble trouble : Trouble.values()) {
            for (Call call : trouble.calls) {
                kind++;
                for (boolean forGood : new boolean[] {false, true}) {
                    // Strides begin elsewhere for each kind, so that together they meet more.
                    int after = 7 * kind % STEP;
                    while (strike(disks, copies, trouble, call, forGood, after)) {
                        after += STEP;
                    }
                    strike(disks, copies, trouble, call, forGood, 0);
                }
            }
        }
    }

    private static boolean strike(int disks, int copies, Trouble trouble, Call call, boolean forGood, int after) {
        String what = disks + " disks, " + copies + " copies, " + trouble + " of " + call
                + (forGood ? " for good" : " once") + " after " + after;
        Fault fault = trouble.fault(call, forGood, after);
        try {
            long seed = after % 5 + 5L * disks;
            SimWorld world = new SimWorld(seed);
            SimStore store = new SimStore(disks, copies, Tunings.small());
            Machine machine = new Machine(seed);
            world.disk("d0").inject(fault);
            boolean hidden = copies > 1 && trouble != Trouble.FULL;
            assertTrue(world.run(() -> live(machine, store, world, fault, hidden)));
            boolean cut = after % 2 == 0;
            List<Survival> survivals = List.of(Survival.values());
            SimWorld next = world.reboot(cut ? survivals.get(after % survivals.size()) : Survival.ALL_KEPT);
            if (after % 3 == 0) {
                next.disk("d0").inject(trouble.fault(call, forGood, after % 7));
                assertTrue(next.run(() -> openAndLeave(store, next)));
            }
            SimWorld last = next.reboot(Survival.ALL_KEPT);
            // What is written in ASYNC mode is not promised to survive a force that drops it.
            boolean everything = !cut && trouble != Trouble.FORGOTTEN;
            assertTrue(last.run(() -> goOn(machine, store.open(last), everything)));
        } catch (AssertionError | RuntimeException e) {
            violations++;
            throw new AssertionError(what, e);
        }
        runs += fault.hits() > 0 ? 1 : 0;
        return fault.hits() > 0;
    }

    /** A second fault, inside the recovery. */
    private static void openAndLeave(SimStore store, SimWorld world) {
        try {
            store.open(world);
        } catch (DonjonException named) {
            // It opens once the fault is gone.
        }
    }

    private static void live(Machine machine, SimStore store, SimWorld world, Fault fault, boolean hidden) {
        StoreHandle opened;
        try {
            opened = store.open(world);
        } catch (DonjonException named) {
            return;
        }
        machine.attach(opened);
        boolean inOpen = fault.hits() > 0;
        for (int step = 0; step < STEPS; step++) {
            long from = world.environment().nanoTime();
            RuntimeException[] failure = {null};
            machine.stepUnless(e -> {
                failure[0] = e;
                return e instanceof DonjonException || e instanceof StorageException;
            });
            if (failure[0] != null && hidden && !inOpen) {
                throw new AssertionError("seen in spite of a second copy", failure[0]);
            }
            long took = world.environment().nanoTime() - from;
            assertTrue(took < PATIENCE_NANOS, () -> "a step took " + took + " ns");
        }
        if (fault.hits() % 2 == 1) {
            try {
                opened.close();
            } catch (DonjonException named) {
                // What was acknowledged is there all the same.
            }
        }
    }

    private static void goOn(Machine machine, StoreHandle opened, boolean everything) {
        machine.judge(opened, everything);
        for (int step = 0; step < 5; step++) {
            machine.step();
        }
        machine.assertEverything();
        assertEquals(List.of(), opened.verify().result().problems());
        opened.close();
    }
}
