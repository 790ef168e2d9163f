package io.donjon.engine;

import io.donjon.DroppedException;
import io.donjon.Durability;
import io.donjon.Keyspace;
import io.donjon.Snapshot;
import io.donjon.Version;
import io.donjon.versioning.VersionForest;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A snapshot of the public API. Two are equal if they are of the same version. */
final class SnapshotHandle extends ReaderHandle implements Snapshot {
    private final VersionRef version;
    private final Durability durability;

    SnapshotHandle(Engine engine, int place, Durability durability) {
        super(engine);
        this.version = new VersionRef(engine.catalog().forest(), place, true);
        this.durability = durability;
    }

    VersionRef ref() {
        return version;
    }

    @Override
    public VersionRef target() {
        return alive();
    }

    private VersionRef alive() {
        if (version.isDropped()) {
            throw new DroppedException("the snapshot, version " + version.id() + ", has been dropped", null);
        }
        return version;
    }

    @Override
    public Version version() {
        engine().requireOpen();
        synchronized (engine().catalog().forest()) {
            return engine().describe(alive().place());
        }
    }

    @Override
    public UUID identity() {
        engine().requireOpen();
        VersionForest forest = engine().catalog().forest();
        synchronized (forest) {
            return forest.identity(alive().place());
        }
    }

    @Override
    public Keyspace cloneAs(String name) {
        return engine().versions().cloneSnapshot(version, name, durability);
    }

    @Override
    public void rename(String name) {
        engine().versions().renameSnapshot(version, name, durability);
    }

    @Override
    public void drop() {
        engine().versions().dropSnapshot(version, durability);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof SnapshotHandle handle
                && handle.engine() == engine()
                && handle.version.id() == version.id();
    }

    @Override
    public int hashCode() {
        return Long.hashCode(version.id());
    }

    @Override
    public String toString() {
        return "snapshot " + version.describe();
    }
}
