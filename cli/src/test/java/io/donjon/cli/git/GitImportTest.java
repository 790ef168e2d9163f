package io.donjon.cli.git;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Cursor;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Reader;
import io.donjon.Snapshot;
import io.donjon.Store;
import io.donjon.StoreOptions;
import io.donjon.Version;
import io.donjon.VersionQuery;
import io.donjon.cli.Failure;
import io.donjon.cli.git.ImportResult.Action;
import io.donjon.cli.git.ImportResult.Branch;
import io.donjon.perf.compare.Progress;
import io.donjon.perf.git.RepositoryGenerator;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectInserter;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code -Dcommits=N} makes the generated repository larger, {@code -Dseed=N} replays one interruption. */
final class GitImportTest {
    private static final int COMMITS = Integer.getInteger("commits", 300);

    /** Commits that git itself lists where JGit has told of all. */
    private static final int SAMPLE = 20;

    @TempDir
    private static Path shared;

    /** A generated repository with everything that git allows, bare. */
    private static Path generated = Path.of("");

    private static Expected expected = new Expected(Map.of(), Map.of());

    @TempDir
    private Path folder;

    private Path storeFolder = Path.of("");
    private Path repositoryFolder = Path.of("");

    @BeforeAll
    static void generate() throws IOException {
        generated = shared.resolve("generated.git");
        RepositoryGenerator.generate(generated, new RepositoryGenerator.Options(COMMITS, 1, true));
        expected = Expected.of(generated);
    }

    @BeforeEach
    void paths() {
        storeFolder = folder.resolve("store");
        repositoryFolder = folder.resolve("repository");
    }

    // ---- helpers ----

    private Store open() {
        return Store.open(StoreOptions.at(storeFolder).createIfMissing(true).memoryBytes(8L << 20));
    }

    private static ImportResult run(Store store, Path repository) {
        return GitImport.run(store, repository, null, Progress.NONE);
    }

    private static Keyspace keyspace(Store store, String name) {
        return Objects.requireNonNull(store.keyspace(name), name);
    }

    /** Path, one character for each byte, and mode with object id. */
    private static Map<String, String> files(Reader reader) {
        Map<String, String> files = new TreeMap<>();
        try (Cursor cursor = reader.scan(KeyRange.all())) {
            while (cursor.next()) {
                GitFormat.Entry entry = GitFormat.decode(cursor.value());
                files.put(
                        new String(cursor.keyBytes(), StandardCharsets.ISO_8859_1),
                        entry.mode() + " " + entry.object());
            }
        }
        return files;
    }

    /** Commits by name with the name of the version that each was born from, "" for none, as the store has them. */
    private static Map<String, String> commits(Store store) {
        Map<String, String> commits = new HashMap<>();
        try (Stream<Version> versions = store.versions(VersionQuery.all().kind(Version.Kind.SNAPSHOT))) {
            versions.forEach(version -> {
                Version parent = store.version(version.parent());
                String before = commits.put(
                        String.valueOf(version.name()), parent == null ? "" : String.valueOf(parent.name()));
                assertNull(before, "two snapshots are named " + version.name());
            });
        }
        return commits;
    }

    private static Set<String> keyspaces(Store store) {
        try (Stream<Version> heads = store.versions(VersionQuery.all().kind(Version.Kind.HEAD))) {
            return heads.map(head -> String.valueOf(head.name())).collect(Collectors.toSet());
        }
    }

    private static Snapshot snapshot(Store store, String commit) {
        VersionQuery query = VersionQuery.all().kind(Version.Kind.SNAPSHOT).namePrefix(commit);
        try (Stream<Version> versions = store.versions(query)) {
            return Objects.requireNonNull(
                    store.snapshot(versions.findFirst().orElseThrow().id()));
        }
    }

