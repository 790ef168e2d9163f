package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.StorageException.Kind;
import io.donjon.extents.sim.Call;
import io.donjon.extents.sim.Fault;
import io.donjon.extents.sim.SimDisk;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** What the manifest writes where: edits, checkpoints, growth, and disks that are left out. */
class ManifestTest {
    private static final int PART = 100_000;

    /** The pages of a checkpoint are closed when they are longer than this. */
    private static final int PAGE = 256 << 10;

    /** When a checkpoint is due. */
    private static final int EDITS = 1 << 20;

    /** In what steps the file grows. */
    private static final int GROWTH = 64 << 10;

    /** An engine whose state is a list of parts. */
    private static final class Client implements ExtentStore.Client {
        final List<byte[]> parts = new ArrayList<>();
        int departures;

        @Override
        public long replayFrom() {
            return 0;
        }

        @Override
        public void restore(Decoder part) {
            parts.add(part.raw(part.remaining()));
        }

        @Override
        public void checkpoint(Consumer<Encoder> into) {
            parts.forEach(part -> into.accept(new Encoder(part.length).raw(part, 0, part.length)));
        }

        @Override
        public void diskLeft() {
            departures++;
        }
    }

    private interface Use {
        void of(ExtentStore store, Manifest manifest) throws Exception;
    }

    private SimWorld world = new SimWorld(1);
    private Client client = new Client();

    private void with(int disks, Use use) {
        assertTrue(world.run(() -> {
            ExtentStore store = open(disks);
            use.of(store, store.manifest());
            // By another thread: whoever left a lock taken blocks it.
            world.environment().start("closer", store::abandon).join();
        }));
        for (String disk : StoreModel.disks(disks)) {
            assertEquals(List.of(), world.disk(disk).openNames(), disk);
        }
    }

    private ExtentStore open(int disks) {
        ExtentStore store = ExtentStore.open(
                StoreModel.config(world, StoreModel.disks(disks), Math.min(2, disks), 8192, false),
                world.environment(),
                client);
        store.replay((sequence, position, operations) -> {});
        return store;
    }

    private void reboot(Survival survival) {
        world = world.reboot(survival);
        client = new Client();
    }

    private SimDisk disk() {
        return world.disk("d0");
    }

    /** An edit of the engine's state, which takes effect with it. */
    private ManifestEdit edit(int bytes) {
        byte[] part = new byte[bytes];
        Arrays.fill(part, (byte) (client.parts.size() + 1));
        return new ManifestEdit().state(new Encoder(bytes).raw(part, 0, bytes)).effect(() -> client.parts.add(part));
    }

    private static ManifestSlot slot(SimDisk disk, ExtentStore store, int slot) {
        UUID id = store.disk(disk.path().charAt(2) - '0').id;
        ManifestSlot read = ManifestSlot.read(disk, store.id(), id, slot);
        assertNotNull(read, "there is no slot " + slot);
        assertNull(read.damage);
        return read;
    }

    private static int bytes(SimDisk disk, int slot) {
        try {
            return disk.contents("manifest-" + slot).length;
        } catch (NoSuchFileException e) {
            return 0;
        }
    }

    private static void assertFails(Kind kind, String what, Runnable call) {
        StorageException failure = assertThrows(StorageException.class, call::run);
        assertEquals(kind, failure.kind(), failure.toString());
        assertTrue(String.valueOf(failure.getMessage()).contains(what), failure.getMessage());
    }

    // ---- edits ----

    @Test
    void anEditIsOnEveryDiskWhenItIsMadeAndThenHasItsEffect() {
        with(2, (store, manifest) -> {
            ManifestPosition before = manifest.position();
            manifest.commit(edit(10));
            ManifestPosition position = manifest.position();
            assertEquals(new ManifestPosition(before.generation(), before.edit() + 1), position);
            assertEquals(1, client.parts.size());
            for (String name : StoreModel.disks(2)) {
                assertEquals(position, slot(world.disk(name), store, 0).newest, name);
            }
        });
        reboot(Survival.ALL_LOST);
        with(2, (store, manifest) -> assertEquals(1, client.parts.size()));
    }

