package io.donjon.engine;

import io.donjon.versioning.VersionForest;
import org.jspecify.annotations.Nullable;

/**
 * A version as a reader holds it: its place, and what of the arrays concerns it. Thread-safe.
 */
final class VersionRef {
    private final VersionForest forest;
    private final int place;
    private final long id;
    private final long treeId;
    private final int nextPlace;
    private final boolean immutable;

    /** For the list of arrays that was looked at last; only a saving, so any thread may set any answer. */
    private volatile @Nullable Ranks ranks;

    VersionRef(VersionForest forest, int place, boolean immutable) {
        this.forest = forest;
        this.place = place;
        this.id = forest.id(place);
        this.treeId = forest.id(forest.tree(place));
        this.nextPlace = forest.nextInTree(place);
        this.immutable = immutable;
    }

    /** A new head directly behind this one, to which the same arrays say the same. */
    VersionRef child(int childPlace) {
        VersionRef child = new VersionRef(forest, childPlace, false);
        child.ranks = ranks;
        return child;
    }

    int place() {
        return place;
    }

    long id() {
        return id;
    }

    /**
     * The place that follows in its tree, or {@code Line.NONE}. For a head that never changes: only a child of the head
     * would come between, and then it is no head any more.
     */
    int nextPlace() {
        return nextPlace;
    }

    /** The id of its tree's first version, which its keys are stored under. */
    long treeId() {
        return treeId;
    }

    /** Whether what it says can no longer change. */
    boolean isImmutable() {
        return immutable;
    }

    /** Whether it may still be read. */
    boolean isDropped() {
        return forest.kind(place) == VersionForest.Kind.DROPPED;
    }

    Ranks ranks(ReadState state) {
        Ranks known = ranks;
        if (known == null || !known.isFor(state.arrays)) {
            known = Ranks.of(state.arrays, place, forest, known);
            ranks = known;
        }
        return known;
    }

    String describe() {
        String name = forest.name(place);
        return name == null ? "version " + forest.id(place) : name;
    }
}
