package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.ChangeCursor;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.NavigableMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What a diff has to say, worked out from the whole content of both versions. */
final class Changes {
    /** A key that differs; the values as they are at the one and at the other, null for none. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Change(byte[] key, byte @Nullable [] before, byte @Nullable [] after) {
        ChangeCursor.Kind kind() {
            if (before == null) {
                return ChangeCursor.Kind.ADDED;
            }
            return after == null ? ChangeCursor.Kind.REMOVED : ChangeCursor.Kind.CHANGED;
        }

        /** A cursor stands at this change. */
        void assertHere(ChangeCursor cursor) {
            assertArrayEquals(key, cursor.keyBytes());
            assertEquals(ByteBuffer.wrap(key), cursor.key());
            assertEquals(kind(), cursor.kind());
            assertEquals(before == null ? null : ByteBuffer.wrap(before), cursor.oldValue());
            assertEquals(after == null ? null : ByteBuffer.wrap(after), cursor.newValue());
        }
    }

    private Changes() {}

    /** In key order. */
    static Deque<Change> between(NavigableMap<byte[], byte[]> before, NavigableMap<byte[], byte[]> after) {
        TreeSet<byte[]> keys = new TreeSet<>(Model.KEY_ORDER);
        keys.addAll(before.keySet());
        keys.addAll(after.keySet());
        Deque<Change> changes = new ArrayDeque<>();
        for (byte[] key : keys) {
            Change change = new Change(key, before.get(key), after.get(key));
            if (!Arrays.equals(change.before, change.after)) {
                changes.add(change);
            }
        }
        return changes;
    }

    /** A cursor has these changes ahead and no others. */
    static void assertAhead(Deque<Change> changes, ChangeCursor cursor) {
        for (Change change : changes) {
            assertTrue(cursor.next());
            change.assertHere(cursor);
        }
        assertFalse(cursor.next());
        assertFalse(cursor.next());
    }
}
