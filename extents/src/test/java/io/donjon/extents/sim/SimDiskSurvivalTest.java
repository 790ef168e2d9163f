package io.donjon.extents.sim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.Directory.Access;
import io.donjon.extents.Directory.LockAttempt;
import io.donjon.extents.OpenFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What is there after a power cut, and what is not. */
class SimDiskSurvivalTest {
    private static final int SECTOR = SimDisk.SECTOR_BYTES;
    private static final int REBOOTS = 300;

    private final SimDisk disk = new SimDisk("/disk", new SimPower(1));
    private final SplittableRandom random = new SplittableRandom(1);

    static LongStream seeds() {
        return Seeds.first(50);
    }

    @ParameterizedTest
    @EnumSource(Survival.class)
    void whatWasForcedAndSyncedIsThereWhateverSurvives(Survival survival) throws IOException {
        OpenFile file = disk.create("a", Access.BUFFERED);
        file.write(Sectors.fill('1', 5 * SECTOR + 17), 0);
        file.write(Sectors.fill('2', SECTOR), 100);
        file.force();
        disk.sync();
        byte[] expected = disk.contents("a");
        for (int i = 0; i < REBOOTS; i++) {
            SimDisk after = reboot(survival);
            assertEquals(List.of("a"), after.names());
            assertArrayEquals(expected, after.contents("a"));
        }
    }

    /** The property that matters most: each sector holds something that it has held since it was last forced. */
    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void nothingIsFoundThatWasNotThereOnceSinceTheLastForce(long seed) throws IOException {
        SplittableRandom dice = new SplittableRandom(seed);
        int sectors = 6;
        OpenFile file = disk.create("a", Access.BUFFERED);
        file.write(Sectors.fill('0', SECTOR), 0);
        file.force();
        disk.sync();
        List<Set<String>> possible = new ArrayList<>();
        for (int s = 0; s < sectors; s++) {
            possible.add(new HashSet<>(Set.of(sector(disk.contents("a"), s))));
        }
        Set<Integer> sizes = new HashSet<>(Set.of(SECTOR));
        for (int step = 0; step < 20; step++) {
            if (dice.nextInt(6) == 0) {
                file.force();
                possible.forEach(Set::clear);
                sizes.clear();
            } else {
                int at = dice.nextInt(sectors * SECTOR - 1);
                int length = 1 + dice.nextInt(Math.min(sectors * SECTOR - at, 3 * SECTOR));
                file.write(Sectors.fill('a' + step, length), at);
            }
            byte[] now = disk.contents("a");
            sizes.add(now.length);
            for (int s = 0; s < sectors; s++) {
                possible.get(s).add(sector(now, s));
            }
            for (Survival survival : Survival.values()) {
                byte[] found = reboot(survival).contents("a");
                assertTrue(sizes.contains(found.length), () -> survival + " left " + found.length + " bytes");
                for (int s = 0; s < sectors; s++) {
                    assertPossible(possible.get(s), found, s, survival);
                }
            }
        }
    }

    /** A sector that the end of the file cuts off is compared as far as it goes. */
    private static void assertPossible(Set<String> possible, byte[] found, int sector, Survival survival) {
        int there = Math.max(0, Math.min(SECTOR, found.length - sector * SECTOR));
        String text = sector(found, sector).substring(0, there);
        assertTrue(
                possible.stream().anyMatch(content -> content.startsWith(text)),
                () -> survival + " left in sector " + sector + " what was never there");
    }

    @Test
    void everyVersionOfASectorMaySurvive() throws IOException {
        OpenFile file = disk.create("a", Access.BUFFERED);
        file.write(Sectors.fill('0', SECTOR), 0);
        file.force();
        disk.sync();
        for (char version = '1'; version <= '4'; version++) {
            file.write(Sectors.fill(version, SECTOR), 0);
        }
        assertEquals("[0, 1, 2, 3, 4]", found(Survival.RANDOM).keySet().toString());
        assertEquals("[0, 1, 2, 3, 4]", found(Survival.REORDERED).keySet().toString());
        assertEquals("[0, 1, 2, 3, 4]", found(Survival.PREFIX).keySet().toString());
        assertEquals("[0]", found(Survival.ALL_LOST).keySet().toString());
        assertEquals("[0]", found(Survival.NAMES_KEPT).keySet().toString());
        assertEquals("[4]", found(Survival.ALL_KEPT).keySet().toString());
        assertEquals("[4]", found(Survival.DATA_KEPT).keySet().toString());
    }