    @Test
    void anEditThatCannotBeMadeHasNoEffect() {
        with(1, (store, manifest) -> {
            ManifestPosition before = manifest.position();
            disk().limitCapacity(disk().usedBytes());
            ManifestEdit large = edit(EDITS);
            assertFails(Kind.NO_SPACE, "no room to grow", () -> manifest.commit(large));
            assertEquals(before, manifest.position());
            assertTrue(manifest.isUsable());
            manifest.commit(edit(10));
            assertEquals(1, client.parts.size());
        });
    }

    @Test
    void afterAFailureOnAllDisksOrTheEndNothingIsTaken() {
        with(1, (store, manifest) -> {
            disk().inject(Fault.ioError(Call.WRITE).on(name -> name.startsWith("manifest")));
            assertFails(Kind.FAILED, "could be written to no disk", () -> manifest.commit(edit(10)));
            assertFalse(manifest.isUsable());
            assertFails(Kind.FAILED, "could be written to no disk", () -> manifest.commit(edit(10)));
            assertEquals(0, client.parts.size());
            manifest.checkpoint();
            assertFalse(disk().names().contains("manifest-1"));
            manifest.close();
            assertFails(Kind.FAILED, "could be written to no disk", () -> manifest.commit(edit(10)));
        });
        reboot(Survival.ALL_LOST);
        with(1, (store, manifest) -> {
            manifest.close();
            assertFails(Kind.FAILED, "the store is closed", () -> manifest.commit(edit(10)));
            assertFalse(manifest.isUsable());
        });
    }

    /** Its disks may know more than the state does. */
    @Test
    void anEditThatWasGivenUpOnTheWayIsTheLast() {
        with(1, (store, manifest) -> {
            disk().inject(Fault.outOfMemory(Call.FORCE));
            assertThrows(OutOfMemoryError.class, () -> manifest.commit(edit(10)));
            assertFails(Kind.FAILED, "given up on the way", () -> manifest.commit(edit(10)));
        });
    }

    @Test
    void aSegmentIsNamedUnlessOneOfItsDisksIsLeftOut() {
        with(3, (store, manifest) -> {
            Disk[] on = {store.disk(0), store.disk(2)};
            SegmentInfo segment = new SegmentInfo(50, new int[] {0, 2}, SegmentInfo.OPEN);
            ManifestPosition named = manifest.begin(segment, on);
            assertEquals(manifest.position(), named);
            assertTrue(isNamed(manifest, 50));
            manifest.drop(segment);
            assertFalse(isNamed(manifest, 50));
            ManifestPosition dropped = manifest.position();
            manifest.drop(segment);
            assertEquals(dropped, manifest.position(), "there is nothing to drop");
            manifest.leaveOut(store.disk(2), new Exception("test"));
            ManifestPosition left = manifest.position();
            assertNull(manifest.begin(new SegmentInfo(51, new int[] {0, 2}, SegmentInfo.OPEN), on));
            assertEquals(left, manifest.position());
        });
    }

    private static boolean isNamed(Manifest manifest, long segment) {
        boolean named = manifest.with(state -> state.segments.containsKey(segment));
        return named;
    }

    // ---- disks ----

    @Test
    void aDiskIsLeftOutOnceByARecordThatTheOthersHave() {
        with(3, (store, manifest) -> {
            ManifestPosition before = manifest.position();
            manifest.leaveOut(store.disk(1), new Exception("test"));
            ManifestPosition after = manifest.position();
            assertEquals(before.edit() + 1, after.edit());
            assertEquals(1, client.departures);
            manifest.leaveOut(store.disk(1), new Exception("test"));
            assertEquals(after, manifest.position());
            int[] members = manifest.with(state -> state.members);
            assertArrayEquals(new int[] {0, 2}, members);
            boolean inUse = manifest.with(
                    state -> Objects.requireNonNull(state.disks.get(1)).inUse());
            assertFalse(inUse);
            assertEquals(after, slot(world.disk("d0"), store, 0).newest);
            assertEquals(before, slot(world.disk("d1"), store, 0).newest);
            assertEquals(1, world.disk("d2").openCount());
            assertEquals(List.of(), world.disk("d1").openNames());
        });
    }

