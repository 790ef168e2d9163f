package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.StorageException.Kind;
import io.donjon.extents.sim.Call;
import io.donjon.extents.sim.Fault;
import io.donjon.extents.sim.SimDisk;
import io.donjon.extents.sim.SimPower;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What is made of log segments some of whose copies are damaged, missing or were never begun. */
class LogRecoveryTest {
    private static final UUID STORE = new UUID(1, 2);
    private static final ManifestPosition BELIEVED = new ManifestPosition(4, 5);
    private static final int COMMIT_BYTES = 100;
    private static final int START_BYTES = LogFormat.START_BYTES;

    private final List<SimDisk> directories = new ArrayList<>();
    private final TreeMap<Integer, Disk> disks = new TreeMap<>();
    private final List<StoreCheck.Problem> damages = new ArrayList<>();
    private final List<String> replayed = new ArrayList<>();

    LogRecoveryTest() {
        for (int number = 0; number < 3; number++) {
            SimDisk directory = new SimDisk("/d" + number, new SimPower(number));
            directories.add(directory);
            disks.put(number, new Disk(number, new UUID(3, number), directory, directory.path(), true));
        }
    }

    private Disk disk(int number) {
        return Objects.requireNonNull(disks.get(number));
    }

    private static String name(long segment) {
        return SegmentInfo.fileName(segment);
    }

    /** A segment's groups in the making, each commit of as many bytes. */
    private static final class Segment {
        final long id;
        final long base;
        final ByteBuffer file = ByteBuffer.allocate(1 << 15);
        int end = LogFormat.FIRST_AT;
        long sequence;

        Segment(long id, long base, long stable) {
            this.id = id;
            this.base = base;
            this.sequence = 100 * id;
            group(new Encoder(17).u8(LogFormat.START).u64(base).u64(stable));
        }

        final Segment group(Encoder body) {
            file.putInt(end + LogFormat.TAG_AT, LogFormat.tag(id, end));
            file.putInt(end + LogFormat.LENGTH_AT, body.length());
            file.put(end + LogFormat.BODY_AT, body.toBytes());
            file.putInt(end + LogFormat.CRC_AT, LogFormat.checksum(new Checksums(), id, end, file, end));
            end += LogFormat.BODY_AT + body.length();
            return this;
        }

        long position() {
            return base + end - LogFormat.FIRST_AT;
        }

        /** A commit that says up to where all was stable when it was written. */
        Segment commit(long stable) {
            Encoder body = new Encoder(COMMIT_BYTES).u8(LogFormat.COMMIT).varint(position() - stable);
            body.varint(sequence++);
            return group(body.zeros(COMMIT_BYTES - LogFormat.BODY_AT - body.length()));
        }

        Segment commits(int count) {
            for (int i = 0; i < count; i++) {
                commit(0);
            }
            return this;
        }

        /** Where commit {@code i} begins. */
        int at(int i) {
            return LogFormat.FIRST_AT + START_BYTES + i * COMMIT_BYTES;
        }

        SegmentInfo open(int... on) {
            return new SegmentInfo(id, on, SegmentInfo.OPEN);
        }

        SegmentInfo ended(int... on) {
            return new SegmentInfo(id, on, end);
        }
    }