    @Test
    void theSectorsOfOneWriteFareTogetherOrEachForItselfAsTheSurvivalSays() throws IOException {
        OpenFile file = disk.create("a", Access.BUFFERED);
        file.write(Sectors.fill('0', 3 * SECTOR), 0);
        file.force();
        disk.sync();
        file.write(Sectors.fill('1', 3 * SECTOR), 0);
        Set<String> all = Set.of("000", "001", "010", "011", "100", "101", "110", "111");
        assertEquals(all, found(Survival.RANDOM).keySet());
        assertEquals(all, found(Survival.TORN).keySet());
        assertEquals(Set.of("000", "111"), found(Survival.PREFIX).keySet());
        assertEquals(Set.of("000", "111"), found(Survival.REORDERED).keySet());
    }

    @Test
    void aLaterWriteMaySurviveAnEarlierOneUnlessTheOrderIsKept() throws IOException {
        OpenFile file = disk.create("a", Access.BUFFERED);
        file.write(Sectors.fill('0', 3 * SECTOR), 0);
        file.force();
        disk.sync();
        for (int s = 0; s < 3; s++) {
            file.write(Sectors.fill('1', SECTOR), (long) s * SECTOR);
        }
        assertTrue(found(Survival.REORDERED).containsKey("001"));
        assertTrue(found(Survival.RANDOM).containsKey("101"));
        assertEquals(Set.of("000", "100", "110", "111"), found(Survival.PREFIX).keySet());
        assertEquals(Set.of("000", "100", "110", "111"), found(Survival.TORN).keySet());
    }

    @Test
    void growthMayBeLostAndWhatIsLostWithinItIsZeros() throws IOException {
        OpenFile file = disk.create("a", Access.BUFFERED);
        file.write(Sectors.fill('0', SECTOR), 0);
        file.force();
        disk.sync();
        file.write(Sectors.fill('1', SECTOR), SECTOR);
        file.write(Sectors.fill('2', SECTOR), 2L * SECTOR);
        assertEquals(
                Set.of("0", "01", "0.", "012", "0.2", "01.", "0.."),
                found(Survival.RANDOM).keySet());
        assertEquals(Set.of("0", "01", "0.2", "012"), found(Survival.REORDERED).keySet());
        assertEquals(Set.of("0", "01", "012"), found(Survival.PREFIX).keySet());
        assertEquals(Set.of("012"), found(Survival.DATA_KEPT).keySet());
    }

    @Test
    void whatWasWrittenBehindALostGrowthDoesNotShowWhenTheFileGrowsAgain() throws IOException {
        createStable("a", '0');
        try (OpenFile file = disk.open("a", Access.BUFFERED)) {
            file.write(Sectors.fill('1', 2 * SECTOR), SECTOR);
        }
        for (int i = 0; i < REBOOTS; i++) {
            SimDisk after = reboot(Survival.RANDOM);
            int size = after.contents("a").length;
            try (OpenFile file = after.open("a", Access.BUFFERED)) {
                file.write(Sectors.fill('2', 1), 4L * SECTOR - 1);
            }
            byte[] grown = after.contents("a");
            assertArrayEquals(new byte[4 * SECTOR - 1 - size], Arrays.copyOfRange(grown, size, 4 * SECTOR - 1));
        }
    }

    @Test
    void theOrderIsKeptAcrossFilesAndNames() throws IOException {
        disk.create("base", Access.BUFFERED).close();
        disk.sync();
        for (int i = 0; i < 3; i++) {
            OpenFile file = disk.create("f" + i, Access.BUFFERED);
            file.write(Sectors.fill('x', SECTOR), 0);
        }
        Set<String> found = new HashSet<>();
        for (int i = 0; i < REBOOTS; i++) {
            SimDisk after = reboot(Survival.PREFIX);
            StringBuilder state = new StringBuilder();
            for (int f = 0; f < 3; f++) {
                String name = "f" + f;
                state.append(after.names().contains(name) ? after.contents(name).length / SECTOR : -1);
            }
            found.add(state.toString());
        }
        assertEquals(Set.of("-1-1-1", "0-1-1", "1-1-1", "10-1", "11-1", "110", "111"), found);
    }

    @Test
    void aFileWhoseNameWasNotSyncedMayBeGoneThoughItWasForced() throws IOException {
        OpenFile file = disk.create("a", Access.BUFFERED);
        file.write(Sectors.fill('1', SECTOR), 0);
        file.force();
        assertEquals(List.of(), reboot(Survival.ALL_LOST).names());
        assertEquals(List.of(), reboot(Survival.DATA_KEPT).names());
        SimDisk kept = reboot(Survival.NAMES_KEPT);
        assertEquals("1", Sectors.summary(kept.contents("a")));
    }

