package io.donjon.extents;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Groups of all sizes, through a small buffer, into a file that takes only whole units. */
class GroupBufferTest {
    private static final int CAPACITY = 8192;
    private static final long SEGMENT = 3;

    /** A write as the file gets it. */
    private record Write(long at, int length) {}

    /** A file of a segment. */
    private static final class Target implements GroupBuffer.Sink {
        final int unit;
        final ByteBuffer file = ByteBuffer.allocate(1 << 20);
        final List<Write> writes = new ArrayList<>();

        Target(int unit) {
            this.unit = unit;
        }

        @Override
        public void write(ByteBuffer piece, long at) {
            assertEquals(0, at % unit, "begins at " + at);
            assertEquals(0, piece.remaining() % unit, "bytes from " + at);
            writes.add(new Write(at, piece.remaining()));
            file.position((int) at).put(piece).position(0);
        }

        int soundBody(long segment, long at) {
            return LogFormat.soundBody(new Checksums(), segment, file, (int) at);
        }

        byte[] body(long at, int length) {
            byte[] body = new byte[length];
            file.get((int) at + LogFormat.BODY_AT, body);
            return body;
        }
    }

    private static GroupBuffer buffer(int unit) {
        GroupBuffer buffer = new GroupBuffer(CAPACITY, Directory.Access.APPENDING);
        buffer.enter(SEGMENT, LogFormat.FIRST_AT, unit);
        return buffer;
    }

    private static byte[] bytes(int length, long seed) {
        byte[] bytes = new byte[length];
        new SplittableRandom(seed).nextBytes(bytes);
        return bytes;
    }

    private static int append(GroupBuffer buffer, Target target, byte[] body) throws IOException {
        buffer.begin();
        buffer.raw(ByteBuffer.wrap(body), target);
        return buffer.end(target);
    }

    private static void assertSound(Target target, long segment, long at, byte[] body) {
        assertEquals(body.length, target.soundBody(segment, at), "the group at " + at);
        assertArrayEquals(body, target.body(at, body.length), "the group at " + at);
    }

    /** Where a group stands, and what it holds. */
    private record Known(long at, int length, long seed) {}

