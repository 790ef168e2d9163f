package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.StorageException.Kind;
import io.donjon.extents.sim.Call;
import io.donjon.extents.sim.Fault;
import io.donjon.extents.sim.Seeds;
import io.donjon.extents.sim.SimEnvironment;
import io.donjon.extents.sim.SimFailure;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Which disks a store opens with, so that nothing acknowledged is lost: the histories of sim/members.py, and others. */
class MembershipTest {
    private static final int SEED_COUNT = Integer.getInteger("members.seeds", 150);
    private static final int SEGMENT_BYTES = 16 << 10;

    static LongStream seeds() {
        return Seeds.first(SEED_COUNT);
    }

    // ---- histories ----

    /**
     * Opens that find any set of disks, writes, edits, disks that fail and are left out, and crashes at any moment of all
     * that. Whatever opens holds all that was acknowledged; whatever does not says why; with all disks it does open.
     */
    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void nothingAcknowledgedIsLostWhicheverDisksAreFound(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int disks = 2 + random.nextInt(3);
        int copies = 1 + random.nextInt(2);
        StoreModel model = new StoreModel();
        SimWorld world = new SimWorld(seed);
        List<String> everyone = StoreModel.disks(disks);
        assertTrue(world.run(() -> use(model, world, everyone, everyone, copies, new SplittableRandom(seed))));
        SimWorld present = world;
        for (int i = 0; i < 7; i++) {
            SimWorld next = present.reboot(List.of(Survival.values()).get(random.nextInt(Survival.values().length)));
            List<String> found = new ArrayList<>(everyone);
            found.removeIf(disk -> random.nextInt(3) == 0);
            boolean cut = random.nextInt(3) > 0;
            if (cut) {
                next.power().cutAtChange(1 + random.nextInt(60));
            }
            SplittableRandom its = random.split();
            assertTrue(next.run(() -> use(model, next, found, everyone, copies, its)) || cut);
            present = next;
        }
        SimWorld last = present.reboot(Survival.RANDOM);
        assertTrue(last.run(() -> open(model, last, everyone, copies, false).close()));
    }

    private static void use(
            StoreModel model,
            SimWorld world,
            List<String> found,
            List<String> everyone,
            int copies,
            SplittableRandom random)
            throws IOException {
        StoreModel.Session session;
        try {
            session = open(model, world, found, copies, false);
        } catch (StorageException e) {
            assertNotEquals(everyone.size(), found.size(), () -> "refused with all disks: " + e);
            boolean names = everyone.stream()
                    .anyMatch(disk -> !found.contains(disk)
                            && String.valueOf(e.getMessage()).contains("/" + disk));
            boolean nobody = found.isEmpty() && e.kind() == Kind.NO_STORE;
            assertTrue(nobody || (e.kind() == Kind.MISSING_DISKS && names), e.toString());
            for (String disk : everyone) {
                assertEquals(
                        0,
                        world.disk(disk).openCount(),
                        () -> disk + " has open files: " + world.disk(disk).openNames());
            }
            return;
        }
        try {
            for (int n = 0; n < 12; n++) {
                switch (random.nextInt(8)) {
                    case 0 -> session.edit(random.nextLong(3), "edit " + n);
                    case 1 -> session.edit(9, "edit " + n, new ManifestEdit(), session.releasable(random));
                    case 2 -> {
                        for (String disk : found) {
                            if (random.nextInt(4) == 0) {
                                world.disk(disk).inject(fault(random).after(random.nextInt(4)));
                            }
                        }
                    }
                    case 3 -> {
                        session.store().log().prepare();
                        session.store().manifest().checkpoint();
                    }
                    default -> session.force(session.append(random.nextInt(2500)));
                }
            }
        } catch (StorageException e) {
            assertEquals(Kind.FAILED, e.kind(), e.toString());
        }
        session.store().abandon();
        for (String disk : found) {
            assertEquals(
                    0,
                    world.disk(disk).openCount(),
                    () -> disk + " has open files: " + world.disk(disk).openNames());
        }
    }

