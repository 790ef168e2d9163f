package io.donjon.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.perf.git.RepositoryGenerator;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.eclipse.jgit.lib.ObjectReader;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.revwalk.RevWalk;
import org.eclipse.jgit.storage.file.FileRepositoryBuilder;
import org.eclipse.jgit.treewalk.TreeWalk;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code import-git}, {@code check-git}, {@code scan --format git} and {@code demo} as they are called. */
final class GitCommandsTest {
    @TempDir
    private Path folder;

    private Path repository = Path.of("");
    private String main = "";
    private String store = "";

    private record Done(int code, String out, String err) {}

    private static Done run(String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code =
                Main.run(args, InputStream.nullInputStream(), out, new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Done(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    @BeforeEach
    void generate() throws IOException {
        repository = folder.resolve("repository");
        store = folder.resolve("store").toString();
        var made = RepositoryGenerator.generate(repository, new RepositoryGenerator.Options(60, 3, true));
        main = String.valueOf(made.refs().get("refs/heads/main"));
    }

    @Test
    void aRepositoryIsImportedScannedAndChecked() throws IOException {
        Done first = run("import-git", store, repository.toString());
        assertEquals(new Done(ExitCode.OK, first.out(), ""), first);
        assertTrue(first.out().startsWith("imported 60 new commits, 0 were there: "), first.out());
        assertTrue(first.out().contains("\n  main@" + main + "  created\n"), first.out());

        Done scan = run("scan", store, "main@" + main, "--format", "git", "-z");
        assertEquals(new Done(ExitCode.OK, listed(), ""), scan);
        Done head = run("scan", store, "main", "--format", "git");
        assertEquals(
                listed().chars().filter(c -> c == 0).count(), head.out().lines().count());
        assertEquals(
                ExitCode.USAGE,
                run("scan", store, "main", "--format", "git", "--keys-only").code());

        Done again = run("import-git", store, repository.toString(), "--json");
        assertTrue(again.out().startsWith("{\"commits\": 0, \"commitsThere\": 60, \"changes\": 0,"), again.out());
        assertTrue(again.out().contains("\"head\": \"main\""), again.out());
        assertTrue(again.out()
                .contains("\"branches\": [{\"keyspace\": \"main\", \"ref\": \"refs/heads/main\", \"commit\": \"" + main
                        + "\", \"action\": \"kept\"}"));

        Done check = run("check-git", store, repository.toString());
        assertEquals(ExitCode.OK, check.code(), check.err());
        assertTrue(check.out().startsWith("60 of 60 commits compared with "), check.out());
        assertTrue(check.out().contains("all equal"), check.out());

        run("put", store, "main", "k", "v");
        Done odd = run("scan", store, "main", "--format", "git");
        assertEquals(ExitCode.FAILED, odd.code());
        assertTrue(odd.err().contains("key k: "), odd.err());
    }

    /** Path by path from JGit, for -z: no quotes. */
    private String listed() throws IOException {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        try (Repository opened = new FileRepositoryBuilder()
                        .setGitDir(repository.toFile())
                        .setMustExist(true)
                        .build();
                ObjectReader reader = opened.newObjectReader();
                RevWalk commits = new RevWalk(reader);
                TreeWalk walk = new TreeWalk(reader)) {
            walk.addTree(commits.parseCommit(opened.resolve(main)).getTree());
            walk.setRecursive(true);
            while (walk.next()) {
                String mode = "%06o".formatted(walk.getFileMode().getBits());
                String start = mode
                        + (mode.equals("160000") ? " commit " : " blob ")
                        + walk.getObjectId(0).name()
                        + '\t';
                lines.writeBytes(start.getBytes(StandardCharsets.US_ASCII));
                lines.writeBytes(walk.getRawPath());
                lines.write(0);
            }
        }
        return lines.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aCheckThatFindsSomethingEndsWithOne() {
        run("create", store);
        Done check = run("check-git", store, repository.toString(), "--sample", "5", "--json");
        assertEquals(ExitCode.FINDING, check.code());
        assertTrue(check.out().contains("\"checked\": 5,"), check.out());
        assertTrue(check.out().contains("refs/heads/main: there is no keyspace main"), check.out());
        assertEquals(
                ExitCode.USAGE,
                run("check-git", store, repository.toString(), "--sample", "0").code());
    }

    @Test
    void whatIsNoRepositoryEndsWithThreeAndMakesNoStore() {
        Done done = run("import-git", store, folder.toString());
        assertEquals(new Done(ExitCode.FAILED, "", "donjon: " + folder + ": there is no git repository here\n"), done);
        assertFalse(Files.exists(Path.of(store)));
        assertEquals(
                ExitCode.USAGE,
                run("import-git", store, repository.toString(), "--keyspace", "a/b")
                        .code());
        assertFalse(Files.exists(Path.of(store)));
    }

    @Test
    void theDemoRunsAgain() throws IOException {
        for (int round = 0; round < 2; round++) {
            Done done = run("demo", repository.toString(), "--store", store, "--quick");
            assertEquals(new Done(ExitCode.OK, done.out(), ""), done);
            assertTrue(done.out().contains("50 of 60 commits compared with "), done.out());
            assertTrue(done.out().contains("not a byte has changed"), done.out());
            assertTrue(
                    done.out().contains("blob ce013625030ba8dba906f756967f9e9ca394464a hello-from-donjon.txt"),
                    done.out());
            assertTrue(
                    done.out().contains("./donjon scan '" + store + "' 'main@" + main + "' --format git"), done.out());
            for (String line : done.out().split("\n", -1)) {
                assertTrue(line.contains(folder.toString()) || line.length() <= 100, line);
            }
            assertEquals("*\n", Files.readString(Path.of(store, ".gitignore")));
        }
        Done changed = run("scan", store, "demo:clone@demo-changed", "--format", "git");
        Done origin = run("scan", store, "main@" + main, "--format", "git");
        List<String> added = changed.out()
                .lines()
                .filter(line -> !origin.out().contains(line + "\n"))
                .toList();
        assertEquals(2, added.size(), added.toString());
    }

    @Test
    void theDemoTouchesNoFolderThatHoldsOtherThings() throws IOException {
        Files.createDirectories(Path.of(store));
        Files.writeString(Path.of(store, "mine"), "kept");
        Done done = run("demo", repository.toString(), "--store", store, "--quick");
        assertEquals(ExitCode.FAILED, done.code());
        assertTrue(done.err().contains("holds other files, such as mine"), done.err());
        assertEquals("kept", Files.readString(Path.of(store, "mine")));
        assertArrayEquals(new String[] {"mine"}, new File(store).list());
    }
}
