package io.donjon.engine;

import io.donjon.Keyspace;
import io.donjon.WriteBatch;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A batch as it is gathered: all bytes behind each other, and for each operation where its parts are. */
final class Batch implements WriteBatch {
    /** The most that a batch may take. */
    static final long BYTES_MAX = 256L << 20;

    /** What the log has of an operation beside its bytes, at most. */
    private static final int RECORD_BYTES = 24;

    private static final int FIELDS = 4;
    private static final int KEY_AT = 0;
    private static final int VALUE_AT = 1;
    private static final int EXPECTED_AT = 2;
    private static final int END_AT = 3;

    private static final int PUT = 0;
    private static final int DELETE = 1;
    private static final int PUT_IF_ABSENT = 2;
    private static final int REPLACE = 3;
    private static final int DELETE_IF = 4;

    /** Says whether a key has a value, and if one is expected, exactly that. */
    interface Condition {
        boolean hasValue(VersionRef head, ByteBuffer key, @Nullable ByteBuffer expected);
    }

    private final Engine engine;
    private final long bytesMax;
    private final List<KeyspaceRef> keyspaces = new ArrayList<>();
    private byte[] data = new byte[1024];
    private int length;

    /** What it counts: about what the write buffer takes for it. */
    private long bytes;

    private int[] fields = new int[16 * FIELDS];
    private byte[] kinds = new byte[16];
    private boolean conditional;
    private boolean allOrNothing;

    Batch(Engine engine, long bytesMax) {
        this.engine = engine;
        this.bytesMax = bytesMax;
    }

    Engine engine() {
        return engine;
    }

    @Override
    public int put(Keyspace keyspace, ByteBuffer key, ByteBuffer value) {
        return add(keyspace, PUT, key, value, null);
    }

    @Override
    public int delete(Keyspace keyspace, ByteBuffer key) {
        return add(keyspace, DELETE, key, null, null);
    }

    @Override
    public int putIfAbsent(Keyspace keyspace, ByteBuffer key, ByteBuffer value) {
        return add(keyspace, PUT_IF_ABSENT, key, value, null);
    }

    @Override
    public int replace(Keyspace keyspace, ByteBuffer key, ByteBuffer expected, ByteBuffer value) {
        return add(keyspace, REPLACE, key, value, expected);
    }

    @Override
    public int deleteIf(Keyspace keyspace, ByteBuffer key, ByteBuffer expected) {
        return add(keyspace, DELETE_IF, key, null, expected);
    }

    private int add(
            Keyspace keyspace, int kind, ByteBuffer key, @Nullable ByteBuffer value, @Nullable ByteBuffer expected) {
        Arguments.checkKey(key.remaining());
        Arguments.checkValue(value == null ? 0 : value.remaining());
        KeyspaceRef state = engine.refOf(keyspace);
        long more = WriteBuffer.paintBytes(key.remaining(), value == null ? 0 : value.remaining())
                + (expected == null ? 0 : expected.remaining());
        if (bytes + more > bytesMax) {
            throw new IllegalArgumentException("a batch of " + (bytes + more) + " bytes: at most " + bytesMax
                    + " are allowed with this store's memory limit");
        }
        int index = keyspaces.size();
        if (kinds.length == index) {
            kinds = Arrays.copyOf(kinds, 2 * index);
            fields = Arrays.copyOf(fields, 2 * index * FIELDS);
        }
        keyspaces.add(state);
        kinds[index] = (byte) kind;
        conditional |= kind >= PUT_IF_ABSENT;
        fields[index * FIELDS + KEY_AT] = length;
        append(key);
        fields[index * FIELDS + VALUE_AT] = length;
        append(value);
        fields[index * FIELDS + EXPECTED_AT] = length;
        append(expected);
        fields[index * FIELDS + END_AT] = length;
        bytes += more;
        return index;
    }

    private void append(@Nullable ByteBuffer bytes) {
        if (bytes == null) {
            return;
        }
        int count = bytes.remaining();
        if (data.length - length < count) {
            data = Arrays.copyOf(
                    data, (int) Math.min(Integer.MAX_VALUE - 8, Math.max(2L * data.length, length + count)));
        }
        bytes.get(bytes.position(), data, length, count);
        length += count;
    }

    @Override
    public WriteBatch allOrNothing(boolean on) {
        allOrNothing = on;
        return this;
    }

    @Override
    public int size() {
        return keyspaces.size();
    }

    @Override
    public long bytes() {
        return bytes;
    }

    /** What the log has of it, at most. */
    long recordBytes() {
        return length + (long) RECORD_BYTES * keyspaces.size();
    }

    @Override
    public void clear() {
        keyspaces.clear();
        length = 0;
        bytes = 0;
        conditional = false;
        allOrNothing = false;
    }

    // ---- what is in it ----

    KeyspaceRef keyspace(int index) {
        return keyspaces.get(index);
    }

    ByteBuffer key(int index) {
        return part(index, KEY_AT);
    }

    /** The value that is set, or null if the key becomes absent. */
    @Nullable ByteBuffer value(int index) {
        return kinds[index] == DELETE || kinds[index] == DELETE_IF ? null : part(index, VALUE_AT);
    }

    private ByteBuffer part(int index, int field) {
        int from = fields[index * FIELDS + field];
        return ByteBuffer.wrap(data, from, fields[index * FIELDS + field + 1] - from);
    }

    /**
     * Decides which operations take effect, in their order, each conditional one seeing what stands before it.
     *
     * @param heads the present head of each operation's keyspace
     * @param applied gets the decisions
     * @return whether any does
     */
    boolean decide(VersionRef[] heads, boolean[] applied, Condition store) {
        Arrays.fill(applied, 0, size(), true);
        if (!conditional) {
            return size() > 0;
        }
        Map<Written, Integer> written = new HashMap<>();
        boolean all = true;
        boolean any = false;
        for (int i = 0; i < size(); i++) {
            Written place = new Written(heads[i].place(), key(i));
            applied[i] = kinds[i] < PUT_IF_ABSENT || holds(i, heads[i], written.get(place), store);
            if (applied[i]) {
                written.put(place, i);
            }
            all &= applied[i];
            any |= applied[i];
        }
        if (allOrNothing && !all) {
            Arrays.fill(applied, 0, size(), false);
            return false;
        }
        return any;
    }

    private record Written(int head, ByteBuffer key) {}

    private boolean holds(int index, VersionRef head, @Nullable Integer earlier, Condition store) {
        ByteBuffer expected = kinds[index] == PUT_IF_ABSENT ? null : part(index, EXPECTED_AT);
        boolean has;
        if (earlier != null) {
            ByteBuffer value = value(earlier);
            has = value != null && (expected == null || value.equals(expected));
        } else {
            has = store.hasValue(head, key(index), expected);
        }
        return (kinds[index] == PUT_IF_ABSENT) != has;
    }
}