    private static Fault fault(SplittableRandom random) {
        return switch (random.nextInt(4)) {
            case 0 -> Fault.ioError();
            case 1 -> Fault.partly();
            case 2 -> Fault.forgottenByForce();
            default -> Fault.ioError().forever();
        };
    }

    // ---- listed histories ----

    /** Of two members neither opens alone, since the other may be at work, unless the caller knows better. */
    @Test
    void halfOfTheMembersIsEnoughOnlyIfTheCallerSaysSo() {
        Story story = new Story(2, 2);
        story.open("d0", "d1").append().edit("both").close();
        story.refused(Kind.MISSING_DISKS, "/d1", "d0");
        story.refused(Kind.MISSING_DISKS, "/d0", "d1");
        story.degraded("d1").append().close();
        // The other half is still named by its own records, and must not come back with them.
        story.open("d0", "d1").close();
    }

    @Test
    void theSurvivorOfAnExpulsionOpensAloneAndTheExpelledNever() {
        Story story = new Story(2, 2);
        story.open("d0", "d1")
                .append()
                .fails("d0")
                .append()
                .edit("without d0")
                .append()
                .crash();
        story.refused(Kind.MISSING_DISKS, "/d1", "d0");
        story.open("d1").append().close();
        story.refused(Kind.MISSING_DISKS, "/d1", "d0");
        Story.Opened both = story.open("d0", "d1");
        assertEquals(List.of(false, true), both.inUse());
        both.append().close();
    }

    @Test
    void anExpelledDiskIsNotWrittenToWhenItIsThereAgain() throws IOException {
        Story story = new Story(3, 2);
        story.open("d0", "d1", "d2")
                .append()
                .fails("d2")
                .append()
                .edit("without d2")
                .crash();
        List<String> before = story.world.disk("d2").names();
        story.open("d0", "d1", "d2").append().edit("still").close();
        List<String> after = new ArrayList<>(story.world.disk("d2").names());
        assertEquals(before, after);
        story.open("d0", "d1").close();
        story.refused(Kind.MISSING_DISKS, "", "d1", "d2");
        story.refused(Kind.MISSING_DISKS, "/d0", "d2");
    }

    @Test
    void anyTwoOfThreeOpenAndTheThirdIsNoMemberAfterwards() {
        for (int absent = 0; absent < 3; absent++) {
            Story story = new Story(3, 2);
            story.open("d0", "d1", "d2").append().edit("three").append().crash();
            List<String> two = StoreModel.disks(3);
            String third = two.remove(absent);
            story.open(two.toArray(String[]::new)).append().edit("two").crash();
            story.refused(Kind.MISSING_DISKS, "/" + two.get(0), third);
            Story.Opened all = story.open("d0", "d1", "d2");
            List<Boolean> inUse = new ArrayList<>(List.of(true, true, true));
            inUse.set(absent, false);
            assertEquals(inUse, all.inUse());
            all.append().close();
        }
    }

    /** As long as those that are left are half of the members, the others cannot come back as a majority. */
    @Test
    void halfOfTheDisksCanFailAtOnce() {
        Story story = new Story(4, 1);
        Story.Opened opened = story.open("d0", "d1", "d2", "d3");
        opened.failsQuietly("d0").failsQuietly("d2").edit("without two");
        assertEquals(List.of(false, true, false, true), opened.inUse());
        opened.append().crash();
        story.refused(Kind.MISSING_DISKS, "/d1", "d0", "d2");
        story.open("d1", "d3").append().close();
    }

    /** If two of three were left out at once, they could open without the third, which knows more. */
    @Test
    void moreThanHalfOfTheDisksCannotBeLeftOutAtOnce() {
        Story story = new Story(3, 1);
        Story.Opened opened = story.open("d0", "d1", "d2");
        opened.failsQuietly("d0").failsQuietly("d1");
        StorageException failed = assertThrows(StorageException.class, () -> opened.edit("alone"));
        assertEquals(Kind.FAILED, failed.kind());
        assertThrows(StorageException.class, () -> opened.edit("alone again"));
        opened.crash();
        story.open("d0", "d1").append().edit("two").close();
        story.open("d0", "d1", "d2").close();
    }

