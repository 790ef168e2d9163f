package io.donjon.cli.git;

import io.donjon.Cursor;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Reader;
import io.donjon.ScanOption;
import io.donjon.Snapshot;
import io.donjon.Store;
import io.donjon.Version;
import io.donjon.VersionQuery;
import io.donjon.cli.Failure;
import io.donjon.cli.git.CommitGraph.Node;
import io.donjon.cli.git.History.Tip;
import io.donjon.cli.git.ImportResult.Action;
import io.donjon.cli.git.ImportResult.Branch;
import io.donjon.cli.git.ImportResult.Root;
import io.donjon.perf.compare.Progress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.eclipse.jgit.errors.LargeObjectException;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectReader;
import org.jspecify.annotations.Nullable;

/**
 * Takes a git repository's history into a store.
 *
 * <p><b>Commits.</b> Every commit that HEAD, a branch (local or remote-tracking) or a tag reaches becomes a snapshot named
 * by its full hash. Its parent among the versions is its first parent, so a merge is what it changed there, and the
 * commits of merged branches are side branches. Each root commit begins a tree of versions. A commit with parents that a
 * shallow clone left out counts as a root.
 *
 * <p><b>Keyspaces.</b> Every branch becomes a keyspace that is a clone of its tip, named by the branch; '/', '@', '%' and
 * control characters are written %XX: {@code feature/x} is {@code feature%2Fx}, {@code origin/main} is {@code
 * origin%2Fmain}. A detached HEAD becomes {@code HEAD}. A tree of versions in which no branch ends gets a keyspace {@code
 * root:} and the first 12 digits of its root, which stands at the root. So every commit is {@code KEYSPACE@HASH} for a
 * keyspace of its tree. With a name given, HEAD is the keyspace {@code NAME} (the first branch, if HEAD has no commit), and
 * all others are {@code NAME:branch} and {@code NAME:root:...}: then several repositories fit in a store.
 *
 * <p><b>Again.</b> A second import adds what is new and moves keyspaces to where their branches are now. What was written
 * to a keyspace since is never lost: if its branch has moved too, nothing is imported and the error names it. Keyspaces of
 * branches that are gone stay. An import that was cut short leaves snapshots of whole commits, and a keyspace whose name
 * begins with {@code import:}; the next import drops this and goes on.
 *
 * <p>How it goes: from each commit to be added whose first parent is in the store, or is none, along one child after the
 * other; other children begin as clones. The differences of two commits come from git's trees, of which equal folders are
 * passed over. Writes are not waited for: the store's log holds them in order, so that after a power cut too a snapshot is
 * there only with all that it holds.
 */
public final class GitImport {
    /** Commits between two calls of {@link Store#sync}: what a power cut can cost. */
    private static final int SYNC_COMMITS = 1000;

    private static final String WORK_NEXT = KeyspaceNames.WORK + "next";

    private final Store store;
    private final GitRepository repository;
    private final KeyspaceNames names;
    private final Progress progress;
    private final ObjectReader reader;

    private final CommitGraph graph;
    private final @Nullable String head;
    private final List<Tip> tips;

    private final List<String> notes;

    private GitImport(
            Store store, GitRepository repository, KeyspaceNames names, ObjectReader reader, Progress progress)
            throws IOException {
        this.store = store;
        this.repository = repository;
        this.names = names;
        this.progress = progress;
        this.reader = reader;
        History history = History.read(repository, names, reader, progress);
        this.graph = history.graph();
        this.head = history.head();
        this.tips = history.tips();
        this.notes = history.notes();
    }

    /**
     * Imports a repository.
     *
     * @param folder a bare repository, a working tree, or the .git folder of one
     * @param keyspace what the keyspaces' names begin with, or null
     * @throws Failure if there is no repository, if it is damaged, or if a keyspace is in the way
     * @throws IllegalArgumentException if no keyspace can be named so
     */
    public static ImportResult run(Store store, Path folder, @Nullable String keyspace, Progress progress) {
        long start = System.nanoTime();
        KeyspaceNames names = new KeyspaceNames(keyspace);
        try (GitRepository repository = GitRepository.open(folder);
                ObjectReader reader = repository.newReader()) {
            return new GitImport(store, repository, names, reader, progress).run(start);
        } catch (IOException | LargeObjectException e) {
            throw new Failure(folder + ": this git repository cannot be read: " + e.getMessage());
        }
    }

