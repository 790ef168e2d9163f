package io.donjon.cli;

import io.donjon.ChangeCursor;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Snapshot;
import io.donjon.Store;
import io.donjon.Version;
import io.donjon.VersionQuery;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Brings a folder up to date with a store: a file for each snapshot that it does not have yet, and a new list when all are
 * there. For a keyspace that has been written to since its last snapshot it takes one, which stays until the next backup:
 * that begins there.
 */
final class Backup {
    /**
     * What a backup came to.
     *
     * @param snapshots how many the folder has
     * @param written how many of them are new
     * @param bytes what these take
     */
    record Result(int snapshots, int written, long bytes, int keyspaces) {}

    private final Store store;
    private final Path folder;
    private final Map<UUID, BackupList.Entry> entries;
    private final List<BackupList.Head> keyspaces = new ArrayList<>();

    /** The store's snapshots by identity, and those of them that this backup or the one before took. */
    private final Map<UUID, Snapshot> present = new LinkedHashMap<>();

    private final Set<UUID> taken = new HashSet<>();

    /** By tree: a snapshot that the folder has, to begin with where another has no ancestor there. */
    private final Map<String, Snapshot> ofTree = new HashMap<>();

    private int written;
    private long bytes;

    private Backup(Store store, Path folder, BackupList before) {
        this.store = store;
        this.folder = folder;
        this.entries = before.byIdentity();
    }

    static Result run(Store store, Path folder) throws IOException {
        Files.createDirectories(folder);
        BackupList before = BackupList.read(folder);
        if (before == null) {
            requireEmpty(folder);
        }
        Backup backup = new Backup(store, folder, before == null ? new BackupList(List.of(), List.of()) : before);
        return backup.run();
    }

