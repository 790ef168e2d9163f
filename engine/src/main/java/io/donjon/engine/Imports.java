package io.donjon.engine;

import io.donjon.ChangeCursor;
import io.donjon.Cursor;
import io.donjon.DonjonException;
import io.donjon.Durability;
import io.donjon.ImportRefusedException;
import io.donjon.KeyRange;
import io.donjon.NameTakenException;
import io.donjon.ScanOption;
import io.donjon.Snapshot;
import io.donjon.extents.Encoder;
import io.donjon.extents.StorageException;
import io.donjon.versioning.VersionForest;
import io.donjon.versioning.VersionForest.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Snapshots as streams, out of a store and into another. What comes in is written to a hidden keyspace, and becomes a
 * snapshot by one commit once all of it has been read and checked. Thread-safe.
 */
final class Imports {
    private static final Logger LOG = LoggerFactory.getLogger(Imports.class);

    private final Engine engine;
    private final VersionForest forest;

    /** The hidden keyspaces' heads of imports under way. What is hidden beside these is left over and may be dropped. */
    private final Set<Long> underWay = ConcurrentHashMap.newKeySet();

    Imports(Engine engine) {
        this.engine = engine;
        this.forest = engine.catalog().forest();
    }

    // ---- out ----

    void write(SnapshotHandle snapshot, @Nullable SnapshotHandle base, OutputStream out) throws IOException {
        if (base != null && base.identity().equals(VersionForest.NOBODY)) {
            throw new IllegalArgumentException(
                    base + " was taken before snapshots had identities: nothing can be based on it elsewhere");
        }
        StreamHeader header;
        synchronized (forest) {
            String name = String.valueOf(snapshot.version().name());
            int place = snapshot.ref().place();
            header = new StreamHeader(
                    snapshot.identity(),
                    base == null ? VersionForest.NOBODY : base.identity(),
                    forest.createdMillis(place),
                    name,
                    forest.treeName(forest.tree(place)));
        }
        if (base == null) {
            writeAll(snapshot, new StreamWriter(out, header));
        } else {
            try (ChangeCursor changes = engine.reads().diff(base, snapshot, KeyRange.all())) {
                writeChanges(changes, new StreamWriter(out, header));
            }
        }
    }

    private static void writeAll(SnapshotHandle snapshot, StreamWriter writer) throws IOException {
        try (Cursor cursor = snapshot.scan(KeyRange.all(), ScanOption.NO_CACHE_FILL)) {
            while (cursor.next()) {
                writer.put(cursor.key(), cursor.value());
            }
        }
        writer.end();
    }

    private static void writeChanges(ChangeCursor changes, StreamWriter writer) throws IOException {
        while (changes.next()) {
            ByteBuffer value = changes.newValue();
            if (value == null) {
                writer.delete(changes.key());
            } else {
                writer.put(changes.key(), value);
            }
        }
        writer.end();
    }

    // ---- in ----

    Snapshot read(InputStream in, String keyspace, Durability durability) throws IOException {
        Arguments.checkName(keyspace);
        try {
            StreamReader reader = new StreamReader(in);
            KeyspaceRef there;
            synchronized (forest) {
                int head = forest.keyspace(keyspace);
                there = head == VersionForest.NONE ? null : new KeyspaceRef(forest, head);
            }
            return there == null ? readFull(reader, keyspace, durability) : readIncrement(reader, there, durability);
        } catch (StorageException e) {
            throw Errors.of(e);
        }
    }

    private Snapshot readFull(StreamReader reader, String keyspace, Durability durability) throws IOException {
        if (!reader.header().isFull()) {
            throw new ImportRefusedException("the stream has what changed since snapshot "
                    + reader.header().base() + ", but there is no keyspace " + keyspace + " that could have that");
        }
        return read(reader, durability, new Import(reader.header()) {
            @Override
            void begin(Encoder operations, long version) {
                engine.versions().requireFreeKeyspace(keyspace);
                makeWay(operations, keyspace);
                engine.versions().logKeyspace(operations, version, header.createdMillis(), Hidden.name(keyspace));
            }

            @Override
            void end(Encoder operations, long child) {
                engine.versions().requireFreeKeyspace(keyspace);
                LogOp.rename(operations, child, keyspace);
            }
        });
    }

