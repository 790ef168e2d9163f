package io.donjon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A process that has ended.
 *
 * @param out what it said to standard output, with line ends as here
 * @param err what it said to standard error
 */
public record Subprocess(int exit, String out, String err) {
    private static final int SECONDS_MAX = 120;

    /** Runs a command in a folder, which gets two files more; fails if it does not end. */
    public static Subprocess run(Path folder, List<String> command) throws IOException, InterruptedException {
        Path out = folder.resolve("stdout");
        Path err = folder.resolve("stderr");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().remove("JAVA_TOOL_OPTIONS");
        builder.environment().remove("JDK_JAVA_OPTIONS");
        Process process = builder.start();
        try {
            assertTrue(process.waitFor(SECONDS_MAX, TimeUnit.SECONDS), "it does not end: " + command);
        } finally {
            process.destroyForcibly();
        }
        return new Subprocess(process.exitValue(), Files.readString(out).replace("\r", ""), Files.readString(err));
    }

    /** Runs this JVM's {@code java}. */
    public static Subprocess java(Path folder, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(arguments));
        return run(folder, command);
    }

    /** What it said, having ended well. */
    public String said() {
        assertEquals(0, exit, out + err);
        return out;
    }
}
