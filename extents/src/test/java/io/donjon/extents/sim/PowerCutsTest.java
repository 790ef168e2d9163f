package io.donjon.extents.sim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.Directory.Access;
import io.donjon.extents.Environment.Worker;
import io.donjon.extents.OpenFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class PowerCutsTest {
    /** Five changes, and two calls that change nothing. */
    private static void fiveChanges(SimWorld world) throws IOException {
        try (OpenFile file = world.disk("d").create("a", Access.BUFFERED)) {
            file.write(Sectors.fill('1', 10), 0);
            file.read(ByteBuffer.allocate(10), 0);
            file.force();
            file.size();
        }
        world.disk("d").rename("a", "b");
        world.disk("d").sync();
    }

    @Test
    void everywhereMeansOnceWithoutACutAndOnceAtEachChange() {
        List<Boolean> held = new ArrayList<>();
        List<Long> changes = new ArrayList<>();
        PowerCuts.everywhere(1, world -> {
            held.add(world.run(() -> fiveChanges(world)));
            changes.add(world.power().changes());
        });
        assertEquals(List.of(true, false, false, false, false, false), held);
        assertEquals(List.of(5L, 1L, 2L, 3L, 4L, 5L), changes);
    }

    @Test
    void somewhereMeansOnceWithoutACutAndThenAtChangesDrawnFromTheSeed() {
        List<Long> changes = new ArrayList<>();
        List<Long> again = new ArrayList<>();
        for (List<Long> seen : List.of(changes, again)) {
            PowerCuts.somewhere(2, 40, world -> {
                world.run(() -> fiveChanges(world));
                seen.add(world.power().changes());
            });
        }
        assertEquals(41, changes.size());
        assertEquals(5L, changes.get(0));
        assertEquals(Set.of(1L, 2L, 3L, 4L, 5L), new TreeSet<>(changes));
        assertEquals(changes, again);
    }

    @Test
    void aFailureOutsideTheWorldsNamesSeedCutAndTheLastReboot() {
        IllegalStateException planted = new IllegalStateException("planted");
        SimFailure failure = assertThrows(
                SimFailure.class,
                () -> PowerCuts.everywhere(17, world -> {
                    if (!world.run(() -> fiveChanges(world)) && world.power().changes() == 3) {
                        world.reboot(Survival.ALL_LOST);
                        world.reboot(Survival.TORN);
                        throw planted;
                    }
                }));
        assertSame(planted, failure.getCause());
        assertTrue(failure.toString().contains("seed=17 cut=3 TORN#2: "), failure.toString());
    }

    @Test
    void aFailureWithinARebootedWorldNamesItToo() {
        SimFailure failure = assertThrows(
                SimFailure.class,
                () -> PowerCuts.at(17, 2, world -> {
                    world.run(() -> fiveChanges(world));
                    SimWorld after = world.reboot(Survival.PREFIX);
                    after.power().cutAtChange(1);
                    assertFalse(after.run(() -> fiveChanges(after)));
                    SimWorld last = after.reboot(Survival.RANDOM);
                    last.run(() -> assertEquals(1, 2));
                }));
        assertTrue(failure.toString().contains("seed=17 cut=2 PREFIX#1 RANDOM#1 step="), failure.toString());
    }

    @Test
    void worldsOfOneSeedAreEqualAndTheirRebootsToo() {
        long[] fingerprints = new long[2];
        List<String> found = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            SimWorld world = new SimWorld(4);
            world.power().cutAtCall(50);
            assertFalse(world.run(() -> writeFromThreeWorkers(world)));
            fingerprints[i] = world.environment().fingerprint();
            SimDisk after = world.reboot(Survival.RANDOM).disk("d");
            StringBuilder state = new StringBuilder();
            for (String name : after.names()) {
                state.append(name).append(Sectors.summary(contents(after, name)));
            }
            found.add(state.toString());
        }
        assertEquals(fingerprints[0], fingerprints[1]);
        assertEquals(found.get(0), found.get(1));
    }

    @Test
    void twoRebootsOfOneWorldAreTwoChances() {
        SimWorld world = new SimWorld(4);
        world.power().cutAtCall(50);
        world.run(() -> writeFromThreeWorkers(world));
        List<String> found = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            SimDisk after = world.reboot(Survival.RANDOM).disk("d");
            found.add(after.names()
                    + Sectors.summary(
                            after.names().isEmpty()
                                    ? new byte[0]
                                    : contents(after, after.names().get(0))));
        }
        assertNotEquals(1, Set.copyOf(found).size());
    }

    private static void writeFromThreeWorkers(SimWorld world) {
        for (int w = 0; w < 3; w++) {
            String name = "f" + w;
            world.environment().start(name, () -> {
                try (OpenFile file = world.disk("d").create(name, Access.BUFFERED)) {
                    world.disk("d").sync();
                    for (int i = 0; i < 20; i++) {
                        file.write(Sectors.fill('0' + i, 700), 600L * i);
                    }
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
        }
        world.environment().pause(Long.MAX_VALUE);
    }

    private static byte[] contents(SimDisk disk, String name) {
        try {
            return disk.contents(name);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** A store that looks for a file and creates it if it is missing, without a lock over both. */
    @Test
    void aRaceBetweenTwoCallsOfADiskIsFound() {
        int raced = 0;
        for (long seed = 0; seed < 50; seed++) {
            SimWorld world = new SimWorld(seed);
            SimEnvironment.Client createUnlessThere = () -> {
                if (!world.disk("d").list().contains("a")) {
                    world.disk("d").create("a", Access.BUFFERED).close();
                }
            };
            try {
                world.run(createUnlessThere, createUnlessThere);
            } catch (SimFailure e) {
                assertTrue(e.toString().contains("FileAlreadyExistsException"), e.toString());
                raced++;
            }
        }
        assertTrue(raced > 5 && raced < 50, "raced: " + raced);
    }

    @Test
    void othersMayRunBetweenTheEffectOfACallAndItsReturn() {
        int seen = 0;
        for (long seed = 0; seed < 50; seed++) {
            SimWorld world = new SimWorld(seed);
            boolean[] deleted = new boolean[1];
            boolean[] goneBefore = new boolean[1];
            world.run(() -> {
                SimDisk disk = world.disk("d");
                disk.create("a", Access.BUFFERED).close();
                Worker watcher = world.environment().start("watcher", () -> {
                    for (int i = 0; i < 5; i++) {
                        goneBefore[0] |= disk.names().isEmpty() && !deleted[0];
                        world.environment().pause(0);
                    }
                });
                disk.delete("a");
                deleted[0] = true;
                watcher.join();
            });
            seen += goneBefore[0] ? 1 : 0;
        }
        assertTrue(seen > 5 && seen < 50, "seen: " + seen);
    }
}
