package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Durability;
import io.donjon.Keyspace;
import io.donjon.Snapshot;
import io.donjon.StoreOptions;
import io.donjon.View;
import io.donjon.extents.Codec;
import io.donjon.extents.Directory;
import io.donjon.extents.IoMeter;
import io.donjon.extents.OpenFile;
import io.donjon.extents.sim.SimDisk;
import io.donjon.extents.sim.SimWorld;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The files of a closed store which has been through several lives, with all that is needed to damage them in a telling
 * way: what they hold, part by part, what they held earlier, and what the store answers.
 *
 * <p>The parts are found by docs/format.md alone. A file or block that it does not name fails the test that asks for
 * them: whoever adds a kind of file has to say here what it is.
 */
final class DamagedStore {
    private static final int HEADER_BYTES = 4096;
    private static final int CHUNK_BYTES = 1 << 20;
    private static final int BLOCK_HEADER_BYTES = 16;
    private static final List<String> BLOCK_TYPES = List.of(
            "data",
            "index",
            "filter",
            "version table",
            "change directory",
            "key sample",
            "value piece",
            "footer",
            "value list");

    /** More than a segment of the log lies behind the last flush, and every extent ends within one chunk. */
    private static final Tuning TUNING = Tunings.of(64 << 10, 1, 64 << 10, 1024, 64, 1.0, 8 << 10, Codec.LZ4);

    /** What may be damaged: a stretch of a file. Files may be cut at its borders. */
    record Part(String kind, String disk, String name, int from, int to, List<Integer> borders) {
        /** Whether nothing of it can matter to anybody. */
        boolean isIdle() {
            return kind.equals("lock") || kind.equals("reserve") || kind.equals("log spare");
        }

        Part as(String otherKind) {
            return new Part(otherKind, disk, name, from, to, borders);
        }

        @Override
        public String toString() {
            return kind + " /" + disk + "/" + name + " [" + from + ", " + to + ")";
        }
    }

    final int disks;
    final int copies;

    /** By disk and name. */
    final TreeMap<String, TreeMap<String, byte[]>> files = new TreeMap<>();

    /** What files held earlier, by disk and name, oldest first. */
    final Map<String, List<byte[]>> earlier = new TreeMap<>();

    final Map<String, NavigableMap<byte[], byte[]>> expected = new TreeMap<>();
    final List<Part> parts = new ArrayList<>();

    DamagedStore(int disks, int copies) throws IOException {
        this.disks = disks;
        this.copies = copies;
        SimWorld world = new SimWorld(disks * 10L + copies);
        assertTrue(world.run(() -> {
            for (int life = 0; life < 3; life++) {
                try (StoreHandle store = open(world, true)) {
                    live(world, store, life);
                    if (life == 2) {
                        expected.putAll(Dump.of(store));
                        assertEquals(List.of(), store.verify().result().problems());
                    }
                }
                remember(world);
            }
        }));
        for (int i = 0; i < disks; i++) {
            TreeMap<String, byte[]> found = new TreeMap<>();
            for (String name : world.disk("d" + i).names()) {
                found.put(name, world.disk("d" + i).contents(name));
            }
            files.put("d" + i, found);
        }
        // The last of what was remembered is what there is now.
        earlier.values().forEach(list -> list.remove(list.size() - 1));
        findParts(namesInUse());
    }

    private Engine engine(SimWorld world, boolean create) {
        List<Directory> directories = new ArrayList<>();
        Path[] more = new Path[disks - 1];
        for (int i = 0; i < disks; i++) {
            directories.add(world.disk("d" + i));
            if (i > 0) {
                more[i - 1] = Path.of("/d" + i);
            }
        }
        StoreOptions options = options(Path.of("/d0"), more).createIfMissing(create);
        return new Engine(options, TUNING, world.environment(), directories, List.of(), new IoMeter());
    }

    /** With two copies on two disks, half of the disks are enough to go on with, if one says so. */
    StoreOptions options(Path first, Path... more) {
        return StoreOptions.at(first, more)
                .copies(copies)
                .degraded(disks == 2 && copies == 2)
                .durability(Durability.ASYNC)
                .memoryBytes(StoreOptions.MEMORY_BYTES_MIN);
    }

