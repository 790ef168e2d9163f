package io.donjon.perf.compare;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where long work says how far it is. */
@FunctionalInterface
public interface Progress {
    /** Says nothing. */
    Progress NONE = (what, done, total) -> {};

    /**
     * Tells how far the work is; called often, and cheap where nothing is shown.
     *
     * @param what the work, in a few words
     * @param done how much is done, from 0 to {@code total}
     * @param total how much there is to do
     */
    void at(String what, long done, long total);

    /** One line on standard error that is written over, or nothing if standard error is not a terminal. */
    static Progress onTerminal() {
        return isTerminal(2) ? new Line(System.err) : NONE;
    }

    /**
     * Whether one of this process's files is a terminal; false where that cannot be told.
     *
     * @param descriptor 0 for standard input, 1 for standard output, 2 for standard error
     */
    static boolean isTerminal(int descriptor) {
        try {
            // System.console() tells of standard input and output only, and from JDK 22 on not even that.
            String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor))
                    .toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
        } catch (IOException e) {
            return false;
        }
    }

    /** A line that is written over at most ten times a second, and wiped at the end of each piece of work. */
    final class Line implements Progress {
        private static final long PAUSE_NANOS = 100_000_000;
        private static final int WIDTH = 78;

        private final PrintStream out;
        private long last = System.nanoTime() - PAUSE_NANOS;

        Line(PrintStream out) {
            this.out = out;
        }

        @Override
        public void at(String what, long done, long total) {
            if (done >= total) {
                out.print("\r" + " ".repeat(WIDTH) + "\r");
                out.flush();
                return;
            }
            long now = System.nanoTime();
            if (now - last >= PAUSE_NANOS) {
                last = now;
                String line = "%s: %,d of %,d (%d %%)".formatted(what, done, total, done * 100 / total);
                out.print("\r" + line + " ".repeat(Math.max(0, WIDTH - line.length())));
                out.flush();
            }
        }
    }
}
