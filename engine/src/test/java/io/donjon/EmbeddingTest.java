package io.donjon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Somebody else's program embeds the store: as a module and on the class path, on the JDK that runs this test, without any
 * flag, and nothing is printed but what the program and perhaps the JVM print.
 */
class EmbeddingTest {
    private static final String PROGRAM = """
            package embedding;

            import io.donjon.*;
            import java.nio.file.Path;

            public final class Main {
                public static void main(String[] args) {
                    StoreOptions options = StoreOptions.at(Path.of(args[0])).createIfMissing(true);
                    try (Store store = Store.open(options)) {
                        Keyspace k = store.createKeyspace("k");
                        k.put("key".getBytes(), "value".getBytes());
                        k.put("large".getBytes(), new byte[1 << 20]);
                        k.snapshot("s");
                    }
                    try (Store store = Store.open(options)) {
                        System.out.println(new String(store.keyspace("k").snapshotNamed("s").get("key".getBytes())));
                        System.out.println(store.verify().result().clean());
                    }
                }
            }
            """;

    private static final String DESCRIPTOR = "module embedding { requires io.donjon.engine; }";

    /** What tests need and programs do not. */
    private static final Set<String> OF_TESTS =
            Set.of("test-classes", "tests.jar", "junit", "opentest4j", "apiguardian", "archunit", "surefire");

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @SuppressWarnings("NullAway.Init")
    private String path;

    @BeforeEach
    void findJars() {
        String all = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        path = Stream.of(all.split(File.pathSeparator))
                .filter(entry -> OF_TESTS.stream().noneMatch(entry::contains))
                .filter(entry -> Files.exists(Path.of(entry)))
                .collect(Collectors.joining(File.pathSeparator));
    }

    private Path compile(boolean module, String program) throws IOException {
        Path source = Files.createDirectories(folder.resolve("src/embedding")).resolve("Main.java");
        Files.writeString(source, program);
        List<String> arguments =
                new ArrayList<>(List.of("-d", folder.resolve("classes").toString(), "-proc:none"));
        arguments.addAll(List.of(module ? "-p" : "-cp", path, source.toString()));
        if (module) {
            Path descriptor = folder.resolve("src/module-info.java");
            Files.writeString(descriptor, DESCRIPTOR);
            arguments.add(descriptor.toString());
        }
        JavaCompiler compiler = Objects.requireNonNull(ToolProvider.getSystemJavaCompiler());
        var errors = new ByteArrayOutputStream();
        int result = compiler.run(null, errors, errors, arguments.toArray(String[]::new));
        if (result != 0) {
            throw new IOException(errors.toString(StandardCharsets.UTF_8));
        }
        return folder.resolve("classes");
    }

    private void assertRuns(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(arguments));
        command.add(folder.resolve("store").toString());
        Subprocess process = Subprocess.java(folder, command.toArray(String[]::new));
        // SLF4J says when nobody takes the log; whoever embeds the store chooses who does. From JDK 24 on the JVM
        // itself warns of memory outside of the heap and of native code; README.md says what silences that.
        boolean warns = Runtime.version().feature() >= 24;
        StringWriter rest = new StringWriter();
        process.err()
                .lines()
                .filter(line -> !line.startsWith("SLF4J") && !(warns && line.startsWith("WARNING: ")))
                .forEach(line -> rest.append(line).append('\n'));
        assertEquals("", rest.toString());
        assertEquals("value\ntrue\n", process.said());
    }

    @Test
    void asAModule() throws Exception {
        Path classes = compile(true, PROGRAM);
        assertRuns("-p", path + File.pathSeparator + classes, "-m", "embedding/embedding.Main");
    }

    @Test
    void onTheClassPath() throws Exception {
        Path classes = compile(false, PROGRAM);
        assertRuns("-cp", path + File.pathSeparator + classes, "embedding.Main");
    }

    @Test
    void onlyThePublicApiIsExported() throws Exception {
        Path[] entries = Stream.of(path.split(File.pathSeparator)).map(Path::of).toArray(Path[]::new);
        ModuleDescriptor engine =
                ModuleFinder.of(entries).find("io.donjon.engine").orElseThrow().descriptor();
        assertEquals(
                Set.of("io.donjon"),
                engine.exports().stream().map(ModuleDescriptor.Exports::source).collect(Collectors.toSet()));
        assertTrue(engine.exports().stream().noneMatch(ModuleDescriptor.Exports::isQualified));
        assertTrue(engine.opens().isEmpty());
        String refused = "";
        try {
            compile(
                    true,
                    PROGRAM.replace(
                            "StoreOptions.at(", "io.donjon.engine.Stores.class == null ? null : StoreOptions.at("));
        } catch (IOException e) {
            refused = String.valueOf(e.getMessage());
        }
        assertNotEquals("", refused);
        assertTrue(refused.contains("not visible") || refused.contains("not exported"), refused);
    }
}
