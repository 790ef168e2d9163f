package io.donjon.cli.kill;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Snapshot;
import io.donjon.Store;
import io.donjon.StoreOptions;
import io.donjon.Version;
import io.donjon.VersionQuery;
import io.donjon.cli.Cli;
import io.donjon.cli.Cli.Result;
import io.donjon.cli.kill.Script.Step;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The kill test itself: it passes where nothing is lost, and it notices what is. */
final class KillTestTest {
    /** {@code -Dkills=N} kills more often, in the load and in each recovery from it. */
    private static final int KILLS = Integer.getInteger("kills", 3);

    private static final int OPERATIONS_A_LIFE = 400;

    /** About what it takes to open the store. */
    private static final long RECOVERY_MILLIS = 100;

    @TempDir
    Path folder;

    private Path store = Path.of("");
    private Path journal = Path.of("");

    @BeforeEach
    void create() {
        store = Cli.store(folder.resolve("store"));
        journal = folder.resolve("journal");
    }

    private Object[] command(Object... more) {
        List<Object> words =
                new ArrayList<>(List.of("kill-test", store, "--journal", journal, "--seed", 11, "--memory", "16m"));
        words.addAll(List.of(more));
        return words.toArray();
    }

    /** The load in a process of its own. */
    private Process start() throws IOException {
        List<String> line = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+IgnoreUnrecognizedVMOptions",
                "--sun-misc-unsafe-memory-access=allow",
                "--enable-native-access=ALL-UNNAMED",
                "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "io.donjon.cli.Main"));
        for (Object word : command()) {
            line.add(word.toString());
        }
        return new ProcessBuilder(line).redirectErrorStream(true).start();
    }

