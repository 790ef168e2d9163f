package io.donjon.engine;

/**
 * A keyspace that somebody has an object for: which version is its head. All objects of one keyspace share it.
 */
final class KeyspaceState {
    private volatile VersionRef head;
    private volatile boolean dropped;

    /** Written to since the last view was taken; and that view, as long as it is open. Under the write lock. */
    private boolean dirty = true;

    KeyspaceState(VersionRef head) {
        this.head = head;
    }

    VersionRef head() {
        return head;
    }

    void moveTo(VersionRef newHead) {
        head = newHead;
    }

    boolean isDropped() {
        return dropped;
    }

    void markDropped() {
        dropped = true;
    }

    boolean isDirty() {
        return dirty;
    }

    void setDirty(boolean written) {
        dirty = written;
    }
}