    @Test
    void twoOfThreeDisksAreLeftOutOneAfterTheOther() {
        Story story = new Story(3, 1);
        story.open("d0", "d1", "d2").fails("d0").fails("d1").append().close();
        story.refused(Kind.MISSING_DISKS, "/d2", "d0", "d1");
        story.open("d2").append().close();
    }

    /** With one copy nobody else has what a failed disk holds: the store turns read-only, and loses nothing. */
    @Test
    void aDiskWithAnOnlyCopyIsNotLeftOut() {
        for (String failing : List.of("d0", "d1")) {
            Story story = new Story(2, 1);
            Story.Opened opened = story.open("d0", "d1").append();
            boolean hasLog = opened.hasLog(failing);
            opened.failsQuietly(failing);
            if (hasLog) {
                StorageException refused = assertThrows(StorageException.class, opened::append);
                assertEquals(Kind.FAILED, refused.kind());
                assertTrue(String.valueOf(refused.getMessage()).contains("/" + failing), refused.getMessage());
                assertThrows(StorageException.class, opened::append);
                opened.crash();
                story.refused(Kind.MISSING_DISKS, "/" + failing, failing.equals("d0") ? "d1" : "d0");
            } else {
                opened.edit("without " + failing).append().crash();
            }
            story.open("d0", "d1").append().close();
        }
    }

    /** A segment that was made ready but not begun is no reason to ask for the disk that it was on. */
    @Test
    void aDiskWithNothingButAnUnusedSegmentIsLeftOut() {
        for (long seed = 0; seed < 6; seed++) {
            Story story = new Story(3, 1, seed);
            Story.Opened opened = story.open("d0", "d1", "d2").append();
            opened.prepare();
            String unused = opened.diskOfNewestSegment();
            if (opened.hasOlderSegment(unused)) {
                continue;
            }
            opened.failsQuietly(unused).edit("without it").append().crash();
            List<String> others = StoreModel.disks(3);
            others.remove(unused);
            story.open(others.toArray(String[]::new)).append().close();
            return;
        }
        throw new AssertionError("no seed puts the two segments on two disks");
    }

    /** A disk whose manifest cannot be read may be the only one there that knew of an expulsion. */
    @Test
    void aDiskThatCannotSayWhatItsNewestRecordIsDoesNotCount() {
        Story story = new Story(3, 2);
        story.open("d0", "d1", "d2").append().fails("d2").edit("without d2").crash();
        story.run(() -> story.world.disk("d1").resize("manifest-0", 0));
        story.refused(Kind.DAMAGED, "/d1/manifest-0", "d1", "d2");
        story.degraded("d0", "d1", "d2").append().close();
        story.open("d0", "d1", "d2").append().crash();
        // Written by the last two opens, so both are there; had it been closed, it would be known which is the newest.
        story.run(() -> story.world.disk("d1").delete("manifest-0"));
        story.refused(Kind.DAMAGED, "/d1/manifest-0", "d1", "d2");
    }

    @Test
    void diskOfAnotherStoreIsRefused() {
        Story story = new Story(2, 1);
        story.open("d0", "d1").append().close();
        StoreModel other = new StoreModel();
        story.run(() -> open(other, story.world, List.of("e0"), 1, false).close());
        story.refused(Kind.NO_STORE, "/e0", "d0", "d1", "e0");
        story.open("d0", "d1").close();
    }

    @Test
    void aCopyOfADiskIsRefusedBesideIt() {
        Story story = new Story(1, 1);
        story.open("d0").append().crash();
        story.run(() -> copy(story.world, "d0", "twin"));
        story.open("d0").append().close();
        story.refused(Kind.NO_STORE, "/twin", "d0", "twin");
        story.refused(Kind.NO_STORE, "/d0", "twin", "d0");
    }

