package io.donjon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the public API promises of ranges and cursors. The model test compares them with an oracle at random. */
class CursorTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @SuppressWarnings("NullAway.Init")
    private Store store;

    @SuppressWarnings("NullAway.Init")
    private Keyspace k;

    @BeforeEach
    void open() {
        store = Store.open(StoreOptions.at(folder)
                .createIfMissing(true)
                .durability(Durability.ASYNC)
                .memoryBytes(StoreOptions.MEMORY_BYTES_MIN));
        // A neighbour on either side, to be kept out of every range.
        store.createKeyspace("before").put(bytes("z"), bytes("before"));
        k = store.createKeyspace("k");
        store.createKeyspace("behind").put(bytes(""), bytes("behind"));
    }

    @AfterEach
    void close() {
        store.close();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static ByteBuffer buffer(String text) {
        return ByteBuffer.wrap(bytes(text));
    }

    private void fill(String... keys) {
        for (String key : keys) {
            k.put(bytes(key), bytes("=" + key));
        }
    }

    private String keys(KeyRange range, ScanOption... options) {
        List<String> keys = new ArrayList<>();
        try (Cursor cursor = k.scan(range, options)) {
            while (cursor.next()) {
                keys.add(new String(cursor.keyBytes(), StandardCharsets.ISO_8859_1));
            }
            assertFalse(cursor.next());
        }
        return String.join(" ", keys);
    }

    private void assertKeys(String expected, KeyRange range) {
        assertEquals(expected, keys(range), range::toString);
        List<String> reversed = new ArrayList<>(List.of(expected.split(" ", -1)));
        Collections.reverse(reversed);
        assertEquals(String.join(" ", reversed), keys(range, ScanOption.REVERSE), range::toString);
    }

    @Test
    void rangesAndTheirEnds() {
        fill("a", "b", "ba", "c", "d");
        assertKeys("a b ba c d", KeyRange.all());
        assertKeys("b ba c d", KeyRange.from(bytes("b")));
        assertKeys("ba c d", KeyRange.from(bytes("b")).fromInclusive(false));
        assertKeys("a b ba", KeyRange.to(bytes("c")));
        assertKeys("a b ba c", KeyRange.to(bytes("c")).toInclusive(true));
        KeyRange middle = KeyRange.between(bytes("b"), bytes("c"));
        assertKeys("b ba", middle);
        assertKeys("b ba c", middle.toInclusive(true));
        assertKeys("ba", middle.fromInclusive(false));
        assertKeys("ba c", middle.fromInclusive(false).toInclusive(true));
        assertKeys("b ba c", KeyRange.between(bytes("aa"), bytes("cc")));
        KeyRange one = KeyRange.between(bytes("c"), bytes("c"));
        assertKeys("", one);
        assertKeys("c", one.toInclusive(true));
        assertKeys("", one.toInclusive(true).fromInclusive(false));
        assertKeys("", KeyRange.between(bytes("d"), bytes("a")).toInclusive(true));
        assertKeys("", KeyRange.to(new byte[0]));
        assertKeys("a b ba c d", KeyRange.from(new byte[0]).fromInclusive(false));
        assertKeys("b ba", KeyRange.prefix(bytes("b")));
        assertKeys("a b ba c d", KeyRange.prefix(new byte[0]));
    }

    @Test
    void theEmptyKeyIsAKey() {
        fill("", "a");
        assertKeys(" a", KeyRange.all());
        assertKeys("a", KeyRange.from(new byte[0]).fromInclusive(false));
        assertEquals("", keys(KeyRange.to(new byte[0]).toInclusive(true)));
        try (Cursor cursor = k.scan(KeyRange.to(new byte[0]).toInclusive(true))) {
            assertTrue(cursor.next());
            assertEquals(0, cursor.key().remaining());
            assertEquals(buffer("="), cursor.value());
            assertFalse(cursor.next());
        }
    }

    @Test
    void prefixesOfHighBytes() {
        fill("a", "\u00fe", "\u00fe\u00ff", "\u00fe\u00ffx", "\u00ff", "\u00ff\u0000", "\u00ff\u00ff", "\u00ff\u00ffz");
        assertKeys("\u00fe\u00ff \u00fe\u00ffx", KeyRange.prefix(bytes("\u00fe\u00ff")));
        assertKeys("\u00ff \u00ff\u0000 \u00ff\u00ff \u00ff\u00ffz", KeyRange.prefix(bytes("\u00ff")));
        assertKeys("\u00ff\u00ff \u00ff\u00ffz", KeyRange.prefix(bytes("\u00ff\u00ff")));
        assertNull(KeyRange.prefix(bytes("\u00ff\u00ff")).to());
        assertArrayEquals(
                bytes("\u00ff"), KeyRange.prefix(bytes("\u00fe\u00ff")).to());
    }

    @Test
    void aRangeIsAValue() {
        byte[] from = bytes("a");
        KeyRange range = KeyRange.between(from, bytes("b"));
        from[0] = 'x';
        assertArrayEquals(bytes("a"), range.from());
        byte[] copy = range.to();
        assertTrue(copy != null && range.to() != copy);
        assertEquals(KeyRange.between(bytes("a"), bytes("b")), range);
        assertEquals(KeyRange.between(bytes("a"), bytes("b")).hashCode(), range.hashCode());
        assertNotEquals(range, range.toInclusive(true));
        assertNotEquals(range, range.fromInclusive(false));
        assertNotEquals(range, KeyRange.from(bytes("a")));
        assertEquals("[61, 62)", range.toString());
        assertEquals("(61, 62]", range.fromInclusive(false).toInclusive(true).toString());
        byte[] prefix = bytes("p");
        KeyRange ofPrefix = KeyRange.prefix(prefix);
        prefix[0] = 'q';
        assertArrayEquals(bytes("p"), ofPrefix.from());
    }

    @Test
    void seekForward() {
        fill("a", "c", "e", "g");
        try (Cursor cursor = k.scan(KeyRange.between(bytes("b"), bytes("g")))) {
            assertSought("c", cursor, "");
            assertSought("e", cursor, "d");
            assertSought("e", cursor, "e");
            assertFalse(cursor.seek(buffer("f")));
            assertThrows(IllegalStateException.class, cursor::key);
            assertFalse(cursor.next());
            // It may go back, and then on.
            assertSought("c", cursor, "a");
            assertTrue(cursor.next());
            assertEquals(buffer("e"), cursor.key());
            assertFalse(cursor.next());
            assertFalse(cursor.seek(buffer("x")));
            assertSought("c", cursor, "c");
        }
    }

    @Test
    void seekBackward() {
        fill("a", "c", "e", "g");
        KeyRange range =
                KeyRange.between(bytes("a"), bytes("e")).fromInclusive(false).toInclusive(true);
        try (Cursor cursor = k.scan(range, ScanOption.REVERSE)) {
            assertSought("e", cursor, "z");
            assertSought("c", cursor, "d");
            assertSought("c", cursor, "c");
            assertFalse(cursor.next());
            assertFalse(cursor.seek(buffer("b")));
            assertFalse(cursor.seek(buffer("")));
            assertSought("e", cursor, "f");
            assertTrue(cursor.next());
            assertEquals(buffer("c"), cursor.key());
        }
        try (Cursor cursor = k.scan(range.toInclusive(false), ScanOption.REVERSE)) {
            assertSought("c", cursor, "e");
            assertSought("c", cursor, "z");
        }
    }

    private static void assertSought(String expected, Cursor cursor, String sought) {
        ByteBuffer target = buffer("##" + sought).position(2);
        assertTrue(cursor.seek(target));
        assertEquals(2, target.position());
        assertEquals(buffer(expected), cursor.key());
        assertEquals(buffer("=" + expected), cursor.value());
    }

    @Test
    void aCursorSaysWhereItIsNot() {
        fill("a");
        Cursor cursor = k.scan(KeyRange.all());
        assertThrows(IllegalStateException.class, cursor::key);
        assertThrows(IllegalStateException.class, cursor::value);
        assertThrows(IllegalStateException.class, cursor::keyBytes);
        assertTrue(cursor.next());
        cursor.key();
        assertFalse(cursor.next());
        assertThrows(IllegalStateException.class, cursor::key);
        assertThrows(IllegalStateException.class, cursor::value);
        assertTrue(cursor.seek(buffer("a")));
        cursor.close();
        cursor.close();
        assertThrows(IllegalStateException.class, cursor::next);
        assertThrows(IllegalStateException.class, () -> cursor.seek(buffer("a")));
        assertThrows(IllegalStateException.class, cursor::key);
        assertThrows(IllegalStateException.class, cursor::valueBytes);
    }

    @Test
    void keysOnly() {
        fill("a", "b");
        try (Cursor cursor =
                k.scan(KeyRange.all(), ScanOption.KEYS_ONLY, ScanOption.REVERSE, ScanOption.NO_CACHE_FILL)) {
            assertTrue(cursor.next());
            assertEquals(buffer("b"), cursor.key());
            assertEquals(0, cursor.value().remaining());
            assertArrayEquals(new byte[0], cursor.valueBytes());
            assertTrue(cursor.next());
            assertEquals(buffer("a"), cursor.key());
        }
    }

    /** Whatever a caller does to a buffer, the next one is read-only, big-endian and at its place. */
    @Test
    void buffersAreTheCursorsOwn() {
        for (int i = 0; i < 20_000; i++) {
            // Some in the buffer, most in arrays.
            k.put(
                    ByteBuffer.allocate(4).putInt(0, i),
                    ByteBuffer.allocate(300).putInt(0, i).putInt(296, ~i));
        }
        // Of a view: a scan of the keyspace itself may expire while buffers are flushed.
        try (View view = k.view();
                Cursor cursor = view.scan(KeyRange.all())) {
            for (int i = 0; i < 20_000; i++) {
                assertTrue(cursor.next());
                ByteBuffer key = cursor.key();
                ByteBuffer value = cursor.value();
                assertTrue(key.isReadOnly() && value.isReadOnly());
                assertEquals(i, key.getInt());
                assertEquals(i, value.getInt());
                assertEquals(~i, value.getInt(value.position() + 292));
                key.order(ByteOrder.LITTLE_ENDIAN);
                value.order(ByteOrder.LITTLE_ENDIAN).limit(value.position());
                assertEquals(i, cursor.key().getInt());
                assertEquals(i, cursor.value().getInt());
                value.order(ByteOrder.LITTLE_ENDIAN);
            }
            assertFalse(cursor.next());
        }
        assertTrue(store.stats().merging().flushes() > 0);
    }

    @Test
    void aCursorSeesThePointInTimeOfItsBirth() {
        fill("a", "c");
        Snapshot s = k.snapshot("s");
        try (Cursor ofKeyspace = k.scan(KeyRange.all());
                Cursor ofSnapshot = s.scan(KeyRange.all(), ScanOption.REVERSE)) {
            k.put(bytes("b"), bytes("new"));
            k.delete(bytes("c"));
            k.rollback(s);
            k.put(bytes("a"), bytes("other"));
            s.drop();
            k.drop();
            assertTrue(ofKeyspace.next());
            assertEquals(buffer("=a"), ofKeyspace.value());
            assertTrue(ofKeyspace.next());
            assertEquals(buffer("c"), ofKeyspace.key());
            assertFalse(ofKeyspace.next());
            assertTrue(ofSnapshot.next());
            assertEquals(buffer("c"), ofSnapshot.key());
            assertTrue(ofSnapshot.next());
            assertEquals(buffer("=a"), ofSnapshot.value());
            assertFalse(ofSnapshot.next());
        }
    }
}
