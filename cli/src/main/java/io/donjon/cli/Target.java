package io.donjon.cli;

import io.donjon.Keyspace;
import io.donjon.Reader;
import io.donjon.Snapshot;
import io.donjon.Store;
import io.donjon.Version;
import io.donjon.VersionQuery;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A version as it is written on the command line: {@code KEYSPACE} or {@code KEYSPACE@SNAPSHOT}.
 *
 * <p>The snapshot is any of the keyspace's tree. Where there is no such keyspace, the tree of that name counts, so that
 * snapshots stay within reach when their keyspaces are dropped.
 *
 * @param keyspace the keyspace's name, or a tree's
 * @param snapshot the snapshot's name, or null for the keyspace itself
 */
public record Target(String keyspace, @Nullable String snapshot) {
    static Target of(String text) {
        int at = text.indexOf('@');
        String keyspace = at < 0 ? text : text.substring(0, at);
        String snapshot = at < 0 ? null : text.substring(at + 1);
        if (keyspace.isEmpty() || (snapshot != null && (snapshot.isEmpty() || snapshot.indexOf('@') >= 0))) {
            throw new IllegalArgumentException("'" + text + "' is neither KEYSPACE nor KEYSPACE@SNAPSHOT");
        }
        return new Target(keyspace, snapshot);
    }

    /** What is to be read: the keyspace or the snapshot. */
    public Reader reader(Store store) {
        return snapshot == null ? keyspace(store) : snapshot(store);
    }

    /** The keyspace; a target with a snapshot is refused, since that cannot be written to. */
    public Keyspace keyspace(Store store) {
        if (snapshot != null) {
            throw new Failure(
                    "%s is a snapshot, which never changes: clone it, and write to the clone".formatted(this));
        }
        Keyspace found = store.keyspace(keyspace);
        if (found == null) {
            throw new Failure("there is no keyspace " + keyspace);
        }
        return found;
    }

    /** The snapshot; a target without one is refused. */
    public Snapshot snapshot(Store store) {
        if (snapshot == null) {
            throw new Failure("%s is a keyspace: a snapshot is written %s@SNAPSHOT".formatted(this, keyspace));
        }
        Keyspace head = store.keyspace(keyspace);
        Snapshot found = head == null ? null : head.snapshotNamed(snapshot);
        if (found == null) {
            found = ofTree(store, snapshot);
        }
        if (found == null) {
            boolean known = head != null || hasTree(store);
            throw new Failure(
                    known
                            ? "there is no snapshot " + snapshot + " in the tree of " + keyspace
                            : "there is no keyspace " + keyspace);
        }
        return found;
    }

    private @Nullable Snapshot ofTree(Store store, String name) {
        VersionQuery query =
                VersionQuery.all().tree(keyspace).kind(Version.Kind.SNAPSHOT).namePrefix(name);
        try (Stream<Version> versions = store.versions(query)) {
            Optional<Version> version =
                    versions.filter(each -> name.equals(each.name())).findFirst();
            return version.map(each -> store.snapshot(each.id())).orElse(null);
        }
    }

    private boolean hasTree(Store store) {
        try (Stream<Version> versions =
                store.versions(VersionQuery.all().tree(keyspace).readable())) {
            return versions.findAny().isPresent();
        }
    }

    @Override
    public String toString() {
        return snapshot == null ? keyspace : keyspace + "@" + snapshot;
    }

    /** For picocli. */
    public static final class Converter implements ITypeConverter<Target> {
        @Override
        public Target convert(String text) {
            try {
                return of(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }
}
