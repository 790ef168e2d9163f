package io.donjon;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Something that can be read: a {@link Keyspace}, a {@link Snapshot} or a {@link View}.
 *
 * <p>Each call sees one point in time: for a keyspace, one not before the call began, so that a read sees every write
 * that was acknowledged before it. Thread-safe; readers never wait for writers.
 *
 * <p>Every method throws {@link DroppedException} if what is read has been dropped, {@link StoreClosedException} after
 * close, {@link CorruptionException} where no good copy of a block is left, and {@link IllegalArgumentException} if a
 * key has more than 65,535 bytes.
 */
public interface Reader {
    /** The value of a key, or null if the key is absent. The array is the caller's. */
    byte @Nullable [] get(byte[] key);

    /**
     * Copies the value of a key into a buffer, from its position on, and moves the position behind it. Allocates
     * nothing when the block is cached.
     *
     * @param key its remaining bytes are the key; its position is not moved
     * @return the value's length in bytes; -1 if the key is absent; more than remained in {@code into} if the value did
     *     not fit, and then nothing was copied
     */
    int get(ByteBuffer key, ByteBuffer into);

    /**
     * Lets a function look at the value of a key without a copy where the bytes lie still, such as in a cached block.
     *
     * @param key its remaining bytes are the key; its position is not moved
     * @param f gets a read-only buffer that dies with the call: what it keeps of it is undefined afterwards
     * @return what the function returned, or null if the key is absent
     */
    <R> @Nullable R read(ByteBuffer key, Function<ByteBuffer, ? extends @Nullable R> f);

    /** Whether a key is present. Does not read the value. */
    boolean contains(byte[] key);

    /**
     * Looks up several keys at one point in time, in the order that suits the disks.
     *
     * @param sink gets each key of the list once, with a read-only buffer that dies with the call, or null if the key
     *     is absent
     */
    void getAll(List<byte[]> keys, BiConsumer<byte[], @Nullable ByteBuffer> sink);

    /**
     * Opens a cursor before the first key of a range. Close it: until then it may hold memory and files.
     *
     * <p>The cursor sees the point in time of this call. On a keyspace it holds what was in memory then, and if too
     * much piles up behind it, the oldest such cursor ends with a {@link CursorExpiredException}; cursors of views and
     * snapshots never expire.
     */
    Cursor scan(KeyRange range, ScanOption... options);
}
