package io.donjon.cli;

import static io.donjon.cli.Cli.ok;
import static io.donjon.cli.Cli.run;
import static io.donjon.cli.Cli.runWith;
import static io.donjon.cli.Cli.store;
import static io.donjon.cli.Cli.utf8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Store;
import io.donjon.StoreOptions;
import io.donjon.cli.Cli.Result;
import io.donjon.perf.compare.Progress;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** create, stats, verify, and how commands end. */
final class StoresTest {
    @TempDir
    Path folder;

    @Test
    void createRemembersTheOtherDisks() throws IOException {
        Path first = folder.resolve("one");
        ok("create", first, "--disk", folder.resolve("two"), "--disk", folder.resolve("three"), "--copies", 2);
        assertEquals(
                List.of(
                        "# The folders of the store's other disks, one a line.",
                        folder.resolve("two").toString(),
                        folder.resolve("three").toString()),
                Files.readAllLines(first.resolve("disks.txt")));
        ok("put", first, "k", "a", "1");
        assertEquals("1", ok("get", first, "k", "a"));

        Path moved = Files.move(folder.resolve("two"), folder.resolve("elsewhere"));
        assertEquals("1", ok("get", first, "k", "a", "--disk", moved, "--disk", folder.resolve("three")));
        assertTrue(ok("stats", first, "--disk", moved, "--disk", folder.resolve("three"))
                .contains(moved.toString()));
    }

    @Test
    void halfOfTheDisksOpenOnlyIfToldTo() throws IOException {
        Path first = folder.resolve("one");
        ok("create", first, "--disk", folder.resolve("two"), "--copies", 2);
        ok("put", first, "k", "a", "1");
        Files.move(folder.resolve("two"), folder.resolve("gone"));
        Result result = run("get", first, "k", "a");
        assertEquals(3, result.code());
        assertTrue(result.err().contains("1 of the store's 2 disks are there"), result.err());
        assertEquals("1", ok("get", first, "k", "a", "--degraded"));
    }

    @Test
    void createDoesNotTouchWhatIsThere() throws IOException {
        Path store = store(folder.resolve("s"));
        ok("put", store, "k", "a", "1");
        Result twice = run("create", store);
        assertEquals(3, twice.code());
        assertEquals("donjon: " + store + " holds a store already\n", twice.err());
        assertEquals("1", ok("get", store, "k", "a"));

        Path full = Files.createDirectory(folder.resolve("full"));
        Files.writeString(full.resolve("letter"), "x");
        assertEquals(3, run("create", full).code());
        assertEquals(2, run("create", folder.resolve("n"), "--copies", 3).code());
        assertEquals(2, run("create", folder.resolve("n"), "--copies", 2).code());
        assertFalse(Files.exists(folder.resolve("n")));
    }

    @Test
    void withoutAStoreTheErrorNamesTheFolder() {
        Path nowhere = folder.resolve("nowhere");
        for (Object[] line : new Object[][] {
            {"get", nowhere, "k", "a"},
            {"put", nowhere, "k", "a", "b"},
            {"delete", nowhere, "k", "a"},
            {"scan", nowhere, "k"},
            {"snapshot", nowhere, "k", "s"},
            {"clone", nowhere, "k@s", "n"},
            {"drop", nowhere, "k"},
            {"rollback", nowhere, "k@s"},
            {"rename", nowhere, "k", "n"},
            {"versions", nowhere},
            {"stats", nowhere},
            {"verify", nowhere},
            {"clean", nowhere}
        }) {
            Result result = run(line);
            assertEquals(3, result.code(), line[0].toString());
            assertEquals("donjon: there is no store in " + nowhere + "\n", result.err());
        }
        assertFalse(Files.exists(nowhere));
    }

    @Test
    void anOpenStoreNamesItsHolder() {
        Path store = store(folder.resolve("s"));
        try (Store held = Store.open(StoreOptions.at(store))) {
            assertEquals(0, held.stats().keyspaces());
            Result result = run("get", store, "k", "a");
            assertEquals(3, result.code());
            assertTrue(result.err().startsWith("donjon: "), result.err());
            assertEquals(1, result.err().lines().count(), result.err());
            Result trace = run("get", store, "k", "a", "--stacktrace");
            assertEquals(3, trace.code());
            assertTrue(trace.err().contains("\tat io.donjon."), trace.err());
        }
    }