    /** Everything that a complete import promises, against JGit's and, where it is installed, git's own reading. */
    private static void assertHolds(Store store, Path repository, Expected history, ImportResult result) {
        assertEquals(history.commits(), commits(store));
        history.files().forEach((commit, files) -> assertEquals(files, files(snapshot(store, commit)), commit));
        Set<String> wanted = new HashSet<>();
        for (Branch branch : result.branches()) {
            wanted.add(branch.keyspace());
            assertEquals(history.files().get(branch.commit()), files(keyspace(store, branch.keyspace())));
        }
        Set<String> roots = new HashSet<>();
        history.commits().forEach((commit, parent) -> {
            if (parent.isEmpty()) {
                roots.add(commit);
            }
        });
        assertEquals(
                roots, result.roots().stream().map(ImportResult.Root::commit).collect(Collectors.toSet()));
        result.roots().forEach(root -> {
            wanted.add(root.keyspace());
            assertNotNull(keyspace(store, root.keyspace()).snapshotNamed(root.commit()));
        });
        assertEquals(wanted, keyspaces(store));
        CheckResult check = GitCheck.run(store, repository, null, SAMPLE, Progress.NONE);
        assertEquals(List.of(), check.examples());
        assertEquals(Math.min(SAMPLE, history.commits().size()), check.checked());
    }

    // ---- whole repositories ----

    @Test
    void everyCommitReadsAsGitReadsIt() throws IOException {
        ImportResult result;
        try (Store store = open()) {
            result = run(store, generated);
            assertEquals(COMMITS, expected.commits().size());
            assertEquals(COMMITS, result.commits());
            assertEquals(0, result.commitsThere());
            assertHolds(store, generated, expected, result);
        }
        try (Store store = open()) {
            CheckResult check = GitCheck.run(store, generated, null, Integer.MAX_VALUE, Progress.NONE);
            assertEquals(List.of(), check.examples());
            assertEquals(COMMITS, check.checked());
            ImportResult again = run(store, generated);
            assertEquals(0, again.commits());
            assertEquals(COMMITS, again.commitsThere());
            assertEquals(0, again.changes());
            assertTrue(again.branches().stream().allMatch(branch -> branch.action() == Action.KEPT));
            assertHolds(store, generated, expected, again);
        }
    }

    @Test
    void newCommitsAreAddedToWhatIsThere() throws IOException {
        Path copy = folder.resolve("copy.git");
        RepositoryGenerator.Result made =
                RepositoryGenerator.generate(copy, new RepositoryGenerator.Options(COMMITS, 2, true));
        try (Store store = open();
                TestRepository repository = new TestRepository(folder.resolve("other.git"), true)) {
            Path alternates = folder.resolve("other.git/objects/info/alternates");
            Files.createDirectories(alternates.getParent());
            Files.writeString(alternates, copy.resolve("objects").toAbsolutePath() + "\n");
            List<String> commits = List.copyOf(Expected.of(copy).commits().keySet());
            SplittableRandom random = new SplittableRandom(2);
            int there = 0;
            for (int round = 0; round < 4; round++) {
                // Branches stand anywhere in history and jump about, as they do after a force push.
                for (int i = 0; i < 3; i++) {
                    String commit = commits.get(random.nextInt(commits.size()));
                    repository.point("refs/heads/branch-" + i, ObjectId.fromString(commit));
                }
                ImportResult result = run(store, folder.resolve("other.git"));
                Expected now = Expected.of(repository.repository());
                assertEquals(now.commits().size(), result.commits() + result.commitsThere());
                // Commits that no branch reaches any more stay.
                Map<String, String> found = commits(store);
                now.commits().forEach((commit, parent) -> assertEquals(parent, found.get(commit)));
                assertEquals(there + result.commits(), found.size());
                there = found.size();
            }
            for (Map.Entry<String, String> ref : made.refs().entrySet()) {
                repository.point(ref.getKey(), ObjectId.fromString(ref.getValue()));
            }
            for (int i = 0; i < 3; i++) {
                repository.point(
                        "refs/heads/branch-" + i,
                        ObjectId.fromString(made.refs().get("refs/heads/main")));
            }
            ImportResult result = run(store, folder.resolve("other.git"));
            assertEquals(there, result.commitsThere());
            assertEquals(COMMITS - there, result.commits());
            Map<String, String> found = commits(store);
            Expected all = Expected.of(repository.repository());
            assertEquals(all.commits(), found);
            all.files().forEach((commit, files) -> assertEquals(files, files(snapshot(store, commit)), commit));
            CheckResult check =
                    GitCheck.run(store, folder.resolve("other.git"), null, Integer.MAX_VALUE, Progress.NONE);
            assertEquals(List.of(), check.examples());
        }
    }

