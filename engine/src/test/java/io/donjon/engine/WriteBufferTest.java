package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
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
            assertHere(entry, source);
            source.next();
        }
        assertTrue(!source.valid);
        source.seekBackward(new FullKey().set(2, new byte[0]), false);
        for (Map.Entry<String, Answer> entry : expected.descendingMap().entrySet()) {
            assertHere(entry, source);
            source.previous();
        }
        assertTrue(!source.valid);
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

    /**
     * A reader of one place while breakpoints of its key come directly before it: it must not lose its own on the way,
     * nor come upon a key outside of where it began.
     */
    @Test
    void readersKeepTheirPlaceWhileWritersComeBetween() throws Exception {
        Line line = new Line();
        int parent = line.insertAfter(Line.ROOT);
        int head = line.insertAfter(parent);
        int clone = line.insertAfter(parent);
        int keys = 60_000;
        WriteBuffer buffer = buffer(line, 1);
        AtomicInteger written = new AtomicInteger(-1);
        AtomicReference<@Nullable Throwable> problem = new AtomicReference<>();
        Thread reader = new Thread(() -> {
            try {
                FullKey key = new FullKey();
                byte[] found = new byte[1];
                for (int i = written.get(); i < keys - 1; i = written.get()) {
                    if (i >= 0) {
                        key.set(1, ByteBuffer.allocate(4).putInt(0, i));
                        int state = buffer.find(key, head, Long.MAX_VALUE);
                        buffer.copyValue(state, 0, found, 0, 1);
                        assertEquals(2, found[0], () -> "key " + key.bytes()[11]);
                        int first = buffer.firstAtOrAfter(key);
                        assertTrue(buffer.isOf(first, key), "a node of another key comes first");
                    }
                }
            } catch (Throwable e) {
                problem.set(e);
            }
        });
        reader.start();
        FullKey key = new FullKey();
        for (int i = 0; i < keys && problem.get() == null; i++) {
            key.set(1, ByteBuffer.allocate(4).putInt(0, i));
            buffer.paint(key, parent, head, i, StepKind.VALUE, ByteBuffer.wrap(new byte[] {1}));
            buffer.paint(key, head, Line.NONE, i, StepKind.VALUE, ByteBuffer.wrap(new byte[] {2}));
            written.set(i);
            buffer.paint(key, clone, head, i, StepKind.VALUE, ByteBuffer.wrap(new byte[] {3}));
        }
        written.set(keys);
        reader.join();
        assertNull(problem.get(), () -> String.valueOf(problem.get()));
    }
}