    /** To be called by a simulated thread. */
    StoreHandle open(SimWorld world, boolean create) {
        return new StoreHandle(engine(world, create));
    }

    /** Puts files on the disks of a world. To be called by a simulated thread. */
    static void write(SimWorld world, Map<String, ? extends Map<String, byte[]>> files) throws IOException {
        for (Map.Entry<String, ? extends Map<String, byte[]>> each : files.entrySet()) {
            SimDisk disk = world.disk(each.getKey());
            for (Map.Entry<String, byte[]> file : each.getValue().entrySet()) {
                try (OpenFile made = disk.create(file.getKey(), Directory.Access.BUFFERED)) {
                    made.force();
                }
                disk.replaceContents(file.getKey(), file.getValue());
            }
            disk.sync();
        }
    }

    Map<String, Map<String, byte[]>> copyOfFiles() {
        Map<String, Map<String, byte[]>> copy = new TreeMap<>();
        files.forEach((disk, found) -> copy.put(disk, new TreeMap<>(found)));
        return copy;
    }

    // ---- lives ----

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private void live(SimWorld world, StoreHandle store, int life) throws IOException {
        SplittableRandom random = new SplittableRandom(life);
        Keyspace main = keyspace(store, "main");
        Keyspace other = keyspace(store, "other");
        for (int round = 0; round < 3; round++) {
            puts(main, other, random, 40);
            Snapshot snapshot = main.snapshot("s" + life + "-" + round);
            if (round == 1) {
                main.put(bytes("large " + life), filled(2_000, 'l'));
                other.put(bytes("larger"), filled(150_000 + life, 'L'));
                snapshot.cloneAs("clone-" + life);
            }
            try (View view = main.view()) {
                main.put(bytes("during"), bytes("view " + life + round));
                view.get(bytes("during"));
            }
            store.sync();
            remember(world);
            ByHand.flush(store);
            remember(world);
        }
        drops(store, main, life);
        // What only the log has: more than a segment, but not so much that every spare one is used again.
        puts(main, other, random, 110);
        store.sync();
        remember(world);
        puts(main, other, random, 20);
    }

    private static void puts(Keyspace main, Keyspace other, SplittableRandom random, int count) {
        for (int i = 0; i < count; i++) {
            int number = random.nextInt(60);
            byte[] key = bytes((number % 2 == 0 ? "directory/with/a/long/path/" : "k") + number);
            if (random.nextInt(6) == 0) {
                main.delete(key);
            } else {
                main.put(key, bytes("value " + random.nextInt(1 << random.nextInt(1, 30))));
            }
            other.put(bytes(String.valueOf(random.nextInt(20))), new byte[random.nextInt(20)]);
        }
    }

    private static Keyspace keyspace(StoreHandle store, String name) {
        Keyspace there = store.keyspace(name);
        return there == null ? store.createKeyspace(name) : there;
    }

    private static void drops(StoreHandle store, Keyspace main, int life) {
        Snapshot dropped = main.snapshotNamed("s" + life + "-0");
        Objects.requireNonNull(dropped).drop();
        if (life == 1) {
            Objects.requireNonNull(store.keyspace("clone-0")).rename("renamed");
            main.rollback(Objects.requireNonNull(main.snapshotNamed("s1-2")));
        }
    }

