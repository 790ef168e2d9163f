package io.donjon.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Runs commands in this process. */
public final class Cli {
    private Cli() {}

    /** What a command came to. */
    public static final class Result {
        private final int code;
        private final byte[] bytes;
        private final String err;

        private Result(int code, byte[] bytes, String err) {
            this.code = code;
            this.bytes = bytes;
            this.err = err;
        }

        /** The exit code. */
        public int code() {
            return code;
        }

        /** Standard output. */
        public byte[] bytes() {
            return bytes.clone();
        }

        /** Standard output as text. */
        public String out() {
            return new String(bytes, StandardCharsets.UTF_8);
        }

        /** Standard error. */
        public String err() {
            return err;
        }
    }

    /** Runs a command. */
    public static Result run(Object... args) {
        return runWith(new byte[0], args);
    }

    /** Runs a command with something on standard input. */
    public static Result runWith(byte[] in, Object... args) {
        String[] words = new String[args.length];
        for (int i = 0; i < args.length; i++) {
            words[i] = args[i].toString();
        }
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        int code =
                Main.run(words, new ByteArrayInputStream(in), out, new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Result(code, out.toByteArray(), err.toString(StandardCharsets.UTF_8));
    }

    /** Runs a command that must succeed and say nothing on standard error; returns its output. */
    public static String ok(Object... args) {
        Result result = run(args);
        assertEquals("", result.err());
        assertEquals(ExitCode.OK, result.code(), result.out());
        return result.out();
    }

    /** Makes a store. */
    public static Path store(Path folder) {
        ok("create", folder);
        return folder;
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