    private void put(SimDisk directory, String name, ByteBuffer header, ByteBuffer file) {
        try (OpenFile made = directory.create(name, Directory.Access.BUFFERED)) {
            ByteBuffer whole = file.duplicate().clear();
            whole.put(0, header, 0, FileHeader.BYTES);
            made.write(whole, 0);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void putOn(Segment segment, int... on) {
        for (int copy = 0; copy < on.length; copy++) {
            put(segment, on[copy], copy, LogFormat.BEGUN);
        }
    }

    private void put(Segment segment, int on, int copy, int state) {
        put(
                directories.get(on),
                name(segment.id),
                LogFormat.header(STORE, disk(on).id, segment.id, copy, state, BELIEVED),
                segment.file);
    }

    /** A bit of a file falls over. */
    private void flip(int on, Segment segment, int at) throws IOException {
        directories.get(on).flipBit(name(segment.id), 8L * at);
    }

    private LogRecovery recovery() {
        return new LogRecovery(STORE, disks, BELIEVED, Directory.Access.BUFFERED, damages);
    }

    private LogRecovery read(long from, SegmentInfo... named) throws IOException {
        LogRecovery recovery = recovery();
        recovery.read(List.of(named), from);
        return recovery;
    }

    private void replay(LogRecovery recovery) throws IOException {
        replayed.clear();
        recovery.replay((sequence, position, operations) -> {
            assertArrayEquals(new byte[operations.remaining()], operations.raw(operations.remaining()));
            replayed.add(sequence + " up to " + position);
        });
        directories.forEach(directory -> assertEquals(List.of(), directory.openNames()));
    }

    private static List<String> commits(Segment segment, int from, int to) {
        List<String> due = new ArrayList<>();
        for (int i = from; i < to; i++) {
            due.add((100 * segment.id + i) + " up to " + (segment.base + segment.at(i + 1) - LogFormat.FIRST_AT));
        }
        return due;
    }

    private void assertRefused(Kind kind, String what, long from, SegmentInfo... named) {
        StorageException refused = assertThrows(StorageException.class, () -> read(from, named));
        assertEquals(kind, refused.kind(), refused.toString());
        assertTrue(String.valueOf(refused.getMessage()).contains(what), refused.getMessage());
        directories.forEach(directory -> assertEquals(List.of(), directory.openNames()));
    }

    private static Map<Long, Long> settled(LogRecovery recovery) {
        ManifestState state = new ManifestState(new StatelessClient());
        state.segments.put(77L, new SegmentInfo(77, new int[] {0}, SegmentInfo.OPEN));
        recovery.settle(state);
        Map<Long, Long> ends = new TreeMap<>();
        state.segments.forEach((id, info) -> ends.put(id, info.end()));
        return ends;
    }

    @Test
    void segmentsAreReplayedBehindEachOther() throws IOException {
        Segment first = new Segment(1, 0, 0).commits(3);
        Segment second = new Segment(2, first.position(), 0).commits(2);
        putOn(first, 0, 1);
        putOn(second, 1, 2);
        LogRecovery recovery = read(0, first.ended(0, 1), second.open(1, 2));
        assertEquals(second.position(), recovery.position());
        replay(recovery);
        List<String> due = commits(first, 0, 3);
        due.addAll(commits(second, 0, 2));
        assertEquals(due, replayed);
        assertEquals(new TreeMap<>(Map.of(1L, (long) first.end, 2L, (long) second.end)), settled(recovery));
    }

    @Test
    void aLogWithoutSegmentsEndsWhereReplayBegins() throws IOException {
        LogRecovery recovery = read(500);
        assertEquals(500, recovery.position());
        replay(recovery);
        assertEquals(List.of(), replayed);
    }

    @Test
    void replayBeginsAtTheGroupThatBeginsThere() throws IOException {
        Segment first = new Segment(1, 0, 0).commits(3);
        Segment second = new Segment(2, first.position(), 0).commits(2);
        putOn(first, 0);
        putOn(second, 0);
        SegmentInfo[] named = {first.ended(0), second.open(0)};
        long border = START_BYTES + 2 * COMMIT_BYTES;
        LogRecovery recovery = read(border, named);
        replay(recovery);
        List<String> due = commits(first, 2, 3);
        due.addAll(commits(second, 0, 2));
        assertEquals(due, replayed);
        LogRecovery between = read(border + 1, named);
        StorageException refused = assertThrows(StorageException.class, () -> replay(between));
        assertEquals(Kind.DAMAGED, refused.kind());
        assertTrue(String.valueOf(refused.getMessage()).contains("at " + (first.at(2) + 1)), refused.getMessage());
    }

    @Test
    void segmentsBeforeTheOneThatReplayBeginsInAreLeft() throws IOException {
        Segment first = new Segment(1, 0, 0).commits(3);
        Segment second = new Segment(2, first.position(), 0).commits(2);
        putOn(first, 0);
        putOn(second, 0);
        LogRecovery recovery = read(first.position(), first.ended(0), second.open(0));
        assertEquals(List.of(2L), List.copyOf(settled(recovery).keySet()));
        replay(recovery);
        assertEquals(commits(second, 0, 2), replayed);
        // What a flushed buffer holds need not be in the log: nothing to replay, and the log goes on behind it.
        LogRecovery behind = read(second.position() + 1000, first.ended(0), second.open(0));
        assertEquals(second.position() + 1000, behind.position());
        assertEquals(List.of(), List.copyOf(settled(behind).keySet()));
    }

    @Test
    void aLogThatBeginsBehindThePlaceThatIsWantedIsDamaged() throws IOException {
        Segment segment = new Segment(1, 1000, 1000).commits(3);
        putOn(segment, 0);
        assertRefused(Kind.DAMAGED, "up to position 1000, but it ends at 999", 999, segment.open(0));
        assertEquals(segment.position(), read(1000, segment.open(0)).position());
    }

    /** Where a flush has put what comes first into the manifest, and a power cut has taken that from the log. */
    @Test
    void whatFollowsALostBeginningThatWasNeverStableIsNoPartOfTheLog() throws IOException {
        Segment first = new Segment(1, 0, 0).commits(3);
        Segment second = new Segment(2, first.position(), 0).commits(2);
        putOn(first, 0);
        putOn(second, 0);
        long flushed = START_BYTES + COMMIT_BYTES;
        assertEquals(
                second.position(), read(flushed, first.open(0), second.open(0)).position());
        flip(0, first, LogFormat.FIRST_AT + 20);
        assertEquals(flushed, read(flushed, first.open(0), second.open(0)).position());
        put(first, 1, 0, LogFormat.PREPARED);
        putOn(second, 1);
        assertEquals(flushed, read(flushed, first.open(1), second.open(1)).position());
    }

    @Test
    void aGroupThatOneCopyLacksIsTakenFromTheOtherAndPutRight() throws IOException {
        Segment segment = new Segment(1, 0, 0).commits(4);
        putOn(segment, 0, 1);
        byte[] sound = directories.get(0).contents(name(1));
        flip(0, segment, segment.at(1) + 50);
        flip(1, segment, segment.at(2) + LogFormat.LENGTH_AT);
        LogRecovery recovery = read(0, segment.open(0, 1));
        recovery.repair();
        replay(recovery);
        assertEquals(commits(segment, 0, 4), replayed);
        for (int copy = 0; copy < 2; copy++) {
            byte[] found = directories.get(copy).contents(name(1));
            assertEquals(
                    ByteBuffer.wrap(sound, LogFormat.FIRST_AT, segment.end - LogFormat.FIRST_AT),
                    ByteBuffer.wrap(found, LogFormat.FIRST_AT, segment.end - LogFormat.FIRST_AT),
                    "copy " + copy);
        }
        // A crash leaves that, too, as long as the segment could grow.
        assertEquals(List.of(), damages);
    }

    @Test
    void whatWasWrongWithAFinishedSegmentIsTold() throws IOException {
        Segment segment = new Segment(1, 0, 0).commits(4);
        putOn(segment, 0, 1);
        flip(1, segment, segment.at(3) + 50);
        LogRecovery recovery = read(0, segment.ended(0, 1));
        assertEquals(List.of(), damages);
        recovery.repair();
        assertEquals(1, damages.size(), damages.toString());
        StoreCheck.Problem told = damages.get(0);
        assertEquals("disk 1 (/d1)/" + name(1), told.place());
        assertTrue(told.what().contains("up to " + segment.end), told.what());
    }

    @Test
    void repairForcesEveryCopyEvenASoundOne() throws IOException {
        Segment segment = new Segment(1, 0, 0).commits(1);
        putOn(segment, 0, 1);
        LogRecovery recovery = read(0, segment.open(0, 1));
        List<Fault> forces = new ArrayList<>();
        for (int copy = 0; copy < 2; copy++) {
            Fault force = Fault.ioError(Call.FORCE);
            directories.get(copy).inject(force);
            forces.add(force);
            assertThrows(IOException.class, recovery::repair, "copy " + copy);
        }
        forces.forEach(force -> assertEquals(1, force.hits()));
        recovery.repair();
    }

    @Test
    void repairLeavesDisksAloneThatAreNotThereOrNotInUse() throws IOException {
        Segment segment = new Segment(1, 0, 0).commits(2);
        putOn(segment, 0, 1, 2);
        flip(1, segment, segment.at(0) + 50);
        byte[] damaged = directories.get(1).contents(name(1));
        disk(1).leaveOut();
        disks.put(2, new Disk(2, new UUID(3, 2), null, "/away", true));
        LogRecovery recovery = read(0, segment.open(0, 1, 2));
        recovery.repair();
        assertArrayEquals(damaged, directories.get(1).contents(name(1)));
        replay(recovery);
        assertEquals(commits(segment, 0, 2), replayed);
    }

    @Test
    void aMissingCopyIsMadeAgain() throws IOException {
        Segment segment = new Segment(6, 0, 0).commits(2);
        putOn(segment, 0);
        // One of another store under its name gives way.
        for (boolean foreign : new boolean[] {false, true}) {
            SimDisk directory = directories.get(1);
            if (foreign) {
                directory.delete(name(6));
                put(
                        directory,
                        name(6),
                        LogFormat.header(new UUID(9, 9), disk(1).id, 6, 1, LogFormat.BEGUN, BELIEVED),
                        segment.file);
            }
            LogRecovery recovery = read(0, segment.open(0, 1));
            recovery.repair();
            ByteBuffer made = ByteBuffer.wrap(directory.contents(name(6)));
            assertEquals(
                    LogFormat.header(STORE, disk(1).id, 6, 1, LogFormat.BEGUN, BELIEVED),
                    made.slice(0, FileHeader.BYTES));
            assertEquals(
                    segment.file.slice(LogFormat.FIRST_AT, segment.end - LogFormat.FIRST_AT),
                    made.slice(LogFormat.FIRST_AT, made.limit() - LogFormat.FIRST_AT));
            directories.forEach(each -> assertEquals(List.of(), each.openNames()));
        }
    }

    @Test
    void filesOfOthersAreNotReadAsCopies() throws IOException {
        Segment segment = new Segment(1, 0, 0).commits(2);
        UUID disk = disk(0).id;
        List<ByteBuffer> headers = List.of(
                LogFormat.header(new UUID(1, 9), disk, 1, 0, LogFormat.BEGUN, BELIEVED),
                LogFormat.header(STORE, new UUID(3, 9), 1, 0, LogFormat.BEGUN, BELIEVED),
                LogFormat.header(STORE, disk, 2, 0, LogFormat.BEGUN, BELIEVED));
        for (ByteBuffer header : headers) {
            put(directories.get(0), name(1), header, segment.file);
            assertRefused(Kind.DAMAGED, "another store, disk or segment", 0, segment.open(0));
            directories.get(0).delete(name(1));
        }
        assertRefused(Kind.DAMAGED, "/d0)/" + name(1) + ": it is missing", 0, segment.open(0));
    }

    @Test
    void aCopyThatCannotBeReadIsAsGoodAsNone() throws IOException {
        Segment segment = new Segment(1, 0, 0).commits(2);
        putOn(segment, 0, 1);
        directories.get(0).inject(Fault.ioError(Call.READ));
        replay(read(0, segment.open(0, 1)));
        assertEquals(commits(segment, 0, 2), replayed);
        directories.get(0).inject(Fault.ioError(Call.READ));
        assertRefused(Kind.FAILED, "I/O error", 0, segment.open(0));
    }

    @Test
    void aSegmentAllOfWhoseDisksAreAwayNamesThem() {
        disks.put(1, new Disk(1, new UUID(3, 1), null, "/away", true));
        disks.put(2, new Disk(2, new UUID(3, 2), null, "/gone", true));
        assertRefused(
                Kind.MISSING_DISKS,
                "log segment 5 are on disks that are not there: disk 1 (/away), disk 2 (/gone)",
                0,
                new SegmentInfo(5, new int[] {1, 2}, SegmentInfo.OPEN));
    }

    @Test
    void aSegmentThatWasNeverBegunHoldsNothing() throws IOException {
        Segment first = new Segment(1, 0, 0).commits(2);
        Segment prepared = new Segment(2, first.position(), 0).commits(2);
        putOn(first, 0);
        put(prepared, 0, 0, LogFormat.PREPARED);
        LogRecovery recovery = read(0, first.open(0), prepared.open(0));
        assertEquals(first.position(), recovery.position());
        assertEquals(List.of(1L), List.copyOf(settled(recovery).keySet()));
        assertRefused(Kind.DAMAGED, "was never begun", 0, first.open(0), prepared.ended(0));
        // One copy that has begun is enough: all had, or were lost.
        put(prepared, 1, 1, LogFormat.BEGUN);
        replay(read(0, first.open(0), prepared.open(0, 1)));
        List<String> due = commits(first, 0, 2);
        due.addAll(commits(prepared, 0, 2));
        assertEquals(due, replayed);
    }

    @Test
    void theLogEndsAtADamagedGroupThatNothingSaysWasStable() throws IOException {
        Segment segment = new Segment(1, 0, 0).commits(4);
        putOn(segment, 0, 1);
        for (int copy = 0; copy < 2; copy++) {
            flip(copy, segment, segment.at(2) + 30);
        }
        LogRecovery recovery = read(0, segment.open(0, 1));
        assertEquals(START_BYTES + 2 * COMMIT_BYTES, recovery.position());
        assertEquals((long) segment.at(2), settled(recovery).get(1L));
        replay(recovery);
        assertEquals(commits(segment, 0, 2), replayed);
    }

    /** The mark of the last group says so, and stands behind the damage. */
    @Test
    void whatAMarkSaysWasStableMustBeThere() throws IOException {
        Segment all = new Segment(1, 0, 0).commits(3);
        long third = START_BYTES + 2 * COMMIT_BYTES;
        for (long stable : new long[] {third, third + 1, third + COMMIT_BYTES}) {
            Segment segment = new Segment(1, 0, 0).commits(3).commit(stable);
            directories.get(0).names().stream().toList().forEach(this::deleteFromFirst);
            putOn(segment, 0);
            flip(0, segment, all.at(2) + 30);
            if (stable == third) {
                assertEquals(third, read(0, segment.open(0)).position());
            } else {
                String what = "up to position " + stable + ", but it ends at " + third + ", in disk 0 (/d0)/" + name(1)
                        + " at " + all.at(2);
                assertRefused(Kind.DAMAGED, what, 0, segment.open(0));
                // Unless what is there no more need not be replayed.
                assertEquals(stable, read(stable, segment.open(0)).position());
            }
        }
    }

    private void deleteFromFirst(String name) {
        try {
            directories.get(0).delete(name);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void marksBehindTheDamageAreFoundInEveryCopyAndSegment() throws IOException {
        Segment first = new Segment(1, 0, 0).commits(2);
        Segment second = new Segment(2, first.position(), first.position()).commits(1);
        putOn(first, 0, 1);
        putOn(second, 2);
        flip(0, first, first.at(1) + 30);
        flip(1, first, first.at(1) + 30);
        assertRefused(Kind.DAMAGED, "up to position " + first.position(), 0, first.open(0, 1), second.open(2));
        Segment marked = new Segment(3, 0, 0).commits(2).commit(START_BYTES + 2 * COMMIT_BYTES);
        putOn(marked, 0, 1);
        flip(0, marked, marked.at(1) + 30);
        flip(1, marked, marked.at(1) + 30);
        // Only the second copy has the mark.
        flip(0, marked, marked.at(2) + 30);
        assertRefused(Kind.DAMAGED, "up to position " + (START_BYTES + 2 * COMMIT_BYTES), 0, marked.open(0, 1));
    }

    @Test
    void aSegmentWhoseFirstGroupIsLostIsDamagedIfAnythingOfItWasStable() throws IOException {
        Segment begun = new Segment(1, 0, 0).commits(2);
        putOn(begun, 0);
        flip(0, begun, LogFormat.FIRST_AT + 20);
        // Its commits say that nothing of this segment was stable.
        assertEquals(0, read(0, begun.open(0)).position());
        Segment stable = new Segment(2, 0, 0).commits(1).commit(1);
        putOn(stable, 0);
        flip(0, stable, LogFormat.FIRST_AT + 20);
        assertRefused(Kind.DAMAGED, "its first group is damaged", 0, stable.open(0));
    }

    /** It was written after something that has been lost. */
    @Test
    void aSegmentThatDoesNotFollowTheOneBeforeIsNoPartOfTheLog() throws IOException {
        Segment first = new Segment(1, 0, 0).commits(3);
        Segment second = new Segment(2, first.position(), 0).commits(2);
        Segment third = new Segment(3, second.position(), 0).commits(2);
        putOn(first, 0);
        putOn(second, 0);
        putOn(third, 0);
        flip(0, first, first.at(2) + 30);
        LogRecovery recovery = read(0, first.open(0), second.open(0), third.open(0));
        assertEquals(START_BYTES + 2 * COMMIT_BYTES, recovery.position());
        assertEquals(List.of(1L), List.copyOf(settled(recovery).keySet()));
        replay(recovery);
        assertEquals(commits(first, 0, 2), replayed);
    }

    /** It found no room on the other disk, so that the commit failed, and what was acknowledged then went elsewhere. */
    @Test
    void aGroupOfOneCopyBehindWhichTheLogDoesNotGoOnIsNoPartOfIt() throws IOException {
        Segment first = new Segment(1, 0, 0).commits(3);
        Segment second = new Segment(2, first.position(), 0).commits(2);
        putOn(first, 1);
        put(first.commit(0), 0, 0, LogFormat.BEGUN);
        putOn(second, 1, 2);
        LogRecovery recovery = read(0, first.open(0, 1), second.open(1, 2));
        assertEquals(second.position(), recovery.position());
        recovery.repair();
        replay(recovery);
        List<String> due = commits(first, 0, 3);
        due.addAll(commits(second, 0, 2));
        assertEquals(due, replayed);
        assertEquals(new TreeMap<>(Map.of(1L, (long) first.at(3), 2L, (long) second.end)), settled(recovery));
    }

    /** One whose place is within a group was not written behind it. */
    @Test
    void aSegmentThatBeginsWithinAGroupOfTheOneBeforeIsNoPartOfTheLog() throws IOException {
        Segment first = new Segment(1, 0, 0).commits(3);
        Segment second = new Segment(2, first.position() - 1, 0).commits(2);
        putOn(first, 0);
        putOn(second, 0);
        LogRecovery recovery = read(0, first.open(0), second.open(0));
        assertEquals(first.position(), recovery.position());
        replay(recovery);
        assertEquals(commits(first, 0, 3), replayed);
    }

    @Test
    void upToItsNamedEndASegmentMustBeSound() throws IOException {
        Segment segment = new Segment(1, 0, 0).commits(3);
        putOn(segment, 0);
        flip(0, segment, segment.at(2) + 30);
        assertRefused(
                Kind.DAMAGED,
                "must be sound up to " + segment.end + ", and is not from " + segment.at(2),
                0,
                segment.ended(0));
    }

    @Test
    void whatStandsBehindTheNamedEndIsNoPartOfTheLog() throws IOException {
        Segment segment = new Segment(1, 0, 0).commits(3);
        putOn(segment, 0);
        SegmentInfo shorter = new SegmentInfo(1, new int[] {0}, segment.at(2));
        LogRecovery recovery = read(0, shorter);
        assertEquals(START_BYTES + 2 * COMMIT_BYTES, recovery.position());
        replay(recovery);
        assertEquals(commits(segment, 0, 2), replayed);
    }

    /** A named end is a promise that all before it was stable. */
    @Test
    void aSegmentWithANamedEndMustBeReachedByTheLog() throws IOException {
        Segment first = new Segment(1, 0, 0).commits(2);
        Segment second = new Segment(2, first.position(), 0).commits(1);
        putOn(first, 0);
        putOn(second, 0);
        flip(0, first, first.at(1) + 30);
        assertRefused(Kind.DAMAGED, "up to position " + second.position(), 0, first.open(0), second.ended(0));
    }

    @Test
    void groupsOfAKindOrAtAPlaceThatIsNotKnownAreRefused() {
        putOn(new Segment(1, 0, 0).group(new Encoder(1).u8(2)), 0);
        assertRefused(Kind.TOO_NEW, "kind 2", 0, new SegmentInfo(1, new int[] {0}, SegmentInfo.OPEN));
        putOn(
                new Segment(2, 0, 0)
                        .group(new Encoder(17).u8(LogFormat.START).u64(0).u64(0)),
                0);
        assertRefused(Kind.TOO_NEW, "kind 0", 0, new SegmentInfo(2, new int[] {0}, SegmentInfo.OPEN));
    }

    /** Contents are read again when they are needed: what was sound before must still be. */
    @Test
    void aSegmentThatGotWorseSinceItWasReadIsRefused() throws IOException {
        Segment segment = new Segment(1, 0, 0).commits(3);
        putOn(segment, 0);
        LogRecovery recovery = read(0, segment.open(0));
        flip(0, segment, segment.at(1) + 30);
        StorageException refused = assertThrows(StorageException.class, () -> replay(recovery));
        assertTrue(
                String.valueOf(refused.getMessage()).contains("was sound up to " + segment.end), refused.getMessage());
        directories.get(0).delete(name(1));
        put(segment, 0, 0, LogFormat.PREPARED);
        StorageException gone = assertThrows(StorageException.class, () -> replay(recovery));
        assertTrue(String.valueOf(gone.getMessage()).contains("was begun"), gone.getMessage());
    }

    /** Copies may end at different lengths: the longer one goes on. */
    @Test
    void copiesOfDifferentLengthsAreGatheredFromEach() throws IOException {
        Segment segment = new Segment(1, 0, 0).commits(4);
        putOn(segment, 0, 1);
        directories.get(0).resize(name(1), segment.at(2));
        directories.get(1).resize(name(1), segment.end);
        flip(1, segment, segment.at(0) + 30);
        LogRecovery recovery = read(0, segment.open(0, 1));
        assertEquals(segment.position(), recovery.position());
        recovery.repair();
        directories.get(1).delete(name(1));
        replay(read(0, segment.open(0)));
        assertEquals(commits(segment, 0, 4), replayed);
    }
}