    private static byte[] filled(int length, char with) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) with);
        return bytes;
    }

    /** Takes note of what the files hold now, where that is new. */
    private void remember(SimWorld world) throws IOException {
        for (int i = 0; i < disks; i++) {
            for (String name : world.disk("d" + i).names()) {
                List<byte[]> known = earlier.computeIfAbsent("d" + i + "/" + name, key -> new ArrayList<>());
                byte[] now = world.disk("d" + i).contents(name);
                if (known.isEmpty() || !Arrays.equals(now, known.get(known.size() - 1))) {
                    known.add(now);
                }
            }
        }
    }

    // ---- parts ----

    /** The files that are still there after an open, by disk and name: the others are leftovers. */
    private Set<String> namesInUse() {
        Set<String> names = new TreeSet<>();
        SimWorld world = new SimWorld(1);
        assertTrue(world.run(() -> {
            write(world, files);
            open(world, false).close();
            files.keySet().forEach(disk -> world.disk(disk).names().forEach(name -> names.add(disk + "/" + name)));
        }));
        return names;
    }

    private void findParts(Set<String> inUse) {
        files.forEach((disk, found) -> found.forEach((name, bytes) -> {
            if (name.equals("disk") || name.equals("fence")) {
                add(name, disk, name, 0, HEADER_BYTES, List.of(0, 48));
            } else if (name.equals("lock")) {
                add(name, disk, name, 0, bytes.length, List.of(0));
            } else if (name.matches("reserve-[0-9]+")) {
                add("reserve", disk, name, 0, bytes.length, List.of(0));
            } else if (name.matches("manifest-[01]")) {
                findManifest(disk, name, bytes);
            } else if (name.matches("log-[0-9a-f]{16}")) {
                findLog(disk, name, bytes, inUse.contains(disk + "/" + name));
            } else if (name.matches("x-[0-9a-f]{16}-[0-9]-[0-9a-f]{4}")) {
                add("extent header", disk, name, 0, HEADER_BYTES, List.of(0, HEADER_BYTES));
                findBlocks(disk, name, bytes);
            } else {
                throw new AssertionError("/" + disk + "/" + name + " is of a kind that this test does not know");
            }
        }));
        nameCurrentSegment();
    }

    private void add(String kind, String disk, String name, int from, int to, List<Integer> borders) {
        parts.add(new Part(kind, disk, name, from, to, borders));
    }

    private void findManifest(String disk, String name, byte[] bytes) {
        byte[] other =
                Objects.requireNonNull(files.get(disk)).get(name.equals("manifest-0") ? "manifest-1" : "manifest-0");
        int end = bytes.length;
        while (bytes[end - 1] == 0) {
            end--;
        }
        List<Integer> borders = new ArrayList<>();
        for (int at = HEADER_BYTES; at < end; at += HEADER_BYTES) {
            borders.add(at);
        }
        boolean newest = other == null || Arrays.compareUnsigned(bytes, 52, 68, other, 52, 68) > 0;
        add(newest ? "manifest newest" : "manifest older", disk, name, 0, end, borders);
    }

    private void findLog(String disk, String name, byte[] bytes, boolean inUse) {
        long segment = Long.parseUnsignedLong(name.substring(4), 16);
        ByteBuffer file = ByteBuffer.wrap(bytes);
        int at = HEADER_BYTES;
        List<Integer> borders = new ArrayList<>(List.of(at));
        while (at + 12 <= bytes.length
                && file.getInt(at) == (int) ((segment * 0x9E3779B97F4A7C15L + at * 0xC2B2AE3D27D4EB4FL) >>> 32)) {
            at += 12 + file.getInt(at + 4);
            borders.add(at);
        }
        if (at == HEADER_BYTES) {
            add("log prepared", disk, name, 0, at, borders);
        } else if (inUse) {
            add("log finished", disk, name, 0, at, borders);
        } else {
            add("log spare", disk, name, 0, bytes.length, borders);
        }
    }

    /** Of the segments that have groups, the one with the greatest id is the one that was appended to. */
    private void nameCurrentSegment() {
        String current = parts.stream()
                .filter(part -> part.kind.equals("log finished"))
                .map(Part::name)
                .max(String::compareTo)
                .orElse("");
        parts.replaceAll(part -> part.name.equals(current) ? part.as("log current") : part);
    }

    private void findBlocks(String disk, String name, byte[] bytes) {
        ByteBuffer file = ByteBuffer.wrap(bytes);
        for (int chunk = HEADER_BYTES; chunk < bytes.length; chunk += CHUNK_BYTES) {
            int end = Math.min(bytes.length, chunk + CHUNK_BYTES);
            int at = chunk;
            while (at + BLOCK_HEADER_BYTES <= end && file.getInt(at + 8) != 0) {
                int next = at + BLOCK_HEADER_BYTES + file.getInt(at + 8);
                add(BLOCK_TYPES.get(bytes[at + 4] - 1), disk, name, at, next, List.of(at, next));
                at = next;
            }
        }
    }
}