    private static BufferedReader output(Process process) {
        return new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** Runs the load until the journal has so many acknowledgements, then kills it. */
    private void live(int acknowledgements) throws IOException, InterruptedException {
        Process process = start();
        try (BufferedReader out = output(process)) {
            assertEquals("opening", out.readLine());
            assertEquals("opened", out.readLine());
            String said = out.readLine();
            assertTrue(said != null && said.startsWith("nothing lost: "), said);
            while (acknowledged() < acknowledgements) {
                assertTrue(process.isAlive(), () -> "it ended: " + out.lines().toList());
                TimeUnit.MILLISECONDS.sleep(20);
            }
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    /** Kills the process that opens the store, so many milliseconds after it began to; whether it had not opened it. */
    private boolean killRecovery(long millis) throws IOException, InterruptedException {
        Process process = start();
        try (BufferedReader out = output(process)) {
            assertEquals("opening", out.readLine());
            TimeUnit.MILLISECONDS.sleep(millis);
            process.toHandle().destroyForcibly(); // unlike the process's own method it leaves the output to be read
            String rest = out.lines().collect(Collectors.joining("\n"));
            assertTrue(rest.isEmpty() || rest.startsWith("opened"), rest);
            return rest.isEmpty();
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    private long acknowledged() throws IOException {
        try (Stream<String> lines = Files.lines(journal, StandardCharsets.US_ASCII)) {
            return lines.filter(line -> line.startsWith("a ")).count();
        }
    }

    private Result check() {
        return Cli.run(command("--check"));
    }

    private void assertKept() {
        Result result = check();
        assertEquals(0, result.code(), result.out() + result.err());
        assertTrue(result.out().startsWith("opening\nopened\nnothing lost: "), result.out());
    }

    private String assertLost() {
        Result result = check();
        assertEquals(1, result.code(), result.out() + result.err());
        assertTrue(result.out().startsWith("opening\nopened\nLOST: "), result.out());
        return result.out();
    }

    private void meddle(Consumer<Store> how) {
        try (Store open = Store.open(StoreOptions.at(store))) {
            how.accept(open);
        }
    }

    private static Keyspace fence(Store open) {
        return Objects.requireNonNull(open.keyspace(Script.fence(2)));
    }

    private static Keyspace base(Store open, int number) {
        return Objects.requireNonNull(open.keyspace(Script.keyspace(number)));
    }

    @Test
    void nothingIsLostOverSeveralKills() throws IOException, InterruptedException {
        for (int i = 1; i <= KILLS; i++) {
            live(i * OPERATIONS_A_LIFE);
            long millis = RECOVERY_MILLIS * i / KILLS;
            while (!killRecovery(millis)) {
                millis /= 2;
            }
        }
        assertKept();
        assertTrue(Cli.ok("verify", store).startsWith("sound: "));
        // What was in flight has been settled: a second look agrees with the first.
        Result again = check();
        assertEquals(0, again.code());
        assertTrue(again.out().contains(" 0 in flight at the end"), again.out());
    }

    @Test
    void everyKindOfLossIsNoticed() throws IOException, InterruptedException {
        live(OPERATIONS_A_LIFE);
        assertKept();

        // A key is there that was never written: a write has reached beyond its version.
        meddle(open -> fence(open).put(Script.keyBytes(3), new Script(11).valueBytes(3)));
        assertTrue(assertLost().contains("fence2 differs in 1 keys: a0/003 must hold nothing"), assertLost());
        meddle(open -> fence(open).delete(Script.keyBytes(3)));
        assertKept();

        // A key loses its value, or gets back an older one.
        byte[][] first = new byte[2][];
        meddle(open -> {
            try (var cursor = base(open, 1).scan(KeyRange.all())) {
                assertTrue(cursor.next());
                first[0] = cursor.keyBytes();
                first[1] = cursor.valueBytes();
            }
            base(open, 1).delete(first[0]);
        });
        assertTrue(assertLost().contains("base1 differs in 1 keys: "), assertLost());
        meddle(open -> base(open, 1).put(first[0], new Script(11).valueBytes(older(first[1]))));
        assertTrue(assertLost().contains("base1 differs in 1 keys: "), assertLost());

        // A value changes in its last byte.
        byte[] changed = first[1].clone();
        changed[changed.length - 1]++;
        meddle(open -> base(open, 1).put(first[0], changed));
        assertTrue(assertLost().contains("base1 holds a value that begins like "), assertLost());
        meddle(open -> base(open, 1).put(first[0], first[1]));
        assertKept();

        // A snapshot, or a clone, is there that must not be; or is not that must.
        meddle(open -> base(open, 0).snapshot("extra"));
        assertTrue(assertLost().contains("base0@extra"), assertLost());
        meddle(open ->
                Objects.requireNonNull(base(open, 0).snapshotNamed("extra")).drop());
        assertKept();
        String[] renamed = new String[2];
        meddle(open -> {
            try (Stream<Version> all = open.versions(VersionQuery.all().kind(Version.Kind.SNAPSHOT))) {
                Version any = all.findFirst().orElseThrow();
                Snapshot snapshot = Objects.requireNonNull(open.snapshot(any.id()));
                renamed[0] = any.tree() + "@" + any.name();
                snapshot.drop();
            }
        });
        assertTrue(assertLost().contains("lost are [" + renamed[0] + "]"), assertLost());
    }

    /** The code of the first put to the key that a value belongs to, which is another than that value's. */
    private static long older(byte[] value) {
        Script script = new Script(11);
        long code = script.value(value);
        for (long number = 1; ; number++) {
            for (Step step : script.steps(0, number)) {
                if (step.value() != Script.ABSENT && step.value() != code) {
                    return step.value();
                }
            }
        }
    }

    @Test
    void anAcknowledgementOfWhatIsNotThereIsNoticed() throws IOException, InterruptedException {
        live(OPERATIONS_A_LIFE);
        assertKept();
        String whole = Files.readString(journal);
        // Of writer 2, the next operation that puts something.
        long next = whole.lines()
                        .filter(line -> line.startsWith("b 2 "))
                        .mapToLong(line -> Long.parseLong(line.split(" ", -1)[2]))
                        .max()
                        .orElseThrow()
                + 1;
        StringBuilder claim = new StringBuilder();
        long number = next;
        do {
            claim.append("b 2 %d%na 2 %d%n".formatted(number, number));
        } while (new Script(11).steps(2, number++).get(0).value() == Script.ABSENT);
        Files.writeString(journal, claim, StandardOpenOption.APPEND);
        assertTrue(assertLost().contains("(writer 2 behind any operation from "), assertLost());

        // The same as in flight is no loss, and a line that was cut off is not there.
        Files.writeString(journal, whole + "b 2 " + next + "\na 2 " + next);
        assertKept();
        List<Step> steps = new Script(11).steps(2, next);
        boolean puts = steps.size() == 1 && steps.get(0).value() != Script.ABSENT; // a delete may change nothing
        String settled = Files.readString(journal).substring(whole.length());
        String expected = "b 2 %d\n%s 2 %d\n";
        assertTrue(
                settled.equals(expected.formatted(next, "x", next))
                        || (!puts && settled.equals(expected.formatted(next, "y", next))),
                settled);
    }

    @Test
    void aSnapshotMustShowWhatWasAcknowledgedBeforeIt() throws IOException, InterruptedException {
        live(OPERATIONS_A_LIFE);
        assertKept();
        List<String> lines = new ArrayList<>(Files.readAllLines(journal));
        // The last snapshot of a base keyspace that is there: the journal claims that it was taken at the very end.
        List<String> there;
        try (Store open = Store.open(StoreOptions.at(store))) {
            try (Stream<Version> all = open.versions(VersionQuery.all().kind(Version.Kind.SNAPSHOT))) {
                there = all.map(version -> version.tree() + " " + version.name())
                        .toList();
            }
        }
        boolean noticed = false;
        for (int i = 0; i < lines.size() && !noticed; i++) {
            String[] words = lines.get(i).split(" ", -1);
            boolean snapshot = words[0].equals("b") && words.length > 3 && words[3].equals("snapshot");
            if (snapshot && there.contains(words[5] + " " + words[6])) {
                noticed = movedToTheEndIsNoticed(lines, words[2], words[5], words[6]);
            }
        }
        assertTrue(noticed, "no snapshot fit");
    }

    private boolean movedToTheEndIsNoticed(List<String> lines, String number, String base, String name)
            throws IOException {
        // The keeper's operation becomes a rename of nothing: its snapshot is taken by a further operation at the end.
        List<String> moved = new ArrayList<>();
        long last = 0;
        String other = base.equals("base0") ? "base1" : "base0";
        for (String line : lines) {
            String[] words = line.split(" ", -1);
            last = words[0].equals("b") && words[1].equals("4") ? Long.parseLong(words[2]) : last;
            boolean it = words[0].equals("b") && words[1].equals("4") && words[2].equals(number);
            moved.add(it ? "b 4 " + number + " snapshot " + other.charAt(4) + " " + other + " moved" + number : line);
        }
        long at = last + 1;
        moved.add("b 4 " + at + " drop_snapshot " + other.charAt(4) + " moved" + number + " -");
        moved.add("a 4 " + at);
        moved.add("b 4 " + (at + 1) + " snapshot " + base.charAt(4) + " " + base + " " + name);
        moved.add("a 4 " + (at + 1));
        Files.write(journal, moved);
        Result result = check();
        return result.code() == 1 && result.out().contains("\nLOST: " + base + "@" + name + " differs in ");
    }

    @Test
    void aJournalThatCannotBeIsRefused() throws IOException {
        assertKept();
        Files.writeString(journal, "donjon-kill-test 2 11\nb 0 2\n");
        Result gap = check();
        assertEquals(3, gap.code());
        assertTrue(gap.err().startsWith("donjon: the journal's line 2 cannot be: b 0 2 ("), gap.err());
        Files.writeString(journal, "donjon-kill-test 2 12\n");
        Result seed = check();
        assertEquals(3, seed.code());
        assertTrue(seed.err().contains("not with 'donjon-kill-test 2 11'"), seed.err());
    }
}
