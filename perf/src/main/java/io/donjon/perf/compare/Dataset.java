package io.donjon.perf.compare;

import java.nio.ByteBuffer;
import java.util.HexFormat;

/**
 * The records of a comparison, each made from its number when it is needed: nothing is kept.
 *
 * <p>Keys are as db_bench of RocksDB makes them: eight bytes of a big-endian number, then '0' up to the key's length.
 * Record i has the number 2i + 1, so that the even numbers are keys that lie between existing ones. The first half of a
 * value is random and the second repeats it, so that it compresses to half.
 *
 * <p>The dataset also knows which records were updated: the first {@link #updates} of a random order of its own, so that
 * whether a record has its first or its second value follows from its number.
 */
final class Dataset {
    static final int KEY_BYTES_MIN = Long.BYTES;
    static final int VALUE_BYTES_MIN = 2 * Long.BYTES;

    final long records;
    final int keyBytes;
    final int valueBytes;
    private final long seed;
    private final Permutation loadOrder;
    private final Permutation updateOrder;
    private final ByteBuffer expected;
    private long updates;

    Dataset(long records, int keyBytes, int valueBytes, long seed) {
        this.records = records;
        this.keyBytes = keyBytes;
        this.valueBytes = valueBytes;
        this.seed = seed;
        loadOrder = new Permutation(records, seed);
        updateOrder = new Permutation(records, seed + 1);
        expected = ByteBuffer.allocate(valueBytes);
    }

    /** Bytes of a key and its value. */
    int recordBytes() {
        return keyBytes + valueBytes;
    }

    /** Bytes of all keys and values. */
    long bytes() {
        return records * recordBytes();
    }

    /** The record that comes at an index of the random load. */
    long inRandomOrder(long index) {
        return loadOrder.at(index);
    }

    /** Sets a buffer to the key of a record. */
    void key(long record, ByteBuffer into) {
        number(2 * record + 1, into);
    }

    /** Sets a buffer to the key just below that of a record, which never exists. */
    void keyBelow(long record, ByteBuffer into) {
        number(2 * record, into);
    }

    private void number(long number, ByteBuffer into) {
        into.clear().putLong(number);
        while (into.position() < keyBytes) {
            into.put((byte) '0');
        }
        into.flip();
    }

    /** The record that has this key, or -1 for a key of another form. */
    long recordOf(ByteBuffer key) {
        if (key.remaining() != keyBytes) {
            return -1;
        }
        int at = key.position();
        long number = key.getLong(at);
        for (int i = Long.BYTES; i < keyBytes; i++) {
            if (key.get(at + i) != '0') {
                return -1;
            }
        }
        return (number & 1) == 0 ? -1 : number >>> 1;
    }

    /** Sets a buffer to the value that a record has at present. */
    void value(long record, ByteBuffer into) {
        boolean updated = updates > 0 && updateOrder.indexOf(record) < updates;
        long state = Mix.mix(seed ^ record * Mix.GOLDEN) + (updated ? 1 : 0);
        int half = (valueBytes + 1) / 2;
        into.clear();
        int at = 0;
        for (; at + Long.BYTES <= half; at += Long.BYTES) {
            state += Mix.GOLDEN;
            into.putLong(at, Mix.mix(state));
        }
        for (; at < half; at++) {
            state += Mix.GOLDEN;
            into.put(at, (byte) Mix.mix(state));
        }
        into.put(half, into, 0, valueBytes - half);
        into.limit(valueBytes);
    }

    /** Whether each record has been updated. */
    boolean exhausted() {
        return updates == records;
    }

    /** Updates a record that was not before, and returns it; its value is another from now on. */
    long update() {
        return updateOrder.at(updates++);
    }

    /** How many records were updated. */
    long updates() {
        return updates;
    }

    /**
     * Compares a value with what it must be.
     *
     * @throws IllegalStateException if it is not that
     */
    void check(long record, ByteBuffer value) {
        value(record, expected);
        if (!value.equals(expected)) {
            throw new IllegalStateException(
                    "record " + record + " has the value " + hex(value) + ", expected " + hex(expected));
        }
    }

    private static String hex(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(bytes.position(), copy);
        return HexFormat.of().formatHex(copy);
    }
}