    /** What an interrupted first backup has left may be there. */
    private static void requireEmpty(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            if (files.anyMatch(file -> !isOwn(file))) {
                throw new Failure(folder + " holds other files and no backup");
            }
        }
    }

    private static boolean isOwn(Path file) {
        String name = String.valueOf(file.getFileName());
        return name.endsWith(".snapshot") || name.endsWith(".snapshot.new") || name.equals(BackupList.FILE + ".new");
    }

    private Result run() throws IOException {
        List<Version> versions = snapshots();
        versions.forEach(this::learn);
        if (!entries.isEmpty() && entries.keySet().stream().noneMatch(present::containsKey)) {
            throw new Failure(folder + " holds the backup of another store: this one has none of its snapshots, or has"
                    + " them no more. Another folder takes this one's");
        }
        takeHeads();
        for (Version version : snapshots()) {
            write(version);
        }
        Set<UUID> retired = retire();
        BackupList list = new BackupList(List.copyOf(entries.values()), keyspaces);
        BackupList.force(folder);
        list.write(folder);
        retired.forEach(
                identity -> Objects.requireNonNull(present.get(identity)).drop());
        removeOthers(list);
        return new Result(entries.size(), written, bytes, keyspaces.size());
    }

    private List<Version> snapshots() {
        try (Stream<Version> found = store.versions(VersionQuery.all().kind(Version.Kind.SNAPSHOT))) {
            return found.toList();
        }
    }

    private @Nullable Snapshot learn(Version version) {
        Snapshot snapshot = store.snapshot(version.id());
        if (snapshot != null) {
            if (snapshot.identity().equals(new UUID(0, 0))) {
                throw new Failure("snapshot " + version.tree() + "@" + version.name()
                        + " was taken before snapshots had identities: drop it, or take it anew from a clone of it");
            }
            present.put(snapshot.identity(), snapshot);
            if (entries.containsKey(snapshot.identity())) {
                ofTree.put(version.tree(), snapshot);
            }
        }
        return snapshot;
    }

    // ---- keyspaces ----

    /** Finds for each keyspace the snapshot that it goes on from, unchanged; where there is none it is taken now. */
    private void takeHeads() {
        String name = "backup-" + Instant.now().truncatedTo(ChronoUnit.MILLIS);
        Map<Keyspace, String> names = new LinkedHashMap<>();
        List<Version> heads;
        try (Stream<Version> found = store.versions(VersionQuery.all().kind(Version.Kind.HEAD))) {
            heads = found.toList();
        }
        for (Version head : heads) {
            Keyspace keyspace = store.keyspace(String.valueOf(head.name()));
            Snapshot origin = store.snapshot(head.parent());
            if (keyspace == null) {
                continue;
            }
            if (origin != null && isUnchanged(origin, keyspace)) {
                keyspaces.add(new BackupList.Head(origin.identity(), keyspace.name()));
            } else {
                // Several keyspaces of one tree need names of their own.
                names.put(keyspace, name + "-" + names.size());
            }
        }
        List<Keyspace> changed = List.copyOf(names.keySet());
        List<Snapshot> snapshots = changed.isEmpty() ? List.of() : store.snapshotAll(names);
        for (int i = 0; i < changed.size(); i++) {
            UUID identity = snapshots.get(i).identity();
            taken.add(identity);
            keyspaces.add(new BackupList.Head(identity, changed.get(i).name()));
        }
    }

    private boolean isUnchanged(Snapshot origin, Keyspace keyspace) {
        try (ChangeCursor changes = store.diff(origin.version(), keyspace.version(), KeyRange.all())) {
            return !changes.next();
        }
    }

    // ---- snapshots ----

    private void write(Version version) throws IOException {
        Snapshot snapshot = learn(version);
        if (snapshot == null) {
            return;
        }
        UUID identity = snapshot.identity();
        BackupList.Entry known = entries.get(identity);
        String name = String.valueOf(version.name());
        if (known == null) {
            Snapshot base = base(version);
            BackupList.State state = taken.contains(identity) ? BackupList.State.HEAD : BackupList.State.KEPT;
            UUID baseIdentity = base == null ? null : base.identity();
            String file = identity + ".snapshot";
            long size = writeFile(snapshot, base, file);
            entries.put(identity, new BackupList.Entry(identity, baseIdentity, state, size, version.tree(), name));
            written++;
            bytes += size;
        } else if (!known.name().equals(name)) {
            entries.put(identity, known.with(known.state(), name));
        }
        ofTree.put(version.tree(), snapshot);
    }

    /** The nearest ancestor that the folder has; else whatever it has of the tree. */
    private @Nullable Snapshot base(Version version) {
        Version at = store.version(version.parent());
        while (at != null) {
            Snapshot ancestor = store.snapshot(at.id());
            if (ancestor != null && entries.containsKey(ancestor.identity())) {
                return ancestor;
            }
            at = store.version(at.parent());
        }
        return ofTree.get(version.tree());
    }

    private long writeFile(Snapshot snapshot, @Nullable Snapshot base, String name) throws IOException {
        Path fresh = folder.resolve(name + ".new");
        long size;
        try (FileChannel file = BackupList.open(fresh);
                OutputStream out = new BufferedOutputStream(Channels.newOutputStream(file), 1 << 16)) {
            store.exportSnapshot(snapshot, base, out);
            file.force(true);
            size = file.size();
        }
        BackupList.put(fresh, folder.resolve(name));
        return size;
    }

    // ---- what is over ----

    /**
     * Marks what the store has no more, and forgets it where nothing is based on it.
     *
     * @return snapshots of the store that an earlier backup took and nobody needs any more
     */
    private Set<UUID> retire() {
        Set<UUID> begun = new HashSet<>();
        keyspaces.forEach(head -> begun.add(head.snapshot()));
        Set<UUID> retired = new HashSet<>();
        for (BackupList.Entry entry : List.copyOf(entries.values())) {
            UUID identity = entry.identity();
            boolean there = present.containsKey(identity);
            if (there && entry.state() != BackupList.State.KEPT && !begun.contains(identity)) {
                retired.add(identity);
                there = false;
            }
            if (!there) {
                entries.put(identity, entry.with(BackupList.State.GONE, entry.name()));
            }
        }
        Set<UUID> needed = new HashSet<>(begun);
        List<BackupList.Entry> behind = new ArrayList<>(entries.values());
        for (int i = behind.size() - 1; i >= 0; i--) {
            BackupList.Entry entry = behind.get(i);
            if (entry.state() != BackupList.State.GONE || needed.contains(entry.identity())) {
                if (entry.base() != null) {
                    needed.add(entry.base());
                }
            } else {
                entries.remove(entry.identity());
            }
        }
        return retired;
    }

    private void removeOthers(BackupList list) throws IOException {
        Set<String> named = new HashSet<>();
        list.snapshots().forEach(entry -> named.add(entry.file()));
        List<Path> all;
        try (Stream<Path> files = Files.list(folder)) {
            all = files.toList();
        }
        for (Path file : all) {
            if (isOwn(file) && !named.contains(String.valueOf(file.getFileName()))) {
                Files.delete(file);
            }
        }
    }
}
