package io.donjon.cli.git;

import io.donjon.Keyspace;
import io.donjon.Store;
import io.donjon.Version;
import io.donjon.VersionQuery;
import io.donjon.cli.git.CommitGraph.Node;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.eclipse.jgit.lib.ObjectId;
import org.jspecify.annotations.Nullable;

/** The commits that a store holds: snapshots named by a full hash. */
final class ImportedCommits {
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{40}");

    private ImportedCommits() {}

    /** The commit that a name is the full hash of, or null. */
    static @Nullable ObjectId commit(@Nullable String name) {
        return name != null && HASH.matcher(name).matches() ? ObjectId.fromString(name) : null;
    }

    /** The commit that a version is the snapshot of, or null. */
    static @Nullable ObjectId commit(Version version) {
        return version.kind() == Version.Kind.SNAPSHOT ? commit(version.name()) : null;
    }

    /** The nearest snapshot of a commit that a keyspace goes on from, or null. */
    static @Nullable Version below(Store store, Keyspace keyspace) {
        Version at = keyspace.version();
        while (at != null && commit(at) == null) {
            at = store.version(at.parent());
        }
        return at;
    }

    /** The first keyspace, by name, of each tree: a way to its snapshots. */
    static Map<String, String> keyspacesByTree(Store store) {
        try (Stream<Version> heads = store.versions(VersionQuery.all().kind(Version.Kind.HEAD))) {
            Map<String, String> keyspaces = new HashMap<>();
            heads.forEach(head -> {
                String name = head.name();
                if (name != null) {
                    keyspaces.merge(head.tree(), name, (a, b) -> a.compareTo(b) < 0 ? a : b);
                }
            });
            return keyspaces;
        }
    }

    /** Notes for every commit of a history which version it is. */
    static void link(Store store, CommitGraph graph) {
        try (Stream<Version> snapshots = store.versions(VersionQuery.all().kind(Version.Kind.SNAPSHOT))) {
            snapshots.forEach(version -> {
                ObjectId commit = commit(version);
                Node node = commit == null ? null : graph.get(commit);
                // If two trees have it, for a repository was shallow once, the older one counts.
                if (node != null && (!node.isImported() || version.id() < node.version)) {
                    node.version = version.id();
                }
            });
        }
    }
}