    // ---- interruptions ----

    static LongStream seeds() {
        Long one = Long.getLong("seed");
        return one == null ? LongStream.range(0, Integer.getInteger("seeds", 3)) : LongStream.of(one);
    }

    private static final class Stop extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** What a whole snapshot holds after an import was cut short. */
    private static int assertOnlyWholeCommits(Store store) {
        Map<String, String> found = commits(store);
        found.forEach((commit, parent) -> {
            assertEquals(expected.commits().get(commit), parent);
            assertEquals(expected.files().get(commit), files(snapshot(store, commit)), commit);
        });
        return found.size();
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void anInterruptedImportGoesOn(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int interruptions = 0;
        int there = 0;
        while (true) {
            // A commit has at most a few steps, of which every second is behind its batch and before its snapshot.
            int[] steps = {random.nextInt(1, COMMITS / 2)};
            try (Store store = open()) {
                assertEquals(there, assertOnlyWholeCommits(store));
                ImportResult result = GitImport.run(store, generated, null, (what, done, total) -> {
                    if (what.startsWith("importing") && --steps[0] == 0) {
                        throw new Stop();
                    }
                });
                assertEquals(there, result.commitsThere());
                assertHolds(store, generated, expected, result);
                break;
            } catch (Stop stop) {
                interruptions++;
            }
            try (Store store = open()) {
                there = commits(store).size();
            }
        }
        assertTrue(interruptions > 0, "the import was never interrupted");
    }

    /** An import in a process of its own, which says when it has begun. */
    static final class Importer {
        private Importer() {}

        public static void main(String[] args) {
            try (Store store = Store.open(
                    StoreOptions.at(Path.of(args[0])).createIfMissing(true).memoryBytes(8L << 20))) {
                GitImport.run(store, Path.of(args[1]), null, (what, done, total) -> System.out.println(what));
            }
        }
    }

    @Test
    void aKilledImportGoesOn() throws IOException, InterruptedException {
        SplittableRandom random = new SplittableRandom(5);
        boolean cutShort = false;
        for (int round = 0; round < 2; round++) {
            Process process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            Importer.class.getName(),
                            storeFolder.toString(),
                            generated.toString())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            int lines = random.nextInt(1, COMMITS / 2);
            try (BufferedReader out = process.inputReader()) {
                for (String line = out.readLine(); line != null; line = out.readLine()) {
                    if (line.startsWith("importing") && --lines == 0) {
                        process.destroyForcibly();
                        break;
                    }
                }
            }
            process.waitFor();
            try (Store store = open()) {
                int there = assertOnlyWholeCommits(store);
                cutShort |= there > 0 && there < COMMITS;
            }
        }
        assertTrue(cutShort, "no import was killed in the middle");
        try (Store store = open()) {
            assertHolds(store, generated, expected, run(store, generated));
        }
    }