    @Test
    void anEmptyDirectoryInPlaceOfADiskIsNotUsed() {
        Story story = new Story(3, 2);
        story.open("d0", "d1", "d2").append().close();
        story.refused(Kind.MISSING_DISKS, "/d1", "d0", "empty");
        story.open("d0", "d2", "empty").append().close();
        assertEquals(List.of("lock"), story.world.disk("empty").names());
    }

    @Test
    void aStoreIsMadeOnlyWhereNothingIsMissingAndNothingElse() {
        Story story = new Story(1, 1);
        story.refused(Kind.NO_STORE, "/d0", false, "d0");
        assertEquals(List.of(), story.world.disk("d0").names());
        story.run(() -> story.world
                .disk("d0")
                .create("letter", Directory.Access.BUFFERED)
                .close());
        story.refused(Kind.NO_STORE, "letter", true, "d0");
        story.refused(Kind.NO_STORE, "letter", true, "e0", "d0");
        assertEquals(List.of("letter"), story.world.disk("d0").names());
        assertEquals(List.of(), story.world.disk("e0").names());
        ExtentConfig unreachable = new ExtentConfig(
                List.of(story.world.disk("d1")), List.of("/away"), true, 1, false, false, 0, SEGMENT_BYTES, 0, 4);
        story.run(() -> {
            StorageException refused = assertThrows(
                    StorageException.class, () -> story.model.open(unreachable, story.world.environment()));
            assertTrue(String.valueOf(refused.getMessage()).contains("/away"), refused.toString());
        });
    }

    @Test
    void twoAtOnceAreRefused() {
        Story story = new Story(1, 1);
        Story.Opened opened = story.open("d0");
        story.refused(Kind.LOCKED, "/d0 is in use by pid", "d0");
        opened.append().close();
        story.open("d0").close();
    }

    /** Every open promises more than any disk was ever promised, be it only there. */
    @Test
    void theGenerationIsHigherThanEveryFence() throws IOException {
        Story story = new Story(3, 2);
        story.open("d0", "d1", "d2").append().crash();
        // Fences are all that this one writes, and that to one disk.
        story.run(() -> {
            story.world.disk("d1").inject(Fault.ioError(Call.RENAME).on(name -> name.equals("fence")));
            assertThrows(StorageException.class, () -> story.tryOpen(List.of("d0", "d1"), false));
            story.world.disk("d1").heal();
        });
        long promised = Math.max(fence(story, "d0"), fence(story, "d1"));
        assertEquals(2, promised);
        story.open("d0", "d1", "d2").append().crash();
        for (String disk : StoreModel.disks(3)) {
            assertEquals(promised + 1, fence(story, disk), disk);
        }
    }

    private static long fence(Story story, String disk) throws IOException {
        return ByteBuffer.wrap(story.world.disk(disk).contents("fence")).getLong(48);
    }

    private static void copy(SimWorld world, String from, String to) throws IOException {
        for (String name : world.disk(from).names()) {
            world.disk(to).create(name, Directory.Access.BUFFERED).close();
            world.disk(to).replaceContents(name, world.disk(from).contents(name));
        }
    }

    /** A history told step by step; a crash keeps everything. */
    private static final class Story {
        private final int copies;
        private final StoreModel model = new StoreModel();
        private SimWorld world;

        Story(int disks, int copies) {
            this(disks, copies, 1);
        }

        Story(int disks, int copies, long seed) {
            this.copies = copies;
            this.world = new SimWorld(seed);
            StoreModel.disks(disks).forEach(world::disk);
        }

        void run(SimEnvironment.Client client) {
            assertTrue(world.run(client));
        }

        private StoreModel.Session tryOpen(List<String> disks, boolean degraded) {
            return MembershipTest.open(model, world, disks, copies, degraded);
        }

