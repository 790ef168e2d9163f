package io.donjon.engine;

import io.donjon.ChangeCursor;
import io.donjon.CleanReport;
import io.donjon.Commit;
import io.donjon.DroppedException;
import io.donjon.Durability;
import io.donjon.Job;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Snapshot;
import io.donjon.Store;
import io.donjon.StoreStats;
import io.donjon.VerifyReport;
import io.donjon.Version;
import io.donjon.VersionQuery;
import io.donjon.VersionSpace;
import io.donjon.WriteBatch;
import io.donjon.extents.StorageException;
import io.donjon.versioning.VersionForest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Spliterators;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/** A store of the public API. */
final class StoreHandle implements Store {
    private final Engine engine;
    private final Durability durability;

    StoreHandle(Engine engine) {
        this.engine = engine;
        this.durability = engine.options().durability();
    }

    Engine engine() {
        return engine;
    }

    // ---- keyspaces and versions ----

    @Override
    public Keyspace createKeyspace(String name) {
        return engine.versions().createKeyspace(name, durability);
    }

    @Override
    public @Nullable Keyspace keyspace(String name) {
        engine.requireOpen();
        VersionForest forest = engine.catalog().forest();
        synchronized (forest) {
            int head = forest.keyspace(name);
            return head == VersionForest.NONE || Hidden.isHidden(name)
                    ? null
                    : new KeyspaceHandle(engine, new KeyspaceRef(forest, head), durability);
        }
    }

    @Override
    public @Nullable Version version(long id) {
        engine.requireOpen();
        VersionForest forest = engine.catalog().forest();
        synchronized (forest) {
            int place = forest.place(id);
            boolean seen =
                    place != VersionForest.NONE && place != VersionForest.ROOT && !Hidden.isHidden(forest, place);
            return seen ? engine.describe(place) : null;
        }
    }

    @Override
    public @Nullable Snapshot snapshot(long version) {
        engine.requireOpen();
        VersionForest forest = engine.catalog().forest();
        synchronized (forest) {
            int place = forest.place(version);
            return place == VersionForest.NONE || forest.kind(place) != VersionForest.Kind.SNAPSHOT
                    ? null
                    : new SnapshotHandle(engine, place, durability);
        }
    }

    @Override
    public Stream<Version> versions(VersionQuery query) {
        engine.requireOpen();
        return StreamSupport.stream(new AllVersions(query.tree()), false).filter(query::matches);
    }

    /** Walks the line as it is, place by place: what is born meanwhile behind the position is met as well. */
    private final class AllVersions extends Spliterators.AbstractSpliterator<Version> {
        private final VersionForest forest = engine.catalog().forest();
        private final VersionForest.@Nullable Walk walk;

        AllVersions(@Nullable String treeName) {
            super(Long.MAX_VALUE, ORDERED | NONNULL | DISTINCT);
            synchronized (forest) {
                int from = treeName == null ? VersionForest.ROOT : forest.treeNamed(treeName);
                this.walk = from == VersionForest.NONE ? null : forest.walk(from);
            }
        }

        @Override
        public boolean tryAdvance(Consumer<? super Version> action) {
            engine.requireOpen();
            if (walk == null) {
                return false;
            }
            Version version;
            synchronized (forest) {
                int at = walk.next();
                while (at != VersionForest.NONE && Hidden.isHidden(forest, at)) {
                    at = walk.next();
                }
                version = at == VersionForest.NONE ? null : engine.describe(at);
            }
            if (version == null) {
                return false;
            }
            action.accept(version);
            return true;
        }
    }

    @Override
    public List<Snapshot> snapshotAll(Map<Keyspace, String> names) {
        return engine.versions().snapshotAll(names, durability);
    }

    // ---- writes ----

    @Override
    public WriteBatch newBatch() {
        engine.requireOpen();
        return new Batch(engine, engine.batchBytesMax());
    }

    @Override
    public Commit write(WriteBatch batch, Durability how) {
        if (!(batch instanceof Batch own) || own.engine() != engine) {
            throw new IllegalArgumentException("the batch belongs to another store");
        }
        boolean[] applied = new boolean[own.size()];
        long sequence = engine.commits().write(own, applied, how);
        return new Done(sequence, applied);
    }

    private static final class Done implements Commit {
        private final long sequence;
        private final boolean[] applied;

        Done(long sequence, boolean[] applied) {
            this.sequence = sequence;
            this.applied = applied;
        }

        @Override
        public long sequence() {
            return sequence;
        }

        @Override
        public boolean applied(int operation) {
            return applied[operation];
        }

        @Override
        public String toString() {
            return "commit " + sequence + " " + Arrays.toString(applied);
        }
    }

    @Override
    public CompletionStage<Void> whenDurable(long sequence) {
        engine.requireOpen();
        return engine.background().notices().whenDurable(sequence);
    }

    @Override
    public void sync() {
        engine.requireOpen();
        try {
            engine.background().notices().sync();
        } catch (StorageException e) {
            throw Errors.of(e);
        }
    }

    // ---- differences ----

    @Override
    public ChangeCursor diff(Version from, Version to, KeyRange range) {
        engine.requireOpen();
        return engine.reads().diff(target(from), target(to), range);
    }

    @Override
    public void exportSnapshot(Snapshot snapshot, @Nullable Snapshot base, OutputStream out) throws IOException {
        engine.requireOpen();
        engine.imports().write(own(snapshot), base == null ? null : own(base), out);
    }

    @Override
    public Snapshot importSnapshot(InputStream in, String keyspace) throws IOException {
        engine.requireOpen();
        return engine.imports().read(in, keyspace, durability);
    }

    private SnapshotHandle own(Snapshot snapshot) {
        if (snapshot instanceof SnapshotHandle handle && handle.engine() == engine) {
            return handle;
        }
        throw new IllegalArgumentException("the snapshot belongs to another store");
    }

    private Reads.Target target(Version version) {
        VersionForest forest = engine.catalog().forest();
        int place = forest.place(version.id());
        if (place == VersionForest.NONE || place == VersionForest.ROOT) {
            throw new IllegalArgumentException("version " + version.id() + " is not of this store");
        }
        VersionRef ref = new VersionRef(forest, place, forest.kind(place) != VersionForest.Kind.HEAD);
        return () -> {
            if (ref.isDropped()) {
                throw new DroppedException("version " + ref.id() + " has been dropped", null);
            }
            return ref;
        };
    }

    // ---- the whole ----

    @Override
    public StoreStats stats() {
        engine.requireOpen();
        return engine.stats();
    }

    @Override
    public Stream<VersionSpace> space(VersionQuery query) {
        engine.requireOpen();
        try {
            SpaceReport report = engine.background().cleaner().space();
            return versions(query).map(report::of);
        } catch (StorageException e) {
            throw Errors.of(e);
        }
    }

    @Override
    public Job<VerifyReport> verify() {
        engine.requireOpen();
        return Verification.start(engine);
    }

    @Override
    public Job<CleanReport> clean() {
        engine.requireOpen();
        return engine.background().cleaner().clean();
    }

    @Override
    public void close() {
        engine.close();
    }
}
