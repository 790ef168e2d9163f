package io.donjon.cli.kill;

import io.donjon.Keyspace;
import io.donjon.Snapshot;
import io.donjon.Store;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Something that the keeper does.
 *
 * @param kind what
 * @param tree the number of the base keyspace in whose tree it happens; 0 if in all
 * @param target what it is done to: the name of a keyspace or snapshot; "-" if there is none
 * @param name the name that comes of it, or the snapshot to roll back to; "-" if there is none
 */
record KeeperOp(Kind kind, int tree, String target, String name) {
    static final String NO_NAME = "-";

    /** What the keeper can do. */
    enum Kind {
        /** Creates a base keyspace. */
        CREATE,
        /** Takes the snapshot that a base keyspace and its fence begin from. */
        ROOT,
        /** Makes the base keyspace its fence: it has no base keyspace then. */
        FENCE,
        /** Clones the base keyspace from the root. */
        BASE,
        /** Takes a snapshot of a base keyspace. */
        SNAPSHOT,
        /** Takes a snapshot of every base keyspace at one point in time. */
        SNAPSHOT_ALL,
        /** Takes a snapshot of a clone. */
        SNAPSHOT_CLONE,
        /** Clones a snapshot. */
        CLONE,
        /** Writes the operation's steps to a clone. */
        WRITE,
        /** Rolls a clone back. */
        ROLLBACK,
        /** Renames a snapshot. */
        RENAME_SNAPSHOT,
        /** Renames a clone. */
        RENAME_CLONE,
        /** Drops a snapshot. */
        DROP_SNAPSHOT,
        /** Drops a clone. */
        DROP_CLONE
    }

    static KeeperOp parse(String kind, String tree, String target, String name) {
        return new KeeperOp(Kind.valueOf(kind.toUpperCase(Locale.ROOT)), Integer.parseInt(tree), target, name);
    }

    @Override
    public String toString() {
        return kind.name().toLowerCase(Locale.ROOT) + " " + tree + " " + target + " " + name;
    }

    /** Does it. */
    void run(Store store, Load.Writes writes) {
        switch (kind) {
            case CREATE -> store.createKeyspace(target);
            case ROOT, SNAPSHOT, SNAPSHOT_CLONE -> keyspace(store, target).snapshot(name);
            case SNAPSHOT_ALL -> {
                Map<Keyspace, String> names = new LinkedHashMap<>();
                for (int i = 0; i < Script.KEYSPACES; i++) {
                    names.put(keyspace(store, Script.keyspace(i)), name);
                }
                store.snapshotAll(names);
            }
            case BASE ->
                found(keyspace(store, Script.fence(tree)).snapshotNamed(target), target)
                        .cloneAs(name);
            case CLONE -> snapshot(store, target).cloneAs(name);
            case WRITE -> writes.write(step -> keyspace(store, target));
            case ROLLBACK -> keyspace(store, target).rollback(snapshot(store, name));
            case RENAME_SNAPSHOT -> snapshot(store, target).rename(name);
            case FENCE, RENAME_CLONE -> keyspace(store, target).rename(name);
            case DROP_SNAPSHOT -> snapshot(store, target).drop();
            case DROP_CLONE -> keyspace(store, target).drop();
        }
    }

    private static Keyspace keyspace(Store store, String name) {
        return found(store.keyspace(name), name);
    }

    private Snapshot snapshot(Store store, String name) {
        return found(keyspace(store, Script.keyspace(tree)).snapshotNamed(name), name);
    }

    private static <T> T found(@Nullable T thing, String name) {
        return Objects.requireNonNull(thing, () -> name + " is not there");
    }
}
