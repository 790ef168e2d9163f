package io.donjon.engine;

import io.donjon.versioning.VersionForest;
import org.jspecify.annotations.Nullable;

/**
 * A version as a reader holds it: its id and place, and what of the arrays concerns it. Once the version is dropped its
 * place may be another's: whoever holds this asks {@link #isDropped} first. Thread-safe.
 */
final class VersionRef {
    private static final long UNKNOWN = -1;

    private final VersionForest forest;
    private final int place;
    private final long id;
    private final long treeId;
    private final boolean immutable;

    /** The place that follows, as of so many departures, or not known yet. Under the write lock. */
    private int nextPlace;

    private long nextPlaceAsOf = UNKNOWN;

    /** For the list of arrays that was looked at last; only a saving, so any thread may set any answer. */
    private volatile @Nullable Ranks ranks;

    /** A version that has not been dropped; the caller keeps it from being so. */
    VersionRef(VersionForest forest, int place, boolean immutable) {
        this.forest = forest;
        this.place = place;
        this.id = forest.id(place);
        this.treeId = forest.id(forest.tree(place));
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
     * The place that follows in its tree, or {@code Line.NONE}, of a head. That changes only when a place leaves: nothing but
     * a child of the head would come between, and then it is no head any more. Under the write lock.
     */
    int nextPlace() {
        long departures = forest.departures();
        if (nextPlaceAsOf != departures) {
            nextPlaceAsOf = departures;
            nextPlace = forest.nextInTree(place);
        }
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

    /** Whether it may not be read any more. */
    boolean isDropped() {
        return !forest.isAlive(place, id);
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
        synchronized (forest) {
            String name = isDropped() ? null : forest.name(place);
            return name == null ? "version " + id : name;
        }
    }
}