        Opened open(String... disks) {
            return open(false, disks);
        }

        Opened degraded(String... disks) {
            return open(true, disks);
        }

        private Opened open(boolean degraded, String... disks) {
            List<StoreModel.Session> sessions = new ArrayList<>();
            run(() -> sessions.add(tryOpen(List.of(disks), degraded)));
            return new Opened(sessions.get(0));
        }

        void refused(Kind kind, String named, String... disks) {
            refused(kind, named, false, disks);
        }

        void refused(Kind kind, String named, boolean create, String... disks) {
            ExtentConfig all = StoreModel.config(world, List.of(disks), copies, SEGMENT_BYTES, false);
            ExtentConfig config = new ExtentConfig(
                    all.directories(), List.of(), create, copies, false, false, 0, SEGMENT_BYTES, 0, 4);
            run(() -> {
                StorageException refused =
                        assertThrows(StorageException.class, () -> model.open(config, world.environment()));
                assertEquals(kind, refused.kind(), refused.toString());
                assertTrue(String.valueOf(refused.getMessage()).contains(named), refused.getMessage());
            });
        }

        /** The store between two ends. */
        final class Opened {
            private final StoreModel.Session session;

            Opened(StoreModel.Session session) {
                this.session = session;
            }

            Opened append() {
                return doing(() -> session.force(session.append(100)));
            }

            Opened edit(String value) {
                return doing(() -> session.edit(1, value));
            }

            private Opened doing(SimEnvironment.Client step) {
                try {
                    run(step);
                } catch (SimFailure e) {
                    throw storage(e);
                }
                return this;
            }

            Opened prepare() {
                run(() -> session.store().log().prepare());
                return this;
            }

            /** A disk fails for good, and is found to at the next append or edit. */
            Opened failsQuietly(String disk) {
                world.disk(disk).inject(Fault.ioError().forever());
                return this;
            }

            Opened fails(String disk) {
                return failsQuietly(disk).edit(disk + " fails");
            }

            List<Boolean> inUse() {
                List<Boolean> inUse = new ArrayList<>();
                run(() -> session.store().disks().forEach(disk -> inUse.add(disk.inUse())));
                return inUse;
            }

            boolean hasLog(String disk) {
                return world.disk(disk).names().stream().anyMatch(name -> name.startsWith("log-"));
            }

            private String newestSegment() {
                return StoreModel.disks(3).stream()
                        .flatMap(disk -> world.disk(disk).names().stream())
                        .filter(name -> name.startsWith("log-"))
                        .max(String::compareTo)
                        .orElseThrow();
            }

            String diskOfNewestSegment() {
                String newest = newestSegment();
                return StoreModel.disks(3).stream()
                        .filter(disk -> world.disk(disk).names().contains(newest))
                        .findFirst()
                        .orElseThrow();
            }

            boolean hasOlderSegment(String disk) {
                String newest = newestSegment();
                return world.disk(disk).names().stream()
                        .anyMatch(name -> name.startsWith("log-") && !name.equals(newest));
            }

            void close() {
                run(() -> session.close());
                next();
            }

            void crash() {
                run(() -> session.store().abandon());
                next();
            }

            private void next() {
                world = world.reboot(Survival.ALL_KEPT);
            }

            private StorageException storage(SimFailure e) {
                for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                    if (cause instanceof StorageException found) {
                        return found;
                    }
                }
                throw e;
            }
        }
    }

    private static StoreModel.Session open(
            StoreModel model, SimWorld world, List<String> disks, int copies, boolean degraded) {
        ExtentConfig all = StoreModel.config(world, disks, copies, SEGMENT_BYTES, false);
        ExtentConfig config = new ExtentConfig(
                all.directories(),
                List.of(),
                model.isEmpty(),
                copies,
                false,
                degraded,
                all.cacheBytes(),
                SEGMENT_BYTES,
                all.reserveBytes(),
                all.openFilesMax());
        return model.open(config, world.environment());
    }
}
