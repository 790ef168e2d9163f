package io.donjon.cli;

import io.donjon.Keyspace;
import io.donjon.Snapshot;
import io.donjon.Store;
import io.donjon.Version;
import io.donjon.VersionQuery;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;

/** Makes what a backup holds again in an empty store: snapshots, with their names, and keyspaces. */
final class Restore {
    private final Store store;
    private final Path folder;
    private final Map<UUID, Snapshot> restored = new HashMap<>();

    private Restore(Store store, Path folder) {
        this.store = store;
        this.folder = folder;
    }

    /** The list of a backup all of whose files are there. */
    static BackupList check(Path folder) throws IOException {
        BackupList list = BackupList.read(folder);
        if (list == null) {
            throw new Failure("there is no backup in " + folder);
        }
        for (BackupList.Entry entry : list.snapshots()) {
            Path file = folder.resolve(entry.file());
            if (!Files.exists(file) || Files.size(file) != entry.bytes()) {
                throw new Failure(file + " is not there, or is not of " + entry.bytes() + " bytes");
            }
        }
        return list;
    }

    static void run(BackupList list, Path folder, Store store) throws IOException {
        try (Stream<Version> versions = store.versions(VersionQuery.all().readable())) {
            if (versions.findAny().isPresent()) {
                throw new Failure("the store is not empty: a backup is restored into an empty one");
            }
        }
        new Restore(store, folder).run(list);
    }

    private void run(BackupList list) throws IOException {
        // Each tree is made by a keyspace of its name, which gives the tree that name.
        Map<String, Keyspace> working = new HashMap<>();
        for (BackupList.Entry entry : list.snapshots()) {
            Keyspace keyspace = working.get(entry.tree());
            if (keyspace != null && entry.base() != null) {
                keyspace.rollback(Objects.requireNonNull(restored.get(entry.base())));
            }
            restored.put(entry.identity(), read(entry));
            if (keyspace == null) {
                working.put(entry.tree(), Objects.requireNonNull(store.keyspace(entry.tree())));
            }
        }
        // Keyspaces may have been renamed since: until the working ones are gone, names may be taken by those.
        List<Keyspace> made = new ArrayList<>();
        for (BackupList.Head head : list.keyspaces()) {
            made.add(Objects.requireNonNull(restored.get(head.snapshot())).cloneAs(freeName(made.size())));
        }
        working.values().forEach(Keyspace::drop);
        for (int i = 0; i < made.size(); i++) {
            made.get(i).rename(list.keyspaces().get(i).name());
        }
        for (BackupList.Entry entry : list.snapshots()) {
            Snapshot snapshot = Objects.requireNonNull(restored.get(entry.identity()));
            if (entry.state() == BackupList.State.GONE) {
                snapshot.drop();
            }
        }
    }

    private Snapshot read(BackupList.Entry entry) throws IOException {
        Path file = folder.resolve(entry.file());
        Snapshot snapshot;
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            snapshot = store.importSnapshot(in, entry.tree());
        }
        if (!snapshot.identity().equals(entry.identity())) {
            throw new Failure(file + " holds another snapshot, " + snapshot.identity());
        }
        if (!entry.name().equals(snapshot.version().name())) {
            // It was renamed after it had been written.
            snapshot.rename(entry.name());
        }
        return snapshot;
    }

    private String freeName(int number) {
        String name = "restored-" + number;
        while (store.keyspace(name) != null) {
            name += "~";
        }
        return name;
    }
}
