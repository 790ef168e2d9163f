package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.extents.sim.Seeds;
import io.donjon.versioning.Line;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Two-breakpoint paints against brute force: every place has its own map, as of every commit. */
class WriteBufferTest {
    static LongStream seeds() {
        return Seeds.first(Integer.getInteger("seeds", 60));
    }

    private static WriteBuffer buffer(Line line, long seed) {
        return new WriteBuffer(new SlabPool(HeapSlab::new, 4), line, seed);
    }

    /** What a paint said: null for a tombstone. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Answer(byte @Nullable [] value) {}

    /** Everything as of some commit: by place, then key. */
    private static Map<Integer, NavigableMap<String, Answer>> copy(Map<Integer, NavigableMap<String, Answer>> all) {
        Map<Integer, NavigableMap<String, Answer>> copy = new HashMap<>();
        all.forEach((place, keys) -> copy.put(place, new TreeMap<>(keys)));
        return copy;
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void paintsAgreeWithBruteForce(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Line line = new Line();
        WriteBuffer buffer = buffer(line, seed);
        // A place may be written to until it has a child; a new place shows what its parent does.
        List<Integer> leaves = new ArrayList<>(List.of(line.insertAfter(Line.ROOT)));
        List<Integer> places = new ArrayList<>(leaves);
        Map<Integer, NavigableMap<String, Answer>> now = new HashMap<>(Map.of(leaves.get(0), new TreeMap<>()));
        Map<Long, Map<Integer, NavigableMap<String, Answer>>> history = new TreeMap<>();
        for (long sequence = 1; sequence <= 150; sequence++) {
            if (random.nextInt(6) == 0) {
                int parent = places.get(random.nextInt(places.size()));
                leaves.remove((Integer) parent);
                int place = line.insertAfter(parent);
                places.add(place);
                leaves.add(place);
                now.put(place, new TreeMap<>(now.getOrDefault(parent, new TreeMap<>())));
            }
            for (int n = 1 + random.nextInt(3); n > 0; n--) {
                int place = leaves.get(random.nextInt(leaves.size()));
                String key = key(random);
                byte[] value = random.nextInt(4) == 0 ? null : value(random);
                int next = line.next(place);
                buffer.paint(
                        new FullKey().set(1, key.getBytes(StandardCharsets.ISO_8859_1)),
                        place,
                        next,
                        sequence,
                        value == null ? StepKind.TOMBSTONE : StepKind.VALUE,
                        value == null ? null : ByteBuffer.wrap(value));
                now.getOrDefault(place, new TreeMap<>()).put(key, new Answer(value));
            }
            if (random.nextInt(5) == 0) {
                history.put(sequence, copy(now));
            }
        }
        history.put(Long.MAX_VALUE, now);
        history.forEach((sequence, then) -> then.forEach((place, expected) -> {
            for (int i = 0; i < 20; i++) {
                String key = key(random);
                assertAnswer(expected.get(key), buffer, key, place, sequence);
            }
            expected.forEach((key, answer) -> assertAnswer(answer, buffer, key, place, sequence));
            assertTrue(expected.isEmpty() || buffer.mayTell(place));
            assertWalks(expected, new BufferSource(buffer, line, place, sequence));
        }));
        assertSorted(buffer, line);
    }

    private static String key(SplittableRandom random) {
        return switch (random.nextInt(4)) {
            case 0 -> "k" + random.nextInt(5);
            case 1 -> "the same eight bytes, then " + random.nextInt(5);
            case 2 -> "\0".repeat(random.nextInt(4));
            default -> "\u00ff".repeat(7 + random.nextInt(3));
        };
    }

    private static byte[] value(SplittableRandom random) {
        byte[] value =
                new byte[random.nextInt(50) == 0 ? Arena.INLINE_BYTES_MAX + random.nextInt(3) : random.nextInt(9)];
        Arrays.fill(value, (byte) random.nextInt(100));
        return value;
    }

    private static void assertAnswer(
            @Nullable Answer expected, WriteBuffer buffer, String key, int place, long sequence) {
        byte[] bytes = key.getBytes(StandardCharsets.ISO_8859_1);
        int state = buffer.find(new FullKey().set(1, bytes), place, sequence);
        int kind = state == WriteBuffer.NONE ? StepKind.PASS : buffer.kind(state);
        assertEquals(
                expected == null ? StepKind.PASS : expected.value == null ? StepKind.TOMBSTONE : StepKind.VALUE, kind);
        if (kind == StepKind.VALUE) {
            byte[] found = new byte[buffer.valueLength(state)];
            buffer.copyValue(state, 0, found, 0, found.length);
            assertArrayEquals(expected == null ? null : expected.value, found);
        }
        assertEquals(
                WriteBuffer.NONE,
                buffer.find(new FullKey().set(2, bytes), place, sequence),
                "another tree has nothing");
    }

    private static void assertWalks(NavigableMap<String, Answer> expected, BufferSource source) {
        FullKey start = new FullKey().set(1, new byte[0]);
        source.seekForward(start, true);
        for (Map.Entry<String, Answer> entry : expected.entrySet()) {
            pass(source, source::next);
            assertHere(entry, source);
            source.next();
        }
        pass(source, source::next);
        assertTrue(!source.valid);
        source.seekBackward(new FullKey().set(2, new byte[0]), false);
        for (Map.Entry<String, Answer> entry : expected.descendingMap().entrySet()) {
            pass(source, source::previous);
            assertHere(entry, source);
            source.previous();
        }
        pass(source, source::previous);
        assertTrue(!source.valid);
    }

    /** Goes over keys about which the buffer says nothing. */
    private static void pass(BufferSource source, Runnable move) {
        while (source.valid && source.kind == StepKind.PASS) {
            move.run();
        }
    }

    private static void assertHere(Map.Entry<String, Answer> expected, BufferSource source) {
        assertTrue(source.valid);
        assertArrayEquals(
                expected.getKey().getBytes(StandardCharsets.ISO_8859_1),
                Arrays.copyOfRange(source.key, FullKey.TREE_BYTES, source.keyLength));
        assertEquals(expected.getValue().value == null ? StepKind.TOMBSTONE : StepKind.VALUE, source.kind);
        if (source.kind == StepKind.VALUE) {
            ValueHolder holder = new ValueHolder();
            source.value(holder);
            assertEquals(ByteBuffer.wrap(Objects.requireNonNull(expected.getValue().value)), holder.buffer());
        }
    }

    private static void assertSorted(WriteBuffer buffer, Line line) {
        FullKey last = new FullKey();
        FullKey key = new FullKey();
        int count = 0;
        int before = WriteBuffer.NONE;
        for (int node = buffer.first(); node != WriteBuffer.NONE; node = buffer.after(node)) {
            buffer.copyKey(node, key);
            if (before != WriteBuffer.NONE) {
                int order = last.compareTo(key.bytes(), 0, key.length());
                assertTrue(order < 0 || (order == 0 && line.compare(buffer.place(before), buffer.place(node)) < 0));
                assertEquals(order == 0, buffer.sameKey(before, node));
            }
            buffer.copyKey(node, last);
            before = node;
            count++;
        }
        assertEquals(before, buffer.last());
        assertEquals(count, buffer.entries());
    }

    @Test
    void anEmptyBufferSaysNothing() {
        Line line = new Line();
        WriteBuffer buffer = buffer(line, 1);
        int place = line.insertAfter(Line.ROOT);
        FullKey key = new FullKey().set(1, new byte[0]);
        assertEquals(WriteBuffer.NONE, buffer.find(key, place, Long.MAX_VALUE));
        assertEquals(WriteBuffer.NONE, buffer.first());
        assertEquals(WriteBuffer.NONE, buffer.last());
        assertEquals(WriteBuffer.NONE, buffer.firstAtOrAfter(key));
        assertEquals(WriteBuffer.NONE, buffer.lastAtOrBeforeKey(key));
        assertEquals(0, buffer.entries());
    }

    /** Memory in which somebody else may do something right after a link was read or written. */
    private static final class Interrupted implements Slab {
        private final HeapSlab slab;
        private final WriterBetween between;

        Interrupted(int bytes, WriterBetween between) {
            this.slab = new HeapSlab(bytes);
            this.between = between;
        }

        @Override
        public int getInt(int at) {
            return slab.getInt(at);
        }

        @Override
        public void putInt(int at, int value) {
            slab.putInt(at, value);
        }

        @Override
        public long getLong(int at) {
            return slab.getLong(at);
        }

        @Override
        public void putLong(int at, long value) {
            slab.putLong(at, value);
        }

        @Override
        public int getIntAcquire(int at) {
            int value = slab.getIntAcquire(at);
            between.linkWasRead();
            return value;
        }

        @Override
        public void putIntRelease(int at, int value) {
            slab.putIntRelease(at, value);
            between.read.run();
        }

        @Override
        public void get(int at, byte[] into, int offset, int length) {
            slab.get(at, into, offset, length);
        }

        @Override
        public void put(int at, ByteBuffer from, int position, int length) {
            slab.put(at, from, position, length);
        }

        @Override
        public void put(int at, byte[] from, int position, int length) {
            slab.put(at, from, position, length);
        }

        @Override
        public int compare(int at, int length, byte[] other, int offset, int otherLength) {
            return slab.compare(at, length, other, offset, otherLength);
        }

        @Override
        public void free() {}
    }

    /**
     * A writer who comes between two reads of a reader, after so many links that were read; or a reader who comes after
     * every link that is written.
     */
    private static final class WriterBetween {
        private Runnable read = () -> {};
        private int linksLeft = Integer.MAX_VALUE;
        private Runnable write = () -> {};

        void linkWasRead() {
            if (linksLeft != Integer.MAX_VALUE && linksLeft-- == 0) {
                linksLeft = Integer.MAX_VALUE;
                write.run();
            }
        }

        /** True if he did not come before the reader was through. */
        boolean stayedAway() {
            boolean stayed = linksLeft != Integer.MAX_VALUE;
            linksLeft = Integer.MAX_VALUE;
            return stayed;
        }
    }

    private static void paint(WriteBuffer buffer, Line line, String key, int place, long sequence) {
        byte[] bytes = key.getBytes(StandardCharsets.ISO_8859_1);
        ByteBuffer value = ByteBuffer.wrap(new byte[] {(byte) sequence});
        buffer.paint(new FullKey().set(1, bytes), place, line.next(place), sequence, StepKind.VALUE, value);
    }

    private static String keyOf(RangeSource source) {
        return new String(
                source.key, FullKey.TREE_BYTES, source.keyLength - FullKey.TREE_BYTES, StandardCharsets.ISO_8859_1);
    }

    /** A writer comes at each moment of a read in turn; the reader, whom the write does not concern, must not notice. */
    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void readersDoNotNoticeWriters(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int what = random.nextInt(6);
        long newest = 30;
        boolean stayedAway = false;
        for (int moment = 0; !stayedAway; moment++) {
            SplittableRandom same = new SplittableRandom(seed);
            WriterBetween between = new WriterBetween();
            Line line = new Line();
            WriteBuffer buffer = new WriteBuffer(new SlabPool(bytes -> new Interrupted(bytes, between), 4), line, seed);
            int parent = line.insertAfter(Line.ROOT);
            int head = line.insertAfter(parent);
            NavigableMap<String, Byte> expected = new TreeMap<>();
            for (long sequence = 1; sequence <= newest; sequence++) {
                String key = "k" + same.nextInt(6);
                boolean atHead = same.nextInt(3) > 0;
                // The parent has its child by now, but that is for the test to know.
                if (atHead || !expected.containsKey(key)) {
                    paint(buffer, line, key, head, sequence);
                    expected.put(key, (byte) sequence);
                }
            }
            int clone = line.insertAfter(parent);
            String written = "k" + same.nextInt(6) + (same.nextBoolean() ? "" : "x");
            int to = same.nextInt(3) > 0 ? clone : head;
            between.write = () -> paint(buffer, line, written, to, newest + 1);
            String sought = "k" + same.nextInt(7);
            FullKey key = new FullKey().set(1, sought.getBytes(StandardCharsets.ISO_8859_1));
            // Who reads an immutable version sees everything: then it is the marker before the value that keeps it as
            // it is.
            long asOf = to == clone && same.nextBoolean() ? Long.MAX_VALUE : newest;
            between.linksLeft = moment;
            BufferSource source = new BufferSource(buffer, line, head, asOf);
            String at = what + " at moment " + moment;
            switch (what) {
                case 0 -> {
                    int state = buffer.find(key, head, asOf);
                    byte[] value = new byte[1];
                    if (state != WriteBuffer.NONE) {
                        buffer.copyValue(state, 0, value, 0, 1);
                    }
                    assertEquals(expected.getOrDefault(sought, (byte) 0), value[0], at);
                }
                case 1 -> {
                    source.seekForward(key, true);
                    pass(source, source::next);
                    assertEquals(expected.ceilingKey(sought), source.valid ? keyOf(source) : null, at);
                }
                case 2 -> {
                    source.seekForward(key, false);
                    pass(source, source::next);
                    assertEquals(expected.higherKey(sought), source.valid ? keyOf(source) : null, at);
                }
                case 3 -> {
                    source.seekBackward(key, true);
                    pass(source, source::previous);
                    assertEquals(expected.floorKey(sought), source.valid ? keyOf(source) : null, at);
                }
                case 4 -> {
                    // Whatever comes first must not lie before what was sought.
                    FullKey first = new FullKey();
                    int node = buffer.firstAtOrAfter(key);
                    if (node != WriteBuffer.NONE) {
                        buffer.copyKey(node, first);
                        assertTrue(first.compareTo(key.bytes(), 0, key.length()) >= 0, at);
                    }
                }
                default -> {
                    List<String> keys = new ArrayList<>();
                    for (source.seekForward(new FullKey().set(1, new byte[0]), true); source.valid; source.next()) {
                        if (source.kind != StepKind.PASS) {
                            keys.add(keyOf(source));
                        }
                    }
                    assertEquals(List.copyOf(expected.keySet()), keys, at);
                }
            }
            stayedAway = between.stayedAway();
        }
    }

    /** A value that is seen before its marker would reach into versions that it does not belong to. */
    @Test
    void aReaderOfTheNextPlaceNeverSeesTheValueThatIsBeingWrittenBeforeIt() {
        WriterBetween between = new WriterBetween();
        Line line = new Line();
        WriteBuffer buffer = new WriteBuffer(new SlabPool(bytes -> new Interrupted(bytes, between), 4), line, 1);
        int parent = line.insertAfter(Line.ROOT);
        paint(buffer, line, "old", parent, 1);
        int head = line.insertAfter(parent);
        int clone = line.insertAfter(parent);
        int[] reads = {0};
        for (String written : List.of("old", "new")) {
            FullKey key = new FullKey().set(1, written.getBytes(StandardCharsets.ISO_8859_1));
            between.read = () -> {
                int state = buffer.find(key, head, Long.MAX_VALUE);
                boolean passes = state == WriteBuffer.NONE || buffer.kind(state) == StepKind.PASS;
                byte[] value = new byte[1];
                if (!passes) {
                    buffer.copyValue(state, 0, value, 0, 1);
                }
                assertEquals(written.equals("old") ? 1 : 0, value[0], written);
                reads[0]++;
            };
            paint(buffer, line, written, clone, 2);
        }
        assertTrue(reads[0] > 8, reads[0] + " reads");
    }
}
