package io.donjon.cli;

import static io.donjon.cli.Cli.ok;
import static io.donjon.cli.Cli.run;
import static io.donjon.cli.Cli.runWith;
import static io.donjon.cli.Cli.store;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Cursor;
import io.donjon.Durability;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Reader;
import io.donjon.Snapshot;
import io.donjon.Store;
import io.donjon.StoreOptions;
import io.donjon.Version;
import io.donjon.VersionQuery;
import io.donjon.cli.Cli.Result;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** diff, export, import, backup, restore. */
final class BackupTest {
    @TempDir
    Path folder;

    private static void with(Path store, Consumer<Store> action) {
        try (Store open = Store.open(StoreOptions.at(store).durability(Durability.ASYNC))) {
            action.accept(open);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** What can be read: keyspaces and snapshots by name and tree, without those that backups take. */
    private static Map<String, String> content(Path store) {
        Map<String, String> all = new TreeMap<>();
        with(store, open -> {
            try (Stream<Version> versions = open.versions(VersionQuery.all().readable())) {
                versions.forEach(version -> {
                    String name = String.valueOf(version.name());
                    if (version.kind() == Version.Kind.HEAD) {
                        Keyspace keyspace = Objects.requireNonNull(open.keyspace(name));
                        all.put("keyspace " + name + " of " + version.tree(), content(keyspace));
                    } else if (!name.startsWith("backup-")) {
                        Snapshot snapshot = Objects.requireNonNull(open.snapshot(version.id()));
                        all.put(version.tree() + "@" + name, snapshot.identity() + content(snapshot));
                    }
                });
            }
        });
        return all;
    }

    private static String content(Reader reader) {
        StringBuilder text = new StringBuilder();
        try (Cursor cursor = reader.scan(KeyRange.all())) {
            while (cursor.next()) {
                text.append(' ')
                        .append(Escapes.escape(cursor.key()))
                        .append('=')
                        .append(Escapes.escape(cursor.value()));
            }
        }
        return text.toString();
    }

    // ---- diff, export, import ----

    @Test
    void diffShowsWhatHasToBeDone() {
        Path store = store(folder.resolve("s"));
        with(store, open -> {
            Keyspace k = open.createKeyspace("k");
            k.put(bytes("a"), bytes("1"));
            k.put(bytes("b"), bytes("2"));
            k.put(bytes("same"), bytes("3"));
            k.snapshot("s");
            k.put(bytes("a"), bytes("x\ty"));
            k.delete(bytes("b"));
            k.put(bytes("c"), new byte[] {(byte) 0xff});
            open.createKeyspace("other");
        });
        assertEquals("~\ta\t1\tx\\ty\n-\tb\t2\n+\tc\t\\xff\n", ok("diff", store, "k@s", "k"));
        assertEquals("+\tb\t2\n", ok("diff", store, "k", "k@s", "--prefix", "b"));
        assertEquals("", ok("diff", store, "k", "k"));
        assertEquals("""
                {"change": "changed", "key": "a", "old": "1", "new": "x\\u0009y"}
                {"change": "removed", "key": "b", "old": "2"}
                {"change": "added", "key": "c", "newHex": "ff"}
                """, ok("diff", store, "k@s", "k", "--json"));
        assertEquals(2, run("diff", store, "k", "other").code());
        assertEquals(
                "donjon: there is no keyspace nobody\n",
                run("diff", store, "k", "nobody").err());
    }

    @Test
    void aSnapshotGoesThroughAPipe() {
        Path store = store(folder.resolve("s"));
        with(store, open -> {
            Keyspace k = open.createKeyspace("k");
            k.put(bytes("a"), bytes("1"));
            k.snapshot("s");
            k.delete(bytes("a"));
            k.put(bytes("b"), bytes("2"));
            k.snapshot("t");
        });
        byte[] all = run("export", store, "k@s").bytes();
        byte[] rest = run("export", store, "k@t", "--base", "k@s").bytes();
        Path other = store(folder.resolve("o"));
        Result early = runWith(rest, "import", other, "k");
        assertEquals(3, early.code());
        assertTrue(early.err().contains("there is no keyspace k"), early.err());
        assertEquals("k@s\n", runWith(all, "import", other, "k").out());
        byte[] damaged = rest.clone();
        damaged[damaged.length / 2]++;
        assertEquals(3, runWith(damaged, "import", other, "k").code());
        assertEquals("k@t\n", runWith(rest, "import", other, "k").out());
        assertEquals(content(store), content(other));
    }

    // ---- backup ----

    private static void branch(Store open) {
        Keyspace k = open.createKeyspace("k");
        for (int round = 0; round < 4; round++) {
            k.put(bytes("round"), bytes("" + round));
            k.put(bytes("key " + round), bytes("value " + round));
            k.snapshot("s" + round);
        }
        k.put(bytes("later"), bytes("than all snapshots"));
        Keyspace clone = Objects.requireNonNull(k.snapshotNamed("s1")).cloneAs("clone");
        clone.put(bytes("only"), bytes("here"));
        clone.snapshot("of clone");
        Objects.requireNonNull(k.snapshotNamed("s0")).drop();
        open.createKeyspace("empty");
        // Its name is that of another's tree.
        open.createKeyspace("was here").put(bytes("x"), bytes("y"));
        Objects.requireNonNull(open.keyspace("was here")).rename("moved");
        open.createKeyspace("gone").snapshot("left");
        Objects.requireNonNull(open.keyspace("gone")).drop();
    }

    @Test
    void aRestoredStoreHasAllThatTheBackupHad() throws IOException {
        Path store = store(folder.resolve("s"));
        with(store, BackupTest::branch);
        Path backup = folder.resolve("b");
        assertTrue(ok("backup", store, backup).startsWith("4 keyspaces, 8 snapshots; 8 are new, "));
        List<Path> files = files(backup);
        assertTrue(ok("backup", store, backup).endsWith("; 0 are new, 0 bytes\n"));
        assertEquals(files, files(backup));
        assertTrue(ok("restore", backup, folder.resolve("r1")).startsWith("4 keyspaces, 8 snapshots"));
        assertEquals(content(store), content(folder.resolve("r1")));
        with(store, open -> {
            Keyspace k = Objects.requireNonNull(open.keyspace("k"));
            k.delete(bytes("later"));
            Objects.requireNonNull(k.snapshotNamed("s2")).drop();
            Objects.requireNonNull(k.snapshotNamed("s3")).rename("renamed");
            k.rollback(Objects.requireNonNull(k.snapshotNamed("s1")));
            k.put(bytes("new"), bytes("line"));
            Objects.requireNonNull(open.keyspace("empty")).drop();
        });
        ok("backup", store, backup);
        ok("restore", backup, folder.resolve("r2"));
        assertEquals(content(store), content(folder.resolve("r2")));
        // The restored one goes on where the other was.
        with(
                folder.resolve("r2"),
                open -> Objects.requireNonNull(open.keyspace("k")).put(bytes("z"), bytes("z")));
        assertTrue(ok("backup", folder.resolve("r2"), backup).contains("; 1 are new, "));
        ok("restore", backup, folder.resolve("r3"));
        assertEquals(content(folder.resolve("r2")), content(folder.resolve("r3")));
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    /** {@code -Dseeds=N} tries more. */
    static LongStream seeds() {
        return LongStream.range(0, Integer.getInteger("seeds", 2));
    }

    /** With a backup, and now and then a restore, after each of many rounds of changes. */
    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void backupsFollowAnyHistory(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Path store = store(folder.resolve("s"));
        Path backup = folder.resolve("b");
        for (int round = 0; round < 6; round++) {
            int number = round;
            with(store, open -> {
                for (int step = 0; step < 25; step++) {
                    change(open, random, number + "-" + step);
                }
            });
            ok("backup", store, backup);
            if (round % 3 == 2) {
                Path restored = folder.resolve("r" + round);
                ok("restore", backup, restored);
                assertEquals(content(store), content(restored), "seed " + seed + ", round " + round);
            }
        }
    }

    private static void change(Store open, SplittableRandom random, String name) {
        List<Version> versions;
        try (Stream<Version> found = open.versions(VersionQuery.all().readable())) {
            versions = found.toList();
        }
        List<Keyspace> heads = new ArrayList<>();
        List<Snapshot> snapshots = new ArrayList<>();
        for (Version version : versions) {
            if (version.kind() == Version.Kind.HEAD) {
                heads.add(Objects.requireNonNull(open.keyspace(String.valueOf(version.name()))));
            } else if (!String.valueOf(version.name()).startsWith("backup-")) {
                snapshots.add(Objects.requireNonNull(open.snapshot(version.id())));
            }
        }
        if (heads.isEmpty() || random.nextInt(30) == 0) {
            open.createKeyspace("k" + name);
            return;
        }
        Keyspace head = heads.get(random.nextInt(heads.size()));
        switch (random.nextInt(14)) {
            case 0, 1 -> head.snapshot("s" + name);
            case 2 -> head.rename("n" + name);
            case 3 -> head.delete(bytes("key" + random.nextInt(6)));
            case 4, 5, 6 -> {
                if (!snapshots.isEmpty()) {
                    Snapshot snapshot = snapshots.get(random.nextInt(snapshots.size()));
                    switch (random.nextInt(4)) {
                        case 0 -> snapshot.cloneAs("c" + name);
                        case 1 -> snapshot.drop();
                        case 2 -> snapshot.rename("m" + name);
                        default -> {
                            if (snapshot.version().tree().equals(head.version().tree())) {
                                head.rollback(snapshot);
                            }
                        }
                    }
                }
            }
            case 7 -> {
                if (heads.size() > 1) {
                    head.drop();
                }
            }
            default -> head.put(bytes("key" + random.nextInt(6)), bytes("value" + random.nextInt(50)));
        }
    }

    /** Until the new list is there the old one holds, whatever else has been written by then. */
    @Test
    void anInterruptedBackupLeavesTheOneBefore() throws IOException {
        Path store = store(folder.resolve("s"));
        with(store, BackupTest::branch);
        Path backup = folder.resolve("b");
        ok("backup", store, backup);
        Map<String, String> before = content(store);
        Path interrupted = folder.resolve("i");
        copy(backup, interrupted);
        with(store, open -> {
            Objects.requireNonNull(open.keyspace("k")).put(bytes("more"), bytes("more"));
            Objects.requireNonNull(open.keyspace("k")).snapshot("more");
        });
        ok("backup", store, backup);
        for (Path file : files(backup)) {
            if (!file.endsWith("backup.txt") && !Files.exists(interrupted.resolve(file.getFileName()))) {
                Files.copy(file, interrupted.resolve(file.getFileName()));
            }
        }
        Files.writeString(interrupted.resolve("backup.txt.new"), "donjon-ba");
        Files.writeString(interrupted.resolve(new UUID(1, 1) + ".snapshot.new"), "DONJ");
        ok("restore", interrupted, folder.resolve("r1"));
        assertEquals(before, content(folder.resolve("r1")));
        ok("backup", store, interrupted);
        ok("restore", interrupted, folder.resolve("r2"));
        assertEquals(content(store), content(folder.resolve("r2")));
        assertFalse(Files.exists(interrupted.resolve("backup.txt.new")));
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        for (Path file : files(from)) {
            Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    @Test
    void whatIsDamagedOrOfSomethingElseIsRefused() throws IOException {
        Path store = store(folder.resolve("s"));
        with(store, BackupTest::branch);
        Path backup = folder.resolve("b");
        ok("backup", store, backup);
        assertFailure("is not empty", "restore", backup, store);
        assertFailure("there is no backup in", "restore", folder, folder.resolve("n"));
        assertFalse(Files.exists(folder.resolve("n")));

        Path stranger = store(folder.resolve("stranger"));
        with(stranger, BackupTest::branch);
        assertFailure("the backup of another store", "backup", stranger, backup);
        Path full = Files.createDirectory(folder.resolve("full"));
        Files.writeString(full.resolve("letter"), "x");
        assertFailure("holds other files and no backup", "backup", stranger, full);

        Path file = files(backup).stream()
                .filter(each -> each.toString().endsWith(".snapshot"))
                .findFirst()
                .orElseThrow();
        byte[] sound = Files.readAllBytes(file);
        byte[] damaged = sound.clone();
        damaged[damaged.length - 1]++;
        Files.write(file, damaged);
        assertFailure("checksum", "restore", backup, folder.resolve("r1"));
        Files.write(file, Arrays.copyOf(sound, sound.length - 1));
        assertFailure(file.toString(), "restore", backup, folder.resolve("r2"));
        assertFalse(Files.exists(folder.resolve("r2")));
        Files.write(file, sound);
        Path list = backup.resolve("backup.txt");
        String text = Files.readString(list);
        Files.writeString(list, text.replace("kept", "gone"));
        assertFailure("its checksum is wrong", "restore", backup, folder.resolve("r3"));
        assertFailure("its checksum is wrong", "backup", store, backup);
        Files.writeString(list, text);
        ok("restore", backup, folder.resolve("r4"));
    }

    private static void assertFailure(String says, Object... args) {
        Result result = run(args);
        assertEquals(3, result.code(), result.out());
        assertTrue(result.err().contains(says), result.err());
    }
}
