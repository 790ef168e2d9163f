package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.base.Splitter;
import io.donjon.Subprocess;
import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of the README compiles, runs and prints what it says, with the jars that the README names alone. */
class ReadmeTest {
    private static final Path README = Path.of("..", "README.md");
    private static final int EXAMPLE_LINES = 15;

    private static String example() throws IOException {
        Matcher block = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(README));
        assertTrue(block.find(), "no example in the README");
        return block.group(1);
    }

    /** The jars of the table: file name to kilobytes. */
    private static NavigableMap<String, Integer> table() throws IOException {
        NavigableMap<String, Integer> jars = new TreeMap<>();
        Matcher row = Pattern.compile("(?m)^\\| (\\S+\\.jar) \\| (\\d+) \\|").matcher(Files.readString(README));
        while (row.find()) {
            jars.put(row.group(1), Integer.valueOf(row.group(2)));
        }
        return jars;
    }

    /** What of this test's class path is in the table: jars, and modules of this build as jars or as classes. */
    private static List<Path> listed() throws IOException {
        NavigableMap<String, Integer> jars = table();
        List<Path> listed = new ArrayList<>();
        for (String element : Splitter.on(File.pathSeparatorChar).split(System.getProperty("java.class.path"))) {
            Path path = Path.of(element);
            String name = path.getFileName().toString();
            if (name.equals("classes")) {
                // .../engine/target/classes stands for donjon-engine-VERSION.jar.
                String module = path.getName(path.getNameCount() - 3).toString();
                if (jars.keySet().removeIf(jar -> jar.startsWith("donjon-" + module + "-"))) {
                    listed.add(path);
                }
            } else if (jars.remove(name) != null) {
                listed.add(path);
            }
        }
        assertEquals("[]", jars.keySet().toString(), "jars in the README's table that the engine does not have");
        return listed;
    }

    @Test
    void theExampleRunsWithTheListedJarsAlone(@TempDir Path folder) throws Exception {
        String source = example();
        assertTrue(source.lines().count() <= EXAMPLE_LINES, source.lines().count() + " lines");
        Path file = Files.writeString(folder.resolve("Fruit.java"), source);
        String classPath = String.join(
                File.pathSeparator, listed().stream().map(Path::toString).toList());
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter messages = new StringWriter();
        try (var files = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
            boolean compiled = compiler.getTask(
                            messages,
                            files,
                            null,
                            List.of("-d", folder.toString(), "-cp", classPath, "--release", "17"),
                            null,
                            files.getJavaFileObjects(file))
                    .call();
            assertTrue(compiled, messages.toString());
        }
        Subprocess process = Subprocess.java(folder, "-cp", folder + File.pathSeparator + classPath, "Fruit");
        assertEquals("green\nred\nblue\n", process.said());
        assertTrue(Files.isDirectory(folder.resolve("fruit-store")));
    }

    @Test
    void sizesOfLibrariesAreAsListed() throws IOException {
        NavigableMap<String, Integer> jars = table();
        assertTrue(jars.size() > 5, "only " + jars);
        for (Path path : listed()) {
            String name = path.getFileName().toString();
            if (name.endsWith(".jar") && !name.startsWith("donjon-")) {
                assertEquals(
                        Math.round(Files.size(path) / 1000.0),
                        jars.getOrDefault(name, -1).longValue(),
                        name);
            }
        }
    }
}