    @ParameterizedTest
    @EnumSource(Survival.class)
    void aRenamingHappensWhollyOrNot(Survival survival) throws IOException {
        createStable("new", '1');
        createStable("name", '0');
        disk.rename("new", "name");
        Set<String> found = new HashSet<>();
        for (int i = 0; i < REBOOTS; i++) {
            SimDisk after = reboot(survival);
            StringBuilder state = new StringBuilder();
            for (String name : after.names()) {
                state.append(name).append(Sectors.summary(after.contents(name))).append(' ');
            }
            found.add(state.toString());
        }
        Set<String> possible = Set.of("name0 new1 ", "name1 ");
        assertTrue(possible.containsAll(found), found.toString());
        if (survival == Survival.RANDOM) {
            assertEquals(possible, found);
        }
    }

    @Test
    void aFileRenamedBeforeItWasForcedMayBeFoundEmpty() throws IOException {
        createStable("name", '0');
        OpenFile file = disk.create("new", Access.BUFFERED);
        file.write(Sectors.fill('1', SECTOR), 0);
        disk.rename("new", "name");
        assertArrayEquals(new byte[0], reboot(Survival.NAMES_KEPT).contents("name"));
        disk.sync();
        assertArrayEquals(new byte[0], reboot(Survival.ALL_LOST).contents("name"));
    }

    @Test
    void aDeletedFileMayComeBackWithWhatItHeldUntilTheDirectoryIsSynced() throws IOException {
        createStable("a", '1');
        disk.delete("a");
        assertEquals("1", Sectors.summary(reboot(Survival.ALL_LOST).contents("a")));
        assertEquals(List.of(), reboot(Survival.NAMES_KEPT).names());
        disk.sync();
        assertEquals(List.of(), reboot(Survival.ALL_LOST).names());
    }

    @Test
    void changesOfNamesMaySurviveEarlierOnesButNotWhatTheyDependOn() throws IOException {
        createStable("a", '1');
        disk.create("tmp", Access.BUFFERED).close();
        disk.rename("tmp", "made");
        disk.delete("a");
        Set<List<String>> found = new HashSet<>();
        for (int i = 0; i < REBOOTS; i++) {
            found.add(reboot(Survival.RANDOM).names());
        }
        assertEquals(
                Set.of(
                        List.of("a"),
                        List.of(),
                        List.of("a", "tmp"),
                        List.of("tmp"),
                        List.of("a", "made"),
                        List.of("made")),
                found);
    }

    @Test
    void aFileIsFoundUnderOneNameWhicheverOfItsRenamingsAreLost() throws IOException {
        createStable("first", '1');
        disk.rename("first", "second");
        disk.rename("second", "third");
        Set<List<String>> found = new HashSet<>();
        for (int i = 0; i < REBOOTS; i++) {
            found.add(reboot(Survival.RANDOM).names());
        }
        assertEquals(Set.of(List.of("first"), List.of("second"), List.of("third")), found);
    }

    @Test
    void aRebootLeavesTheOldMediumAloneAndCanBeRepeated() throws IOException {
        OpenFile file = disk.create("a", Access.BUFFERED);
        file.write(Sectors.fill('1', 4 * SECTOR), 0);
        SimDisk one = disk.reboot(Survival.RANDOM, new SplittableRandom(7), new SimPower(1));
        SimDisk two = disk.reboot(Survival.RANDOM, new SplittableRandom(7), new SimPower(1));
        assertEquals(one.names(), two.names());
        SimDisk kept = disk.reboot(Survival.ALL_KEPT, new SplittableRandom(7), new SimPower(1));
        try (OpenFile changed = kept.open("a", Access.BUFFERED)) {
            changed.write(Sectors.fill('2', SECTOR), 0);
        }
        assertEquals("1111", Sectors.summary(disk.contents("a")));
        assertEquals("2111", Sectors.summary(kept.contents("a")));
    }