    @Test
    void theLastDiskIsNotLeftOut() {
        with(2, (store, manifest) -> {
            manifest.leaveOut(store.disk(0), new Exception("test"));
            assertFails(Kind.FAILED, "the last one", () -> manifest.leaveOut(store.disk(1), new Exception("test")));
            assertFalse(manifest.isUsable());
            assertTrue(store.disk(1).inUse());
        });
    }

    /** A segment that nothing was written to keeps nobody in. */
    @Test
    void aDiskWithTheOnlyCopyOfASegmentIsNotLeftOut() {
        with(3, (store, manifest) -> {
            SegmentInfo both = new SegmentInfo(50, new int[] {0, 1}, SegmentInfo.OPEN);
            manifest.begin(both, new Disk[] {store.disk(0), store.disk(1)});
            manifest.leaveOut(store.disk(0), new Exception("test"));
            assertFails(
                    Kind.FAILED,
                    "the only copy of log segment 50",
                    () -> manifest.leaveOut(store.disk(1), new Exception("test")));
        });
    }

    // ---- growth ----

    /** An append that had to find room could fail when it must not. */
    @Test
    void theFileIsGrownAheadOfWhatIsAppendedInWholeSteps() {
        with(1, (store, manifest) -> {
            int steps = 0;
            int end = FileHeader.BYTES;
            for (int i = 0; i < 40; i++) {
                int before = bytes(disk(), 0);
                manifest.commit(edit(5000));
                int after = bytes(disk(), 0);
                assertEquals(0, after % GROWTH);
                end += 2 * 8192;
                assertTrue(after >= end + GROWTH, after + " bytes, of which " + end + " are used");
                assertTrue(after <= end + 4 * GROWTH, after + " bytes, of which " + end + " are used");
                steps += after > before ? 1 : 0;
            }
            assertTrue(steps > 5 && steps < 20, steps + " steps");
        });
    }

    /** Without new space: a disk that has none left must not be what hinders leaving another out. */
    @Test
    void thereIsRoomForRecordsThatLeaveADiskOutOnAFullDisk() {
        with(3, (store, manifest) -> {
            manifest.commit(edit(3000));
            for (String name : StoreModel.disks(3)) {
                world.disk(name).limitCapacity(world.disk(name).usedBytes());
            }
            manifest.leaveOut(store.disk(2), new Exception("test"));
            manifest.leaveOut(store.disk(1), new Exception("test"));
            assertTrue(manifest.isUsable());
        });
    }

    // ---- checkpoints ----

    @Test
    void aCheckpointIsDueBehindAMebibyteOfEditsOrAsManyAsItHas() {
        with(1, (store, manifest) -> {
            for (int round = 0; round < 3; round++) {
                long state =
                        client.parts.stream().mapToLong(part -> part.length).sum();
                long due = Math.max(EDITS, state);
                for (long written = 0; written < due; written += PART) {
                    assertFalse(manifest.checkpointIsDue(), written + " bytes of edits, due behind " + due);
                    manifest.commit(edit(PART));
                }
                manifest.commit(edit(1000));
                assertTrue(manifest.checkpointIsDue(), "due behind " + due);
                manifest.checkpoint();
                assertFalse(manifest.checkpointIsDue());
            }
        });
    }

