package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.StorageException.Kind;
import io.donjon.extents.sim.Call;
import io.donjon.extents.sim.Fault;
import io.donjon.extents.sim.SimDisk;
import io.donjon.extents.sim.SimWorld;
import io.donjon.extents.sim.Survival;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What the running log says of itself, which segments it makes and lets go, and what it does when a disk fails or is full. */
class LogTest {
    /** A group's header, kind, mark and sequence, as long as these take one byte each. */
    private static final int AROUND = LogFormat.BODY_AT + 3;

    /** What a commit needs at most besides its operations. */
    private static final int AROUND_MAX = LogFormat.BODY_AT + 1 + 2 * Encoder.VARINT_BYTES_MAX;

    private static final int SMALL = 8192;
    private static final int FIRST = 1 << 20;
    private static final long WAIT_FOR_ROOM_NANOS = 100_000_000;

    /** An engine without a state of its own. */
    private static final class Client extends StatelessClient {
        private final long replayFrom;
        private final List<Long> sequences = new ArrayList<>();

        Client(long replayFrom) {
            this.replayFrom = replayFrom;
        }

        @Override
        public long replayFrom() {
            return replayFrom;
        }
    }

    private interface Use {
        void of(ExtentStore store, Log log);
    }

    private SimWorld world = new SimWorld(1);

    private ExtentStore open(int disks, int copies, int segmentBytes, Client client) {
        ExtentStore store = ExtentStore.open(
                StoreModel.config(world, StoreModel.disks(disks), copies, segmentBytes, false),
                world.environment(),
                client);
        store.replay((sequence, position, operations) -> client.sequences.add(sequence));
        return store;
    }

    private void with(int disks, int copies, int segmentBytes, Use use) {
        assertTrue(world.run(() -> {
            ExtentStore store = open(disks, copies, segmentBytes, new Client(0));
            use.of(store, store.log());
            // By another thread: whoever left a lock taken blocks it.
            world.environment().start("closer", store::abandon).join();
        }));
        for (String disk : StoreModel.disks(disks)) {
            assertEquals(List.of(), world.disk(disk).openNames(), disk);
        }
    }

    private SimDisk disk() {
        return world.disk("d0");
    }

    private List<String> segmentFiles(String disk) {
        return world.disk(disk).names().stream()
                .filter(name -> name.startsWith("log-"))
                .toList();
    }

    private int bytes(String disk, String name) {
        try {
            return world.disk(disk).contents(name).length;
        } catch (NoSuchFileException e) {
            throw new AssertionError(e);
        }
    }

    private static long append(Log log, int bytes) {
        return append(log, bytes, false);
    }

    private static long append(Log log, int bytes, boolean freeing) {
        if (freeing) {
            log.beginFreeing(1, bytes);
        } else {
            log.begin(1, bytes);
        }
        log.raw(ByteBuffer.allocate(bytes));
        return log.end();
    }

    private static void assertFails(Kind kind, String what, Runnable call) {
        StorageException failure = assertThrows(StorageException.class, call::run);
        assertEquals(kind, failure.kind(), failure.toString());
        assertTrue(String.valueOf(failure.getMessage()).contains(what), failure.getMessage());
    }

    // ---- positions and figures ----

    @Test
    void positionsCountWhatIsWrittenAndFollowEachOtherOverSegments() {
        with(1, 1, SMALL, (store, log) -> {
            assertEquals(0, log.written());
            long first = append(log, 10);
            assertEquals(LogFormat.START_BYTES + AROUND + 10, first);
            assertEquals(first, log.written());
            assertEquals(0, log.stable());
            long second = append(log, 3900);
            assertEquals(first + AROUND + 3900, second);
            long third = append(log, 3900);
            assertEquals(2, log.segments());
            // The mark of a commit that is 4 KiB behind takes two bytes.
            assertEquals(second + LogFormat.START_BYTES + AROUND + 1 + 3900, third);
            log.awaitStable(first);
            // All that was written by then comes along.
            assertEquals(third, log.stable());
            assertEquals(third, log.written());
        });
    }

    @Test
    void groupsForcesAndBytesAreCounted() {
        with(2, 2, SMALL, (store, log) -> {
            append(log, 10);
            long groups = log.groups();
            long bytes = log.bytesWritten();
            assertEquals(2L * log.written(), bytes);
            long end = append(log, 100);
            assertEquals(groups + 1, log.groups());
            assertEquals(bytes + 2 * (AROUND + 100), log.bytesWritten());
            assertEquals(0, log.forces());
            log.awaitStable(end);
            assertEquals(2, log.forces());
            log.awaitStable(end);
            log.awaitStable(0);
            assertEquals(2, log.forces());
            assertEquals(SMALL, log.segmentBytes());
            assertEquals(512 << 10, log.memoryBytes());
        });
    }