    @Test
    void aRootThatWasCutShortIsMadeWhole() throws IOException {
        Map<String, String> many = new HashMap<>();
        for (int i = 0; i < 20_000; i++) {
            many.put("folder-" + i % 40 + "/file-" + i, i < 3 ? "text " + i : "the same");
        }
        try (TestRepository repository = new TestRepository(repositoryFolder, true)) {
            ObjectId root = repository.commit(many);
            repository.point("refs/heads/main", root);
            for (int stopAt = 1; stopAt <= 3; stopAt++) {
                int[] steps = {stopAt};
                try (Store store = open()) {
                    assertThrows(
                            Stop.class,
                            () -> GitImport.run(store, repositoryFolder, null, (what, done, total) -> {
                                if (what.startsWith("importing") && --steps[0] == 0) {
                                    throw new Stop();
                                }
                            }));
                    assertEquals(Map.of(), commits(store));
                }
            }
            try (Store store = open()) {
                ImportResult result = run(store, repositoryFolder);
                assertEquals(20_000, result.changes());
                assertHolds(store, repositoryFolder, Expected.of(repository.repository()), result);
                assertEquals("main", snapshot(store, root.name()).version().tree());
            }
        }
    }

    /** The root is gone from the repository by the time of the next import. */
    @Test
    void leftoversOfACommitThatIsGoneAreDropped() throws IOException {
        try (TestRepository repository = new TestRepository(repositoryFolder, true);
                Store store = open()) {
            repository.point("refs/heads/main", repository.commit(Map.of("a", "1")));
            assertThrows(
                    Stop.class,
                    () -> GitImport.run(store, repositoryFolder, null, (what, done, total) -> {
                        if (what.startsWith("importing") && !keyspaces(store).isEmpty()) {
                            throw new Stop();
                        }
                    }));
            assertEquals(1, keyspaces(store).size());
            repository.point("refs/heads/main", repository.commit(Map.of("b", "2")));
            run(store, repositoryFolder);
            assertEquals(Set.of("main"), keyspaces(store));
            assertEquals(Set.of("b"), files(keyspace(store, "main")).keySet());
        }
    }

    // ---- branches ----

    @Test
    void keyspacesFollowTheirBranches() throws IOException {
        try (TestRepository repository = new TestRepository(repositoryFolder, false);
                Store store = open()) {
            ObjectId a = repository.commit(Map.of("x", "1"));
            ObjectId b = repository.commit(Map.of("x", "2"), a);
            ObjectId c = repository.commit(Map.of("x", "3", "y", "3"), a);
            ObjectId other = repository.commit(Map.of("z", "4"));
            repository.point("refs/heads/main", b);
            repository.point("refs/heads/rest", b);
            ImportResult first = run(store, repositoryFolder);
            assertEquals("main", first.head());
            assertEquals(
                    List.of(
                            new Branch("main", "refs/heads/main", b.name(), Action.CREATED),
                            new Branch("rest", "refs/heads/rest", b.name(), Action.CREATED)),
                    first.branches());
            Keyspace main = keyspace(store, "main");

            repository.point("refs/heads/main", c); // to the side
            repository.delete("refs/heads/rest");
            ImportResult second = run(store, repositoryFolder);
            assertEquals(List.of(new Branch("main", "refs/heads/main", c.name(), Action.MOVED)), second.branches());
            assertEquals(1, second.commits());
            assertEquals(Set.of("x", "y"), files(main).keySet());
            assertEquals(Set.of("x"), files(keyspace(store, "rest")).keySet());

            repository.point("refs/heads/main", a); // back
            assertEquals(
                    Action.MOVED, run(store, repositoryFolder).branches().get(0).action());
            assertEquals(Set.of("x"), files(main).keySet());
            assertEquals(
                    a.name(),
                    Objects.requireNonNull(store.version(main.version().parent()))
                            .name());

            repository.point("refs/heads/main", other); // to another root
            ImportResult fourth = run(store, repositoryFolder);
            assertEquals(Action.MOVED, fourth.branches().get(0).action());
            assertEquals(Set.of("z"), files(keyspace(store, "main")).keySet());
            assertEquals(List.of(new ImportResult.Root(other.name(), "main")), fourth.roots());
            assertEquals(4, commits(store).size());
        }
    }

