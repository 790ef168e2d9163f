package io.donjon;

import io.donjon.engine.Stores;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Everything under one set of disks, opened by one process. Thread-safe.
 *
 * <p>After {@link #close()} every method of the store and of what came from it throws {@link StoreClosedException}.
 */
public interface Store extends AutoCloseable {
    /**
     * Opens a store. After a crash this replays the log; no flag or decision is ever asked for.
     *
     * @throws StoreLockedException at once, naming the holder, if another process or another part of this one has it
     *     open
     * @throws FormatException if there is no store and {@link StoreOptions#createIfMissing} is off, or if a later
     *     release wrote it
     * @throws MissingDisksException if too few disks of the store are there, or all copies of something are on the
     *     missing ones
     * @throws CorruptionException if what is needed to open it is damaged in all copies
     */
    static Store open(StoreOptions options) {
        return Stores.open(options);
    }

    /**
     * Creates an empty keyspace, the first version of a new tree.
     *
     * @param name 1 to 255 bytes of UTF-8 without control characters, '/' and '@'
     * @throws NameTakenException if there is a keyspace of that name
     */
    Keyspace createKeyspace(String name);

    /** The keyspace of that name, or null. */
    @Nullable Keyspace keyspace(String name);

    /** What is known of a version, or null if there is none of that id. */
    @Nullable Version version(long id);

    /**
     * The snapshot that a version is, or null if the version is none (any more). This reaches the snapshots of a tree
     * that has lost its last keyspace.
     */
    @Nullable Snapshot snapshot(long version);

    /** The versions that a query asks for, lazily, in line order: a parent comes before its children. Close it. */
    Stream<Version> versions(VersionQuery query);

    /** A new, empty batch. */
    WriteBatch newBatch();

    /**
     * Writes a batch: all its operations at one point in time, in the order in which they were added, also across
     * keyspaces. Conditional operations see what stands before them in the batch.
     *
     * @return the sequence number, and which of the conditional operations took effect
     * @throws DroppedException if a keyspace of the batch is dropped; nothing of the batch takes effect then
     */
    Commit write(WriteBatch batch, Durability durability);

    /**
     * Completes once the commit of that sequence number and all before it are on stable storage; exceptionally, with a
     * {@link DonjonException}, if that cannot be any more. A server writes {@link Durability#ASYNC} and answers then.
     */
    CompletionStage<Void> whenDurable(long sequence);

    /**
     * Takes snapshots of several keyspaces at one point in time.
     *
     * @param names the name that each keyspace's snapshot gets
     * @return the snapshots in the map's order
     * @throws NameTakenException if one of the names is taken in its tree; no snapshot is taken then
     */
    List<Snapshot> snapshotAll(Map<Keyspace, String> names);

    /** Makes every write that was acknowledged before this call stable. */
    void sync();

    /**
     * The keys of a range that two versions of one tree show differently: what has to be done to the first to make it the
     * second. Both may stand anywhere in the tree. What this reads is in proportion to what was written between the two
     * on the line of versions, and to the directories of the arrays that hold it.
     *
     * <p>A keyspace's head counts as it is at this call; such a cursor expires as one of a keyspace does. Versions that
     * are dropped meanwhile stay readable for it.
     *
     * @throws IllegalArgumentException if the versions are of different trees, or not of this store
     * @throws DroppedException if one of them is dropped
     */
    ChangeCursor diff(Version from, Version to, KeyRange range);

    /**
     * Writes a snapshot as a stream of bytes that describes and checks itself (docs/format.md section 8): all of it, or
     * what has changed since another snapshot of its tree. The stream is flushed and not closed.
     *
     * @param base the snapshot that whoever imports this has already; null for all
     * @throws IllegalArgumentException if the base is of another tree, or was taken before snapshots had identities
     * @throws IOException if the stream throws it
     */
    void exportSnapshot(Snapshot snapshot, @Nullable Snapshot base, OutputStream out) throws IOException;

    /**
     * Takes a snapshot in that {@link #exportSnapshot} wrote, with its name and identity. It can be seen once all of it has
     * been read, checked and made durable as the store's durability says; until then, or if it fails, or after a crash,
     * nothing of it can. What follows the stream's end is not read.
     *
     * <p>All of a snapshot makes a new keyspace, which goes on from it. What has changed since another one is for a
     * keyspace that comes from that one and has not been written to since: it goes on from the new snapshot, as by {@link
     * Keyspace#rollback}.
     *
     * @param keyspace the name of the keyspace
     * @throws ImportRefusedException if the stream is based on a snapshot that the keyspace does not come from, the
     *     keyspace has been written to since, or there is such a keyspace and the stream is of all
     * @throws NameTakenException if the tree has a snapshot of that name, or another import for that keyspace is under way
     * @throws CorruptionException if the stream is not what was written
     * @throws FormatException if it is none, or of a later release
     * @throws IOException if the stream throws it
     */
    Snapshot importSnapshot(InputStream in, String keyspace) throws IOException;

    /** Figures of this moment and totals since the store was opened. */
    StoreStats stats();

    /**
     * What the versions that a query asks for take on disk, in line order; what is in memory is written first, if there
     * is room for it. It is estimated from samples in one pass over all arrays. Close it.
     */
    Stream<VersionSpace> space(VersionQuery query);

    /**
     * Begins to walk through everything on disk, in the background: checksums, order, filters, ranks, counts, the
     * extent map, the members and the log. Writes may go on meanwhile.
     */
    Job<VerifyReport> verify();

    /**
     * Begins to give back all space that can be given back, in the background and at full speed: what was written so far
     * is flushed, what no version can read any more goes, and what is left is brought together, so that scans read as
     * little as possible. That happens by itself, too, but then only where it pays, and with regard to others. Reads and
     * writes may go on meanwhile; what is written later is left alone.
     */
    Job<CleanReport> clean();

    /**
     * Waits for calls under way, ends background work, makes all writes stable and lets go of the disks. Whoever calls this
     * while another thread does waits for that; afterwards it does nothing.
     *
     * @throws IllegalStateException if a function that {@link Reader#read} or {@link Reader#getAll} has called calls
     *     this: it would wait for itself. The store stays open
     */
    @Override
    void close();
}