    @Test
    void aForceCoversAllSegmentsThatWereLeftBehind() {
        with(1, 1, SMALL, (store, log) -> {
            append(log, 3900);
            append(log, 3900);
            long end = append(log, 3900);
            assertEquals(3, log.segments());
            log.awaitStable(end);
            assertEquals(3, log.forces());
            log.awaitStable(append(log, 10));
            assertEquals(4, log.forces(), "only the growing segment needs it again");
        });
        SimWorld next = world.reboot(Survival.ALL_LOST);
        world = next;
        assertTrue(next.run(() -> {
            Client client = new Client(0);
            open(1, 1, SMALL, client).abandon();
            assertEquals(4, client.sequences.size());
        }));
    }

    @Test
    void manyWhoWaitShareAForce() {
        int writers = 20;
        with(1, 1, 64 << 10, (store, log) -> {
            append(log, 10);
            world.disk("d0").inject(Fault.stall(50_000_000, Call.FORCE).forever());
            List<Environment.Worker> workers = new ArrayList<>();
            for (int i = 0; i < writers; i++) {
                long end = append(log, 10);
                workers.add(world.environment().start("waiter", () -> {
                    log.awaitStable(end);
                    assertTrue(log.stable() >= end);
                }));
            }
            workers.forEach(Environment.Worker::join);
            assertEquals(log.written(), log.stable());
            assertTrue(log.forces() < writers / 2, log.forces() + " forces for " + writers);
        });
    }

    // ---- segments ----

    @Test
    void aCommitGoesToTheNextSegmentOnlyIfItMayNotFit() {
        int room = SMALL - LogFormat.FIRST_AT - LogFormat.START_BYTES - AROUND - 10 - AROUND_MAX;
        for (int bytes : new int[] {room, room + 1}) {
            world = new SimWorld(1);
            with(1, 1, SMALL, (store, log) -> {
                append(log, 10);
                append(log, bytes);
                assertEquals(bytes > room ? 2 : 1, log.segments(), bytes + " bytes");
            });
        }
    }

    @Test
    void aCommitLargerThanASegmentBeginsInAnEmptyOne() {
        with(1, 1, SMALL, (store, log) -> {
            append(log, 3 * SMALL);
            assertEquals(1, log.segments());
            append(log, 3 * SMALL);
            assertEquals(2, log.segments());
            assertTrue(bytes("d0", segmentFiles("d0").get(0)) > 3 * SMALL);
        });
    }

    /** A store that is used little takes little room. */
    @Test
    void segmentsGrowFromAMebibyteToTheirFullSize() {
        int full = 3 * FIRST;
        with(1, 1, full, (store, log) -> {
            for (int i = 0; i < 4; i++) {
                append(log, full);
            }
            log.prepare();
            List<Integer> due = List.of(FIRST, 2 * FIRST, full, full, full);
            List<Integer> capacities = new ArrayList<>();
            for (String name : segmentFiles("d0")) {
                // Each but the last grew beyond it, by the one commit in it.
                int bytes = bytes("d0", name);
                capacities.add(capacities.size() < 4 ? due.get(capacities.size()) : bytes);
                assertTrue(bytes >= due.get(capacities.size() - 1), name + " has " + bytes);
            }
            assertEquals(due, capacities);
        });
        world = new SimWorld(2);
        with(1, 1, SMALL, (store, log) -> {
            log.prepare();
            assertEquals(SMALL, bytes("d0", segmentFiles("d0").get(0)));
        });
    }

    @Test
    void aPreparedSegmentIsMadeOnceAndTakenByTheNextCommitThatNeedsOne() {
        with(1, 1, SMALL, (store, log) -> {
            assertFalse(log.wantsNext(), "before the first commit nothing is wanted");
            append(log, 10);
            assertTrue(log.wantsNext());
            log.prepare();
            assertFalse(log.wantsNext());
            log.prepare();
            assertEquals(2, segmentFiles("d0").size());
            assertEquals(1, log.segments());
            disk().inject(Fault.ioError(Call.CREATE, Call.RENAME).forever());
            append(log, 4050);
            assertEquals(2, log.segments());
            assertTrue(log.wantsNext());
        });
    }