    @ParameterizedTest
    @ValueSource(ints = {1, 16, 512, 4096})
    void groupsStandWholeOneBehindTheOtherWhateverTheirSizes(int unit) throws IOException {
        for (int seed = 0; seed < 20; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            GroupBuffer buffer = buffer(unit);
            Target target = new Target(unit);
            List<Known> groups = new ArrayList<>();
            long at = LogFormat.FIRST_AT;
            for (int n = 0; n < 30; n++) {
                // Near the borders of the buffer, too.
                int length = switch (random.nextInt(6)) {
                    case 0 -> random.nextInt(1, 4 * CAPACITY);
                    case 1 -> CAPACITY * random.nextInt(1, 3) - random.nextInt(2 * LogFormat.BODY_AT);
                    default -> random.nextInt(1, 600);
                };
                byte[] body = bytes(length, n);
                assertEquals(at, buffer.groupAt());
                buffer.begin();
                for (int done = 0; done < length; ) {
                    int piece = Math.min(length - done, 1 + random.nextInt(3000));
                    if (piece == 1) {
                        buffer.u8(body[done], target);
                    } else {
                        buffer.raw(ByteBuffer.wrap(body, done, piece), target);
                    }
                    done += piece;
                }
                assertEquals(LogFormat.BODY_AT + length, buffer.end(target));
                groups.add(new Known(at, length, n));
                at += LogFormat.BODY_AT + length;
            }
            for (Known group : groups) {
                assertSound(target, SEGMENT, group.at, bytes(group.length, group.seed));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 512})
    void aGroupThatFitsLeavesInOneWriteOfTheUnitsThatItTouches(int unit) throws IOException {
        GroupBuffer buffer = buffer(unit);
        Target target = new Target(unit);
        for (int n = 0; n < 60; n++) {
            long from = buffer.groupAt() / unit * unit;
            append(buffer, target, bytes(100 + n, n));
            long to = (buffer.groupAt() + unit - 1) / unit * unit;
            assertEquals(List.of(new Write(from, (int) (to - from))), target.writes, "group " + n);
            target.writes.clear();
        }
    }

    @Test
    void behindAGroupThereAreZerosToTheEndOfItsUnit() throws IOException {
        GroupBuffer buffer = buffer(512);
        Target target = new Target(512);
        // What the buffer held before, in another segment, must not come along.
        append(buffer, target, bytes(5000, 1));
        buffer.enter(SEGMENT + 1, LogFormat.FIRST_AT, 512);
        append(buffer, target, bytes(700, 2));
        append(buffer, target, bytes(20, 3));
        for (int at = (int) buffer.groupAt(); at % 512 != 0; at++) {
            assertEquals(0, target.file.get(at), "byte " + at);
        }
        assertSound(target, SEGMENT + 1, LogFormat.FIRST_AT, bytes(700, 2));
    }

    /** Else a crash on the way could leave a header whose body is missing in the middle. */
    @ParameterizedTest
    @ValueSource(ints = {1, 512, 4096})
    void ofALargeGroupTheHeaderIsWrittenLast(int unit) throws IOException {
        for (int before : new int[] {1, 500, 4096, 7000}) {
            GroupBuffer buffer = buffer(unit);
            Target target = new Target(unit);
            append(buffer, target, bytes(before, 1));
            long at = buffer.groupAt();
            byte[] body = bytes(3 * CAPACITY, 2);
            target.writes.clear();
            append(buffer, target, body);
            List<Write> writes = target.writes;
            assertTrue(writes.size() >= 3, "not written in pieces: " + writes);
            Write last = writes.get(writes.size() - 1);
            assertTrue(last.at <= at && last.at + last.length >= at + LogFormat.BODY_AT, "last write " + last);
            for (Write write : writes.subList(0, writes.size() - 1)) {
                assertTrue(write.at >= last.at + last.length, write + " overlaps the last, " + last);
            }
            assertSound(target, SEGMENT, at, body);
            assertSound(target, SEGMENT, LogFormat.FIRST_AT, bytes(before, 1));
        }
    }

    @Test
    void aGroupBelongsToTheSegmentThatWasEntered() throws IOException {
        GroupBuffer buffer = buffer(1);
        append(buffer, new Target(1), bytes(100, 1));
        buffer.enter(9, 8192, 1);
        assertEquals(8192, buffer.groupAt());
        Target target = new Target(1);
        append(buffer, target, bytes(50, 2));
        assertSound(target, 9, 8192, bytes(50, 2));
        assertEquals(-1, target.soundBody(SEGMENT, 8192));
        assertEquals(List.of(new Write(8192, 50 + LogFormat.BODY_AT)), target.writes);
    }

    /** A begun group that could not be written is begun again in its place. */
    @Test
    void aGroupThatWasGivenUpLeavesNoTrace() throws IOException {
        GroupBuffer buffer = buffer(1);
        Target target = new Target(1);
        append(buffer, target, bytes(100, 1));
        long at = buffer.groupAt();
        buffer.begin();
        buffer.raw(ByteBuffer.wrap(bytes(3 * CAPACITY, 2)), target);
        assertEquals(at, buffer.groupAt());
        append(buffer, target, bytes(30, 3));
        assertSound(target, SEGMENT, at, bytes(30, 3));
        assertEquals(-1, target.soundBody(SEGMENT, buffer.groupAt()));
    }

    @Test
    void varintsAreThoseOfTheFormat() throws IOException {
        GroupBuffer buffer = buffer(1);
        Target target = new Target(1);
        Encoder due = new Encoder(100);
        buffer.begin();
        for (long value : new long[] {0, 1, 127, 128, 300, 16_383, 16_384, Long.MAX_VALUE, -1}) {
            buffer.varint(value, target);
            due.varint(value);
        }
        buffer.end(target);
        assertSound(target, SEGMENT, LogFormat.FIRST_AT, due.toBytes());
    }

    @Test
    void whatIsAppendedIsNotMovedOrReadBeyondItsLimit() throws IOException {
        GroupBuffer buffer = buffer(1);
        Target target = new Target(1);
        byte[] bytes = bytes(100, 1);
        ByteBuffer some = ByteBuffer.wrap(bytes, 10, 20);
        buffer.begin();
        buffer.raw(some, target);
        assertEquals(10, some.position());
        assertEquals(30, some.limit());
        buffer.end(target);
        assertSound(
                target,
                SEGMENT,
                LogFormat.FIRST_AT,
                ByteBuffer.allocate(20).put(bytes, 10, 20).array());
    }

    /** Other memory would be copied on its way to a direct file, or refused. */
    @Test
    void directFilesGetAlignedMemoryOutsideTheHeap() throws IOException {
        GroupBuffer buffer = new GroupBuffer(CAPACITY, Directory.Access.DIRECT);
        buffer.enter(SEGMENT, LogFormat.FIRST_AT, 4096);
        int[] writes = {0};
        buffer.begin();
        GroupBuffer.Sink sink = (piece, at) -> {
            writes[0]++;
            assertTrue(piece.isDirect());
            assertEquals(0, piece.alignmentOffset(piece.position(), 4096), "write at " + at);
            piece.position(piece.limit());
        };
        buffer.raw(ByteBuffer.wrap(bytes(3 * CAPACITY, 1)), sink);
        buffer.end(sink);
        assertTrue(writes[0] >= 3, writes[0] + " writes");
    }
}