    private ImportResult run(long start) throws IOException {
        ImportedCommits.link(store, graph);
        List<Action> actions = plan();
        dropLeftovers();
        int there = 0;
        for (Node node : graph.nodes()) {
            there += node.isImported() ? 1 : 0;
        }
        long changes = addCommits(graph.size() - there);
        List<Branch> branches = new ArrayList<>();
        for (int i = 0; i < tips.size(); i++) {
            Tip tip = tips.get(i);
            bring(tip, actions.get(i));
            branches.add(new Branch(tip.keyspace(), tip.ref(), tip.commit().name(), actions.get(i)));
        }
        List<Root> roots = openTrees();
        store.sync();
        return new ImportResult(
                graph.size() - there,
                there,
                changes,
                (System.nanoTime() - start) / 1e9,
                head,
                List.copyOf(branches),
                roots,
                notes);
    }

    // ---- before anything is written ----

    /** What is to be done with each tip's keyspace. */
    private List<Action> plan() throws IOException {
        List<Action> actions = new ArrayList<>();
        List<String> written = new ArrayList<>();
        for (Tip tip : tips) {
            Keyspace present = store.keyspace(tip.keyspace());
            if (present == null || isNew(present)) {
                actions.add(Action.CREATED);
                continue;
            }
            Version at = ImportedCommits.below(store, present);
            ObjectId commit = at == null ? null : ImportedCommits.commit(at);
            if (at == null || commit == null || !reader.has(commit)) {
                throw new Failure("keyspace " + tip.keyspace() + " is there and did not come from "
                        + repository.folder() + ": import under another name with --keyspace, or drop it");
            }
            boolean moves = !tip.commit().equals(commit);
            actions.add(moves ? Action.MOVED : Action.KEPT);
            if (moves && !holdsTheSame(present, snapshot(at.id()))) {
                written.add(tip.keyspace() + " (at " + commit.name() + ", " + tip.ref() + " is at "
                        + tip.commit().name() + ")");
            }
        }
        if (!written.isEmpty()) {
            throw new Failure("nothing was imported, because these keyspaces have been written to and their branches"
                    + " have moved: " + String.join(", ", written)
                    + ". Take a snapshot of each, clone it under another name, and drop the keyspace");
        }
        return actions;
    }

    /** Whether a keyspace has neither records nor snapshots, so that nobody can miss it. */
    private static boolean isNew(Keyspace keyspace) {
        if (keyspace.version().parent() != 0) {
            return false;
        }
        try (Cursor cursor = keyspace.scan(KeyRange.all(), ScanOption.KEYS_ONLY)) {
            return !cursor.next();
        }
    }

    private static boolean holdsTheSame(Reader one, Reader other) {
        try (Cursor a = one.scan(KeyRange.all());
                Cursor b = other.scan(KeyRange.all())) {
            boolean more;
            do {
                more = a.next();
                if (more != b.next()
                        || (more && (!a.key().equals(b.key()) || !a.value().equals(b.value())))) {
                    return false;
                }
            } while (more);
            return true;
        }
    }

    /** Drops what an interrupted import has left, but for a part of a root commit that this one adds. */
    private void dropLeftovers() {
        List<String> left;
        try (Stream<Version> heads = store.versions(VersionQuery.all().kind(Version.Kind.HEAD))) {
            left = heads.map(Version::name)
                    .filter(name -> name != null && name.startsWith(KeyspaceNames.WORK))
                    .toList();
        }
        for (String name : left) {
            ObjectId commit = ImportedCommits.commit(name.substring(KeyspaceNames.WORK.length()));
            Node root = commit == null ? null : graph.get(commit);
            if (root == null || root.isImported() || root.parent != null) {
                keyspace(name).drop();
            }
        }
    }

    // ---- commits ----

