package io.donjon.engine;

import io.donjon.DroppedException;
import io.donjon.versioning.VersionForest;

/**
 * A keyspace as an object of the public API holds it: it finds the head wherever that has gone since. Thread-safe.
 */
final class KeyspaceRef {
    private final VersionForest forest;

    /** The place of the first version of its tree, which never changes. */
    private final int tree;

    /** The head when it was last looked for. */
    private volatile VersionRef head;

    KeyspaceRef(VersionForest forest, int head) {
        this.forest = forest;
        this.tree = forest.tree(head);
        this.head = new VersionRef(forest, head, false);
    }

    /** The present head. */
    VersionRef head() {
        VersionRef known = head;
        while (!forest.isHead(known.place())) {
            int next = forest.successor(known.place());
            if (next == VersionForest.NONE) {
                throw new DroppedException("the keyspace has been dropped", null);
            }
            boolean child = forest.parent(next) == known.place();
            known = child ? known.child(next) : new VersionRef(forest, next, false);
            head = known;
        }
        return known;
    }

    /** The present name. */
    String name() {
        synchronized (forest) {
            String name = forest.name(head().place());
            return name == null ? "" : name;
        }
    }

    /** Whether another one is of the same keyspace; what is dropped equals nothing. */
    boolean isSame(KeyspaceRef other) {
        synchronized (forest) {
            return forest == other.forest && head().place() == other.head().place();
        }
    }

    /** The place of the first version of its tree; that of a dropped keyspace is known as well. */
    int tree() {
        return tree;
    }

    /** What it is called, or was, for messages. */
    String describe() {
        return head.describe();
    }
}
