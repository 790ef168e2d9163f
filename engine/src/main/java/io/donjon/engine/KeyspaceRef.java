package io.donjon.engine;

import io.donjon.DroppedException;
import io.donjon.versioning.VersionForest;

/**
 * A keyspace as an object of the public API holds it: it finds the head wherever that has gone since. Thread-safe.
 */
final class KeyspaceRef {
    private final VersionForest forest;

    /** The keyspace's number, which may be another's once it is dropped, and what tells them apart. */
    private final int number;

    private final long firstHead;

    /** The head when it was last looked for. */
    private volatile VersionRef head;

    /** The keyspace with that head; the caller keeps it from being dropped. */
    KeyspaceRef(VersionForest forest, int head) {
        this.forest = forest;
        this.number = forest.keyspaceOf(head);
        this.firstHead = forest.firstHead(number);
        this.head = new VersionRef(forest, head, false);
    }

    /** The present head. */
    VersionRef head() {
        VersionRef known = head;
        return forest.isHead(known.place(), known.id()) ? known : find(known);
    }

    private VersionRef find(VersionRef known) {
        synchronized (forest) {
            int place = forest.head(number, firstHead);
            if (place == VersionForest.NONE) {
                throw new DroppedException("the keyspace has been dropped", null);
            }
            boolean child = !known.isDropped() && forest.parent(place) == known.place();
            VersionRef found = child ? known.child(place) : new VersionRef(forest, place, false);
            head = found;
            return found;
        }
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
            return forest == other.forest && head().id() == other.head().id();
        }
    }

    /** The id of the first version of its tree; that of a dropped keyspace is known as well. */
    long treeId() {
        return head.treeId();
    }

    /** What it is called, or was, for messages. */
    String describe() {
        return head.describe();
    }
}
