package io.donjon.perf.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Compression;
import io.donjon.perf.Seeds;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every engine must do; one subclass for each. */
abstract class EngineContract {
    static final Setup SETUP = new Setup(8 << 20, false, Compression.NONE);

    @TempDir
    Path folder;

    abstract Engine open(Path at);

    static LongStream seeds() {
        return Seeds.upTo(6);
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void agreesWithATreeMap(long seed) {
        var random = new SplittableRandom(seed);
        var data = new Dataset(1L << (2 + random.nextInt(13)), 16, 16 + random.nextInt(200), seed);
        var model = new TreeMap<byte[], byte[]>(Arrays::compareUnsigned);
        Engine engine = open(folder);
        try {
            ByteBuffer key = ByteBuffer.allocate(data.keyBytes);
            ByteBuffer value = ByteBuffer.allocate(data.valueBytes);
            Batch batch = new Batch(data.keyBytes, data.valueBytes);
            for (int step = 0; step < 400; step++) {
                switch (random.nextInt(12)) {
                    case 0, 1 -> {
                        batch.clear();
                        for (int n = random.nextInt(Batch.RECORDS + 1); n > 0; n--) {
                            batch.add(data, random.nextLong(data.records));
                        }
                        engine.write(batch);
                        for (int i = 0; i < batch.size(); i++) {
                            model.put(bytes(batch.key(i)), bytes(batch.value(i)));
                        }
                    }
                    case 2, 3 -> {
                        anyKey(data, random, key);
                        data.value(random.nextLong(data.records), value);
                        value.limit(random.nextInt(data.valueBytes + 1));
                        engine.put(key, value);
                        model.put(bytes(key), bytes(value));
                    }
                    case 4, 5 -> {
                        anyKey(data, random, key);
                        engine.delete(key);
                        model.remove(bytes(key));
                    }
                    case 6, 7, 8, 9 -> {
                        anyKey(data, random, key);
                        byte[] expected = model.get(bytes(key));
                        value.clear();
                        int length = engine.get(key, value);
                        assertEquals(expected == null ? -1 : expected.length, length);
                        assertEquals(expected == null ? "" : hex(expected), hex(bytes(value.flip())));
                    }
                    case 10 -> {
                        anyKey(data, random, key);
                        assertScan(engine, key, random.nextInt(200), model);
                    }
                    default -> {
                        int what = random.nextInt(8);
                        if (what == 0) {
                            engine.close();
                            engine = open(folder);
                        } else if (what == 1) {
                            engine.quiesce();
                        } else {
                            engine.sync();
                        }
                    }
                }
            }
            assertScan(engine, ByteBuffer.allocate(0), Integer.MAX_VALUE, model);
        } finally {
            engine.close();
        }
    }

    private static void anyKey(Dataset data, SplittableRandom random, ByteBuffer into) {
        long record = random.nextLong(data.records);
        if (random.nextInt(4) == 0) {
            data.keyBelow(record, into);
        } else {
            data.key(record, into);
        }
    }

    private static void assertScan(Engine engine, ByteBuffer from, int limit, NavigableMap<byte[], byte[]> model) {
        Iterator<Map.Entry<byte[], byte[]>> expected =
                model.tailMap(bytes(from), true).entrySet().iterator();
        int[] seen = {0};
        if (limit > 0) {
            engine.scan(from, (key, value) -> {
                assertTrue(seen[0] < limit, "goes on after the visitor had enough");
                Map.Entry<byte[], byte[]> entry = expected.next();
                assertEquals(hex(entry.getKey()), hex(bytes(key)));
                assertEquals(hex(entry.getValue()), hex(bytes(value)));
                return ++seen[0] < limit;
            });
            assertTrue(seen[0] == limit || !expected.hasNext(), "ended after " + seen[0]);
        }
    }

    @Test
    void leavesTheCallersBuffersAsTheyAreAndKeepsNone() {
        try (Engine engine = open(folder)) {
            ByteBuffer key = ByteBuffer.wrap(new byte[] {9, 1, 2, 3, 9}, 1, 3).slice();
            ByteBuffer value = ByteBuffer.wrap(new byte[] {9, 4, 5, 9}, 1, 2).slice();
            engine.put(key, value);
            assertEquals(3, key.remaining());
            assertEquals(2, value.remaining());
            value.put(0, (byte) 77);
            ByteBuffer into = ByteBuffer.allocate(10).position(5);
            assertEquals(2, engine.get(key, into));
            assertEquals(7, into.position());
            assertEquals("0405", hex(bytes(into.flip().position(5))));
            engine.scan(key, (k, v) -> true);
            assertEquals(3, key.remaining());
            key.put(2, (byte) 77);
            assertEquals(-1, engine.get(key, into.clear()));
            key.put(2, (byte) 3);
            engine.delete(key);
            assertEquals(3, key.remaining());
            assertEquals(-1, engine.get(key, into));
        }
    }

    @Test
    void copiesNothingOfAValueThatDoesNotFit() {
        try (Engine engine = open(folder)) {
            ByteBuffer key = ByteBuffer.allocate(16);
            engine.put(key, ByteBuffer.wrap(new byte[] {1, 2, 3}));
            ByteBuffer into = ByteBuffer.allocate(4).position(2);
            assertEquals(3, engine.get(key, into));
            assertEquals(2, into.position());
            assertEquals(0, into.getInt(0));
        }
    }

    @Test
    void whatWasSyncedIsInTheFiles() throws IOException {
        Path original = Files.createDirectory(folder.resolve("original"));
        Path copy = Files.createDirectory(folder.resolve("copy"));
        ByteBuffer key = ByteBuffer.allocate(16);
        ByteBuffer into = ByteBuffer.allocate(8);
        try (Engine engine = open(original)) {
            engine.put(key, ByteBuffer.wrap(new byte[] {1, 2, 3}));
            engine.sync();
            engine.quiesce();
            try (Stream<Path> files = Files.walk(original)) {
                for (Path file : files.skip(1).toList()) {
                    try {
                        Files.copy(file, copy.resolve(original.relativize(file)));
                    } catch (NoSuchFileException e) {
                        // Room that an engine keeps may come and go at any time; what was synced is in no such file.
                    }
                }
            }
        }
        try (Engine engine = open(copy)) {
            assertEquals(3, engine.get(key, into));
            assertEquals("010203", hex(bytes(into.flip())));
        }
    }

    static byte[] bytes(ByteBuffer buffer) {
        byte[] copy = new byte[buffer.remaining()];
        buffer.get(buffer.position(), copy);
        return copy;
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