    @Test
    void aCheckpointHoldsAllInPagesOfLimitedSizeInTheOtherSlot() {
        int parts = 20;
        with(2, (store, manifest) -> {
            for (int i = 0; i < parts; i++) {
                manifest.commit(edit(PART));
            }
            ManifestPosition position = manifest.position();
            manifest.checkpoint();
            assertEquals(position, manifest.position());
            for (String name : StoreModel.disks(2)) {
                ManifestSlot slot = slot(world.disk(name), store, 1);
                assertEquals(position, slot.newest);
                assertEquals(List.of(), slot.edits);
                assertTrue(slot.pages.size() >= 5, slot.pages.size() + " pages");
                slot.pages.forEach(page -> assertTrue(page.length <= PAGE + PART + 100, "page of " + page.length));
            }
            manifest.commit(edit(7));
            assertEquals(manifest.position(), slot(disk(), store, 1).newest);
            assertEquals(position, slot(disk(), store, 0).newest, "the old slot is left as it was");
        });
        reboot(Survival.ALL_LOST);
        with(2, (store, manifest) -> {
            assertEquals(parts + 1, client.parts.size());
            for (int i = 0; i <= parts; i++) {
                assertEquals((byte) (i + 1), client.parts.get(i)[0]);
            }
        });
    }

    @Test
    void aCheckpointNamesExtentsSegmentsAndTheirEnds() {
        with(1, (store, manifest) -> {
            List<ExtentInfo> extents = new ArrayList<>();
            for (long id = 10; id < 14; id++) {
                long[] places = new long[40_000];
                Arrays.fill(places, ExtentInfo.place(0, (int) id, 1));
                extents.add(new ExtentInfo(id, 40_000L * Chunks.BYTES, 1, places, 0));
            }
            ManifestEdit edit = new ManifestEdit();
            extents.forEach(edit::extent);
            for (long id = 20; id < 22; id++) {
                edit.segment(new SegmentInfo(id, new int[] {0}, SegmentInfo.OPEN));
            }
            manifest.commit(edit.segmentEnd(20, 5000).counters(100, 200));
            manifest.checkpoint();
            ManifestSlot slot = slot(disk(), store, 1);
            assertTrue(slot.pages.size() >= 2, "not cut between extents");
            ManifestState state = new ManifestState(client);
            slot.pages.forEach(page -> state.apply(new Decoder("page", page), false));
            assertEquals(4, state.extents.size());
            assertEquals(List.of(20L, 21L), List.copyOf(state.segments.keySet()));
            assertEquals(5000, state.segments.firstEntry().getValue().end());
            assertEquals(SegmentInfo.OPEN, state.segments.lastEntry().getValue().end());
            assertEquals(100, state.nextExtent);
            assertEquals(200, state.nextSegment);
            assertEquals(1, state.disks.size());
        });
    }

    /** They go to the new slot as well, in their order, before it takes over. */
    @Test
    void editsThatAreMadeWhileACheckpointIsWrittenAreInBothSlots() {
        with(1, (store, manifest) -> {
            manifest.commit(edit(10));
            ManifestPosition checkpoint = manifest.position();
            disk().inject(Fault.stall(1_000_000_000, Call.FORCE).on(name -> name.endsWith(".new")));
            Environment.Worker worker = world.environment().start("checkpoint", manifest::checkpoint);
            world.environment().pause(100_000_000);
            manifest.commit(edit(20));
            manifest.commit(edit(30));
            assertFalse(manifest.checkpointIsDue());
            assertEquals(manifest.position(), slot(disk(), store, 0).newest);
            worker.join();
            ManifestSlot slot = slot(disk(), store, 1);
            assertEquals(2, slot.edits.size());
            assertEquals(checkpoint.edit() + 2, slot.newest.edit());
            manifest.commit(edit(40));
            assertEquals(manifest.position(), slot(disk(), store, 1).newest);
        });
        reboot(Survival.ALL_LOST);
        with(
                1,
                (store, manifest) -> assertEquals(
                        List.of(10, 20, 30, 40),
                        client.parts.stream().map(part -> part.length).toList()));
    }