    @Test
    void segmentsAreLetGoWhenWhatIsInThemIsReleased() {
        with(1, 1, SMALL, (store, log) -> {
            long first = append(log, 3900);
            long second = append(log, 3900);
            append(log, 10);
            String oldest = segmentFiles("d0").get(0);
            assertEquals(2, log.segments());
            store.commit(new ManifestEdit(), first - 1);
            assertEquals(2, log.segments());
            store.commit(new ManifestEdit(), first);
            assertEquals(1, log.segments());
            assertEquals(first, log.stable(), "the manifest has what was released");
            store.commit(new ManifestEdit(), second);
            assertEquals(1, log.segments(), "the one that grows stays");
            // Its file is written over: the third segment takes it.
            append(log, 4000);
            assertFalse(segmentFiles("d0").contains(oldest), segmentFiles("d0").toString());
            assertEquals(2, segmentFiles("d0").size());
            assertEquals(2, log.segments());
        });
    }

    @Test
    void nothingIsStableThatWasNeverWritten() {
        with(1, 1, SMALL, (store, log) -> {
            long end = append(log, 10);
            store.commit(new ManifestEdit(), end + 1000);
            assertEquals(end, log.stable());
        });
    }

    /** Recovery takes a named end for a promise. */
    @Test
    void theEndOfASegmentIsNamedOnceAndNotBeforeAllOfItIsStable() {
        with(1, 1, SMALL, (store, log) -> {
            append(log, 3900);
            long second = append(log, 3900);
            long id = store.manifest().with(state -> state.segments.firstKey());
            store.commit(new ManifestEdit(), 0);
            assertEquals(SegmentInfo.OPEN, end(store, id));
            log.awaitStable(second);
            store.commit(new ManifestEdit(), 0);
            assertEquals(LogFormat.FIRST_AT + LogFormat.START_BYTES + AROUND + 3900, end(store, id));
            assertEquals(SegmentInfo.OPEN, end(store, id + 1));
            assertEquals(List.of(), log.release(0, new ManifestEdit()).ended());
        });
    }

    private static long end(ExtentStore store, long segment) {
        return store.manifest()
                .with(state ->
                        Objects.requireNonNull(state.segments.get(segment)).end());
    }

    @Test
    void aSegmentIsLiveUntilItIsReleased() {
        with(1, 1, SMALL, (store, log) -> {
            long end = append(log, 3900);
            SegmentInfo first =
                    store.manifest().with(state -> state.segments.firstEntry().getValue());
            append(log, 3900);
            assertTrue(log.isLive(first));
            store.commit(new ManifestEdit(), end);
            assertFalse(log.isLive(first));
        });
    }

    // ---- the end ----

    @Test
    void whatWasClosedIsStableAndItsEndIsNamed() {
        long[] end = new long[1];
        assertTrue(world.run(() -> {
            ExtentStore store = open(1, 1, SMALL, new Client(0));
            append(store.log(), 10);
            end[0] = append(store.log(), 20);
            store.close();
            assertFails(Kind.FAILED, "is closed", () -> append(store.log(), 1));
            assertFails(Kind.FAILED, "is closed", () -> store.log().awaitStable(end[0] + 1));
            assertFalse(store.log().wantsNext());
            assertFalse(store.log().isUsable());
            assertEquals(List.of(LogFormat.FIRST_AT + end[0]), endsOnDisk());
        }));
        assertEquals(List.of(), disk().openNames());
        world = world.reboot(Survival.ALL_LOST);
        assertTrue(world.run(() -> {
            Client client = new Client(0);
            ExtentStore store = open(1, 1, SMALL, client);
            assertEquals(2, client.sequences.size());
            assertEquals(end[0], store.log().written());
            assertEquals(end[0], store.log().stable());
            assertEquals(1, store.log().segments());
            long segment = store.manifest().with(state -> state.segments.firstKey());
            assertEquals(LogFormat.FIRST_AT + end[0], end(store, segment));
            // What was recovered is released like the rest.
            store.commit(new ManifestEdit(), end[0]);
            assertEquals(0, store.log().segments());
            store.close();
        }));
    }

