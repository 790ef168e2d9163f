package io.donjon.extents.sim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.Directory.Access;
import io.donjon.extents.NoSpaceException;
import io.donjon.extents.OpenFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class FaultTest {
    private static final int SECTOR = SimDisk.SECTOR_BYTES;

    private final SimDisk disk = new SimDisk("/disk", new SimPower(1));

    @Test
    void aFaultStrikesTheCallsItMeansAfterThoseItLetsPassAndAsOftenAsItIsTold() throws IOException {
        Fault fault = Fault.ioError(Call.WRITE)
                .on(name -> name.startsWith("log"))
                .after(1)
                .times(2);
        disk.inject(fault);
        try (OpenFile log = disk.create("log-1", Access.BUFFERED);
                OpenFile other = disk.create("other", Access.BUFFERED)) {
            log.write(Sectors.fill('1', 1), 0);
            other.write(Sectors.fill('1', 1), 0);
            other.write(Sectors.fill('1', 1), 0);
            IOException e = assertThrows(IOException.class, () -> log.write(Sectors.fill('2', 1), 0));
            assertTrue(e.toString().contains("write of /disk/log-1"), e.toString());
            log.force();
            assertThrows(IOException.class, () -> log.write(Sectors.fill('3', 1), 0));
            log.write(Sectors.fill('4', 1), 0);
        }
        assertEquals(2, fault.hits());
        assertArrayEquals(new byte[] {'4'}, disk.contents("log-1"));
    }

    @Test
    void aFaultStrikesOnceUnlessToldOtherwise() throws IOException {
        disk.inject(Fault.ioError(Call.LIST));
        assertThrows(IOException.class, disk::list);
        assertEquals(List.of(), disk.list());
    }

    @Test
    void aRenamingIsMeantByItsOldNameAndByItsNewOne() throws IOException {
        disk.create("manifest.tmp", Access.BUFFERED).close();
        disk.inject(Fault.ioError(Call.RENAME).on("manifest"::equals));
        assertThrows(IOException.class, () -> disk.rename("manifest.tmp", "manifest"));
        assertEquals(List.of("manifest.tmp"), disk.names());
        disk.inject(Fault.ioError(Call.RENAME).on("manifest.tmp"::equals));
        assertThrows(IOException.class, () -> disk.rename("manifest.tmp", "manifest"));
        disk.rename("manifest.tmp", "manifest");
        assertEquals(List.of("manifest"), disk.names());
    }

    @Test
    void aDiskThatIsGoneFailsEveryCallUntilItComesBack() throws IOException {
        OpenFile file = disk.create("a", Access.BUFFERED);
        Fault gone = Fault.ioError().forever();
        disk.inject(gone);
        List<Executable> calls = List.of(
                disk::list,
                disk::sync,
                disk::usableBytes,
                () -> disk.create("b", Access.BUFFERED),
                () -> disk.open("a", Access.BUFFERED),
                () -> disk.rename("a", "b"),
                () -> disk.delete("a"),
                () -> disk.lock("LOCK", "note"),
                () -> file.read(ByteBuffer.allocate(1), 0),
                () -> file.write(Sectors.fill('1', 1), 0),
                file::force,
                file::size);
        assertEquals(Call.values().length, calls.size());
        for (Executable call : calls) {
            assertFalse(assertThrows(IOException.class, call) instanceof NoSpaceException);
        }
        assertEquals(calls.size(), gone.hits());
        assertEquals(List.of("a"), disk.names());
        gone.lift();
        assertEquals(0, file.size());
        disk.inject(Fault.ioError().forever());
        disk.heal();
        assertEquals(0, file.size());
        file.close();
        assertEquals(0, disk.openCount());
    }

    @Test
    void aTransferInPartMovesSomeOfItsBytesAndThrows() throws IOException {
        Set<Integer> written = new HashSet<>();
        Set<Integer> read = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            String name = "f" + i;
            try (OpenFile file = disk.create(name, Access.BUFFERED)) {
                disk.inject(Fault.partly(Call.WRITE, Call.READ).times(2));
                assertThrows(IOException.class, () -> file.write(Sectors.fill('1', 60 * SimDisk.SECTOR_BYTES), 0));
                written.add(disk.contents(name).length);
                ByteBuffer into = ByteBuffer.allocate(1000);
                assertThrows(IOException.class, () -> file.read(into, 0));
                read.add(into.position());
            }
        }
        // A sector is written whole or not at all.
        assertTrue(written.size() > 25, written.toString());
        assertTrue(written.stream().allMatch(length -> length % SimDisk.SECTOR_BYTES == 0), written.toString());
        assertTrue(read.size() > 40, read.toString());
    }

    @Test
    void aFailedForceLeavesItsSectorsToTheNextOne() throws IOException {
        OpenFile file = createStable("a", '0', 2);
        file.write(Sectors.fill('1', 2 * SECTOR), 0);
        disk.inject(Fault.ioError(Call.FORCE));
        assertThrows(IOException.class, file::force);
        assertEquals("00", survivor(Survival.ALL_LOST));
        assertEquals("11", survivor(Survival.ALL_KEPT));
        file.force();
        assertEquals("11", survivor(Survival.ALL_LOST));
    }

    @Test
    void aForceThatForgetsLosesItsSectorsForEverThoughReadersSeeThemAndLaterForcesGoWell() throws IOException {
        OpenFile file = createStable("a", '0', 3);
        file.write(Sectors.fill('1', 2 * SECTOR), 0);
        disk.inject(Fault.forgottenByForce());
        assertThrows(IOException.class, file::force);
        file.force();
        assertEquals("110", Sectors.summary(disk.contents("a")));
        for (Survival survival : Survival.values()) {
            assertEquals("000", survivor(survival));
        }
        // Whoever writes a part of such a sector again brings all of it to the medium.
        file.write(Sectors.fill('2', 1), 0);
        assertEquals("000", survivor(Survival.ALL_LOST));
        assertEquals("200", survivor(Survival.ALL_KEPT));
        file.force();
        SimDisk after = disk.reboot(Survival.ALL_LOST, new SplittableRandom(1), new SimPower(1));
        assertEquals("200", Sectors.summary(after.contents("a")));
        assertEquals('1', after.contents("a")[1]);
    }

    @Test
    void whatAForgettingForceShouldHaveAppendedIsZeros() throws IOException {
        OpenFile file = createStable("a", '0', 1);
        file.write(Sectors.fill('1', 2 * SECTOR), SECTOR);
        disk.inject(Fault.forgottenByForce());
        assertThrows(IOException.class, file::force);
        file.force();
        assertEquals("0..", survivor(Survival.ALL_KEPT));
        assertEquals("0..", survivor(Survival.ALL_LOST));
    }

    @Test
    void aSyncInPartMakesTheFirstChangesStable() throws IOException {
        Set<Integer> stable = new HashSet<>();
        for (long seed = 0; seed < 50; seed++) {
            SimDisk fresh = new SimDisk("/disk", new SimPower(seed));
            for (int i = 0; i < 3; i++) {
                fresh.create("f" + i, Access.BUFFERED).close();
            }
            fresh.inject(Fault.partly(Call.SYNC));
            assertThrows(IOException.class, fresh::sync);
            List<String> names = fresh.reboot(Survival.ALL_LOST, new SplittableRandom(1), new SimPower(1))
                    .names();
            assertEquals(List.of("f0", "f1", "f2").subList(0, names.size()), names);
            stable.add(names.size());
            fresh.sync();
            assertEquals(
                    List.of("f0", "f1", "f2"),
                    fresh.reboot(Survival.ALL_LOST, new SplittableRandom(1), new SimPower(1))
                            .names());
        }
        assertEquals(Set.of(0, 1, 2, 3), stable);
    }

    @Test
    void aFullMediumTakesWhatFitsAndHasRoomAgainWhenFilesAreGone() throws IOException {
        disk.limitCapacity(1000);
        OpenFile a = disk.create("a", Access.BUFFERED);
        a.write(Sectors.fill('1', 400), 0);
        assertEquals(600, disk.usableBytes());
        OpenFile b = disk.create("b", Access.BUFFERED);
        NoSpaceException e = assertThrows(NoSpaceException.class, () -> b.write(Sectors.fill('2', 700), 0));
        assertTrue(e.toString().contains("write of 700 bytes at 0 of /disk/b"), e.toString());
        assertEquals(600, b.size());
        assertEquals(0, disk.usableBytes());
        b.write(Sectors.fill('3', 600), 0);
        assertThrows(NoSpaceException.class, () -> a.write(Sectors.fill('1', 1), 400));
        disk.delete("b");
        assertEquals(0, disk.usableBytes());
        b.close();
        assertEquals(600, disk.usableBytes());
        a.write(Sectors.fill('1', 1), 400);
        disk.create("c", Access.BUFFERED).close();
        disk.rename("c", "a");
        a.close();
        assertEquals(1000, disk.usableBytes());
    }

    @Test
    void aRebootedMediumHasTheSameCapacityAndItsOwnRoom() throws IOException {
        disk.limitCapacity(1000);
        disk.create("a", Access.BUFFERED).write(Sectors.fill('1', 400), 0);
        assertEquals(
                600,
                disk.reboot(Survival.ALL_KEPT, new SplittableRandom(1), new SimPower(1))
                        .usableBytes());
        assertEquals(
                1000,
                disk.reboot(Survival.ALL_LOST, new SplittableRandom(1), new SimPower(1))
                        .usableBytes());
    }

    @Test
    void lackOfRoomCanBeInjected() throws IOException {
        disk.inject(Fault.noSpace(Call.CREATE));
        assertThrows(NoSpaceException.class, () -> disk.create("a", Access.BUFFERED));
        assertEquals(List.of(), disk.names());
    }

    @Test
    void aStallTakesVirtualTimeInWhichOthersRun() {
        long second = 1_000_000_000L;
        SimWorld world = new SimWorld(3);
        SimDisk slow = world.disk("slow");
        long[] ended = new long[2];
        world.run(
                () -> {
                    OpenFile file = slow.create("a", Access.BUFFERED);
                    slow.inject(Fault.stall(30 * second, Call.FORCE));
                    file.force();
                    ended[0] = world.environment().nanoTime();
                    file.close();
                },
                () -> {
                    world.environment().pause(second);
                    ended[1] = world.environment().nanoTime();
                });
        assertTrue(ended[0] >= 30 * second && ended[0] < 31 * second);
        assertTrue(ended[1] < 2 * second);
    }

    @Test
    void damageIsOnTheMediumAndBeforeTheReaders() throws IOException {
        OpenFile file = createStable("a", '1', 2);
        byte[] older = disk.contents("a");
        file.write(Sectors.fill('2', 2 * SECTOR), 0);
        file.force();
        disk.flipBit("a", 8 * SECTOR + 1);
        assertEquals('2' ^ 2, disk.contents("a")[SECTOR]);
        disk.zero("a", 0, SECTOR);
        assertEquals(".0", survivor(Survival.ALL_LOST));
        disk.resize("a", SECTOR / 2);
        assertEquals(SECTOR / 2, file.size());
        disk.resize("a", 3 * SECTOR);
        assertEquals("...", survivor(Survival.ALL_LOST));
        disk.replaceContents("a", older);
        older[0] = 'x';
        ByteBuffer read = ByteBuffer.allocate(3 * SECTOR);
        assertEquals(2 * SECTOR, file.read(read, 0));
        assertEquals("11", survivor(Survival.ALL_LOST));
    }

    @Test
    void whatIsAskedOfADiskIsMetered() throws IOException {
        OpenFile file = disk.create("a", Access.BUFFERED);
        file.write(Sectors.fill('1', 100), 0);
        file.write(Sectors.fill('1', 100), 100);
        file.force();
        file.read(ByteBuffer.allocate(500), 50);
        disk.sync();
        var seen = disk.meter().snapshot();
        assertEquals(200, seen.writes().bytes());
        assertEquals(1, seen.writes().sequentialOps());
        assertEquals(150, seen.reads().bytes());
        assertEquals(1, seen.forces());
        assertEquals(1, seen.directorySyncs());
    }

    private OpenFile createStable(String name, char content, int sectors) throws IOException {
        OpenFile file = disk.create(name, Access.BUFFERED);
        file.write(Sectors.fill(content, sectors * SECTOR), 0);
        file.force();
        disk.sync();
        return file;
    }

    private String survivor(Survival survival) throws IOException {
        SimDisk after = disk.reboot(survival, new SplittableRandom(1), new SimPower(1));
        return Sectors.summary(after.contents("a"));
    }
}
