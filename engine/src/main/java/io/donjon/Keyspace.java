package io.donjon;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A name bound to a writable version: what is put to and got from. Thread-safe.
 *
 * <p>Writes take effect in one order for the whole store, which is also the order in which they are found again after a
 * crash. They throw {@link ReadOnlyException} if the store has turned read-only, {@link DiskFullException} if there is
 * no room (try again when there is: nothing needs reopening), and {@link IllegalArgumentException} before any effect if
 * a key has more than 65,535 bytes or a value more than 64 MiB. Every method throws {@link DroppedException} once the
 * keyspace is dropped and {@link StoreClosedException} once the store is closed.
 */
public interface Keyspace extends Reader {
    /** The present name. */
    String name();

    /** The version that is written to at present. */
    Version version();

    /** The same keyspace, whose writes have another durability than the store's default. */
    Keyspace with(Durability durability);

    /** Sets the value of a key. */
    void put(byte[] key, byte[] value);

    /** Sets the value of a key; the remaining bytes of the buffers count and their positions are not moved. */
    void put(ByteBuffer key, ByteBuffer value);

    /** Sets the value of a key if it is absent; false if it was present. */
    boolean putIfAbsent(byte[] key, byte[] value);

    /** Sets the value of a key if its present value has exactly the bytes {@code expected}; false if it has not. */
    boolean replace(byte[] key, byte[] expected, byte[] value);

    /** Makes a key absent; nothing happens if it is. */
    void delete(byte[] key);

    /** Makes a key absent if its present value has exactly the bytes {@code expected}; false if it has not. */
    boolean deleteIf(byte[] key, byte[] expected);

    /** This keyspace as it is now, for reading at leisure. */
    View view();

    /**
     * Freezes the present content under a name, at a cost that depends on nothing. Durable on return under
     * {@link Durability#SYNC}.
     *
     * @param name unique within the tree; 1 to 255 bytes of UTF-8 without control characters, '/' and '@'
     * @throws NameTakenException if the tree has a snapshot of that name
     */
    Snapshot snapshot(String name);

    /** The snapshot of that name in this keyspace's tree, whichever keyspace it was taken of, or null. */
    @Nullable Snapshot snapshotNamed(String name);

    /**
     * Lets the keyspace go on from a snapshot: what was written since is gone from it, while later snapshots stay.
     *
     * @throws IllegalArgumentException if the snapshot belongs to another tree
     */
    void rollback(Snapshot to);

    /**
     * Gives the keyspace another name.
     *
     * @throws NameTakenException if the store has a keyspace of that name
     */
    void rename(String name);

    /** Drops the keyspace: its head only. Snapshots stay until they are dropped themselves. */
    void drop();
}
