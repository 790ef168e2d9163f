package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Cursor;
import io.donjon.Durability;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Snapshot;
import io.donjon.Store;
import io.donjon.StoreOptions;
import io.donjon.Version;
import io.donjon.VersionQuery;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Very many versions: what was written to each is there after reopening. {@code -Dversions=1000000} is the size that is
 * aimed at; figures come as lines that begin with "many-versions:", each followed by an object of JSON.
 */
class ManyVersionsTest {
    private static final int VERSIONS = Integer.getInteger("versions", 3_000);
    private static final int KEYSPACES = Math.min(VERSIONS, 10_000);
    private static final int OTHERS = 10_000;
    private static final int ASKED = 1_000;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path directory;

    private final SplittableRandom random = new SplittableRandom(Long.getLong("seed", 1));
    private final byte[] value = bytes("v".repeat(60));
    private final long[] nanos = new long[VERSIONS];

    private Store open() {
        return Store.open(StoreOptions.at(directory).createIfMissing(true).durability(Durability.ASYNC));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** A name of 40 bytes. */
    private static String name(String prefix, int number) {
        String name = prefix + number;
        return name + "-".repeat(40 - name.length());
    }

    private Keyspace begin(Store store) {
        Keyspace k = store.createKeyspace("k");
        for (int i = 0; i < OTHERS; i++) {
            k.put(bytes("other " + i), value);
        }
        return k;
    }

    private static void say(String workload, String figures, Object... values) {
        String all = String.format(Locale.ROOT, figures, values);
        System.out.println(
                "many-versions: {\"workload\":\"" + workload + "\",\"versions\":" + VERSIONS + "," + all + "}");
    }

    /** The mean of the middle half of a thousand: what else the machine does is not meant. */
    private long usual(int from) {
        long[] some = Arrays.copyOfRange(nanos, from, Math.min(nanos.length, from + 1_000));
        Arrays.sort(some);
        return (long) Arrays.stream(some, some.length / 4, some.length * 3 / 4 + 1)
                .average()
                .orElse(0);
    }

    private void sayCreated(String workload, Store store) {
        long bytes = ((StoreHandle) store).engine().catalog().forest().heapBytes();
        say(
                workload,
                "\"first1000Nanos\":%d,\"last1000Nanos\":%d,\"heapBytesPerVersion\":%d",
                usual(Math.min(1_000, VERSIONS / 2)),
                usual(Math.max(0, VERSIONS - 1_000)),
                bytes / store.stats().versions());
    }

    private Store reopened(String workload, long expected) {
        long began = System.nanoTime();
        Store store = open();
        long opened = System.nanoTime();
        long count;
        try (Stream<Version> all = store.versions(VersionQuery.all())) {
            count = all.count();
        }
        say(
                workload,
                "\"openMillis\":%d,\"listMillis\":%d",
                (opened - began) / 1_000_000,
                (System.nanoTime() - opened) / 1_000_000);
        assertEquals(expected, count);
        return store;
    }

    private long others(Keyspace k) {
        long began = System.nanoTime();
        for (int i = 0; i < ASKED; i++) {
            assertArrayEquals(value, k.get(bytes("other " + random.nextInt(OTHERS))));
        }
        return (System.nanoTime() - began) / ASKED;
    }

    private static long scan(Keyspace k, int keys) {
        long began = System.nanoTime();
        int found = 0;
        try (Cursor cursor = k.scan(KeyRange.all())) {
            while (cursor.next()) {
                found++;
            }
        }
        assertEquals(keys, found);
        return (System.nanoTime() - began) / found;
    }

    /** A chain of snapshots, before each of which one key is written, while the others stay as they are. */
    @Test
    void aKeyWrittenInEveryVersionOfAChain() {
        try (Store store = open()) {
            Keyspace k = begin(store);
            for (int i = 0; i < VERSIONS; i++) {
                k.put(bytes("hot"), bytes("value " + i));
                long began = System.nanoTime();
                k.snapshot(name("s", i));
                nanos[i] = System.nanoTime() - began;
            }
            sayCreated("hot", store);
        }
        try (Store store = reopened("hot", VERSIONS + 1L)) {
            Keyspace k = Objects.requireNonNull(store.keyspace("k"));
            long nanosOfHot = 0;
            for (int i = 0; i < ASKED; i++) {
                int number = random.nextInt(VERSIONS);
                Snapshot s = Objects.requireNonNull(k.snapshotNamed(name("s", number)));
                long began = System.nanoTime();
                assertArrayEquals(bytes("value " + number), s.get(bytes("hot")));
                nanosOfHot += System.nanoTime() - began;
            }
            say(
                    "hot",
                    "\"getHotNanos\":%d,\"getOtherNanos\":%d,\"scanNanosPerKey\":%d",
                    nanosOfHot / ASKED,
                    others(k),
                    scan(k, OTHERS + 1));
        }
    }

    /** Clones of one snapshot, each with a key of its own. */
    @Test
    void aKeyInEachCloneOfOneSnapshot() {
        try (Store store = open()) {
            Snapshot base = begin(store).snapshot("base");
            for (int i = 0; i < VERSIONS; i++) {
                long began = System.nanoTime();
                Keyspace clone = base.cloneAs(name("c", i));
                nanos[i] = System.nanoTime() - began;
                clone.put(bytes("own " + i), bytes("value " + i));
            }
            sayCreated("star", store);
        }
        try (Store store = reopened("star", VERSIONS + 2L)) {
            long began = System.nanoTime();
            for (int i = 0; i < VERSIONS; i++) {
                Keyspace clone = Objects.requireNonNull(store.keyspace(name("c", i)));
                assertArrayEquals(bytes("value " + i), clone.get(bytes("own " + i)));
                assertFalse(clone.contains(bytes("own " + (i + 1))));
            }
            long each = (System.nanoTime() - began) / VERSIONS;
            Keyspace k = Objects.requireNonNull(store.keyspace("k"));
            say(
                    "star",
                    "\"readCloneNanos\":%d,\"getOtherNanos\":%d,\"scanNanosPerKey\":%d",
                    each,
                    others(k),
                    scan(k, OTHERS));
        }
    }

    @Test
    void emptyKeyspaces() {
        try (Store store = open()) {
            long began = System.nanoTime();
            for (int i = 0; i < KEYSPACES; i++) {
                store.createKeyspace(name("e", i));
            }
            say("keyspaces", "\"keyspaces\":%d,\"millis\":%d", KEYSPACES, (System.nanoTime() - began) / 1_000_000);
        }
        try (Store store = reopened("keyspaces", KEYSPACES)) {
            assertEquals(KEYSPACES, store.stats().keyspaces());
        }
    }

    /** Most of a long chain is dropped, and leaves; the places serve as many others. */
    @Test
    void whatIsDroppedGivesItsPlaceToOthers() {
        try (Store store = open()) {
            Keyspace k = store.createKeyspace("k");
            k.snapshot("first");
            for (int i = 0; i < VERSIONS; i++) {
                k.snapshot(name("s", i));
            }
            Engine engine = ((StoreHandle) store).engine();
            long bytes = engine.catalog().forest().heapBytes();
            for (int i = 0; i < VERSIONS; i++) {
                Objects.requireNonNull(k.snapshotNamed(name("s", i))).drop();
            }
            engine.commits().sealNow();
            store.clean().result();
            long began = System.nanoTime();
            assertTrue(engine.background().reclaim().sweep());
            say("dropped", "\"sweepMillis\":%d", (System.nanoTime() - began) / 1_000_000);
            assertEquals(2, store.stats().versions());
            for (int i = 0; i < VERSIONS; i++) {
                k.snapshot(name("t", i));
            }
            long again = engine.catalog().forest().heapBytes();
            assertTrue(again <= bytes + (1 << 18), again + " bytes where it were " + bytes);
        }
        reopened("dropped", VERSIONS + 2L).close();
    }
}
