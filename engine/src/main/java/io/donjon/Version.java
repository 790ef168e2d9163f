package io.donjon;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a version at the time of asking.
 *
 * @param id never used again in this store, greater than the parent's
 * @param parent the version it was born from, or if that is forgotten the one that was born from; 0 for the first of a
 *     tree
 * @param tree the name of its tree: that of the keyspace the tree began with, followed by "~" and the id of the tree's
 *     first version if another tree had that name already
 * @param kind what it serves as
 * @param name the snapshot's name, or the keyspace's for its head; null for views and for what is dropped
 * @param created when it was born, by the wall clock
 * @param readable false once it is dropped; it is forgotten some time after that, unless it is the first of its tree
 */
public record Version(
        long id,
        long parent,
        String tree,
        Kind kind,
        @Nullable String name,
        Instant created,
        boolean readable) {
    /** What a version serves as. */
    public enum Kind {
        /** The writable version of a keyspace. */
        HEAD,
        /** An immutable version with a name. */
        SNAPSHOT,
        /** An immutable version that a {@link View} reads. */
        VIEW,
        /** A version that was dropped. */
        DROPPED
    }
}