    /** The ends of segments that the first disk's manifest names. */
    private List<Long> endsOnDisk() {
        try {
            byte[] header = disk().contents("manifest-0");
            ManifestSlot slot = ManifestSlot.read(
                    disk(), FileHeader.store(ByteBuffer.wrap(header)), FileHeader.disk(ByteBuffer.wrap(header)), 0);
            ManifestState state = new ManifestState(new Client(0));
            List<byte[]> bodies = new ArrayList<>(Objects.requireNonNull(slot).pages);
            bodies.addAll(slot.edits);
            bodies.forEach(body -> state.apply(new Decoder("manifest", body), false));
            return state.segments.values().stream().map(SegmentInfo::end).toList();
        } catch (NoSuchFileException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void whatWasReplayedCanBeReleasedSegmentBySegment() {
        long[] ends = new long[3];
        with(1, 1, SMALL, (store, log) -> {
            for (int i = 0; i < 3; i++) {
                ends[i] = append(log, 3900);
            }
            log.awaitStable(ends[2]);
        });
        world = world.reboot(Survival.ALL_KEPT);
        with(1, 1, SMALL, (store, log) -> {
            assertEquals(3, log.segments());
            store.commit(new ManifestEdit(), ends[1]);
            assertEquals(1, log.segments());
            assertEquals(List.of(), store.check().problems());
        });
    }

    /** A power cut may take what was never forced in any order: also the beginning of a segment alone. */
    @Test
    void aMarkSaysOnlyWhatTheLogItselfHasStable() {
        long[] flushed = new long[1];
        with(1, 1, SMALL, (store, log) -> {
            flushed[0] = append(log, 10);
            // The manifest has it, which makes it stable; the log's own bytes are not.
            store.commit(new ManifestEdit(), flushed[0]);
            assertEquals(flushed[0], log.stable());
            append(log, 10);
        });
        destroyStart();
        world = world.reboot(Survival.ALL_KEPT);
        assertTrue(world.run(() -> {
            Client client = new Client(flushed[0]);
            ExtentStore store = open(1, 1, SMALL, client);
            assertEquals(List.of(), client.sequences);
            assertEquals(flushed[0], store.log().written());
            append(store.log(), 10);
            store.log().awaitStable(store.log().written());
            append(store.log(), 10);
            store.abandon();
        }));
        destroyStart();
        world = world.reboot(Survival.ALL_KEPT);
        assertTrue(world.run(() -> assertFails(
                Kind.DAMAGED, "its first group is damaged", () -> open(1, 1, SMALL, new Client(flushed[0])))));
    }

    /** Spoils the first group of the newest log segment that has begun. */
    private void destroyStart() {
        try {
            for (String name : segmentFiles("d0")) {
                if (ByteBuffer.wrap(disk().contents(name)).getInt(LogFormat.STATE_AT) == LogFormat.BEGUN) {
                    disk().zero(name, LogFormat.FIRST_AT, LogFormat.START_BYTES);
                }
            }
        } catch (NoSuchFileException e) {
            throw new AssertionError(e);
        }
    }

    // ---- disks that fail ----

    @Test
    void aLostCopyWeakensTheLogUntilWhatWasInItIsReleased() {
        with(3, 2, SMALL, (store, log) -> {
            long end = append(log, 10);
            assertFalse(log.isWeakened());
            String struck = StoreModel.disks(3).stream()
                    .filter(disk -> !segmentFiles(disk).isEmpty())
                    .findFirst()
                    .orElseThrow();
            world.disk(struck).inject(Fault.ioError(Call.WRITE, Call.FORCE).forever());
            long next = append(log, 10);
            assertTrue(log.isWeakened());
            assertEquals(2, store.disksInUse().size());
            log.awaitStable(next);
            // From now on it is written to a segment with all its copies.
            long after = append(log, 10);
            assertEquals(2, log.segments());
            log.awaitStable(after);
            assertTrue(log.isWeakened());
            store.commit(new ManifestEdit(), end);
            assertTrue(log.isWeakened());
            store.commit(new ManifestEdit(), next);
            assertFalse(log.isWeakened());
            assertTrue(log.isUsable());
        });
    }

    @Test
    void aDiskThatFailsAtAForceIsLeftOutBeforeAnythingIsAcknowledged() {
        with(2, 2, SMALL, (store, log) -> {
            long end = append(log, 10);
            world.disk("d1").inject(Fault.ioError(Call.FORCE).on(name -> name.startsWith("log-")));
            log.awaitStable(end);
            assertEquals(1, store.disksInUse().size());
            assertTrue(log.isWeakened());
            assertEquals(end, log.stable());
        });
    }

    @Test
    void withTheLastCopyTheLogFailsForGood() {
        with(1, 1, SMALL, (store, log) -> {
            long end = append(log, 10);
            log.awaitStable(end);
            long lost = append(log, 10);
            disk().inject(Fault.ioError(Call.FORCE));
            assertFails(Kind.FAILED, "the last copy of log segment", () -> log.awaitStable(lost));
            assertFalse(log.isUsable());
            assertFalse(log.wantsNext());
            StorageException first = assertThrows(StorageException.class, () -> append(log, 1));
            assertSame(first, assertThrows(StorageException.class, () -> log.awaitStable(lost)));
            // What was stable before is no less so.
            log.awaitStable(end);
            log.prepare();
        });
    }

    @Test
    void aCommitThatFailedCannotBeEndedAndAnotherMayFollow() {
        with(1, 1, SMALL, (store, log) -> {
            long end = append(log, 10);
            disk().limitCapacity(disk().usedBytes());
            log.begin(1, 10);
            ByteBuffer large = ByteBuffer.allocate(1 << 20);
            assertFails(Kind.NO_SPACE, "the log", () -> log.raw(large));
            assertEquals(0, large.position());
            assertThrows(IllegalStateException.class, log::end);
            assertEquals(end, log.written());
            assertEquals(end + AROUND + 10, append(log, 10));
            for (Consumer<Log> put : List.<Consumer<Log>>of(each -> each.u8(1), each -> each.varint(1))) {
                log.begin(1, 10);
                assertFails(Kind.NO_SPACE, "the log", () -> {
                    while (true) {
                        put.accept(log);
                    }
                });
                assertThrows(IllegalStateException.class, log::end);
            }
            disk().limitCapacity(1L << 40);
            append(log, 10);
        });
    }

    /** The copies that were made on other disks are removed: no manifest names them. */
    @Test
    void aDiskOnWhichNoSegmentCanBeMadeIsLeftOut() {
        for (Call call : List.of(Call.CREATE, Call.WRITE, Call.FORCE)) {
            world = new SimWorld(1);
            with(2, 2, SMALL, (store, log) -> {
                append(log, 10);
                String growing = segmentFiles("d0").get(0);
                world.disk("d1").inject(Fault.ioError(call).on(name -> name.startsWith("log-")));
                log.prepare();
                assertEquals(1, store.disksInUse().size());
                assertTrue(log.isUsable());
                assertFalse(log.wantsNext());
                assertEquals(2, segmentFiles("d0").size(), "the one that grows, and the one that is ready");
                log.awaitStable(append(log, 10));
                assertEquals(2, log.segments());
                assertTrue(segmentFiles("d0").contains(growing));
                assertEquals(List.of(), store.check().problems());
            });
        }
    }

    @Test
    void aDiskOnWhichASegmentCannotBeginIsLeftOutAndTheSegmentGivenUp() {
        with(2, 2, SMALL, (store, log) -> {
            append(log, 10);
            // The first force is of the zeros, the second of the header that says that it has begun.
            world.disk("d1")
                    .inject(Fault.ioError(Call.FORCE)
                            .on(name -> name.startsWith("log-"))
                            .after(1));
            log.prepare();
            assertEquals(1, store.disksInUse().size());
            assertTrue(log.isUsable());
            assertFalse(log.wantsNext());
            assertEquals(2, segmentFiles("d0").size());
            long named = store.manifest().with(state -> (long) state.segments.size());
            assertEquals(2, named);
            log.awaitStable(append(log, 10));
            assertEquals(List.of(), store.check().problems());
        });
    }

    /** Who finds it out is the manifest: the log must not go on with a copy that nobody will read. */
    @Test
    void aCopyOnADiskThatWasLeftOutByTheManifestIsWrittenToNoMore() {
        with(3, 2, SMALL, (store, log) -> {
            long end = append(log, 10);
            String left = StoreModel.disks(3).stream()
                    .filter(disk -> !segmentFiles(disk).isEmpty())
                    .findFirst()
                    .orElseThrow();
            assertFalse(log.isWeakened());
            world.disk(left).inject(Fault.ioError(Call.FORCE).on(name -> name.startsWith("manifest")));
            store.commit(new ManifestEdit(), 0);
            assertEquals(2, store.disksInUse().size());
            assertTrue(log.isWeakened());
            long next = append(log, 10);
            assertEquals(2, log.segments());
            log.awaitStable(next);
            store.commit(new ManifestEdit(), end);
            assertFalse(log.isWeakened());
        });
    }

    /** Made ready on a disk that has failed since, it is given up, and another one made. */
    @Test
    void aSegmentThatWasReadyIsGivenUpWithItsDisk() {
        with(3, 2, SMALL, (store, log) -> {
            append(log, 10);
            log.prepare();
            assertFalse(log.wantsNext());
            long ready = store.manifest().with(state -> state.segments.lastKey());
            int[] on = store.manifest()
                    .with(state -> state.segments.lastEntry().getValue().disks());
            world.disk("d" + on[0]).inject(Fault.ioError(Call.FORCE).on(name -> name.startsWith("manifest")));
            store.commit(new ManifestEdit(), 0);
            assertTrue(log.wantsNext());
            boolean named = store.manifest().with(state -> state.segments.containsKey(ready));
            assertFalse(named);
            log.awaitStable(append(log, 4050));
            assertEquals(2, log.segments());
            assertEquals(List.of(), store.check().problems());
        });
    }

    // ---- disks that are full ----

    @Test
    void aSegmentWhoseStartFoundNoRoomIsBegunOnceThereIsSome() {
        with(1, 1, SMALL, (store, log) -> {
            append(log, 3900);
            log.prepare();
            disk().inject(Fault.noSpace(Call.WRITE).on(name -> name.startsWith("log-")));
            assertFails(Kind.NO_SPACE, "the log", () -> append(log, 3900));
            assertTrue(log.isUsable());
            log.awaitStable(append(log, 3900));
            assertEquals(2, log.segments());
            assertEquals(List.of(), store.check().problems());
        });
        world = world.reboot(Survival.ALL_LOST);
        assertTrue(world.run(() -> {
            Client client = new Client(0);
            open(1, 1, SMALL, client).abandon();
            assertEquals(2, client.sequences.size());
        }));
    }

    @Test
    void aFullDiskIsTriedAgainAfterAWhile() {
        with(1, 1, SMALL, (store, log) -> {
            append(log, 3900);
            disk().limitCapacity(disk().usedBytes());
            assertFalse(log.lacksRoom());
            log.prepare();
            assertTrue(log.lacksRoom());
            assertFails(Kind.NO_SPACE, "writes wait for room for the log", () -> append(log, 3900));
            assertTrue(log.isUsable());
            assertEquals(1, segmentFiles("d0").size(), "what was begun is removed");
            disk().limitCapacity(1L << 40);
            assertFails(Kind.NO_SPACE, "no room for log segment", () -> append(log, 3900));
            world.environment().pause(WAIT_FOR_ROOM_NANOS);
            append(log, 3900);
            assertFalse(log.lacksRoom());
            assertEquals(2, log.segments());
        });
    }

    @Test
    void aSmallerSegmentIsMadeWhereThereIsNoRoomForALargeOne() {
        with(1, 1, 64 * FIRST, (store, log) -> {
            for (int i = 0; i < 3; i++) {
                append(log, 5 * FIRST);
            }
            // The next would be of 8 MiB; one of 2 MiB fits.
            disk().limitCapacity(disk().usedBytes() + 3 * FIRST);
            log.prepare();
            assertFalse(log.lacksRoom());
            List<String> names = segmentFiles("d0");
            assertEquals(2 * FIRST, bytes("d0", names.get(names.size() - 1)));
        });
    }

    @Test
    void onAFullDiskWhatFreesSpaceGoesToASegmentOfItsOwn() {
        with(1, 1, FIRST, (store, log) -> {
            append(log, 10);
            disk().inject(Fault.noSpace(Call.CREATE)
                    .on(name -> name.startsWith("log-"))
                    .times(1));
            append(log, FIRST - 9000);
            long before = log.written();
            // Does not fit any more.
            assertFails(Kind.NO_SPACE, "writes wait", () -> append(log, 9000));
            assertEquals(before, log.written());
            append(log, 9000, true);
            assertEquals(2, log.segments());
            String reserved = segmentFiles("d0").get(1);
            assertEquals(Log.RESERVED_SEGMENT_BYTES, bytes("d0", reserved));
            append(log, 100, true);
            assertEquals(2, log.segments());
            assertFails(Kind.NO_SPACE, "writes wait", () -> append(log, 100));
            world.environment().pause(WAIT_FOR_ROOM_NANOS);
            log.awaitStable(append(log, 100));
            assertEquals(3, log.segments(), "what frees nothing has a segment of its own again");
            assertEquals(FIRST, bytes("d0", segmentFiles("d0").get(2)));
        });
    }
}