    @Test
    void statsForPeopleAndPrograms() {
        Path store = store(folder.resolve("s"));
        ok("put", store, "k", "a", "1");
        assertTrue(ok("stats", store).contains("keyspaces     1\n"));
        String json = ok("stats", store, "--json");
        assertTrue(json.startsWith("{\"keyspaces\": 1, \"versions\": 1, \"sequence\": "), json);
        assertTrue(json.contains("\"readOnlyReason\": null"), json);
        assertTrue(
                json.contains("\"disks\": [{\"number\": 0, \"path\": \"" + store + "\", \"state\": \"IN_USE\""), json);
    }

    @Test
    void cleanGivesBackWhatADropHasLeft() throws IOException {
        Path store = store(folder.resolve("s"));
        ok("put", store, "k", "a", "1");
        ok("put", store, "gone", "a", "1");
        ok("drop", store, "gone");
        String stats = ok("stats", store);
        assertTrue(stats.contains("\ndead          about ") && !stats.contains("last drops"), stats);
        assertTrue(ok("clean", store).contains(" became 1 of "), ok("clean", store));
        assertTrue(ok("clean", store, "--json").contains("\"arrays\": 1, "));
        assertEquals("1", ok("get", store, "k", "a"));
    }

    @Test
    void verifyFindsDamage() throws IOException {
        Path store = store(folder.resolve("s"));
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 6000; i++) {
            lines.append("key%05d\t%s%n".formatted(i, Integer.toHexString(i).repeat(250)));
        }
        assertEquals(
                0,
                runWith(utf8(lines.toString()), "put", store, "k", "--memory", "8m")
                        .code());
        ok("snapshot", store, "k", "s");
        assertTrue(ok("verify", store).startsWith("sound: "));
        assertTrue(ok("verify", store, "--json").contains("\"problems\": [], \"clean\": true}"));

        Path superchunk;
        try (Stream<Path> files = Files.list(store)) {
            superchunk = files.filter(file -> file.getFileName().toString().startsWith("x-"))
                    .sorted()
                    .findFirst()
                    .orElseThrow();
        }
        try (FileChannel channel = FileChannel.open(superchunk, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {'?'}), 4096 + 40);
        }
        Result result = run("verify", store);
        assertEquals(1, result.code(), result.out());
        assertTrue(result.out().contains(superchunk.getFileName().toString()), result.out());
        assertTrue(result.out().contains(" damaged: "), result.out());
        Result json = run("verify", store, "--json");
        assertEquals(1, json.code());
        assertTrue(json.out().contains("{\"place\": "), json.out());
        assertTrue(json.out().endsWith("\"clean\": false}\n"), json.out());
    }

    @Test
    void helpAndVersion() {
        assertTrue(ok("--version").matches("donjon [0-9]+\\.[0-9]+\\.[0-9]+\n"), ok("--version"));
        assertTrue(ok("--help").contains("Exit codes:"));
        var nobody = new Terminal(
                InputStream.nullInputStream(), OutputStream.nullOutputStream(), System.err, Progress.NONE, false, true);
        for (String command : Main.commandLine(nobody).getSubcommands().keySet()) {
            String help = ok(command, "--help");
            assertTrue(help.contains("Usage: donjon " + command), help);
            if (!command.equals("help")) {
                assertTrue(help.contains("Exit codes:"), help);
                assertTrue(help.contains("Example"), help);
                assertEquals(help, ok("help", command));
            }
        }
        Result none = run();
        assertEquals(2, none.code());
        assertTrue(none.err().contains("Usage: donjon"));
        Result unknown = run("frobnicate");
        assertEquals(2, unknown.code());
        assertTrue(unknown.err().startsWith("donjon: "));
    }

    @Test
    void aFullOutputIsAnErrorAndAClosedOneIsQuiet() {
        Path store = store(folder.resolve("s"));
        ok("put", store, "k", "a", "1");
        assertEquals("donjon: IOException: No space left on device\n", failing(store, "No space left on device"));
        assertEquals("", failing(store, "Broken pipe"));
    }

    private static String failing(Path store, String message) {
        var err = new ByteArrayOutputStream();
        OutputStream out = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException(message);
            }
        };
        int code = Main.run(
                new String[] {"scan", store.toString(), "k"},
                InputStream.nullInputStream(),
                out,
                new PrintStream(err, true, StandardCharsets.UTF_8));
        assertEquals(3, code);
        return err.toString(StandardCharsets.UTF_8);
    }
}
