package io.donjon.engine;

import io.donjon.DonjonException;
import io.donjon.DroppedException;
import io.donjon.Durability;
import io.donjon.Keyspace;
import io.donjon.NameTakenException;
import io.donjon.Snapshot;
import io.donjon.extents.Encoder;
import io.donjon.versioning.VersionForest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Operations on versions: each is checked and put into words of the log here, under the write lock, and takes effect in
 * {@link Catalog}. All are O(1). Thread-safe.
 */
final class Versions {
    private static final Logger LOG = LoggerFactory.getLogger(Versions.class);

    private final Engine engine;
    private final Catalog catalog;
    private final VersionForest forest;

    Versions(Engine engine) {
        this.engine = engine;
        this.catalog = engine.catalog();
        this.forest = catalog.forest();
    }

    private <T> T change(Durability durability, Commits.VersionChange<T> change) {
        return engine.commits().change(durability, change);
    }

    long now() {
        return engine.environment().currentTimeMillis();
    }

    // ---- keyspaces ----

    Keyspace createKeyspace(String name, Durability durability) {
        Arguments.checkName(name);
        return change(durability, new Commits.VersionChange<>() {
            private long version;

            @Override
            public void prepare(Encoder operations) {
                requireFreeKeyspace(name);
                version = catalog.newVersion();
                logKeyspace(operations, version, now(), name);
            }

            @Override
            public Keyspace result() {
                return keyspace(version, durability);
            }
        });
    }

    /** The operation that makes a keyspace, which may be hidden, and a tree called as is free now. Under the write lock. */
    void logKeyspace(Encoder operations, long version, long created, String name) {
        String seen = Hidden.seen(name);
        String tree = forest.freeTreeName(seen, version);
        if (tree.equals(seen)) {
            LogOp.keyspace(operations, version, created, name);
        } else {
            LogOp.keyspaceOfTree(operations, version, created, name, tree);
        }
    }

    private Keyspace keyspace(long head, Durability durability) {
        return new KeyspaceHandle(engine, new KeyspaceRef(forest, forest.place(head)), durability);
    }

    /** Under the write lock. */
    void requireFreeKeyspace(String name) {
        if (forest.keyspace(name) != VersionForest.NONE) {
            throw new NameTakenException("there is a keyspace named " + name + " already", null);
        }
    }

    private static int head(KeyspaceRef keyspace) {
        return keyspace.head().place();
    }

    void renameKeyspace(KeyspaceRef keyspace, String name, Durability durability) {
        Arguments.checkName(name);
        change(durability, new Done() {
            @Override
            public void prepare(Encoder operations) {
                int head = head(keyspace);
                if (!name.equals(forest.name(head))) {
                    requireFreeKeyspace(name);
                }
                LogOp.rename(operations, forest.id(head), name);
            }
        });
    }

    void dropKeyspace(KeyspaceRef keyspace, Durability durability) {
        drop(() -> forest.id(head(keyspace)), durability);
    }

    /** Drops the head of a keyspace that nobody else sees. */
    void dropHead(long version) {
        drop(() -> version, Durability.ASYNC);
    }

    private void drop(LongSupplier version, Durability durability) {
        change(durability, new Done() {
            @Override
            public void prepare(Encoder operations) {
                LogOp.drop(operations, version.getAsLong());
            }

            @Override
            public boolean freesSpace() {
                return true;
            }
        });
    }

    void rollback(KeyspaceRef keyspace, VersionRef to, Durability durability) {
        change(durability, new Done() {
            @Override
            public void prepare(Encoder operations) {
                int head = head(keyspace);
                requireSnapshot(to);
                int snapshot = to.place();
                if (forest.tree(head) != forest.tree(snapshot)) {
                    throw new IllegalArgumentException("snapshot " + forest.name(snapshot) + " belongs to tree "
                            + forest.treeName(forest.tree(snapshot)) + ", keyspace " + forest.name(head) + " to tree "
                            + forest.treeName(forest.tree(head)));
                }
                LogOp.rollback(operations, forest.id(head), forest.id(snapshot), catalog.newVersion(), now());
            }
        });
    }

    // ---- snapshots ----

    Snapshot snapshot(KeyspaceRef keyspace, String name, Durability durability) {
        Arguments.checkName(name);
        return change(durability, new Commits.VersionChange<>() {
            private int frozen;

            @Override
            public void prepare(Encoder operations) {
                frozen = head(keyspace);
                requireFreeSnapshot(frozen, name);
                logSnapshot(operations, frozen, name);
            }

            @Override
            public Snapshot result() {
                return new SnapshotHandle(engine, frozen, durability);
            }
        });
    }

    List<Snapshot> snapshotAll(Map<Keyspace, String> names, Durability durability) {
        List<KeyspaceRef> states = new ArrayList<>();
        names.keySet().forEach(keyspace -> states.add(engine.refOf(keyspace)));
        return snapshotAll(states, List.copyOf(names.values()), durability);
    }

