package io.donjon.perf.compare;

import java.nio.ByteBuffer;
import java.util.stream.Stream;

/** Records to be written together, in buffers that are used again; each has an array of exactly its length. */
final class Batch {
    /** How many records a load writes at a time, as in peers.md. */
    static final int RECORDS = 1000;

    private final ByteBuffer[] keys;
    private final ByteBuffer[] values;
    private int size;

    Batch(int keyBytes, int valueBytes) {
        keys = buffers(keyBytes);
        values = buffers(valueBytes);
    }

    private static ByteBuffer[] buffers(int bytes) {
        return Stream.generate(() -> ByteBuffer.allocate(bytes)).limit(RECORDS).toArray(ByteBuffer[]::new);
    }

    int size() {
        return size;
    }

    boolean full() {
        return size == RECORDS;
    }

    void clear() {
        size = 0;
    }

    /** Adds a record of a dataset. */
    void add(Dataset data, long record) {
        add(data, record, record);
    }

    /** Adds the key of one record of a dataset with the value of another. */
    void add(Dataset data, long ofKey, long ofValue) {
        data.key(ofKey, keys[size]);
        data.value(ofValue, values[size]);
        size++;
    }

    /** A key, between position and limit of a buffer whose array is its own. */
    ByteBuffer key(int index) {
        return keys[index];
    }

    /** A value, between position and limit of a buffer whose array is its own. */
    ByteBuffer value(int index) {
        return values[index];
    }
}
