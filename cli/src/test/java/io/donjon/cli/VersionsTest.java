package io.donjon.cli;

import static io.donjon.cli.Cli.ok;
import static io.donjon.cli.Cli.run;
import static io.donjon.cli.Cli.store;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Durability;
import io.donjon.Keyspace;
import io.donjon.Snapshot;
import io.donjon.Store;
import io.donjon.StoreOptions;
import io.donjon.VersionQuery;
import io.donjon.cli.Cli.Result;
import io.donjon.perf.compare.Progress;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** snapshot, clone, drop, rollback, rename and versions. */
final class VersionsTest {
    @TempDir
    Path folder;

    private Path store;

    @BeforeEach
    void create() {
        store = store(folder.resolve("s"));
    }

    private static String withoutTimes(String drawing) {
        return drawing.replaceAll("  \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\dZ", "");
    }

    private String versions(Object... more) {
        Object[] line = new Object[2 + more.length];
        line[0] = "versions";
        line[1] = store;
        System.arraycopy(more, 0, line, 2, more.length);
        return withoutTimes(ok(line));
    }

    @Test
    void spaceTellsWhatEachVersionTakesAlone() {
        ok("put", store, "k", "a", "x".repeat(3000));
        ok("snapshot", store, "k", "s");
        ok("snapshot", store, "k", "t");
        ok("put", store, "k", "a", "y".repeat(3000));
        String table = versions("--space");
        assertTrue(table.matches("(?s) +alone +with others +freed by drop +version\n.* k@s\n.* k@t\n.* k\n"), table);
        // The two snapshots share what they show; the keyspace's value is its own.
        assertTrue(table.matches("(?s).*\n +0 +[1-9][0-9,]* +0 +k@s\n.*"), table);
        assertTrue(table.matches("(?s).*\n +[1-9][0-9,]* +0 +[1-9][0-9,]* +k\n"), table);
        assertTrue(versions("--space", "--json").contains("\"exclusive\": 0, \"shared\": "));
    }

    @Test
    void aCloneGoesItsOwnWay() {
        ok("put", store, "k", "a", "1");
        ok("snapshot", store, "k", "s");
        ok("clone", store, "k@s", "c");
        ok("put", store, "c", "a", "2");
        assertEquals("1", ok("get", store, "k", "a"));
        assertEquals("2", ok("get", store, "c", "a"));
        assertEquals("1", ok("get", store, "c@s", "a"));
        ok("snapshot", store, "c", "t");
        assertEquals("2", ok("get", store, "k@t", "a"));
    }

    @Test
    void rollbackGoesBack() {
        ok("put", store, "k", "a", "1");
        ok("snapshot", store, "k", "s");
        ok("put", store, "k", "a", "2");
        ok("snapshot", store, "k", "t");
        ok("rollback", store, "k@s");
        assertEquals("1", ok("get", store, "k", "a"));
        assertEquals("2", ok("get", store, "k@t", "a"));
        Result keyspace = run("rollback", store, "k");
        assertEquals(3, keyspace.code());
        assertEquals("donjon: k is a keyspace: a snapshot is written k@SNAPSHOT\n", keyspace.err());
    }

    @Test
    void snapshotsOutliveTheirKeyspace() {
        ok("put", store, "k", "a", "1");
        ok("snapshot", store, "k", "s");
        ok("snapshot", store, "k", "s2");
        ok("drop", store, "k");
        assertEquals("1", ok("get", store, "k@s", "a"));
        assertEquals(
                "donjon: there is no keyspace k\n", run("get", store, "k", "a").err());
        assertEquals(
                "donjon: there is no snapshot t in the tree of k\n",
                run("get", store, "k@t", "a").err());
        ok("clone", store, "k@s", "again");
        ok("rename", store, "k@s", "first");
        assertEquals("1", ok("get", store, "again@first", "a"));
        ok("drop", store, "again@first", "again", "k@s2");
        assertEquals(
                "donjon: there is no keyspace k\n",
                run("get", store, "k@first", "a").err());
        assertEquals("", versions());
    }

    @Test
    void namesThatAreTakenOrMissing() {
        ok("put", store, "k", "a", "1");
        ok("put", store, "l", "a", "1");
        ok("snapshot", store, "k", "s");
        assertEquals(3, run("snapshot", store, "k", "s").code());
        assertEquals(3, run("clone", store, "k@s", "l").code());
        assertEquals(3, run("clone", store, "k", "m").code());
        assertEquals(3, run("rename", store, "k", "l").code());
        assertEquals(3, run("rename", store, "nix", "m").code());
        assertEquals(3, run("drop", store, "nix").code());
        assertEquals(3, run("drop", store, "k@nix").code());
        assertEquals(3, run("versions", store, "nix").code());
        assertEquals(3, run("snapshot", store, "k@s", "t").code());
        assertEquals(2, run("snapshot", store, "k", "a@b").code());
        assertEquals(2, run("snapshot", store, "k").code());
        assertEquals(2, run("versions", store, "--limit", "0").code());
        ok("rename", store, "k", "m");
        assertEquals("1", ok("get", store, "m@s", "a"));
    }

