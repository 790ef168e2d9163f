package io.donjon.cli.git;

import io.donjon.cli.Failure;
import io.donjon.perf.compare.Progress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.Objects;
import java.util.Set;
import org.eclipse.jgit.errors.MissingObjectException;
import org.eclipse.jgit.lib.AnyObjectId;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectIdOwnerMap;
import org.eclipse.jgit.lib.ObjectReader;
import org.eclipse.jgit.treewalk.EmptyTreeIterator;
import org.eclipse.jgit.treewalk.TreeWalk;
import org.eclipse.jgit.util.RawParseUtils;
import org.jspecify.annotations.Nullable;

/**
 * All commits that some commits reach, each with its first parent: a forest. About 70 bytes of heap a commit. Used by one
 * thread.
 */
final class CommitGraph {
    private static final byte[] TREE = "tree ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] PARENT = "parent ".getBytes(StandardCharsets.US_ASCII);
    private static final int ID_LENGTH = Constants.OBJECT_ID_STRING_LENGTH;

    private final ObjectIdOwnerMap<Node> nodes = new ObjectIdOwnerMap<>();

    /** A commit. */
    @SuppressWarnings("serial") // an object id happens to be serializable
    static final class Node extends ObjectIdOwnerMap.Entry {
        /** The first parent, null for a root. */
        @Nullable Node parent;

        /** The root that the first parents end in, once {@link #root()} was asked. */
        private @Nullable Node root;

        /** The version that is its snapshot, 0 for none. */
        long version;

        /** Of the commits to import on top of this one, the first; the others follow by {@link #sibling}. */
        @Nullable Node child;

        @Nullable Node sibling;

        Node(AnyObjectId id) {
            super(id);
        }

        boolean isImported() {
            return version != 0;
        }

        /** The root that the first parents end in. */
        Node root() {
            Node top = this;
            while (top.parent != null && top.root == null) {
                top = top.parent;
            }
            Node found = top.root == null ? top : top.root;
            for (Node at = this; at != null && at.root == null; at = at.parent) {
                at.root = found;
            }
            return found;
        }
    }

    private CommitGraph() {}

    /**
     * Reads the commits.
     *
     * @param shallow commits that count as roots, because their parents are not there
     * @throws Failure naming the commit that is damaged or missing
     */
    static CommitGraph read(ObjectReader reader, Collection<ObjectId> tips, Set<ObjectId> shallow, Progress progress)
            throws IOException {
        CommitGraph graph = new CommitGraph();
        Deque<Node> open = new ArrayDeque<>();
        tips.forEach(tip -> graph.reach(tip, open));
        for (int done = 0; !open.isEmpty(); done++) {
            progress.at("reading the history", done, graph.size());
            Node node = open.removeLast();
            byte[] commit = load(reader, node);
            int at = TREE.length + ID_LENGTH + 1;
            while (!shallow.contains(node) && RawParseUtils.match(commit, at, PARENT) > 0) {
                Node parent = graph.reach(id(commit, at + PARENT.length, node), open);
                if (node.parent == null) {
                    node.parent = parent;
                }
                at += PARENT.length + ID_LENGTH + 1;
            }
        }
        progress.at("reading the history", graph.size(), graph.size());
        return graph;
    }

    private Node reach(ObjectId id, Deque<Node> open) {
        Node known = nodes.get(id);
        if (known != null) {
            return known;
        }
        Node node = new Node(id);
        nodes.add(node);
        open.addLast(node);
        return node;
    }

    /** The id of a commit's tree. */
    static ObjectId tree(ObjectReader reader, AnyObjectId commit) throws IOException {
        byte[] bytes = load(reader, commit);
        if (RawParseUtils.match(bytes, 0, TREE) < 0) {
            throw new Failure("commit " + commit.name() + " is damaged: it names no tree");
        }
        return id(bytes, TREE.length, commit);
    }

    /** Lets a walk go through a tree; git knows the empty one even where nobody stored it. */
    static void addTree(TreeWalk walk, ObjectId tree) throws IOException {
        if (tree.equals(Constants.EMPTY_TREE_ID)) {
            walk.addTree(new EmptyTreeIterator());
        } else {
            walk.addTree(tree);
        }
    }

    private static byte[] load(ObjectReader reader, AnyObjectId commit) throws IOException {
        try {
            return reader.open(commit, Constants.OBJ_COMMIT).getCachedBytes();
        } catch (MissingObjectException e) {
            throw new Failure("commit " + commit.name() + " is missing in the repository");
        }
    }

    private static ObjectId id(byte[] commit, int at, AnyObjectId of) {
        try {
            return ObjectId.fromString(commit, at);
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            throw new Failure("commit " + of.name() + " is damaged: no object id at byte " + at);
        }
    }

    int size() {
        return nodes.size();
    }

    /** The commit of that id, or null. */
    @Nullable Node get(AnyObjectId id) {
        return nodes.get(id);
    }

    /** The commit of that id, which was read. */
    Node node(AnyObjectId id) {
        return Objects.requireNonNull(nodes.get(id), "the commit was read");
    }

    /** All commits, in no order. */
    Iterable<Node> nodes() {
        return nodes;
    }
}