    private List<Snapshot> snapshotAll(List<KeyspaceRef> keyspaces, List<String> names, Durability durability) {
        names.forEach(Arguments::checkName);
        return change(durability, new Commits.VersionChange<>() {
            private final List<Integer> frozen = new ArrayList<>();

            @Override
            public void prepare(Encoder operations) {
                Set<Integer> heads = new HashSet<>();
                Set<String> taken = new HashSet<>();
                for (int i = 0; i < keyspaces.size(); i++) {
                    int head = head(keyspaces.get(i));
                    if (!heads.add(head)) {
                        throw new IllegalArgumentException("keyspace " + forest.name(head)
                                + " is given twice: there is one snapshot of a keyspace at one point in time");
                    }
                    requireFreeSnapshot(head, names.get(i));
                    if (!taken.add(forest.tree(head) + "/" + names.get(i))) {
                        throw new NameTakenException("two snapshots of one tree would be named " + names.get(i), null);
                    }
                    frozen.add(head);
                }
                for (int i = 0; i < keyspaces.size(); i++) {
                    logSnapshot(operations, frozen.get(i), names.get(i));
                }
            }

            @Override
            public List<Snapshot> result() {
                List<Snapshot> snapshots = new ArrayList<>();
                frozen.forEach(place -> snapshots.add(new SnapshotHandle(engine, place, durability)));
                return snapshots;
            }
        });
    }

    private void logSnapshot(Encoder operations, int head, String name) {
        LogOp.snapshot(operations, forest.id(head), catalog.newVersion(), now(), name, newIdentity());
    }

    private UUID newIdentity() {
        RandomGenerator random = engine.environment().random();
        return new UUID(random.nextLong(), random.nextLong());
    }

    /** Under the write lock. */
    void requireFreeSnapshot(int of, String name) {
        if (forest.snapshot(forest.tree(of), name) != VersionForest.NONE) {
            throw new NameTakenException(
                    "tree " + forest.treeName(forest.tree(of)) + " has a snapshot named " + name + " already", null);
        }
    }

    private static void requireSnapshot(VersionRef snapshot) {
        if (snapshot.isDropped()) {
            throw new DroppedException("the snapshot, version " + snapshot.id() + ", has been dropped", null);
        }
    }

    Keyspace cloneSnapshot(VersionRef snapshot, String name, Durability durability) {
        Arguments.checkName(name);
        return change(durability, new Commits.VersionChange<>() {
            private long child;

            @Override
            public void prepare(Encoder operations) {
                requireSnapshot(snapshot);
                requireFreeKeyspace(name);
                child = catalog.newVersion();
                LogOp.cloned(operations, snapshot.id(), child, now(), name);
            }

            @Override
            public Keyspace result() {
                return keyspace(child, durability);
            }
        });
    }

    void renameSnapshot(VersionRef snapshot, String name, Durability durability) {
        Arguments.checkName(name);
        change(durability, new Done() {
            @Override
            public void prepare(Encoder operations) {
                requireSnapshot(snapshot);
                if (!name.equals(forest.name(snapshot.place()))) {
                    requireFreeSnapshot(snapshot.place(), name);
                }
                LogOp.rename(operations, snapshot.id(), name);
            }
        });
    }

    void dropSnapshot(VersionRef snapshot, Durability durability) {
        drop(
                () -> {
                    requireSnapshot(snapshot);
                    return snapshot.id();
                },
                durability);
    }

    // ---- views ----

    /** A view needs not survive anything, so nobody waits for the disk. */
    ViewHandle view(KeyspaceRef keyspace) {
        return change(Durability.ASYNC, new Commits.VersionChange<>() {
            private int frozen;
            private long child;
            private @Nullable SharedView shared;

            @Override
            public void prepare(Encoder operations) {
                frozen = head(keyspace);
                shared = catalog.freshView(frozen);
                if (shared == null) {
                    child = catalog.newVersion();
                    LogOp.view(operations, forest.id(frozen), child, now());
                }
            }

            /** Reading goes on while a disk is full, and the view's end gives back what it took. */
            @Override
            public boolean freesSpace() {
                return true;
            }

            @Override
            public ViewHandle result() {
                SharedView view = shared;
                if (view == null) {
                    view = new SharedView(new VersionRef(forest, frozen, true));
                    catalog.viewTaken(view, forest.place(child));
                } else {
                    view.join();
                }
                return new ViewHandle(engine, view);
            }
        });
    }

    void closeView(SharedView view) {
        try {
            change(Durability.ASYNC, new Done() {
                @Override
                public void prepare(Encoder operations) {
                    if (view.leave()) {
                        catalog.viewClosed(view);
                        LogOp.drop(operations, view.version().id());
                    }
                }

                @Override
                public boolean freesSpace() {
                    return true;
                }
            });
        } catch (DonjonException e) {
            // It is dropped at the next open, at the latest.
            LOG.debug("a view was closed when nothing could be written", e);
        }
    }

    /** A change that comes to nothing one would return. */
    private abstract static class Done implements Commits.VersionChange<Boolean> {
        @Override
        public Boolean result() {
            return true;
        }
    }
}
