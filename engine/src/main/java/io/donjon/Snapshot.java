package io.donjon;

import java.util.UUID;

/**
 * An immutable version with a name: a place, not a resource, so there is nothing to close. Thread-safe.
 *
 * <p>Every method throws {@link DroppedException} once the snapshot is dropped and {@link StoreClosedException} once
 * the store is closed.
 */
public interface Snapshot extends Reader {
    /** The version that this is. */
    Version version();

    /**
     * Who it is among the snapshots of all stores: drawn at random when it was taken, kept by copies that are made of it by
     * way of {@link Store#exportSnapshot}. All zeros for one that was taken before snapshots had this.
     */
    UUID identity();

    /**
     * Makes a new keyspace that begins as this snapshot and is written to on its own, at a cost that depends on
     * nothing.
     *
     * @throws NameTakenException if the store has a keyspace of that name
     */
    Keyspace cloneAs(String name);

    /**
     * Gives the snapshot another name.
     *
     * @throws NameTakenException if the tree has a snapshot of that name
     */
    void rename(String name);

    /** Drops the snapshot. Clones and later snapshots keep what they have; cursors that are open go on to their end. */
    void drop();
}