    @Test
    void aKeyspaceThatWasWrittenToIsNotMoved() throws IOException {
        try (TestRepository repository = new TestRepository(repositoryFolder, true);
                Store store = open()) {
            ObjectId a = repository.commit(Map.of("x", "1"));
            repository.point("refs/heads/main", a);
            run(store, repositoryFolder);
            Keyspace main = keyspace(store, "main");
            main.put(new byte[] {'n'}, new byte[] {1});
            assertEquals(
                    Action.KEPT, run(store, repositoryFolder).branches().get(0).action());
            main.snapshot("mine");

            repository.point("refs/heads/main", repository.commit(Map.of("x", "2"), a));
            Failure failure = assertThrows(Failure.class, () -> run(store, repositoryFolder));
            assertTrue(String.valueOf(failure.getMessage()).contains("main (at " + a.name()), failure.getMessage());
            assertEquals(Set.of(a.name(), "mine"), commits(store).keySet());
            assertTrue(main.contains(new byte[] {'n'}));

            main.delete(new byte[] {'n'}); // as the commit again, though not born from it
            assertEquals(
                    Action.MOVED, run(store, repositoryFolder).branches().get(0).action());
        }
    }

    @Test
    void aKeyspaceOfSomethingElseIsNotTouched() throws IOException {
        Path second = folder.resolve("second");
        try (TestRepository repository = new TestRepository(repositoryFolder, true);
                TestRepository other = new TestRepository(second, true);
                Store store = open()) {
            repository.point("refs/heads/main", repository.commit(Map.of("x", "1")));
            other.point("refs/heads/main", other.commit(Map.of("y", "1")));
            other.point("refs/heads/side/one", other.commit(Map.of("z", "1")));
            store.createKeyspace("main").put(new byte[] {'k'}, new byte[] {'v'});
            Failure failure = assertThrows(Failure.class, () -> run(store, repositoryFolder));
            assertTrue(String.valueOf(failure.getMessage()).contains("keyspace main is there"), failure.getMessage());
            assertEquals(Set.of("main"), keyspaces(store));
            assertTrue(keyspace(store, "main").contains(new byte[] {'k'}));
            keyspace(store, "main").drop();

            run(store, repositoryFolder);
            assertThrows(Failure.class, () -> run(store, second)); // main is the first repository's
            ImportResult result = GitImport.run(store, second, "two", Progress.NONE);
            assertEquals("two", result.head());
            assertEquals(Set.of("main", "two", "two:main", "two:side%2Fone"), keyspaces(store));
            assertEquals(Set.of("y"), files(keyspace(store, "two")).keySet());
            assertEquals(Set.of("x"), files(keyspace(store, "main")).keySet());
            assertTrue(GitCheck.run(store, second, "two", 10, Progress.NONE).isClean());
            assertFalse(GitCheck.run(store, second, null, 10, Progress.NONE).isClean());
        }
    }

    @Test
    void anEmptyKeyspaceMakesRoom() throws IOException {
        try (TestRepository repository = new TestRepository(repositoryFolder, true);
                Store store = open()) {
            ObjectId a = repository.commit(Map.of("x", "1"));
            repository.point("refs/heads/main", a);
            repository.point("refs/heads/rest", a);
            store.createKeyspace("main");
            store.createKeyspace("rest");
            assertHolds(store, repositoryFolder, Expected.of(repository.repository()), run(store, repositoryFolder));
        }
    }

