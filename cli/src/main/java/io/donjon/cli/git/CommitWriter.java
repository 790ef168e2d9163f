package io.donjon.cli.git;

import io.donjon.Durability;
import io.donjon.Keyspace;
import io.donjon.Snapshot;
import io.donjon.Store;
import io.donjon.WriteBatch;
import io.donjon.cli.Failure;
import io.donjon.cli.git.CommitGraph.Node;
import java.io.IOException;
import org.eclipse.jgit.errors.MissingObjectException;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.MutableObjectId;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectReader;
import org.eclipse.jgit.treewalk.TreeWalk;
import org.eclipse.jgit.treewalk.filter.TreeFilter;
import org.jspecify.annotations.Nullable;

/** Brings one keyspace from commit to commit and takes a snapshot of each. Writes are not waited for. */
final class CommitWriter implements AutoCloseable {
    /** Larger commits are written in parts. A batch may take a quarter of the store's memory limit, 2 MiB at least. */
    private static final int BATCH_BYTES = 512 << 10;

    private static final int KEY_BYTES_MAX = 65_535;
    private static final int NEW = 1;

    private final Store store;
    private final ObjectReader reader;
    private final TreeWalk walk;
    private final WriteBatch batch;
    private final MutableObjectId object = new MutableObjectId();

    private @Nullable Keyspace work;
    private ObjectId tree = Constants.EMPTY_TREE_ID;
    private long changes;

    CommitWriter(Store store, ObjectReader reader) {
        this.store = store;
        this.reader = reader;
        this.batch = store.newBatch();
        this.walk = new TreeWalk(reader);
    }

    /** Keys that were put or deleted. */
    long changes() {
        return changes;
    }

    /** Goes on in another keyspace, which stands at a commit, or is new if that is null. */
    void enter(Keyspace keyspace, @Nullable Node at) throws IOException {
        work = keyspace.with(Durability.ASYNC);
        tree = at == null ? Constants.EMPTY_TREE_ID : CommitGraph.tree(reader, at);
    }

    /** Drops the keyspace; the snapshots stay. */
    void leave() {
        if (work != null) {
            work.drop();
            work = null;
        }
    }

    /**
     * Adds a commit whose first parent is where the keyspace stands.
     *
     * @param written runs whenever a part of it has been written
     */
    Snapshot add(Node commit, Runnable written) throws IOException {
        Keyspace to = work;
        if (to == null) {
            throw new IllegalStateException("no keyspace to write to");
        }
        ObjectId next = CommitGraph.tree(reader, commit);
        try {
            write(to, commit, next, written);
        } catch (MissingObjectException e) {
            throw new Failure(
                    "commit " + commit.name() + ": object " + e.getObjectId().name() + " is missing in the repository");
        }
        tree = next;
        return to.snapshot(commit.name());
    }

    private void write(Keyspace to, Node commit, ObjectId next, Runnable written) throws IOException {
        if (tree.equals(next)) {
            return;
        }
        walk.reset();
        CommitGraph.addTree(walk, tree);
        CommitGraph.addTree(walk, next);
        walk.setRecursive(true);
        walk.setFilter(TreeFilter.ANY_DIFF);
        batch.clear();
        while (walk.next()) {
            byte[] path = walk.getRawPath();
            if (path.length > KEY_BYTES_MAX) {
                throw new Failure("commit " + commit.name() + ": a path of " + path.length + " bytes, which begins "
                        + walk.getPathString().substring(0, 60) + ": at most " + KEY_BYTES_MAX + " are allowed");
            }
            int mode = walk.getRawMode(NEW);
            if (mode == 0) {
                batch.delete(to, path);
            } else {
                walk.getObjectId(object, NEW);
                batch.put(to, path, GitFormat.encode(GitFormat.Kind.ofMode(mode), object));
            }
            changes++;
            if (batch.bytes() >= BATCH_BYTES) {
                flush(written);
            }
        }
        flush(written);
    }

    private void flush(Runnable written) {
        if (batch.size() > 0) {
            store.write(batch, Durability.ASYNC);
            batch.clear();
            written.run();
        }
    }

    @Override
    public void close() {
        walk.close();
    }
}