    private void forest() {
        ok("put", store, "main", "a", "1");
        ok("snapshot", store, "main", "v1");
        ok("snapshot", store, "main", "v2");
        ok("clone", store, "main@v1", "fix");
        ok("snapshot", store, "fix", "f1");
        ok("clone", store, "main@f1", "try");
        ok("clone", store, "main@v1", "gone");
        ok("snapshot", store, "main", "v3");
        ok("snapshot", store, "main", "v4");
        ok("drop", store, "gone", "main@v3");
        ok("put", store, "other", "a", "1");
    }

    @Test
    void forksAreDrawnToTheRight() {
        forest();
        String expected = """
                tree main
                ● v1
                ├─● f1
                │ ├─◆ try (keyspace)
                │ ◆ fix (keyspace)
                ● v2
                ○ (dropped)
                ● v4
                ◆ main (keyspace)
                """;
        assertEquals(expected, versions("try"));
        String other = """
                tree other
                ◆ other (keyspace)
                """;
        assertEquals(other, versions("other"));
        assertTrue(List.of(expected + "\n" + other, other + "\n" + expected).contains(versions()), versions());
    }

    @Test
    void limitsSayWhatIsLeftOut() {
        forest();
        assertEquals("""
                tree main
                ● v1
                ├─● f1
                ... and 6 more versions (--limit)
                """, versions("main", "--limit", 2));
        assertEquals(
                2, ok("versions", store, "main", "--limit", 2, "--json").lines().count());
    }

    @Test
    void jsonIsInLineOrder() {
        forest();
        List<String> lines = ok("versions", store, "main", "--json").lines().toList();
        assertTrue(
                lines.get(0)
                        .startsWith("{\"id\": 1, \"parent\": 0, \"tree\": \"main\", \"kind\": \"snapshot\", \"name\":"
                                + " \"v1\", \"created\": \""),
                lines.get(0));
        assertEquals(9, lines.size());
        assertEquals(
                2,
                lines.stream()
                        .filter(line -> line.contains("\"name\": null"))
                        .filter(line -> line.contains("\"readable\": false"))
                        .count());
    }

    @Test
    void withoutUnicodeItIsAscii() throws IOException {
        forest();
        var out = new ByteArrayOutputStream();
        var terminal = new Terminal(
                InputStream.nullInputStream(),
                out,
                new PrintStream(out, true, StandardCharsets.UTF_8),
                Progress.NONE,
                true,
                false);
        assertEquals(0, Main.run(new String[] {"versions", store.toString(), "main"}, terminal));
        assertEquals("""
                tree main
                * v1
                |-* f1
                | |-@ try (keyspace)
                | @ fix (keyspace)
                * v2
                o (dropped)
                * v4
                @ main (keyspace)
                """, withoutTimes(out.toString(StandardCharsets.UTF_8)));
    }

    /** Chains are long, and side branches on every step of them must not push them out of sight. */
    @Test
    void longChainsStayInTheFirstColumn() throws IOException {
        int length = 100_000;
        Path deep = folder.resolve("deep");
        try (Store open = Store.open(StoreOptions.at(deep).createIfMissing(true))) {
            Keyspace chain = open.createKeyspace("chain").with(Durability.ASYNC);
            for (int i = 0; i < length; i++) {
                chain.snapshot("s" + i);
            }
            // The chain goes on in what was cloned last, time and again.
            Keyspace zigzag = open.createKeyspace("zigzag");
            for (int i = 0; i < 200; i++) {
                Snapshot snapshot = zigzag.snapshot("z" + i);
                zigzag = snapshot.cloneAs("next" + i);
            }
            var out = new ByteArrayOutputStream();
            var terminal = new Terminal(
                    InputStream.nullInputStream(),
                    out,
                    new PrintStream(out, true, StandardCharsets.UTF_8),
                    Progress.NONE,
                    true,
                    true);
            new VersionForestText(open, VersionQuery.all(), VersionForestText.Signs.UNICODE)
                    .print(terminal, Long.MAX_VALUE);
            terminal.out().flush();
            List<String> lines = out.toString(StandardCharsets.UTF_8).lines().toList();
            assertEquals(
                    length + 1,
                    lines.stream()
                            .filter(line -> line.matches("[●◆] (s|chain).*"))
                            .count());
            assertEquals(
                    200, lines.stream().filter(line -> line.matches("● z.*")).count());
            assertEquals(length + 1 + 200 + 201 + 3, lines.size());
        }
    }
}