    @Test
    void remoteBranchesTagsAndDetachedHeadsCount() throws IOException {
        try (TestRepository repository = new TestRepository(repositoryFolder, true);
                Store store = open()) {
            ObjectId a = repository.commit(Map.of("x", "1"));
            ObjectId b = repository.commit(Map.of("x", "2"), a);
            ObjectId c = repository.commit(Map.of("x", "3"), a);
            ObjectId d = repository.commit(Map.of("x", "4"), a);
            ObjectId root = repository.commit(Map.of("r", "1"));
            repository.point("refs/heads/a@b", a);
            repository.point("refs/remotes/origin/main", b);
            repository.point("refs/tags/v1", c);
            repository.point("refs/tags/root", root);
            try (ObjectInserter inserter = repository.repository().newObjectInserter()) {
                ObjectId blob = inserter.insert(Constants.OBJ_BLOB, new byte[0]);
                inserter.flush();
                repository.point("refs/tags/blob", blob);
            }
            repository.point("HEAD", d);
            ImportResult result = run(store, repositoryFolder);
            assertEquals("HEAD", result.head());
            assertEquals(
                    Set.of(
                            "HEAD",
                            "a%40b",
                            "origin%2Fmain",
                            "root:" + root.name().substring(0, 12)),
                    keyspaces(store));
            assertEquals(5, result.commits());
            assertEquals(1, result.notes().size());
            assertTrue(
                    result.notes().get(0).contains("refs/tags/blob, a blob"),
                    result.notes().get(0));
            assertNotNull(keyspace(store, "a%40b").snapshotNamed(c.name()));
            assertHolds(store, repositoryFolder, Expected.of(repository.repository()), result);
        }
    }

    @Test
    void namesAreEscapedSoThatTheyCanBeReadBack() {
        assertEquals("feature%2Fx%40y%25z", KeyspaceNames.escape("feature/x@y%z"));
        assertEquals("a%C2%85ä", KeyspaceNames.escape("a\u0085ä"));
        for (String bad : List.of("", "a/b", "a@b", "a:b", "a\tb", "x".repeat(256))) {
            assertThrows(IllegalArgumentException.class, () -> new KeyspaceNames(bad), bad);
        }
        assertEquals("a%b:x%2Fy", new KeyspaceNames("a%b").branch("refs/heads/x/y"));
        assertEquals("origin%2Fx", new KeyspaceNames(null).branch("refs/remotes/origin/x"));
    }

    @Test
    void aBranchWithTooLongANameIsNoted() throws IOException {
        try (TestRepository repository = new TestRepository(repositoryFolder, true);
                Store store = open()) {
            ObjectId a = repository.commit(Map.of("x", "1"));
            repository.point("refs/heads/" + "abc/".repeat(60) + "x", a);
            ImportResult result = run(store, repositoryFolder);
            assertEquals(1, result.commits());
            assertEquals(List.of(), result.branches());
            assertTrue(
                    result.notes().get(0).contains("too long a name"),
                    result.notes().get(0));
        }
    }

    // ---- kinds of repositories ----

    @ParameterizedTest
    @ValueSource(strings = {"", ".git"})
    void workingTreesCount(String below) throws IOException {
        try (TestRepository repository = new TestRepository(repositoryFolder, false);
                Store store = open()) {
            repository.point("refs/heads/main", repository.commit(Map.of("x", "1")));
            assertHolds(
                    store,
                    repositoryFolder,
                    Expected.of(repository.repository()),
                    run(store, repositoryFolder.resolve(below)));
        }
    }

    /** What {@code git worktree add} makes, made by hand. */
    @Test
    void furtherWorkingTreesCount() throws IOException {
        Path tree = Files.createDirectories(folder.resolve("tree"));
        try (TestRepository repository = new TestRepository(repositoryFolder, false);
                Store store = open()) {
            ObjectId a = repository.commit(Map.of("x", "1"));
            repository.point("refs/heads/main", a);
            repository.point("refs/heads/side", repository.commit(Map.of("y", "1"), a));
            Path git = Files.createDirectories(repositoryFolder.resolve(".git/worktrees/tree"));
            Files.writeString(git.resolve("HEAD"), "ref: refs/heads/side\n");
            Files.writeString(git.resolve("commondir"), "../..\n");
            Files.writeString(git.resolve("gitdir"), tree.resolve(".git").toAbsolutePath() + "\n");
            Files.writeString(tree.resolve(".git"), "gitdir: " + git.toAbsolutePath() + "\n");
            ImportResult result = run(store, tree);
            assertEquals("side", result.head());
            assertHolds(store, tree, Expected.of(repository.repository()), result);
        }
    }

