package io.donjon.engine;

import io.donjon.DroppedException;
import io.donjon.Durability;
import io.donjon.Keyspace;
import io.donjon.Snapshot;
import io.donjon.Version;
import io.donjon.View;
import io.donjon.versioning.VersionForest;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A keyspace of the public API. Two are equal if they are of the same keyspace, whatever their durability. */
final class KeyspaceHandle extends ReaderHandle implements Keyspace {
    private final KeyspaceRef keyspace;
    private final Durability durability;

    KeyspaceHandle(Engine engine, KeyspaceRef keyspace, Durability durability) {
        super(engine);
        this.keyspace = keyspace;
        this.durability = durability;
    }

    KeyspaceRef ref() {
        return keyspace;
    }

    @Override
    public VersionRef target() {
        return keyspace.head();
    }

    @Override
    public String name() {
        engine().requireOpen();
        return keyspace.name();
    }

    @Override
    public Version version() {
        engine().requireOpen();
        VersionForest forest = engine().catalog().forest();
        synchronized (forest) {
            return engine().describe(keyspace.head().place());
        }
    }

    @Override
    public Keyspace with(Durability other) {
        return new KeyspaceHandle(engine(), keyspace, other);
    }

    // ---- writes ----

    @Override
    public void put(byte[] key, byte[] value) {
        SmallArrays arrays = SmallArrays.get();
        engine().commits().put(keyspace, arrays.key(key), arrays.value(value), durability);
    }

    @Override
    public void put(ByteBuffer key, ByteBuffer value) {
        engine().commits().put(keyspace, key, value, durability);
    }

    @Override
    public void delete(byte[] key) {
        engine().commits().put(keyspace, SmallArrays.get().key(key), null, durability);
    }

    @Override
    public boolean putIfAbsent(byte[] key, byte[] value) {
        Batch batch = new Batch(engine(), Long.MAX_VALUE);
        batch.putIfAbsent(this, key, value);
        return writeOne(batch);
    }

    @Override
    public boolean replace(byte[] key, byte[] expected, byte[] value) {
        Batch batch = new Batch(engine(), Long.MAX_VALUE);
        batch.replace(this, key, expected, value);
        return writeOne(batch);
    }

    @Override
    public boolean deleteIf(byte[] key, byte[] expected) {
        Batch batch = new Batch(engine(), Long.MAX_VALUE);
        batch.deleteIf(this, key, expected);
        return writeOne(batch);
    }

    private boolean writeOne(Batch batch) {
        boolean[] applied = new boolean[1];
        engine().commits().write(batch, applied, durability);
        return applied[0];
    }

    // ---- versions ----

    @Override
    public View view() {
        return engine().versions().view(keyspace);
    }

    @Override
    public Snapshot snapshot(String name) {
        return engine().versions().snapshot(keyspace, name, durability);
    }

    @Override
    public @Nullable Snapshot snapshotNamed(String name) {
        engine().requireOpen();
        VersionForest forest = engine().catalog().forest();
        synchronized (forest) {
            int place = forest.snapshot(forest.tree(keyspace.head().place()), name);
            return place == VersionForest.NONE ? null : new SnapshotHandle(engine(), place, durability);
        }
    }

    @Override
    public void rollback(Snapshot to) {
        if (!(to instanceof SnapshotHandle handle) || handle.engine() != engine()) {
            throw new IllegalArgumentException("the snapshot belongs to another store");
        }
        engine().versions().rollback(keyspace, handle.ref(), durability);
    }

    @Override
    public void rename(String name) {
        engine().versions().renameKeyspace(keyspace, name, durability);
    }

    @Override
    public void drop() {
        engine().versions().dropKeyspace(keyspace, durability);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        if (!(other instanceof KeyspaceHandle handle) || handle.engine() != engine()) {
            return false;
        }
        try {
            return handle.keyspace == keyspace || keyspace.isSame(handle.keyspace);
        } catch (DroppedException e) {
            return false;
        }
    }

    @Override
    public int hashCode() {
        // The head moves and the name changes; the tree stays.
        return Long.hashCode(keyspace.treeId());
    }

    @Override
    public String toString() {
        return "keyspace " + keyspace.describe();
    }
}
