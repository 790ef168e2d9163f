package io.donjon.engine;

import io.donjon.versioning.VersionForest;

/**
 * Keyspaces that nobody sees: what an import has written so far. Their names begin with a character that no user may use,
 * followed by the name of the keyspace that the import is for. What a crash leaves of them is dropped at the next open.
 */
final class Hidden {
    private static final String MARK = "@";

    private Hidden() {}

    static String name(String keyspace) {
        return MARK + keyspace;
    }

    static boolean isHidden(String name) {
        return name.startsWith(MARK);
    }

    /** Whether a version is the head of such a keyspace. */
    static boolean isHidden(VersionForest forest, int place) {
        synchronized (forest) {
            String name = forest.kind(place) == VersionForest.Kind.HEAD ? forest.name(place) : null;
            return name != null && isHidden(name);
        }
    }

    /** The name without the mark, if it has one: what a tree is called that begins with such a keyspace. */
    static String seen(String name) {
        return isHidden(name) ? name.substring(MARK.length()) : name;
    }
}