    @Test
    void aRepositoryWithoutCommitsIsFine() throws IOException {
        try (TestRepository repository = new TestRepository(repositoryFolder, true);
                Store store = open()) {
            ImportResult result = run(store, repositoryFolder);
            assertEquals(0, result.commits());
            assertNull(result.head());
            assertEquals(Set.of(), keyspaces(store));
            assertTrue(GitCheck.run(store, repositoryFolder, null, 10, Progress.NONE)
                    .isClean());
            assertEquals(Map.of(), Expected.of(repository.repository()).commits());
        }
    }

    @Test
    void emptyTreesThatNobodyStoredAreKnown() throws IOException {
        try (TestRepository repository = new TestRepository(repositoryFolder, true);
                Store store = open()) {
            ObjectId empty = repository.commit(Map.of());
            ObjectId full = repository.commit(Map.of("x", "1"), empty);
            repository.point("refs/heads/main", repository.commit(Map.of(), full));
            String tree = Constants.EMPTY_TREE_ID.name();
            Files.delete(repositoryFolder.resolve("objects/" + tree.substring(0, 2) + "/" + tree.substring(2)));
            ImportResult result = run(store, repositoryFolder);
            assertEquals(2, result.changes());
            assertHolds(store, repositoryFolder, Expected.of(repository.repository()), result);
            assertTrue(mismatches(store, null).isClean());
        }
    }

    @Test
    void aShallowClonesEndsAreRoots() throws IOException {
        try (TestRepository repository = new TestRepository(repositoryFolder, true);
                Store store = open()) {
            ObjectId a = repository.commit(Map.of("x", "1"));
            ObjectId b = repository.commit(Map.of("x", "2"), a);
            ObjectId c = repository.commit(Map.of("x", "3"), b);
            repository.point("refs/heads/main", c);
            Path stored = repositoryFolder.resolve(
                    "objects/" + a.name().substring(0, 2) + "/" + a.name().substring(2));
            Path away = folder.resolve("away");
            Files.move(stored, away);
            Failure failure = assertThrows(Failure.class, () -> run(store, repositoryFolder));
            assertTrue(
                    String.valueOf(failure.getMessage()).contains("commit " + a.name() + " is missing"),
                    failure.getMessage());
            assertEquals(Map.of(), commits(store));

            Files.writeString(repositoryFolder.resolve("shallow"), b.name() + "\n");
            ImportResult result = run(store, repositoryFolder);
            assertTrue(result.notes().get(0).contains("shallow"), result.notes().get(0));
            assertEquals(Map.of(b.name(), "", c.name(), b.name()), commits(store));

            Files.delete(repositoryFolder.resolve("shallow")); // as git fetch --unshallow does
            Files.move(away, stored);
            assertEquals(1, run(store, repositoryFolder).commits());
            assertEquals(Map.of(a.name(), "", b.name(), "", c.name(), b.name()), commits(store));
            assertTrue(GitCheck.run(store, repositoryFolder, null, 10, Progress.NONE)
                    .isClean());
        }
    }

    @Test
    void aMissingTreeIsNamedWithItsCommit() throws IOException {
        try (TestRepository repository = new TestRepository(repositoryFolder, true);
                Store store = open()) {
            ObjectId a = repository.commit(Map.of("x", "1"));
            ObjectId b = repository.commit(Map.of("x", "1", "d/y", "2"), a);
            repository.point("refs/heads/main", b);
            ObjectId c = repository.commit(Map.of("x", "1", "d/y", "3"), b);
            repository.point("refs/heads/main", c);
            try (var reader = repository.repository().newObjectReader()) {
                String tree = CommitGraph.tree(reader, c).name();
                Files.delete(repositoryFolder.resolve("objects/" + tree.substring(0, 2) + "/" + tree.substring(2)));
            }
            Failure failure = assertThrows(Failure.class, () -> run(store, repositoryFolder));
            assertTrue(String.valueOf(failure.getMessage()).contains("commit " + c.name()), failure.getMessage());
            assertEquals(Set.of(a.name(), b.name()), commits(store).keySet());
        }
    }