    private Snapshot readIncrement(StreamReader reader, KeyspaceRef keyspace, Durability durability)
            throws IOException {
        if (reader.header().isFull()) {
            throw new ImportRefusedException(
                    "the stream has all of a snapshot, which begins a new keyspace; there is a keyspace "
                            + keyspace.name() + " already");
        }
        try (ViewHandle view = engine.versions().view(keyspace)) {
            int base = base(reader.header(), keyspace);
            requireUnchanged(base, view, keyspace);
            return read(reader, durability, new Import(reader.header()) {
                @Override
                void begin(Encoder operations, long version) {
                    int head = keyspace.head().place();
                    String name = String.valueOf(forest.name(head));
                    engine.versions().requireFreeSnapshot(head, header.name());
                    makeWay(operations, name);
                    LogOp.cloned(operations, forest.id(base), version, header.createdMillis(), Hidden.name(name));
                }

                @Override
                void end(Encoder operations, long child) {
                    int head = keyspace.head().place();
                    if (engine.catalog().freshView(head) != view.shared()) {
                        throw writtenTo(keyspace);
                    }
                    engine.versions().requireFreeSnapshot(head, header.name());
                    long next = engine.catalog().newVersion();
                    LogOp.rollback(
                            operations,
                            forest.id(head),
                            version(),
                            next,
                            engine.versions().now());
                    LogOp.drop(operations, child);
                }
            });
        }
    }

    /** Drops what is left of an earlier import, so that the name of a hidden keyspace is free. Under the write lock. */
    private void makeWay(Encoder operations, String keyspace) {
        int left = forest.keyspace(Hidden.name(keyspace));
        if (left != VersionForest.NONE) {
            long version = forest.id(left);
            if (underWay.contains(version)) {
                throw new NameTakenException("another import into keyspace " + keyspace + " is under way", null);
            }
            LogOp.drop(operations, version);
        }
    }

    /** The snapshot that a stream is based on, among those that the keyspace came from. */
    private int base(StreamHeader header, KeyspaceRef keyspace) {
        int at = keyspace.head().place();
        while (at != VersionForest.ROOT) {
            if (forest.kind(at) == Kind.SNAPSHOT && forest.identity(at).equals(header.base())) {
                return at;
            }
            at = forest.parent(at);
        }
        throw new ImportRefusedException("the stream has what changed since snapshot " + header.base()
                + ", which keyspace " + keyspace.name() + " does not come from");
    }

    private void requireUnchanged(int base, ViewHandle view, KeyspaceRef keyspace) {
        Reads.Target then = new SnapshotHandle(engine, base, Durability.ASYNC);
        try (ChangeCursor changes = engine.reads().diff(then, view, KeyRange.all())) {
            if (changes.next()) {
                throw writtenTo(keyspace);
            }
        }
    }

    private static ImportRefusedException writtenTo(KeyspaceRef keyspace) {
        return new ImportRefusedException("keyspace " + keyspace.describe()
                + " has been written to since the snapshot that the stream is based on; roll it back to that first");
    }

    /** What is to be done before the changes of a stream are written, and behind them. */
    private abstract static class Import {
        final StreamHeader header;
        private long version;

        Import(StreamHeader header) {
            this.header = header;
        }

        /** The hidden keyspace's head. */
        long version() {
            return version;
        }

        /** Bears the hidden keyspace. */
        abstract void begin(Encoder operations, long newVersion);

        /** The head has become a snapshot and the keyspace goes on in a child: brings that to light, or ends it. */
        abstract void end(Encoder operations, long child);
    }

    private Snapshot read(StreamReader reader, Durability durability, Import what) throws IOException {
        boolean begun = false;
        boolean ended = false;
        try {
            begin(what);
            begun = true;
            KeyspaceRef hidden = new KeyspaceRef(forest, forest.place(what.version()));
            while (reader.next()) {
                engine.commits().put(hidden, reader.key(), reader.value(), Durability.ASYNC);
            }
            Snapshot snapshot = end(what, durability);
            ended = true;
            return snapshot;
        } finally {
            try {
                if (begun && !ended) {
                    drop(what.version());
                }
            } finally {
                underWay.remove(what.version());
            }
        }
    }

    private void begin(Import what) {
        engine.commits().change(Durability.ASYNC, new Commits.VersionChange<Boolean>() {
            @Override
            public void prepare(Encoder operations) {
                what.version = engine.catalog().newVersion();
                what.begin(operations, what.version);
                underWay.add(what.version);
            }

            @Override
            public Boolean result() {
                return true;
            }
        });
    }

    /** Waits for all that was written before, too: it is in the log before this. */
    private Snapshot end(Import what, Durability durability) {
        return engine.commits().change(durability, new Commits.VersionChange<>() {
            @Override
            public void prepare(Encoder operations) {
                long child = engine.catalog().newVersion();
                StreamHeader header = what.header;
                long now = engine.versions().now();
                LogOp.snapshot(operations, what.version(), child, now, header.name(), header.identity());
                what.end(operations, child);
            }

            @Override
            public Snapshot result() {
                return new SnapshotHandle(engine, forest.place(what.version()), durability);
            }
        });
    }

    private void drop(long version) {
        try {
            engine.versions().dropHead(version);
        } catch (DonjonException e) {
            // It is dropped by the next import into this keyspace, or the next open.
            LOG.debug("an import ended when nothing could be written", e);
        }
    }
}
