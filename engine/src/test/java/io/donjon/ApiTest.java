package io.donjon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ReadOnlyBufferException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the public API promises of writes, versions and life, method by method, on a store in a folder. */
class ApiTest {
    private static final int MIB = 1 << 20;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @SuppressWarnings("NullAway.Init")
    private Store store;

    @BeforeEach
    void open() {
        store = Store.open(options());
    }

    @AfterEach
    void close() {
        store.close();
    }

    private StoreOptions options() {
        return StoreOptions.at(folder.resolve("store"))
                .createIfMissing(true)
                .memoryBytes(StoreOptions.MEMORY_BYTES_MIN);
    }

    private void reopen() {
        store.close();
        open();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static ByteBuffer buffer(String text) {
        return ByteBuffer.wrap(bytes(text));
    }

    private Keyspace keyspace(String name) {
        return Objects.requireNonNull(store.keyspace(name), name);
    }

    private static Snapshot snapshot(Keyspace keyspace, String name) {
        return Objects.requireNonNull(keyspace.snapshotNamed(name), name);
    }

    private static void assertHolds(String value, Reader reader, String key) {
        assertEquals(value, text(reader, key));
    }

    private static String text(Reader reader, String key) {
        byte[] value = reader.get(bytes(key));
        return value == null ? "absent" : new String(value, StandardCharsets.UTF_8);
    }

    private static void put(Keyspace keyspace, String key, String value) {
        keyspace.put(bytes(key), bytes(value));
    }

    // ---- puts and gets ----

    @Test
    void whatIsAbsentIsNullOrMinusOneOrFalse() {
        Keyspace k = store.createKeyspace("k");
        assertNull(k.get(bytes("a")));
        assertEquals(-1, k.get(buffer("a"), ByteBuffer.allocate(0)));
        assertNull(k.<String>read(buffer("a"), value -> "present"));
        assertFalse(k.contains(bytes("a")));
        k.delete(bytes("a"));
        assertNull(k.snapshotNamed("s"));
        assertNull(store.keyspace("K"));
        assertNull(store.version(0));
        assertNull(store.version(999));
        assertNull(store.version(-1));
        assertNull(store.snapshot(k.version().id()));
        assertNull(store.snapshot(12345));
        put(k, "a", "");
        assertArrayEquals(new byte[0], k.get(bytes("a")));
        assertEquals(0, k.get(buffer("a"), ByteBuffer.allocate(0)));
        assertTrue(k.contains(bytes("a")));
        assertEquals("present", k.<String>read(buffer("a"), value -> "present"));
        k.delete(bytes("a"));
        assertNull(k.get(bytes("a")));
        assertFalse(k.contains(bytes("a")));
    }

    @Test
    void argumentsAndResultsAreCopied() {
        Keyspace k = store.createKeyspace("k");
        byte[] key = bytes("key");
        byte[] value = bytes("value");
        k.put(key, value);
        WriteBatch batch = store.newBatch();
        byte[] second = bytes("second");
        batch.put(k, second, value);
        Arrays.fill(key, (byte) 'x');
        Arrays.fill(value, (byte) 'x');
        Arrays.fill(second, (byte) 'x');
        store.write(batch, Durability.SYNC);
        assertHolds("value", k, "key");
        assertHolds("value", k, "second");
        Objects.requireNonNull(k.get(bytes("key")))[0] = 'x';
        assertHolds("value", k, "key");
    }

    @Test
    void everyKindOfBufferWillDo() {
        Keyspace k = store.createKeyspace("k");
        List<ByteBuffer> keys = new ArrayList<>();
        int number = 0;
        for (boolean direct : new boolean[] {false, true}) {
            for (boolean little : new boolean[] {false, true}) {
                for (boolean readOnly : new boolean[] {false, true}) {
                    for (boolean sliced : new boolean[] {false, true}) {
                        String key = "a key longer than eight bytes, number " + number++;
                        String value = "value of " + key;
                        ByteBuffer keyBuffer = made(key, direct, little, readOnly, sliced);
                        ByteBuffer valueBuffer = made(value, direct, little, readOnly, sliced);
                        keys.add(keyBuffer);
                        int position = keyBuffer.position();
                        k.put(keyBuffer, valueBuffer);
                        assertEquals(position, keyBuffer.position());
                        assertEquals(bytes(value).length, valueBuffer.remaining());
                        assertHolds(value, k, key);
                        ByteBuffer into = (direct ? ByteBuffer.allocateDirect(200) : ByteBuffer.allocate(200));
                        into.position(7);
                        into = sliced ? into.slice().position(3) : into;
                        int from = into.position();
                        assertEquals(bytes(value).length, k.get(keyBuffer, into));
                        assertEquals(position, keyBuffer.position());
                        assertEquals(from + bytes(value).length, into.position());
                        assertEquals(buffer(value), into.flip().position(from));
                        assertEquals(
                                value,
                                k.<String>read(
                                        keyBuffer,
                                        found -> StandardCharsets.UTF_8
                                                .decode(found)
                                                .toString()));
                        WriteBatch batch = store.newBatch();
                        batch.replace(k, keyBuffer, valueBuffer, keyBuffer);
                        assertTrue(store.write(batch, Durability.ASYNC).applied(0));
                        assertHolds(key, k, key);
                        assertEquals(position, keyBuffer.position());
                    }
                }
            }
        }
        assertEquals(16, keys.size());
        try (Cursor cursor = k.scan(KeyRange.all())) {
            for (ByteBuffer key : keys) {
                assertTrue(cursor.seek(key));
                assertEquals(key, cursor.key());
            }
        }
    }

    private static ByteBuffer made(String text, boolean direct, boolean little, boolean readOnly, boolean sliced) {
        byte[] content = bytes(text);
        ByteBuffer buffer = direct ? ByteBuffer.allocateDirect(300) : ByteBuffer.allocate(300);
        buffer.position(5);
        buffer = sliced ? buffer.slice().position(11) : buffer;
        buffer.put(buffer.position(), content).limit(buffer.position() + content.length);
        buffer.order(little ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        return readOnly ? buffer.asReadOnlyBuffer() : buffer;
    }

    @Test
    void aValueThatDoesNotFitIsNotCopied() {
        Keyspace k = store.createKeyspace("k");
        put(k, "a", "12345");
        ByteBuffer into = ByteBuffer.allocate(10).position(6);
        assertEquals(5, k.get(buffer("a"), into));
        assertEquals(6, into.position());
        assertArrayEquals(new byte[10], into.array());
        into.position(5);
        assertEquals(5, k.get(buffer("a"), into));
        assertEquals(10, into.position());
        assertThrows(
                ReadOnlyBufferException.class,
                () -> k.get(buffer("a"), ByteBuffer.allocate(10).asReadOnlyBuffer()));
    }

    @Test
    void whatAFunctionReadsIsReadOnlyAndMayReadItself() {
        Keyspace k = store.createKeyspace("k");
        put(k, "a", "b");
        put(k, "b", "c");
        assertEquals("c", k.<String>read(buffer("a"), value -> {
            assertTrue(value.isReadOnly());
            String next =
                    text(k, StandardCharsets.UTF_8.decode(value.duplicate()).toString());
            assertEquals(buffer("b"), value);
            return next;
        }));
        Function<ByteBuffer, @Nullable String> nothing = value -> null;
        assertNull(k.<String>read(buffer("a"), nothing));
        assertThrows(
                IllegalStateException.class,
                () -> k.<String>read(buffer("a"), value -> {
                    throw new IllegalStateException("thrown on purpose");
                }));
        assertHolds("b", k, "a");
    }

    @Test
    void getAllGivesEachKeyOnce() {
        Keyspace k = store.createKeyspace("k");
        put(k, "a", "1");
        put(k, "c", "3");
        Map<String, String> found = new HashMap<>();
        List<byte[]> asked = List.of(bytes("c"), bytes("b"), bytes("a"));
        k.getAll(asked, (key, value) -> {
            String text = value == null
                    ? "absent"
                    : StandardCharsets.UTF_8.decode(value).toString();
            assertNull(found.put(new String(key, StandardCharsets.UTF_8), text));
            // The sink may read as well.
            assertHolds("1", k, "a");
        });
        assertEquals(Map.of("a", "1", "b", "absent", "c", "3"), found);
        k.getAll(List.of(), (key, value) -> assertNull(key));
        assertThrows(IllegalArgumentException.class, () -> k.getAll(List.of(new byte[65_536]), (key, value) -> {}));
    }

    // ---- limits ----

    @Test
    void keysHaveUpTo65535Bytes() {
        Keyspace k = store.createKeyspace("k");
        byte[] longest = new byte[65_535];
        Arrays.fill(longest, (byte) 0xff);
        k.put(longest, bytes("longest"));
        k.put(new byte[0], bytes("empty"));
        byte[] tooLong = new byte[65_536];
        assertThrows(IllegalArgumentException.class, () -> k.put(tooLong, bytes("v")));
        assertThrows(IllegalArgumentException.class, () -> k.put(ByteBuffer.wrap(tooLong), buffer("v")));
        assertThrows(IllegalArgumentException.class, () -> k.get(tooLong));
        assertThrows(IllegalArgumentException.class, () -> k.contains(tooLong));
        assertThrows(IllegalArgumentException.class, () -> k.delete(tooLong));
        assertThrows(IllegalArgumentException.class, () -> k.putIfAbsent(tooLong, bytes("v")));
        assertThrows(IllegalArgumentException.class, () -> k.replace(tooLong, bytes("v"), bytes("v")));
        assertThrows(IllegalArgumentException.class, () -> k.deleteIf(tooLong, bytes("v")));
        assertThrows(IllegalArgumentException.class, () -> k.get(ByteBuffer.wrap(tooLong), ByteBuffer.allocate(1)));
        assertThrows(IllegalArgumentException.class, () -> k.read(ByteBuffer.wrap(tooLong), value -> value));
        assertThrows(IllegalArgumentException.class, () -> store.newBatch().put(k, tooLong, bytes("v")));
        try (Cursor cursor = k.scan(KeyRange.all())) {
            assertThrows(IllegalArgumentException.class, () -> cursor.seek(ByteBuffer.wrap(tooLong)));
        }
        reopen();
        Keyspace again = keyspace("k");
        assertArrayEquals(bytes("longest"), again.get(longest));
        assertArrayEquals(bytes("empty"), again.get(new byte[0]));
        try (Cursor cursor = again.scan(KeyRange.all(), ScanOption.REVERSE)) {
            assertTrue(cursor.next());
            assertArrayEquals(longest, cursor.keyBytes());
            assertTrue(cursor.next());
            assertEquals(0, cursor.key().remaining());
            assertFalse(cursor.next());
        }
    }

    @Test
    void valuesHaveUpTo64MiB() {
        Keyspace k = store.createKeyspace("k");
        byte[] largest = new byte[64 * MIB];
        for (int i = 0; i < largest.length; i += 1000) {
            largest[i] = (byte) (i >>> 10);
        }
        k.put(bytes("a"), largest);
        assertTrue(Arrays.equals(largest, k.get(bytes("a"))));
        byte[] tooLong = new byte[64 * MIB + 1];
        long sequence = store.stats().sequence();
        assertThrows(IllegalArgumentException.class, () -> k.put(bytes("b"), tooLong));
        assertThrows(IllegalArgumentException.class, () -> k.putIfAbsent(bytes("b"), tooLong));
        assertThrows(IllegalArgumentException.class, () -> k.replace(bytes("a"), largest, tooLong));
        assertThrows(IllegalArgumentException.class, () -> store.newBatch().put(k, bytes("b"), tooLong));
        assertEquals(sequence, store.stats().sequence());
        assertFalse(k.contains(bytes("b")));
        put(k, "c", "behind it");
        reopen();
        Keyspace again = keyspace("k");
        assertTrue(Arrays.equals(largest, again.get(bytes("a"))));
        try (Cursor cursor = again.scan(KeyRange.all())) {
            assertTrue(cursor.next());
            assertEquals(ByteBuffer.wrap(largest), cursor.value());
            assertTrue(cursor.next());
            assertEquals(buffer("behind it"), cursor.value());
        }
        ByteBuffer into = ByteBuffer.allocateDirect(64 * MIB);
        assertEquals(64 * MIB, again.get(buffer("a"), into));
        assertEquals(ByteBuffer.wrap(largest), into.flip());
    }

    @Test
    void aBatchOfTinyOperationsCountsWhatTheWriteBufferTakesForIt() {
        Keyspace k = store.createKeyspace("k");
        k.put(bytes("a"), bytes("a"));
        // Now each key painted in one of the two has to end where the other begins.
        Keyspace other = k.snapshot("s").cloneAs("other");
        long most = 0;
        for (Keyspace keyspace : List.of(k, other)) {
            WriteBatch batch = store.newBatch();
            ByteBuffer key = ByteBuffer.allocate(4);
            int count = 0;
            try {
                while (true) {
                    batch.put(keyspace, key.clear().putInt(count).flip(), ByteBuffer.allocate(1));
                    count++;
                }
            } catch (IllegalArgumentException full) {
                assertTrue(count > 10_000, String.valueOf(full.getMessage()));
            }
            store.write(batch, Durability.SYNC);
            StoreStats.Buffer buffer = store.stats().buffer();
            // The one of the other keyspace may not be flushed yet.
            most += buffer.capacity() + MIB / 4;
            assertTrue(buffer.bytes() <= most, String.valueOf(buffer));
        }
    }

    @Test
    void aBatchHasUpToAQuarterOfTheMemoryLimit() {
        Keyspace k = store.createKeyspace("k");
        WriteBatch batch = store.newBatch();
        assertEquals(0, batch.put(k, bytes("a"), new byte[MIB]));
        assertEquals(1, batch.put(k, bytes("b"), new byte[MIB - 300]));
        long bytes = batch.bytes();
        assertThrows(IllegalArgumentException.class, () -> batch.put(k, bytes("c"), new byte[100]));
        assertEquals(2, batch.size());
        assertEquals(bytes, batch.bytes());
        assertTrue(store.write(batch, Durability.SYNC).applied(1));
        assertFalse(k.contains(bytes("c")));
        batch.clear();
        assertEquals(0, batch.size());
        assertEquals(0, batch.bytes());
        assertEquals(0, batch.put(k, bytes("c"), new byte[MIB]));
        store.write(batch, Durability.SYNC);
        assertTrue(k.contains(bytes("c")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a/b", "/", "a@b", "@", "a\nb", "\u0000", "\u007f", "\u0085", "\ud800", "x\udc00y"})
    void namesThatAreRefused(String name) {
        Keyspace k = store.createKeyspace("k");
        Snapshot s = k.snapshot("s");
        assertThrows(IllegalArgumentException.class, () -> store.createKeyspace(name));
        assertThrows(IllegalArgumentException.class, () -> k.snapshot(name));
        assertThrows(IllegalArgumentException.class, () -> k.rename(name));
        assertThrows(IllegalArgumentException.class, () -> s.rename(name));
        assertThrows(IllegalArgumentException.class, () -> s.cloneAs(name));
        assertThrows(IllegalArgumentException.class, () -> store.snapshotAll(Map.of(k, name)));
        assertEquals(2, store.stats().versions());
    }

    @Test
    void namesHaveUpTo255BytesOfUtf8() {
        String longest = "\u00e9".repeat(127) + "x";
        Keyspace k = store.createKeyspace(longest);
        k.snapshot(longest);
        assertThrows(IllegalArgumentException.class, () -> store.createKeyspace(longest + "x"));
        assertThrows(IllegalArgumentException.class, () -> k.snapshot("\u00e9".repeat(128)));
        String odd = " ~.\\\"'\ud83d\ude00\u202e";
        store.createKeyspace(odd);
        reopen();
        assertEquals(longest, keyspace(longest).name());
        assertEquals(longest, snapshot(keyspace(longest), longest).version().name());
        assertEquals(odd, keyspace(odd).name());
    }

    // ---- conditions and batches ----

    @Test
    void conditionalWrites() {
        Keyspace k = store.createKeyspace("k");
        assertTrue(k.putIfAbsent(bytes("a"), bytes("1")));
        assertFalse(k.putIfAbsent(bytes("a"), bytes("2")));
        assertHolds("1", k, "a");
        assertFalse(k.replace(bytes("a"), bytes("2"), bytes("3")));
        assertFalse(k.replace(bytes("b"), bytes(""), bytes("3")));
        assertTrue(k.replace(bytes("a"), bytes("1"), bytes("3")));
        assertHolds("3", k, "a");
        assertFalse(k.deleteIf(bytes("a"), bytes("1")));
        assertTrue(k.deleteIf(bytes("a"), bytes("3")));
        assertHolds("absent", k, "a");
        assertFalse(k.deleteIf(bytes("a"), bytes("3")));
        assertTrue(k.putIfAbsent(bytes("a"), bytes("")));
        assertTrue(k.replace(bytes("a"), bytes(""), bytes("4")));
        assertHolds("4", k, "a");
    }

    @Test
    void aBatchSaysWhatTookEffectAndSeesItself() {
        Keyspace a = store.createKeyspace("a");
        Keyspace b = store.createKeyspace("b");
        put(a, "x", "1");
        WriteBatch batch = store.newBatch();
        assertEquals(0, batch.putIfAbsent(a, buffer("x"), buffer("2")));
        assertEquals(1, batch.putIfAbsent(b, buffer("x"), buffer("2")));
        assertEquals(2, batch.replace(b, buffer("x"), buffer("2"), buffer("3")));
        assertEquals(3, batch.delete(a, buffer("x")));
        assertEquals(4, batch.putIfAbsent(a, buffer("x"), buffer("4")));
        assertEquals(5, batch.deleteIf(b, buffer("x"), buffer("2")));
        assertEquals(6, batch.put(b, buffer("y"), buffer("5")));
        assertEquals(7, batch.size());
        long before = store.stats().sequence();
        Commit commit = store.write(batch, Durability.SYNC);
        assertTrue(commit.sequence() > before);
        boolean[] expected = {false, true, true, true, true, false, true};
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], commit.applied(i), "operation " + i);
        }
        assertThrows(IndexOutOfBoundsException.class, () -> commit.applied(7));
        assertThrows(IndexOutOfBoundsException.class, () -> commit.applied(-1));
        assertHolds("4", a, "x");
        assertHolds("3", b, "x");
        assertHolds("5", b, "y");
        // The batch may be written again; the commit keeps what it said.
        Commit again = store.write(batch, Durability.ASYNC);
        assertFalse(again.applied(1));
        assertTrue(commit.applied(1));
        assertTrue(again.sequence() > commit.sequence());
    }

    @Test
    void allOrNothing() {
        Keyspace k = store.createKeyspace("k");
        put(k, "a", "1");
        WriteBatch batch = store.newBatch().allOrNothing(true);
        batch.put(k, bytes("b"), bytes("2"));
        batch.replace(k, bytes("a"), bytes("other"), bytes("2"));
        Commit failed = store.write(batch, Durability.SYNC);
        assertFalse(failed.applied(0));
        assertFalse(failed.applied(1));
        assertHolds("absent", k, "b");
        batch.clear();
        // The setting is gone with the operations.
        batch.put(k, bytes("b"), bytes("2"));
        batch.replace(k, bytes("a"), bytes("other"), bytes("2"));
        assertTrue(store.write(batch, Durability.SYNC).applied(0));
        assertHolds("2", k, "b");
        WriteBatch good = store.newBatch().allOrNothing(true);
        good.replace(k, bytes("a"), bytes("1"), bytes("3"));
        good.deleteIf(k, bytes("b"), bytes("2"));
        Commit done = store.write(good, Durability.SYNC);
        assertTrue(done.applied(0) && done.applied(1));
        assertHolds("3", k, "a");
        assertHolds("absent", k, "b");
    }

    @Test
    void anEmptyBatchIsACommitOfNothing() {
        put(store.createKeyspace("k"), "a", "1");
        long before = store.stats().sequence();
        Commit commit = store.write(store.newBatch(), Durability.SYNC);
        assertEquals(before, commit.sequence());
        assertThrows(IndexOutOfBoundsException.class, () -> commit.applied(0));
    }

    @Test
    void aBatchWithADroppedKeyspaceHasNoEffect() {
        Keyspace a = store.createKeyspace("a");
        Keyspace b = store.createKeyspace("b");
        WriteBatch batch = store.newBatch();
        batch.put(a, bytes("x"), bytes("1"));
        batch.put(b, bytes("x"), bytes("1"));
        b.drop();
        assertThrows(DroppedException.class, () -> store.write(batch, Durability.SYNC));
        assertHolds("absent", a, "x");
    }

    @Test
    void aBatchGoesToTheVersionAtTheTimeOfTheWrite() {
        Keyspace k = store.createKeyspace("k");
        WriteBatch batch = store.newBatch();
        batch.put(k, bytes("a"), bytes("1"));
        Snapshot s = k.snapshot("s");
        store.write(batch, Durability.SYNC);
        assertHolds("absent", s, "a");
        assertHolds("1", k, "a");
        k.rollback(s);
        store.write(batch, Durability.SYNC);
        assertHolds("1", k, "a");
        assertHolds("absent", s, "a");
    }

    @Test
    void nothingOfAnotherStoreIsTaken() {
        Keyspace mine = store.createKeyspace("k");
        try (Store other = Store.open(StoreOptions.at(folder.resolve("other"))
                .createIfMissing(true)
                .memoryBytes(StoreOptions.MEMORY_BYTES_MIN))) {
            Keyspace theirs = other.createKeyspace("k");
            Snapshot s = theirs.snapshot("s");
            assertThrows(IllegalArgumentException.class, () -> store.newBatch().put(theirs, bytes("a"), bytes("1")));
            assertThrows(IllegalArgumentException.class, () -> store.write(other.newBatch(), Durability.SYNC));
            assertThrows(IllegalArgumentException.class, () -> mine.rollback(s));
            assertThrows(IllegalArgumentException.class, () -> store.snapshotAll(Map.of(theirs, "t")));
            assertNotEquals(mine, theirs);
        }
    }

    // ---- durability ----

    @Test
    void whenDurableCompletesForAsyncWrites() throws Exception {
        Keyspace k = store.createKeyspace("k").with(Durability.ASYNC);
        List<CompletableFuture<Void>> futures = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            WriteBatch batch = store.newBatch();
            batch.put(k, bytes("k" + i), bytes("v"));
            Commit commit = store.write(batch, Durability.ASYNC);
            futures.add(store.whenDurable(commit.sequence()).toCompletableFuture());
        }
        for (CompletableFuture<Void> future : futures) {
            future.get(30, TimeUnit.SECONDS);
        }
        assertTrue(store.stats().durableSequence() >= 100);
        long newest = store.stats().sequence();
        assertTrue(store.whenDurable(newest).toCompletableFuture().isDone());
        assertThrows(IllegalArgumentException.class, () -> store.whenDurable(newest + 1));
        store.whenDurable(0).toCompletableFuture().get(30, TimeUnit.SECONDS);
    }

    @Test
    void closeMakesAsyncWritesStableAndSaysSo() throws Exception {
        Keyspace k = store.createKeyspace("k").with(Durability.ASYNC);
        for (int round = 0; round < 20; round++) {
            put(k, "a" + round, "1");
            CompletableFuture<Void> future =
                    store.whenDurable(store.stats().sequence()).toCompletableFuture();
            store.close();
            future.get(30, TimeUnit.SECONDS);
            open();
            k = keyspace("k").with(Durability.ASYNC);
            assertHolds("1", k, "a" + round);
        }
    }

    @Test
    void syncMakesWhatWasBeforeItStable() {
        Keyspace k = store.createKeyspace("k").with(Durability.ASYNC);
        put(k, "a", "1");
        long sequence = store.stats().sequence();
        store.sync();
        assertTrue(store.stats().durableSequence() >= sequence);
    }

    @Test
    void theStoresDurabilityIsTheDefault() {
        store.close();
        store = Store.open(options().durability(Durability.ASYNC));
        Keyspace k = store.createKeyspace("k");
        long forces = store.stats().log().forces();
        for (int i = 0; i < 50; i++) {
            put(k, "a", "" + i);
        }
        assertEquals(forces, store.stats().log().forces());
        put(k.with(Durability.SYNC), "a", "sync");
        assertTrue(store.stats().log().forces() > forces);
        assertEquals(k, k.with(Durability.SYNC));
    }

    // ---- versions ----

    @Test
    void snapshotsClonesAndRollback() {
        Keyspace k = store.createKeyspace("k");
        put(k, "a", "1");
        Snapshot s = k.snapshot("s");
        put(k, "a", "2");
        Snapshot t = k.snapshot("t");
        put(k, "a", "3");
        Keyspace c = s.cloneAs("c");
        put(c, "a", "4");
        assertHolds("1", s, "a");
        assertHolds("2", t, "a");
        assertHolds("3", k, "a");
        assertHolds("4", c, "a");
        // Later snapshots stay, and are found from every keyspace of the tree.
        long head = k.version().id();
        k.rollback(s);
        assertHolds("1", k, "a");
        assertHolds("2", snapshot(k, "t"), "a");
        assertHolds("2", snapshot(c, "t"), "a");
        assertEquals(s.version().id(), k.version().parent());
        assertFalse(Objects.requireNonNull(store.version(head)).readable());
        assertEquals(t, snapshot(c, "t"));
        assertEquals(t.hashCode(), snapshot(c, "t").hashCode());
        assertNotEquals(s, t);
        c.rollback(t);
        assertHolds("2", c, "a");
        reopen();
        assertHolds("1", keyspace("k"), "a");
        assertHolds("2", keyspace("c"), "a");
        assertHolds("2", snapshot(keyspace("k"), "t"), "a");
        Keyspace other = store.createKeyspace("other");
        Snapshot foreign = other.snapshot("s");
        assertThrows(IllegalArgumentException.class, () -> keyspace("k").rollback(foreign));
        assertHolds("1", keyspace("k"), "a");
    }

    @Test
    void namesAreTakenOnce() {
        Keyspace k = store.createKeyspace("k");
        Keyspace l = store.createKeyspace("l");
        assertThrows(NameTakenException.class, () -> store.createKeyspace("k"));
        Snapshot s = k.snapshot("s");
        Snapshot t = k.snapshot("t");
        assertThrows(NameTakenException.class, () -> k.snapshot("s"));
        assertThrows(NameTakenException.class, () -> s.cloneAs("l"));
        assertThrows(NameTakenException.class, () -> l.rename("k"));
        assertThrows(NameTakenException.class, () -> s.rename("t"));
        Keyspace c = s.cloneAs("c");
        assertThrows(NameTakenException.class, () -> c.snapshot("s"));
        // Another tree, another scope; and what it is called already is no clash.
        l.snapshot("s");
        k.rename("k");
        s.rename("s");
        k.rename("m");
        assertEquals("m", k.name());
        assertNull(store.keyspace("k"));
        assertEquals(k, store.keyspace("m"));
        store.createKeyspace("k");
        t.drop();
        assertEquals("t", k.snapshot("t").version().name());
        s.rename("u");
        assertNull(k.snapshotNamed("s"));
        assertEquals(s, k.snapshotNamed("u"));
        assertEquals("s", k.snapshot("s").version().name());
    }

    @Test
    void whatIsDroppedIsGone() {
        Keyspace k = store.createKeyspace("k");
        put(k, "a", "1");
        Snapshot s = k.snapshot("s");
        Snapshot t = k.snapshot("t");
        Keyspace c = s.cloneAs("c");
        long id = s.version().id();
        s.drop();
        assertNull(store.snapshot(id));
        assertThrows(DroppedException.class, () -> s.get(bytes("a")));
        assertThrows(DroppedException.class, () -> s.get(buffer("a"), ByteBuffer.allocate(1)));
        assertThrows(DroppedException.class, () -> s.read(buffer("a"), value -> value));
        assertThrows(DroppedException.class, () -> s.contains(bytes("a")));
        assertThrows(DroppedException.class, () -> s.getAll(List.of(), (key, value) -> {}));
        assertThrows(DroppedException.class, () -> s.scan(KeyRange.all()));
        assertThrows(DroppedException.class, s::version);
        assertThrows(DroppedException.class, () -> s.cloneAs("d"));
        assertThrows(DroppedException.class, () -> s.rename("d"));
        assertThrows(DroppedException.class, s::drop);
        assertThrows(DroppedException.class, () -> k.rollback(s));
        assertHolds("1", t, "a");
        assertHolds("1", c, "a");
        assertHolds("1", k, "a");
        k.drop();
        assertNull(store.keyspace("k"));
        assertThrows(DroppedException.class, k::name);
        assertThrows(DroppedException.class, k::version);
        assertThrows(DroppedException.class, () -> k.get(bytes("a")));
        assertThrows(DroppedException.class, () -> k.put(bytes("a"), bytes("1")));
        assertThrows(DroppedException.class, () -> k.delete(bytes("a")));
        assertThrows(DroppedException.class, () -> k.putIfAbsent(bytes("a"), bytes("1")));
        assertThrows(DroppedException.class, () -> k.replace(bytes("a"), bytes("1"), bytes("1")));
        assertThrows(DroppedException.class, () -> k.deleteIf(bytes("a"), bytes("1")));
        assertThrows(DroppedException.class, k::view);
        assertThrows(DroppedException.class, () -> k.snapshot("u"));
        assertThrows(DroppedException.class, () -> k.snapshotNamed("t"));
        assertThrows(DroppedException.class, () -> k.rollback(t));
        assertThrows(DroppedException.class, () -> k.rename("k2"));
        assertThrows(DroppedException.class, k::drop);
        assertThrows(DroppedException.class, () -> store.snapshotAll(Map.of(k, "u")));
        assertEquals(k, k);
        // Its snapshots stay, and are reached by their numbers when the last keyspace of the tree is gone.
        c.drop();
        assertHolds("1", Objects.requireNonNull(store.snapshot(t.version().id())), "a");
        assertEquals(1, Objects.requireNonNull(t.cloneAs("k")).get(bytes("a")) == null ? 0 : 1);
    }

    @Test
    void keyspacesAreEqualByWhatTheyAre() {
        Keyspace k = store.createKeyspace("k");
        Keyspace same = keyspace("k");
        assertEquals(k, same);
        assertEquals(k.hashCode(), same.hashCode());
        Map<Keyspace, String> map = new HashMap<>();
        map.put(k, "s");
        map.put(same, "t");
        assertEquals(1, map.size());
        k.snapshot("before");
        same.rename("l");
        k.rollback(snapshot(k, "before"));
        assertEquals(k, same);
        assertEquals("t", map.get(k));
        Keyspace clone = snapshot(k, "before").cloneAs("c");
        assertNotEquals(k, clone);
        int hash = clone.hashCode();
        clone.drop();
        assertEquals(hash, clone.hashCode());
        assertNotEquals(k, clone);
        assertNotEquals(clone, k);
    }

    @Test
    void snapshotAllIsOfOnePointInTimeOrNotAtAll() {
        Keyspace a = store.createKeyspace("a");
        Keyspace b = store.createKeyspace("b");
        put(a, "x", "1");
        put(b, "x", "2");
        Map<Keyspace, String> names = new LinkedHashMap<>();
        names.put(b, "both");
        names.put(a, "both");
        List<Snapshot> taken = store.snapshotAll(names);
        put(a, "x", "3");
        assertHolds("2", taken.get(0), "x");
        assertHolds("1", taken.get(1), "x");
        long versions = store.stats().versions();
        a.snapshot("taken");
        assertThrows(NameTakenException.class, () -> store.snapshotAll(Map.of(a, "taken", b, "new")));
        Keyspace clone = snapshot(a, "taken").cloneAs("c");
        assertThrows(NameTakenException.class, () -> store.snapshotAll(Map.of(a, "same", clone, "same")));
        assertNull(b.snapshotNamed("new"));
        assertNull(a.snapshotNamed("same"));
        assertEquals(versions + 2, store.stats().versions());
        assertEquals(List.of(), store.snapshotAll(Map.of()));
    }

    @Test
    void snapshotAllTakesAKeyspaceOnce() {
        Keyspace k = store.createKeyspace("k");
        put(k, "a", "1");
        Map<Keyspace, String> twice = new TreeMap<>(Comparator.comparingInt(System::identityHashCode));
        twice.put(k, "s");
        twice.put(keyspace("k"), "t");
        assertThrows(IllegalArgumentException.class, () -> store.snapshotAll(twice));
        put(k, "a", "2");
        reopen();
        assertHolds("2", keyspace("k"), "a");
        assertNull(keyspace("k").snapshotNamed("s"));
    }

    @Test
    void versionsAreListedInLineOrder() {
        Keyspace k = store.createKeyspace("k");
        Snapshot s = k.snapshot("s-1");
        k.snapshot("s-2");
        Keyspace c = s.cloneAs("c");
        Keyspace d = s.cloneAs("d");
        Keyspace other = store.createKeyspace("other");
        View view = other.view();
        d.drop();
        assertEquals(
                List.of("null VIEW", "other HEAD", "s-1 SNAPSHOT", "null DROPPED", "c HEAD", "s-2 SNAPSHOT", "k HEAD"),
                list(VersionQuery.all()));
        assertEquals(
                List.of("s-1 SNAPSHOT", "c HEAD", "s-2 SNAPSHOT", "k HEAD"),
                list(VersionQuery.all().tree("k").readable()));
        assertEquals(List.of("s-2 SNAPSHOT"), list(VersionQuery.all().namePrefix("s-2")));
        assertEquals(
                List.of("other HEAD", "c HEAD", "k HEAD"),
                list(VersionQuery.all().kind(Version.Kind.HEAD)));
        assertEquals(List.of(), list(VersionQuery.all().tree("no such")));
        view.close();
        assertEquals(
                List.of("null DROPPED", "other HEAD"), list(VersionQuery.all().tree("other")));
        Version version = c.version();
        assertEquals(s.version().id(), version.parent());
        assertEquals("k", version.tree());
        assertEquals("c", version.name());
        assertEquals(Version.Kind.HEAD, version.kind());
        assertTrue(version.readable());
        assertEquals(0, s.version().parent());
        assertEquals(version, store.version(version.id()));
        reopen();
        assertEquals(version, store.version(version.id()));
    }

    private List<String> list(VersionQuery query) {
        try (Stream<Version> versions = store.versions(query)) {
            return versions.map(version -> version.name() + " " + version.kind())
                    .toList();
        }
    }

    @Test
    void treesHaveNamesOfTheirOwn() {
        store.createKeyspace("a~3");
        store.createKeyspace("a").drop();
        store.createKeyspace("a");
        store.createKeyspace("b").rename("old");
        store.createKeyspace("b");
        assertEquals("b", keyspace("old").version().tree());
        for (int life = 0; life < 2; life++) {
            try (Stream<Version> all = store.versions(VersionQuery.all())) {
                List<String> trees = all.map(Version::tree).toList();
                assertEquals(5, trees.size());
                assertEquals(5, trees.stream().distinct().count(), () -> "trees " + trees);
            }
            assertEquals(1, list(VersionQuery.all().tree("a~3")).size());
            reopen();
        }
    }

    @Test
    void viewsStayAsTheyAre() {
        Keyspace k = store.createKeyspace("k");
        put(k, "a", "1");
        View one = k.view();
        View two = k.view();
        put(k, "a", "2");
        View three = k.view();
        Snapshot s = k.snapshot("s");
        View four = k.view();
        // Two views of one content are one version, also with a snapshot in between.
        assertEquals(2, list(VersionQuery.all().kind(Version.Kind.VIEW)).size());
        put(k, "a", "3");
        one.close();
        one.close();
        assertThrows(StoreClosedException.class, () -> one.get(bytes("a")));
        assertThrows(StoreClosedException.class, () -> one.scan(KeyRange.all()));
        assertHolds("1", two, "a");
        assertHolds("2", three, "a");
        assertHolds("2", four, "a");
        Cursor cursor = two.scan(KeyRange.all());
        two.close();
        k.rollback(s);
        k.drop();
        assertHolds("2", three, "a");
        assertTrue(cursor.next());
        assertEquals(buffer("1"), cursor.value());
        assertFalse(cursor.next());
        cursor.close();
        three.close();
        assertHolds("2", four, "a");
        reopen();
        four.close();
        assertEquals(List.of(), list(VersionQuery.all().kind(Version.Kind.VIEW)));
    }

    // ---- life ----

    @Test
    void afterCloseEverythingSaysSo() {
        Keyspace k = store.createKeyspace("k");
        put(k, "a", "1");
        Snapshot s = k.snapshot("s");
        View view = k.view();
        WriteBatch batch = store.newBatch();
        batch.put(k, bytes("a"), bytes("2"));
        Cursor cursor = k.scan(KeyRange.all());
        Cursor moved = s.scan(KeyRange.all());
        assertTrue(moved.next());
        Stream<Version> versions = store.versions(VersionQuery.all());
        store.close();
        store.close();
        List<Runnable> calls = List.of(
                () -> store.createKeyspace("l"),
                () -> store.keyspace("k"),
                () -> store.version(1),
                () -> store.snapshot(1),
                () -> store.versions(VersionQuery.all()),
                () -> versions.forEach(version -> {}),
                store::newBatch,
                () -> store.write(batch, Durability.SYNC),
                () -> store.whenDurable(0),
                () -> store.snapshotAll(Map.of(k, "t")),
                store::sync,
                store::stats,
                store::verify,
                k::name,
                k::version,
                () -> k.put(bytes("a"), bytes("1")),
                () -> k.put(buffer("a"), buffer("1")),
                () -> k.delete(bytes("a")),
                () -> k.putIfAbsent(bytes("a"), bytes("1")),
                () -> k.replace(bytes("a"), bytes("1"), bytes("1")),
                () -> k.deleteIf(bytes("a"), bytes("1")),
                k::view,
                () -> k.snapshot("t"),
                () -> k.snapshotNamed("s"),
                () -> k.rollback(s),
                () -> k.rename("l"),
                k::drop,
                s::version,
                () -> s.cloneAs("l"),
                () -> s.rename("t"),
                s::drop,
                cursor::next,
                () -> cursor.seek(buffer("a")),
                moved::next);
        for (int i = 0; i < calls.size(); i++) {
            Runnable call = calls.get(i);
            assertThrows(StoreClosedException.class, call::run, "call " + i);
        }
        for (Reader reader : List.of(k, s, view)) {
            assertThrows(StoreClosedException.class, () -> reader.get(bytes("a")));
            assertThrows(StoreClosedException.class, () -> reader.get(buffer("a"), ByteBuffer.allocate(1)));
            assertThrows(StoreClosedException.class, () -> reader.read(buffer("a"), value -> value));
            assertThrows(StoreClosedException.class, () -> reader.contains(bytes("a")));
            assertThrows(StoreClosedException.class, () -> reader.getAll(List.of(bytes("a")), (key, value) -> {}));
            assertThrows(StoreClosedException.class, () -> reader.scan(KeyRange.all()));
        }
        view.close();
        cursor.close();
        moved.close();
        versions.close();
        open();
        assertHolds("1", keyspace("k"), "a");
        assertHolds("1", snapshot(keyspace("k"), "s"), "a");
    }

    @Test
    void verifyIsClean() {
        Keyspace k = store.createKeyspace("k");
        for (int i = 0; i < 3000; i++) {
            k.with(Durability.ASYNC).put(bytes("key " + i), new byte[1000]);
        }
        Job<VerifyReport> job = store.verify();
        VerifyReport report = job.result();
        assertTrue(job.isDone());
        assertEquals(1.0, job.progress());
        assertTrue(report.clean(), () -> report.problems().toString());
        assertEquals(report, job.result());
        reopen();
        Job<VerifyReport> interrupted = store.verify();
        store.close();
        try {
            assertTrue(interrupted.result().clean());
        } catch (DonjonException closed) {
            assertTrue(interrupted.isDone());
        }
    }

    /** A disk that is not mounted must not be left out for ever by the way. */
    @Test
    void aStoreOfOneCopyDoesNotOpenWithoutADiskThatHasData() throws IOException {
        List<Path> disks = List.of(folder.resolve("d0"), folder.resolve("d1"), folder.resolve("d2"));
        StoreOptions all = on(disks).createIfMissing(true).durability(Durability.ASYNC);
        byte[] value = new byte[64 << 10];
        new SplittableRandom(1).nextBytes(value);
        try (Store three = Store.open(all)) {
            Keyspace k = three.createKeyspace("k");
            for (int i = 0; i < 100; i++) {
                k.put(bytes("k" + i), value);
            }
        }
        Path missing = disks.get(0);
        for (Path disk : disks) {
            missing = bytesOfExtents(disk) > bytesOfExtents(missing) ? disk : missing;
        }
        assertTrue(bytesOfExtents(missing) > 0);
        List<Path> others = new ArrayList<>(disks);
        others.remove(missing);
        MissingDisksException refused = assertThrows(MissingDisksException.class, () -> Store.open(on(others)));
        assertTrue(String.valueOf(refused.getMessage()).contains(missing + ")"), refused.getMessage());
        try (Store three = Store.open(all)) {
            for (int i = 0; i < 100; i++) {
                assertArrayEquals(value, keyspaceOf(three).get(bytes("k" + i)));
            }
        }
    }

    private static StoreOptions on(List<Path> disks) {
        Path[] more = disks.subList(1, disks.size()).toArray(Path[]::new);
        return StoreOptions.at(disks.get(0), more).memoryBytes(StoreOptions.MEMORY_BYTES_MIN);
    }

    /** Where extents are is drawn by lot, and a disk may have none. */
    private static long bytesOfExtents(Path disk) throws IOException {
        long bytes = 0;
        try (DirectoryStream<Path> extents = Files.newDirectoryStream(disk, "x-*")) {
            for (Path extent : extents) {
                bytes += Files.size(extent);
            }
        }
        return bytes;
    }

    private static Keyspace keyspaceOf(Store store) {
        return Objects.requireNonNull(store.keyspace("k"));
    }

    @Test
    void withoutAStoreNoneIsMadeUnlessAsked() {
        StoreOptions none = StoreOptions.at(folder.resolve("none"));
        assertThrows(DonjonException.class, () -> Store.open(none));
        Store.open(none.createIfMissing(true)).close();
        Store.open(none).close();
        assertThrows(IllegalArgumentException.class, () -> none.copies(2));
        assertThrows(IllegalArgumentException.class, () -> none.copies(0));
        assertThrows(IllegalArgumentException.class, () -> none.memoryBytes(StoreOptions.MEMORY_BYTES_MIN - 1));
    }

    @Test
    void aFunctionThatAReadCallsCannotCloseTheStore() {
        Keyspace k = store.createKeyspace("k");
        put(k, "a", "1");
        ByteBuffer key = ByteBuffer.wrap(bytes("a"));
        assertThrows(
                IllegalStateException.class,
                () -> k.read(key, value -> {
                    store.close();
                    return value;
                }));
        assertThrows(
                IllegalStateException.class,
                () -> k.read(key, outer -> {
                    k.read(key, inner -> inner);
                    store.close();
                    return outer;
                }));
        assertThrows(
                IllegalStateException.class,
                () -> k.getAll(List.of(bytes("a"), bytes("b")), (asked, value) -> store.close()));
        put(k, "b", "2");
        store.close();
    }

    @Test
    void whoHearsThatACommitIsDurableMayCloseTheStore() throws Exception {
        Keyspace k = store.createKeyspace("k");
        WriteBatch batch = batchOf(k);
        Commit commit = store.write(batch, Durability.ASYNC);
        store.whenDurable(commit.sequence())
                .thenRun(store::close)
                .toCompletableFuture()
                .get(30, TimeUnit.SECONDS);
        // It did not wait for itself, and was closed when it returned; who comes second finds it so.
        store.close();
        reopen();
        assertHolds("2", keyspace("k"), "b");
    }

    @Test
    void whoClosesTheStoreSecondWaitsForTheFirst() throws Exception {
        Keyspace k = store.createKeyspace("k");
        put(k, "a", "1");
        CountDownLatch reading = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        CountDownLatch second = new CountDownLatch(1);
        CompletableFuture<Void> read = inAThread(() -> k.read(ByteBuffer.wrap(bytes("a")), value -> {
            reading.countDown();
            await(go);
            return value;
        }));
        await(reading);
        CompletableFuture<Void> first = inAThread(store::close);
        while (isOpen(k)) {
            Thread.onSpinWait();
        }
        CompletableFuture<Void> late = inAThread(() -> {
            second.countDown();
            store.close();
        });
        await(second);
        assertThrows(TimeoutException.class, () -> late.get(50, TimeUnit.MILLISECONDS));
        assertFalse(first.isDone());
        go.countDown();
        CompletableFuture.allOf(read, first, late).get(30, TimeUnit.SECONDS);
        reopen();
    }

    private static CompletableFuture<Void> inAThread(Runnable body) {
        return CompletableFuture.runAsync(body, task -> new Thread(task, "api-test").start());
    }

    private static boolean isOpen(Keyspace k) {
        try {
            return k.contains(bytes("a"));
        } catch (StoreClosedException closed) {
            return false;
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(30, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void theStoreIsLockedWithinTheProcess() {
        StoreLockedException locked = assertThrows(StoreLockedException.class, () -> Store.open(options()));
        String pid = String.valueOf(ProcessHandle.current().pid());
        assertTrue(String.valueOf(locked.getMessage()).contains(pid), locked::getMessage);
        put(store.createKeyspace("k"), "a", "1");
        reopen();
        assertHolds("1", keyspace("k"), "a");
    }

    /** Opens a store and says what came of it. */
    static final class Opener {
        private Opener() {}

        public static void main(String[] args) {
            try (Store store = Store.open(StoreOptions.at(Path.of(args[0])))) {
                System.out.println("opened " + store.stats().keyspaces());
            } catch (StoreLockedException e) {
                System.out.println("locked: " + e.getMessage());
            }
        }
    }

    @Test
    void theStoreIsLockedForOtherProcesses() throws Exception {
        String pid = String.valueOf(ProcessHandle.current().pid());
        String said = runOpener();
        assertTrue(said.startsWith("locked: ") && said.contains(pid), said);
        store.createKeyspace("k");
        store.close();
        assertEquals("opened 1", runOpener().strip());
    }

    private String runOpener() throws Exception {
        return Subprocess.java(
                        folder,
                        "-Xshare:auto",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Opener.class.getName(),
                        folder.resolve("store").toString())
                .said();
    }

    @Test
    void figuresAreThere() throws ExecutionException, InterruptedException, TimeoutException {
        Keyspace k = store.createKeyspace("k");
        put(k, "a", "1");
        StoreStats stats = store.stats();
        assertEquals(1, stats.keyspaces());
        assertEquals(1, stats.versions());
        assertEquals(2, stats.sequence());
        assertNotNull(stats.disks().get(0).path());
        assertNull(stats.readOnlyReason());
        assertTrue(stats.log().written() > 0);
        store.whenDurable(stats.sequence()).toCompletableFuture().get(30, TimeUnit.SECONDS);
        reopen();
        assertTrue(store.stats().sequence() >= 2);
        Commit commit = store.write(batchOf(keyspace("k")), Durability.SYNC);
        assertTrue(commit.sequence() > 2);
    }

    private WriteBatch batchOf(Keyspace k) {
        WriteBatch batch = store.newBatch();
        batch.put(k, bytes("b"), bytes("2"));
        return batch;
    }
}