    @Test
    void whatIsNoRepositoryIsRefused() throws IOException {
        try (Store store = open()) {
            for (Path bad : List.of(folder, folder.resolve("nowhere"), storeFolder)) {
                Failure failure = assertThrows(Failure.class, () -> run(store, bad));
                assertTrue(
                        String.valueOf(failure.getMessage()).contains(bad + ": there is no git repository"),
                        failure.getMessage());
            }
            try (TestRepository repository = new TestRepository(repositoryFolder, true)) {
                repository.setting("core", "repositoryformatversion", "1");
                repository.setting("extensions", "objectFormat", "sha256");
            }
            Failure failure = assertThrows(Failure.class, () -> run(store, repositoryFolder));
            assertTrue(String.valueOf(failure.getMessage()).contains("sha256"), failure.getMessage());
        }
    }

    @Test
    void theRepositoryIsOnlyRead() throws IOException {
        try (TestRepository repository = new TestRepository(repositoryFolder, true);
                Store store = open()) {
            repository.point("refs/heads/main", repository.commit(Map.of("x", "1")));
            Map<String, String> before = listing(repositoryFolder);
            run(store, repositoryFolder);
            GitCheck.run(store, repositoryFolder, null, 10, Progress.NONE);
            assertEquals(before, listing(repositoryFolder));
        }
    }

    private static Map<String, String> listing(Path folder) throws IOException {
        Map<String, String> listing = new TreeMap<>();
        List<Path> all = new ArrayList<>();
        try (Stream<Path> walk = Files.walk(folder)) {
            walk.forEach(all::add);
        }
        for (Path path : all) {
            listing.put(path.toString(), Files.getLastModifiedTime(path) + " " + Files.size(path));
        }
        return listing;
    }

    // ---- the check ----

    @Test
    void theCheckFindsWhatDiffers() throws IOException {
        try (TestRepository repository = new TestRepository(repositoryFolder, true);
                Store store = open()) {
            ObjectId a = repository.commit(Map.of("x", "1", "y", "1"));
            ObjectId b = repository.commit(Map.of("x", "2", "y", "1"), a);
            repository.point("refs/heads/main", b);
            run(store, repositoryFolder);
            assertEquals(0, mismatches(store, null).mismatches());

            ObjectId c = repository.commit(Map.of("x", "3", "y", "1"), b);
            repository.point("refs/heads/main", c);
            CheckResult behind = mismatches(store, null);
            assertEquals(2, behind.mismatches()); // the branch and the commit
            assertTrue(behind.examples().get(0).contains("keyspace main at " + b.name()), behind.toString());
            assertTrue(behind.examples().get(1).contains(c.name() + ": there is no snapshot"), behind.toString());

            // A snapshot of the right name and the wrong content.
            Keyspace main = keyspace(store, "main");
            main.delete(new byte[] {'x'});
            main.snapshot(c.name());
            CheckResult wrong = mismatches(store, null);
            assertEquals(1, wrong.mismatches());
            assertTrue(wrong.examples().get(0).contains("main@" + c.name() + ": line 1 of git is"), wrong.toString());
            assertNotEquals(0, mismatches(store, "other").mismatches());
        }
    }

    private CheckResult mismatches(Store store, @Nullable String keyspace) {
        try (GitRepository repository = GitRepository.open(repositoryFolder)) {
            CheckResult own = GitCheck.run(
                    store, repository, keyspace, Integer.MAX_VALUE, Progress.NONE, new JGitLister(repository));
            CheckResult any = GitCheck.run(store, repositoryFolder, keyspace, Integer.MAX_VALUE, Progress.NONE);
            assertEquals(own.examples(), any.examples());
            return own;
        }
    }
}
