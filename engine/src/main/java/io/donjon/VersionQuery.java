package io.donjon;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Which versions {@link Store#versions} lists. Immutable: each method returns a query that asks for less.
 *
 * <p>Example: {@code VersionQuery.all().kind(Version.Kind.SNAPSHOT).namePrefix("2026-")}.
 */
public final class VersionQuery {
    private static final VersionQuery ALL = new VersionQuery(null, null, "", false);

    private final @Nullable String tree;
    private final Version.@Nullable Kind kind;
    private final String namePrefix;
    private final boolean readable;

    private VersionQuery(@Nullable String tree, Version.@Nullable Kind kind, String namePrefix, boolean readable) {
        this.tree = tree;
        this.kind = kind;
        this.namePrefix = namePrefix;
        this.readable = readable;
    }

    /** Every version. */
    public static VersionQuery all() {
        return ALL;
    }

    /** Only versions of the tree with this name. */
    public VersionQuery tree(String name) {
        return new VersionQuery(Objects.requireNonNull(name, "name"), kind, namePrefix, readable);
    }

    /** Only versions of this kind. */
    public VersionQuery kind(Version.Kind only) {
        return new VersionQuery(tree, Objects.requireNonNull(only, "only"), namePrefix, readable);
    }

    /** Only versions that have a name and whose name begins with this. */
    public VersionQuery namePrefix(String prefix) {
        return new VersionQuery(tree, kind, Objects.requireNonNull(prefix, "prefix"), readable);
    }

    /** Only versions that can be read. */
    public VersionQuery readable() {
        return new VersionQuery(tree, kind, namePrefix, true);
    }

    /** Whether a version is asked for. */
    public boolean matches(Version version) {
        String name = version.name();
        return (tree == null || tree.equals(version.tree()))
                && (kind == null || kind == version.kind())
                && (namePrefix.isEmpty() || (name != null && name.startsWith(namePrefix)))
                && (!readable || version.readable());
    }

    /** The tree that is asked for, or null for all. */
    public @Nullable String tree() {
        return tree;
    }
}