    @Test
    void namesAreListedInNoOrder() throws IOException {
        for (String name : List.of("a", "b", "c")) {
            disk.create(name, Access.BUFFERED).close();
        }
        Set<List<String>> orders = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            orders.add(disk.list());
        }
        assertEquals(6, orders.size());
    }

    @Test
    void locksDieWithThePower() throws IOException {
        assertTrue(disk.lock("LOCK", "pid 1").taken());
        SimDisk after = reboot(Survival.ALL_KEPT);
        try (LockAttempt attempt = after.lock("LOCK", "pid 2")) {
            assertTrue(attempt.taken());
        }
    }

    @Test
    void theCallDuringWhichThePowerFailsIsDoneInFullInPartOrNotAtAll() throws IOException {
        Set<Integer> written = new HashSet<>();
        Set<List<String>> renamed = new HashSet<>();
        Set<String> forced = new HashSet<>();
        for (long seed = 0; seed < 100; seed++) {
            // Calls that change something: create, sync, write, force, rename.
            written.add(cutAt(seed, 3)
                    .reboot(Survival.ALL_KEPT, random, new SimPower(1))
                    .contents("a")
                    .length);
            forced.add(Sectors.summary(cutAt(seed, 4)
                    .reboot(Survival.ALL_LOST, random, new SimPower(1))
                    .contents("a")));
            renamed.add(cutAt(seed, 5)
                    .reboot(Survival.ALL_KEPT, random, new SimPower(1))
                    .names());
        }
        assertEquals(Set.of(0, SECTOR, 2 * SECTOR), written);
        assertTrue(forced.containsAll(Set.of("", "11", ".1")), forced.toString());
        assertEquals(Set.of(List.of("a"), List.of("b")), renamed);
    }

    private static SimDisk cutAt(long seed, int change) throws IOException {
        SimPower power = new SimPower(seed);
        power.cutAtChange(change);
        SimDisk disk = new SimDisk("/disk", power);
        PowerCut cut = assertThrows(PowerCut.class, () -> {
            OpenFile file = disk.create("a", Access.BUFFERED);
            disk.sync();
            file.write(Sectors.fill('1', 2 * SECTOR), 0);
            file.force();
            disk.rename("a", "b");
        });
        assertTrue(cut.toString().contains("change " + change), cut.toString());
        return disk;
    }

    @Test
    void afterTheCutEveryCallOfEveryDiskOnThatPowerThrows() throws IOException {
        SimPower power = new SimPower(1);
        SimDisk one = new SimDisk("/one", power);
        SimDisk two = new SimDisk("/two", power);
        OpenFile file = two.create("a", Access.BUFFERED);
        power.cutAtCall(4);
        assertEquals(0, file.read(ByteBuffer.allocate(1), 0));
        assertEquals(List.of(), one.list());
        assertFalse(power.isOff());
        assertThrows(PowerCut.class, () -> one.create("a", Access.BUFFERED));
        assertTrue(power.isOff());
        assertThrows(PowerCut.class, () -> file.read(ByteBuffer.allocate(1), 0));
        assertThrows(PowerCut.class, two::list);
        assertThrows(PowerCut.class, file::size);
        file.close();
        assertEquals(4, power.calls());
        assertEquals(2, power.changes());
    }

    @Test
    void aCutEndsTheRunAndUnwindsEverybody() {
        SimWorld world = new SimWorld(5);
        world.power().cutAtChange(20);
        List<String> unwound = new ArrayList<>();
        assertFalse(world.run(() -> {
            for (int w = 0; w < 3; w++) {
                String name = "writer-" + w;
                world.environment().start(name, () -> {
                    try {
                        OpenFile file = world.disk(name).create("a", Access.BUFFERED);
                        for (int i = 0; ; i++) {
                            file.write(Sectors.fill('1', SECTOR), (long) i * SECTOR);
                        }
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    } finally {
                        unwound.add(name);
                    }
                });
            }
            world.environment().pause(Long.MAX_VALUE);
        }));
        assertEquals(3, unwound.size());
        assertEquals(20, world.power().changes());
    }

    @Test
    void aCutEndsTheRunThoughItIsSwallowed() {
        SimWorld world = new SimWorld(6);
        world.power().cutAtChange(1);
        assertFalse(world.run(
                () -> assertThrows(PowerCut.class, () -> world.disk("d").sync())));
    }

    @Test
    void aWorldWithoutACutRunsToItsEnd() {
        SimWorld world = new SimWorld(5);
        assertTrue(world.run(() -> world.disk("d").create("a", Access.BUFFERED).close()));
        assertEquals(0, world.disk("d").openCount());
        assertNull(world.environment().run(() -> {}));
    }

    /** What the file "a" looks like after many reboots, and how often. */
    private Map<String, Integer> found(Survival survival) throws IOException {
        Map<String, Integer> found = new TreeMap<>();
        for (int i = 0; i < REBOOTS; i++) {
            found.merge(Sectors.summary(reboot(survival).contents("a")), 1, Integer::sum);
        }
        return found;
    }

    private SimDisk reboot(Survival survival) {
        return disk.reboot(survival, random, new SimPower(1));
    }

    private void createStable(String name, char content) throws IOException {
        try (OpenFile file = disk.create(name, Access.BUFFERED)) {
            file.write(Sectors.fill(content, SECTOR), 0);
            file.force();
        }
        disk.sync();
    }

    /** One sector of a file as text, with what lies behind the end as zeros. */
    private static String sector(byte[] contents, int sector) {
        byte[] bytes = Arrays.copyOfRange(Arrays.copyOf(contents, 6 * SECTOR), sector * SECTOR, (sector + 1) * SECTOR);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
