package io.donjon.cli;

import io.donjon.perf.compare.Progress;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/**
 * What a command reads and writes: its standard input and output as bytes, standard error as text, and whether people
 * look at them.
 */
public final class Terminal {
    private static final int BUFFER_BYTES = 1 << 16;

    private final InputStream in;
    private final OutputStream out;
    private final PrintStream err;
    private final Progress progress;
    private final boolean people;
    private final boolean unicode;

    /**
     * A terminal made of streams.
     *
     * @param progress where long work says how far it is
     * @param people whether the output goes to a screen
     * @param unicode whether that screen shows more than ASCII
     */
    Terminal(InputStream in, OutputStream out, PrintStream err, Progress progress, boolean people, boolean unicode) {
        this.in = in;
        this.out = new BufferedOutputStream(out, BUFFER_BYTES);
        this.err = err;
        this.progress = progress;
        this.people = people;
        this.unicode = unicode;
    }

    /** The streams of this process. */
    static Terminal ofProcess() {
        boolean unicode = Charset.forName(System.getProperty("sun.jnu.encoding", "US-ASCII"))
                .equals(StandardCharsets.UTF_8);
        return new Terminal(
                System.in,
                new FileOutputStream(FileDescriptor.out),
                new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
                Progress.onTerminal(),
                Progress.isTerminal(1),
                unicode);
    }

    /** Standard input. */
    public InputStream in() {
        return in;
    }

    /** Standard output, buffered: it is flushed at the end of the command. Bytes arrive as they are written. */
    public OutputStream out() {
        return out;
    }

    /** Standard error. */
    public PrintStream err() {
        return err;
    }

    /** Where long work says how far it is; shows nothing if standard error is not a terminal. */
    public Progress progress() {
        return progress;
    }

    /** Whether standard output is looked at by people rather than read by a program. */
    public boolean people() {
        return people;
    }

    /** Whether standard output can show more than ASCII. */
    public boolean unicode() {
        return unicode;
    }

    /** Prints text in UTF-8 on standard output. */
    public void print(String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Prints a line in UTF-8 on standard output. */
    public void println(String line) throws IOException {
        print(line);
        out.write('\n');
    }
}
