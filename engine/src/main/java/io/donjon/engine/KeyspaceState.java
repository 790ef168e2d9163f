package io.donjon.engine;

import io.donjon.versioning.VersionForest;
import org.jspecify.annotations.Nullable;

/**
 * A keyspace that somebody has an object for: which version is its head. All objects of one keyspace share it.
 */
final class KeyspaceState {
    private volatile VersionRef head;
    private volatile boolean dropped;

    // Under the write lock from here on.

    /** Whether something was written since the last view was taken. */
    private boolean dirty = true;

    /** The last view, or null. */
    private @Nullable SharedView view;

    /** The place that the next view will be of. */
    private int viewPlace;

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

    void markDirty() {
        dirty = true;
    }

    /** Whether an open view says what the keyspace is now. */
    boolean hasFreshView() {
        return !dirty && view != null && view.isOpen();
    }

    /** A view will be taken of the head at a place. */
    void prepareView(int place) {
        viewPlace = place;
        view = null;
    }

    /** The view that is shared with others, or the one that was prepared and has become a version by now. */
    SharedView joinView(VersionForest forest) {
        SharedView open = view;
        if (open != null && open.isOpen()) {
            open.join();
            return open;
        }
        SharedView fresh = new SharedView(new VersionRef(forest, viewPlace, true));
        view = fresh;
        dirty = false;
        return fresh;
    }
}
