package io.donjon.cli.git;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an import came to.
 *
 * @param commits commits that it added
 * @param commitsThere commits that were there
 * @param changes keys that were put or deleted for the added commits
 * @param seconds how long it took
 * @param head the keyspace that stands at HEAD's commit, null if HEAD has none
 * @param branches the keyspaces of branches and of HEAD
 * @param roots the root commits, one for each tree of versions
 * @param notes what a user should know of what was left out
 */
public record ImportResult(
        int commits,
        int commitsThere,
        long changes,
        double seconds,
        @Nullable String head,
        List<Branch> branches,
        List<Root> roots,
        List<String> notes) {
    /** What was done with a branch's keyspace. */
    public enum Action {
        /** It was made. */
        CREATED,
        /** It goes on from another commit. */
        MOVED,
        /** It stood at this commit. */
        KEPT
    }

    /**
     * A keyspace that stands at the tip of a branch.
     *
     * @param keyspace its name
     * @param ref the branch's full name, or HEAD
     * @param commit the commit's full hash
     * @param action what was done with it
     */
    public record Branch(String keyspace, String ref, String commit, Action action) {}

    /**
     * The root of a tree of versions.
     *
     * @param commit its full hash
     * @param keyspace a keyspace of its tree: {@code KEYSPACE@HASH} is any commit of the tree
     */
    public record Root(String commit, String keyspace) {}
}
