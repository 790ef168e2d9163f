package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.donjon.Cursor;
import io.donjon.Durability;
import io.donjon.KeyRange;
import io.donjon.Keyspace;
import io.donjon.Reader;
import io.donjon.Store;
import io.donjon.StoreOptions;
import io.donjon.Subprocess;
import io.donjon.Version;
import io.donjon.VersionQuery;
import io.donjon.extents.ChannelDirectory;
import io.donjon.extents.Directory;
import io.donjon.extents.Environment;
import io.donjon.extents.IoMeter;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A store as a killed process left it, made once for this format by {@link FixtureMaker}: what the engine reads of it and
 * what a script reads that knows docs/format.md alone are the same. So the page stays true, and old stores readable.
 */
class FixtureTest {
    private static final Path FIXTURE = Path.of("src", "test", "resources", "fixture");
    private static final Path SCRIPT = Path.of("..", "tools", "dump.py").toAbsolutePath();
    private static final int LONG_VALUE = 64;

    @TempDir
    Path folder;

    private Path copy() throws IOException {
        Path disk = Files.createDirectories(folder.resolve("d0"));
        try (Stream<Path> files = Files.list(FIXTURE.resolve("d0"))) {
            for (Path file : files.toList()) {
                Files.copy(file, disk.resolve(file.getFileName()));
            }
        }
        return disk;
    }

    @Test
    void theEngineReadsWhatTheScriptReads() throws IOException {
        List<String> expected = Files.readAllLines(FIXTURE.resolve("dump.jsonl"), StandardCharsets.US_ASCII);
        Path disk = copy();
        for (int opening = 0; opening < 2; opening++) {
            try (Store store = Store.open(StoreOptions.at(disk))) {
                assertEquals(expected, dump(store));
                assertEquals(List.of(), store.verify().result().problems());
            }
        }
    }

    /** The script, where there is a Python; its output is the file that the test above compares with. */
    @Test
    void theScriptReadsTheFixtureAndFindsNothingWrong() throws IOException, InterruptedException {
        String python = python();
        if (python == null) {
            assertTrue(Files.exists(FIXTURE.resolve("dump.jsonl")));
            return;
        }
        String disk = FIXTURE.resolve("d0").toAbsolutePath().toString();
        assertEquals("", said(python, SCRIPT.toString(), "--check", disk));
        assertEquals(
                Files.readString(FIXTURE.resolve("dump.jsonl"), StandardCharsets.US_ASCII),
                said(python, SCRIPT.toString(), disk));
    }

    /** Arrays of a chain that was cut, on disks of their own. */
    @Test
    void theScriptFindsThatArraysSayWhatIsBehindTheirBands() throws IOException, InterruptedException {
        Path disk = Files.createDirectories(folder.resolve("d0"));
        IoMeter meter = new IoMeter();
        StoreOptions options = StoreOptions.at(disk).createIfMissing(true).durability(Durability.ASYNC);
        List<Directory> directories = List.of(ChannelDirectory.open(disk, meter));
        Engine engine = new Engine(options, Tunings.small(), Environment.system(), directories, List.of(), meter);
        try (StoreHandle store = new StoreHandle(engine)) {
            Keyspace keyspace = store.createKeyspace("k");
            for (int i = 0; i < 1200; i++) {
                keyspace.put(new byte[] {(byte) (i * 37)}, new byte[i % 50 == 0 ? 300 : i % 20]);
                if (i % 7 == 0) {
                    keyspace.delete(new byte[] {(byte) (i * 11)});
                }
                if (i % 15 == 14) {
                    keyspace.snapshot("s" + i);
                }
            }
            store.clean().result();
            assertTrue(
                    engine.states().current().arrays.stream().anyMatch(array -> {
                        ArrayFooter.Outlook outlook = array.footer().outlook();
                        return outlook.whole() && outlook.entries() > 0;
                    }),
                    "no array looks beyond its band");
        }
        String python = python();
        if (python != null) {
            assertEquals("", said(python, SCRIPT.toString(), "--check", disk.toString()));
        }
    }

    private static @Nullable String python() {
        for (String place :
                Objects.requireNonNullElse(System.getenv("PATH"), "").split(File.pathSeparator, -1)) {
            Path candidate = Path.of(place, "python3");
            if (Files.isExecutable(candidate)) {
                return candidate.toString();
            }
        }
        return null;
    }

    private String said(String... command) throws IOException, InterruptedException {
        return Subprocess.run(folder, List.of(command)).said();
    }

    // ---- the same lines as the script's ----

    private static List<String> dump(Store store) {
        List<String> lines = new ArrayList<>();
        try (Stream<Version> versions = store.versions(VersionQuery.all().readable())) {
            versions.forEach(version -> lines.add(line(store, version)));
        }
        return lines;
    }

    private static String line(Store store, Version version) {
        String name = Objects.requireNonNull(version.name());
        Reader reader = Objects.requireNonNull(
                version.kind() == Version.Kind.HEAD ? store.keyspace(name) : store.snapshot(version.id()));
        StringBuilder line = new StringBuilder()
                .append("{\"version\": ")
                .append(version.id())
                .append(", \"parent\": ")
                .append(version.parent())
                .append(", \"kind\": ")
                .append(text(version.kind().name().toLowerCase(Locale.ROOT)))
                .append(", \"name\": ")
                .append(text(name))
                .append(", \"tree\": ")
                .append(text(version.tree()))
                .append(", \"entries\": [");
        boolean first = true;
        try (Cursor cursor = reader.scan(KeyRange.all())) {
            while (cursor.next()) {
                line.append(first ? "[" : ", [");
                line.append(latin(cursor.keyBytes())).append(", ");
                byte[] value = cursor.valueBytes();
                line.append(value.length > LONG_VALUE ? summary(value) : latin(value));
                line.append(']');
                first = false;
            }
        }
        return line.append("]}").toString();
    }

    private static String summary(byte[] value) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(value);
            return "{\"length\": " + value.length + ", \"sha256\": \""
                    + HexFormat.of().formatHex(hash) + "\"}";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String latin(byte[] bytes) {
        return text(new String(bytes, StandardCharsets.ISO_8859_1));
    }

    /** As Python's json.dumps writes it. */
    private static String text(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            int named = "\"\\\n\r\t\b\f".indexOf(c);
            if (named >= 0) {
                out.append('\\').append("\"\\nrtbf".charAt(named));
            } else if (c < 0x20 || c > 0x7f) {
                out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append('"').toString();
    }

    /** The test above would not notice an empty dump on both sides. */
    @Test
    void theFixtureHasEveryKindOfThing() throws IOException {
        List<String> lines = Files.readAllLines(FIXTURE.resolve("dump.jsonl"), StandardCharsets.US_ASCII);
        String all = String.join("\n", lines);
        assertTrue(lines.size() >= 16, "" + lines.size());
        assertEquals(
                Collections.emptyList(),
                Stream.of("\"kind\": \"head\"", "\"kind\": \"snapshot\"", "sha256", "renamed", "clone-1", "\\u00fc")
                        .filter(part -> !all.contains(part))
                        .toList());
    }
}
