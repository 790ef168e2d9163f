package io.donjon.extents;

/**
 * Which of two manifest records is newer: the one of the higher generation, and within one the one with the higher edit
 * number. Every open raises the generation.
 */
record ManifestPosition(long generation, long edit) implements Comparable<ManifestPosition> {
    static final ManifestPosition NONE = new ManifestPosition(0, 0);

    @Override
    public int compareTo(ManifestPosition other) {
        int byGeneration = Long.compare(generation, other.generation);
        return byGeneration != 0 ? byGeneration : Long.compare(edit, other.edit);
    }

    boolean isNewerThan(ManifestPosition other) {
        return compareTo(other) > 0;
    }

    /** Whether this record was stable as soon as another was: not one that a power cut in an earlier life may have torn. */
    boolean isStableWith(ManifestPosition other) {
        return generation == other.generation && !isNewerThan(other);
    }

    ManifestPosition max(ManifestPosition other) {
        return other.isNewerThan(this) ? other : this;
    }

    @Override
    public String toString() {
        return generation + "." + edit;
    }
}