    private long addCommits(int count) throws IOException {
        Deque<Node> open = new ArrayDeque<>();
        for (Node node : graph.nodes()) {
            Node parent = node.parent;
            if (node.isImported()) {
                continue;
            }
            if (parent == null || parent.isImported()) {
                open.addLast(node);
            } else {
                node.sibling = parent.child;
                parent.child = node;
            }
        }
        Map<Node, String> treeNames = treeNames();
        int done = 0;
        try (CommitWriter writer = new CommitWriter(store, reader)) {
            Node at = null;
            while (!open.isEmpty()) {
                progress.at("importing commits", done, count);
                Node node = open.removeLast();
                Node parent = node.parent;
                if (parent == null) {
                    writer.leave();
                    writer.enter(newTree(node, treeNames), null);
                } else if (!parent.equals(at)) {
                    writer.leave();
                    writer.enter(snapshot(parent.version).cloneAs(WORK_NEXT), parent);
                }
                int began = done;
                node.version = writer.add(node, () -> progress.at("importing commits", began, count))
                        .version()
                        .id();
                for (Node child = node.child; child != null; child = child.sibling) {
                    open.addLast(child);
                }
                at = node;
                if (++done % SYNC_COMMITS == 0) {
                    store.sync();
                }
            }
            writer.leave();
            progress.at("importing commits", count, count);
            return writer.changes();
        }
    }

    /** What the trees that are to be made are called: as the first keyspace that will stand in them. */
    private Map<Node, String> treeNames() {
        Map<Node, String> treeNames = new HashMap<>();
        for (Tip tip : tips) {
            Keyspace present = store.keyspace(tip.keyspace());
            if (present == null || isNew(present)) {
                treeNames.putIfAbsent(tip.commit().root(), tip.keyspace());
            }
        }
        return treeNames;
    }

    /** An empty keyspace to work in, of a new tree; after an interruption, one that holds a part of this very root. */
    private Keyspace newTree(Node root, Map<Node, String> treeNames) {
        String workName = KeyspaceNames.WORK + root.name();
        Keyspace left = store.keyspace(workName);
        if (left != null) {
            return left;
        }
        String name = treeNames.getOrDefault(root, names.root(root));
        Keyspace present = store.keyspace(name);
        // The name that a tree begins with is its name for good.
        Keyspace begun = present == null ? store.createKeyspace(name) : present;
        begun.rename(workName);
        return begun;
    }

    private Snapshot snapshot(long version) {
        Snapshot snapshot = store.snapshot(version);
        if (snapshot == null) {
            throw new IllegalStateException("version " + version + " is no snapshot any more");
        }
        return snapshot;
    }

    private Keyspace keyspace(String name) {
        Keyspace keyspace = store.keyspace(name);
        if (keyspace == null) {
            throw new IllegalStateException("keyspace " + name + " is gone");
        }
        return keyspace;
    }

    // ---- keyspaces ----

    private void bring(Tip tip, Action action) {
        if (action == Action.KEPT) {
            return;
        }
        Snapshot to = snapshot(tip.commit().version);
        Keyspace present = store.keyspace(tip.keyspace());
        if (action == Action.MOVED
                && present != null
                && present.version().tree().equals(to.version().tree())) {
            present.rollback(to);
            return;
        }
        if (present != null) {
            present.drop();
        }
        to.cloneAs(tip.keyspace());
    }

    /** Sees to it that every tree has a keyspace; the roots of all, each with the first of its keyspaces. */
    private List<Root> openTrees() {
        Map<String, String> doors = ImportedCommits.keyspacesByTree(store);
        for (int i = tips.size() - 1; i >= 0; i--) {
            Tip tip = tips.get(i);
            doors.put(snapshot(tip.commit().version).version().tree(), tip.keyspace());
        }
        List<Root> roots = new ArrayList<>();
        for (Node node : graph.nodes()) {
            Version version = store.version(node.version);
            if (version != null && version.parent() == 0) {
                String door = doors.get(version.tree());
                if (door == null) {
                    door = names.root(node);
                    snapshot(node.version).cloneAs(door);
                }
                roots.add(new Root(node.name(), door));
            }
        }
        roots.sort((a, b) -> a.commit().compareTo(b.commit()));
        return List.copyOf(roots);
    }
}
