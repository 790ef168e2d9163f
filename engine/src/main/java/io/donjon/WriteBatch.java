package io.donjon;

import java.nio.ByteBuffer;

/**
 * Operations that take effect together. Used by one thread; reusable after {@link #clear()}. Every method copies its
 * arguments and returns the operation's index, from 0 on.
 *
 * <p>The methods throw {@link IllegalArgumentException} if a key has more than 65,535 bytes, a value more than 64 MiB,
 * or the batch would grow beyond 256 MiB or a quarter of the store's memory limit, whichever is smaller, or the
 * keyspace belongs to another store. Nothing is added then.
 */
public interface WriteBatch {
    /** Sets the value of a key. The remaining bytes of the buffers count; their positions are not moved. */
    int put(Keyspace keyspace, ByteBuffer key, ByteBuffer value);

    /** Makes a key absent. */
    int delete(Keyspace keyspace, ByteBuffer key);

    /** Sets the value of a key if it is absent. */
    int putIfAbsent(Keyspace keyspace, ByteBuffer key, ByteBuffer value);

    /** Sets the value of a key if its present value has exactly the bytes {@code expected}. */
    int replace(Keyspace keyspace, ByteBuffer key, ByteBuffer expected, ByteBuffer value);

    /** Makes a key absent if its present value has exactly the bytes {@code expected}. */
    int deleteIf(Keyspace keyspace, ByteBuffer key, ByteBuffer expected);

    /** As {@link #put(Keyspace, ByteBuffer, ByteBuffer)}. */
    default int put(Keyspace keyspace, byte[] key, byte[] value) {
        return put(keyspace, ByteBuffer.wrap(key), ByteBuffer.wrap(value));
    }

    /** As {@link #delete(Keyspace, ByteBuffer)}. */
    default int delete(Keyspace keyspace, byte[] key) {
        return delete(keyspace, ByteBuffer.wrap(key));
    }

    /** As {@link #putIfAbsent(Keyspace, ByteBuffer, ByteBuffer)}. */
    default int putIfAbsent(Keyspace keyspace, byte[] key, byte[] value) {
        return putIfAbsent(keyspace, ByteBuffer.wrap(key), ByteBuffer.wrap(value));
    }

    /** As {@link #replace(Keyspace, ByteBuffer, ByteBuffer, ByteBuffer)}. */
    default int replace(Keyspace keyspace, byte[] key, byte[] expected, byte[] value) {
        return replace(keyspace, ByteBuffer.wrap(key), ByteBuffer.wrap(expected), ByteBuffer.wrap(value));
    }

    /** As {@link #deleteIf(Keyspace, ByteBuffer, ByteBuffer)}. */
    default int deleteIf(Keyspace keyspace, byte[] key, byte[] expected) {
        return deleteIf(keyspace, ByteBuffer.wrap(key), ByteBuffer.wrap(expected));
    }

    /** Whether one failed condition undoes the whole batch, which makes it a small transaction. Off at first. */
    WriteBatch allOrNothing(boolean on);

    /** How many operations there are. */
    int size();

    /** The batch's size as it counts against the limit: about what it takes in memory once it is written, 128 bytes and more for each operation. */
    long bytes();

    /** Forgets all operations and the setting of {@link #allOrNothing}. */
    void clear();
}
