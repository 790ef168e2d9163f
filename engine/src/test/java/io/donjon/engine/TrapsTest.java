package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.DonjonException;
import io.donjon.Keyspace;
import io.donjon.ReadOnlyException;
import io.donjon.extents.sim.Call;
import io.donjon.extents.sim.Fault;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/**
 * Traps that other stores fell into: after a failed write memory must not be ahead of the log, nor be built from no
 * readable copy at all. The others are tested elsewhere: that nothing maps files in {@link ArchitectureTest}; that an
 * interrupt closes no channel and that a directory is really synced in {@code ChannelDirectoryTest} and {@code
 * SteadyChannelTest}; checksums of nothing, files cut where a record ends, and garbage behind one copy of the log in the
 * class of this name in {@code extents}.
 */
class TrapsTest {
    private static final byte[] KEY = {1};
    private static final byte[] OLD = {2};
    private static final byte[] NEW = {3};

    @Test
    void aWriteThatFailedIsNeitherReadNorFoundAgain() {
        SimStore store = new SimStore(1, 1, Tunings.small());
        SimWorld world = new SimWorld(1);
        assertTrue(world.run(() -> {
            StoreHandle opened = store.open(world);
            Keyspace keyspace = opened.createKeyspace("k");
            keyspace.put(KEY, OLD);
            world.disk("d0")
                    .inject(Fault.ioError(Call.WRITE).on(TrapsTest::isLog).forever());
            assertThrows(DonjonException.class, () -> keyspace.put(KEY, NEW));
            assertArrayEquals(OLD, keyspace.get(KEY));
            world.disk("d0").heal();
            // The medium is well again, but nobody knows what it holds.
            assertThrows(ReadOnlyException.class, () -> keyspace.put(KEY, NEW));
            assertArrayEquals(OLD, keyspace.get(KEY));
        }));
        SimWorld next = world.reboot(Survival.ALL_KEPT);
        assertTrue(next.run(() -> assertHolds(store.open(next))));
    }

    @Test
    void aLogOfWhichNoCopyCanBeReadIsNoEmptyStore() {
        SimStore store = new SimStore(2, 2, Tunings.small());
        SimWorld first = new SimWorld(2);
        assertTrue(first.run(() -> store.open(first).createKeyspace("k").put(KEY, OLD)));
        SimWorld world = first.reboot(Survival.ALL_KEPT);
        for (int disk = 0; disk < 2; disk++) {
            world.disk("d" + disk)
                    .inject(Fault.ioError(Call.READ).on(TrapsTest::isLog).forever());
        }
        assertTrue(world.run(() -> {
            DonjonException e = assertThrows(DonjonException.class, () -> store.open(world));
            assertTrue(String.valueOf(e.getMessage()).contains("/log-"), e.toString());
            world.disk("d1").heal();
            assertHolds(store.open(world));
        }));
    }

    private static boolean isLog(String name) {
        return name.startsWith("log-");
    }

    private static void assertHolds(StoreHandle opened) {
        assertArrayEquals(
                OLD, Objects.requireNonNull(opened.keyspace("k"), "keyspace").get(KEY));
        opened.close();
    }
}
