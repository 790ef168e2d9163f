package io.donjon.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code ./donjon}, on a copy of the project's skeleton in which Java and the build are scripts that only say what they
 * were asked for.
 */
final class LauncherTest {
    private static final Path LAUNCHER = Path.of("..", "donjon");

    @TempDir
    Path folder;

    private Path root;
    private Path jdk;

    @BeforeEach
    void skeleton() throws IOException {
        root = Files.createDirectories(folder.resolve("with a space").resolve("project"));
        script(root.resolve("donjon"), Files.readString(LAUNCHER));
        Files.writeString(root.resolve("pom.xml"), "<project/>");
        Files.createDirectories(root.resolve("cli/src/main/java"));
        Files.writeString(root.resolve("cli/pom.xml"), "<project/>");
        script(root.resolve("mvnw"), """
                #!/bin/sh
                echo "$JAVA_HOME $*" >> builds
                sleep 1
                mkdir -p cli/target/lib
                """);
        jdk = java("jdk 17", "17.0.15");
        script(jdk.resolve("bin/javac"), "#!/bin/sh\n");
    }

    /** A folder with a Java that tells its version, and otherwise prints its arguments and its locale. */
    private Path java(String name, String version) throws IOException {
        Path home = folder.resolve(name);
        script(home.resolve("bin/java"), """
                #!/bin/sh
                case $* in
                    *-XshowSettings*) echo "    java.home = %s" >&2; exit ;;
                    -version) echo 'openjdk version "%s" 2025-04-15' >&2; exit ;;
                esac
                echo "LC_ALL=${LC_ALL:-}"
                for each; do echo "[$each]"; done
                exit 7
                """.formatted(home, version));
        return home;
    }

    private static void script(Path path, String text) throws IOException {
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private record Run(int code, String out, String err) {}

    private Process start(Path launcher, Map<String, String> variables, String... args) throws IOException {
        List<String> line = new ArrayList<>(List.of("sh", launcher.toString()));
        line.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(line).directory(folder.toFile());
        builder.environment().keySet().removeIf(name -> name.matches("JAVA_HOME|.*JAVA_OPTS|LC_.*|LANG"));
        builder.environment().putAll(variables);
        return builder.start();
    }

    private static Run end(Process process) throws IOException, InterruptedException {
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Run(process.waitFor(), out, err);
    }

    private Run run(Map<String, String> variables, String... args) throws IOException, InterruptedException {
        return end(start(root.resolve("donjon"), variables, args));
    }

    private List<String> builds() throws IOException {
        return Files.exists(root.resolve("builds")) ? Files.readAllLines(root.resolve("builds")) : List.of();
    }

    @Test
    void buildsOnceAndPassesEverythingOn() throws IOException, InterruptedException {
        Map<String, String> variables =
                Map.of("JAVA_HOME", jdk.toString(), "JAVA_OPTS", "-Done", "DONJON_JAVA_OPTS", "-Dtwo -Dthree");
        Run first = run(variables, "put", "a  b", "*", "", "-z");
        assertEquals("donjon: building (first run, about a minute)...\n", first.err());
        assertEquals(7, first.code());
        String real = root.toRealPath().toString();
        String expected = """
                LC_ALL=C.UTF-8
                [-XX:+IgnoreUnrecognizedVMOptions]
                [--sun-misc-unsafe-memory-access=allow]
                [--enable-native-access=ALL-UNNAMED]
                [--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED]
                [-Done]
                [-Dtwo]
                [-Dthree]
                [-cp]
                [%s/cli/target/lib/*]
                [io.donjon.cli.Main]
                [put]
                [a  b]
                [*]
                []
                [-z]
                """.formatted(real);
        assertEquals(expected, first.out());
        assertEquals(List.of(jdk + " -q -DskipTests package -pl cli -am"), builds());

        Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("with a space", "project", "donjon"));
        Path linkToLink = Files.createSymbolicLink(folder.resolve("dj"), link);
        Run second = end(start(linkToLink, variables, "put", "a  b", "*", "", "-z"));
        assertEquals(new Run(7, expected, ""), second);
        assertEquals(1, builds().size());
    }

    @Test
    void buildsAgainWhenASourceIsNewer() throws IOException, InterruptedException {
        Map<String, String> variables = Map.of("JAVA_HOME", jdk.toString(), "LC_ALL", "de_DE.UTF-8");
        assertTrue(run(variables).out().startsWith("LC_ALL=de_DE.UTF-8\n"));
        Path source = Files.writeString(root.resolve("cli/src/main/java/A.java"), "class A {}");
        Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(60)));
        assertTrue(run(variables).err().startsWith("donjon: building"));
        assertEquals(2, builds().size());
    }

    @Test
    void twoAtOnceBuildOnce() throws IOException, InterruptedException {
        Map<String, String> variables = Map.of("JAVA_HOME", jdk.toString());
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            processes.add(start(root.resolve("donjon"), variables, "x"));
        }
        for (Process process : processes) {
            Run run = end(process);
            assertEquals(7, run.code(), run.err());
            assertTrue(run.out().endsWith("[x]\n"), run.out());
        }
        assertEquals(1, builds().size());
    }

    @Test
    void theLockOfADeadProcessIsTakenOver() throws IOException, InterruptedException {
        Process dead = new ProcessBuilder("sh", "-c", "exit 0").start();
        dead.waitFor();
        Path lock = Files.createDirectory(root.resolve(".donjon-build"));
        Files.writeString(lock.resolve("pid"), dead.pid() + "\n");
        assertEquals(7, run(Map.of("JAVA_HOME", jdk.toString())).code());
        assertEquals(1, builds().size());
    }

    @Test
    void aFailedBuildIsNotRun() throws IOException, InterruptedException {
        script(root.resolve("mvnw"), "#!/bin/sh\nmkdir -p cli/target/lib\necho broken >&2\nexit 1\n");
        for (int i = 0; i < 2; i++) {
            Run run = run(Map.of("JAVA_HOME", jdk.toString()));
            assertEquals(3, run.code());
            assertEquals("", run.out());
            assertTrue(run.err().contains("broken\ndonjon: the build failed"), run.err());
        }
    }

    @Test
    void javaThatIsTooOldIsPassedOver() throws IOException, InterruptedException {
        Path old = java("jdk 8", "1.8.0_402");
        String path = jdk.resolve("bin") + ":" + System.getenv("PATH");
        Run run = run(Map.of("JAVA_HOME", old.toString(), "PATH", path));
        assertEquals(7, run.code(), run.err());
        assertTrue(builds().get(0).startsWith(jdk.toString()), builds().toString());
    }
}