    /** Parts that fill pages to any degree, among them some larger than a page, in which case the page is as large. */
    @Test
    void theRoomThatIsKeptIsWhatTheNextCheckpointTakesAndHardlyMore() {
        for (int part : new int[] {1, 4000, PART, PAGE - 100, PAGE + 1, 3 * PAGE + 5000}) {
            world = new SimWorld(4);
            client = new Client();
            with(1, (store, manifest) -> {
                for (int round = 1; round <= 6; round++) {
                    for (int i = 0; i < 6; i++) {
                        manifest.commit(edit(part));
                    }
                    long room = manifest.roomForCheckpoint();
                    manifest.checkpoint();
                    long used = bytes(disk(), round % 2);
                    assertEquals(manifest.position(), slot(disk(), store, round % 2).newest);
                    String what = "parts of " + part + ", round " + round + ": room of " + room + ", used " + used;
                    assertTrue(room >= used, what);
                    // Pages are filled up to sectors, and the file is grown in steps.
                    assertTrue(room <= used + used / 32 + 2 * GROWTH, what);
                }
            });
        }
    }

    /** What is left of it would take up the room that is wanting; and the manifest goes on where it was. */
    @Test
    void aCheckpointThatFailsLeavesNothingBehindAndCondemnsNoDisk() {
        Predicate<String> isNew = name -> name.startsWith("manifest-") && name.endsWith(".new");
        List<Fault> faults = List.of(
                Fault.noSpace(Call.CREATE).on(isNew),
                Fault.ioError(Call.WRITE).on(isNew).after(1),
                Fault.noSpace(Call.RENAME).on(isNew),
                Fault.ioError(Call.FORCE).on(isNew),
                Fault.ioError(Call.FORCE).on(isNew).after(1));
        for (Fault fault : faults) {
            world = new SimWorld(4);
            client = new Client();
            with(1, (store, manifest) -> {
                manifest.commit(edit(10));
                List<String> names = disk().names();
                int open = disk().openCount();
                disk().inject(fault);
                manifest.checkpoint();
                assertEquals(1, fault.hits());
                assertEquals(names, disk().names());
                assertEquals(open, disk().openCount());
                assertEquals(0, client.departures);
                manifest.commit(edit(20));
                assertEquals(manifest.position(), slot(disk(), store, 0).newest);
                manifest.checkpoint();
                assertEquals(manifest.position(), slot(disk(), store, 1).newest);
            });
            reboot(Survival.ALL_LOST);
            with(1, (store, manifest) -> assertEquals(2, client.parts.size()));
        }
    }

    /** Left by a crash: the next checkpoint takes its place. */
    @Test
    void aCheckpointThatWasNotFinishedIsWrittenOver() {
        with(1, (store, manifest) -> {
            disk().create("manifest-1.new", Directory.Access.BUFFERED).close();
            manifest.checkpoint();
            assertEquals(manifest.position(), slot(disk(), store, 1).newest);
            assertFalse(disk().names().contains("manifest-1.new"));
        });
    }

    /** Written in vain if a disk is left out meanwhile; the others have the record that says so. */
    @Test
    void aDiskThatIsLeftOutWhileACheckpointIsWrittenKeepsItsOldSlot() {
        with(3, (store, manifest) -> {
            world.disk("d2").inject(Fault.stall(1_000_000_000, Call.FORCE).on(name -> name.endsWith(".new")));
            Environment.Worker worker = world.environment().start("checkpoint", manifest::checkpoint);
            world.environment().pause(100_000_000);
            manifest.leaveOut(store.disk(1), new Exception("test"));
            worker.join();
            assertFalse(world.disk("d1").names().contains("manifest-1"));
            assertEquals(0, world.disk("d1").openCount());
            for (String name : List.of("d0", "d2")) {
                assertEquals(manifest.position(), slot(world.disk(name), store, 1).newest, name);
            }
        });
    }

    @Test
    void aDiskWhoseNameOfTheNewSlotMayNotBeStableIsLeftOut() {
        with(3, (store, manifest) -> {
            manifest.commit(edit(10));
            world.disk("d1").inject(Fault.ioError(Call.SYNC));
            manifest.checkpoint();
            assertFalse(store.disk(1).inUse());
            assertEquals(1, client.departures);
            for (String name : List.of("d0", "d2")) {
                ManifestSlot slot = slot(world.disk(name), store, 1);
                assertEquals(manifest.position(), slot.newest, name);
                assertEquals(List.of("manifest-1.new"), world.disk(name).openNames());
            }
        });
    }
}
