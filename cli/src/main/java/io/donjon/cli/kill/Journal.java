package io.donjon.cli.kill;

import io.donjon.cli.Failure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * What was begun and what was acknowledged, in a text file that the death of the process does not harm. After the line
 * {@code donjon-kill-test 2 SEED} each line is one of
 *
 * <pre>
 *   b ACTOR NUMBER [KIND TREE TARGET NAME]   written before the operation is begun; the keeper's say what they are
 *   a ACTOR NUMBER                           written when it has been acknowledged
 *   y ACTOR NUMBER                           was in flight when the process died, and took effect
 *   x ACTOR NUMBER                           did not take effect: was in flight then, or was refused
 * </pre>
 *
 * or, in front of these, what a check has found, which stands for all lines that were there before:
 *
 * <pre>
 *   n COUNT                                  so many operations had been acknowledged
 *   s ACTOR NUMBER                           the last operation of an actor by then
 *   v KIND TREE NAME CODE...                 what a version held: the code of each key's value, in base 36, or "-"
 * </pre>
 *
 * Nothing is forced: only the process dies, not the machine. A last line without its end is cut off: if it was an
 * acknowledgement, the operation counts as in flight, and if it was a beginning, nothing had begun. Thread-safe.
 */
final class Journal implements AutoCloseable {
    private static final String HEADER = "donjon-kill-test 2 ";

    /** A journal that has grown beyond this is worth being replaced by what it comes to. */
    private static final long LONG_BYTES = 1 << 20;

    private final Path path;
    private final long seed;
    private FileChannel file;

    Journal(Path path, long seed) throws IOException {
        this.path = path;
        this.seed = seed;
        String text = read();
        file = open(path);
        file.truncate(text.length()).position(text.length());
        if (text.isEmpty()) {
            append(HEADER + seed);
        } else if (!text.startsWith(HEADER + seed + "\n")) {
            file.close();
            String first = text.substring(0, text.indexOf('\n'));
            throw new Failure(path + " begins with '" + first + "', not with '" + HEADER + seed + "'");
        }
    }

    private static FileChannel open(Path path) throws IOException {
        return FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    /** All whole lines, one behind the other. */
    private String read() throws IOException {
        String text = Files.exists(path) ? Files.readString(path, StandardCharsets.US_ASCII) : "";
        return text.substring(0, text.lastIndexOf('\n') + 1);
    }

    /** The lines so far, without the first. */
    synchronized List<String> lines() throws IOException {
        return read().lines().skip(1).toList();
    }

    synchronized boolean isLong() throws IOException {
        return file.size() > LONG_BYTES;
    }

    /** Puts other lines in place of all but the first. */
    synchronized void replace(List<String> lines) throws IOException {
        Path fresh = path.resolveSibling(path.getFileName() + ".new");
        Files.writeString(fresh, HEADER + seed + "\n" + String.join("\n", lines) + "\n", StandardCharsets.US_ASCII);
        Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE);
        file.close();
        file = open(path);
        file.position(file.size());
    }

    void begin(int actor, long number) {
        append("b " + actor + " " + number);
    }

    void begin(long number, KeeperOp op) {
        append("b " + Script.KEEPER + " " + number + " " + op);
    }

    void acknowledged(int actor, long number) {
        append("a " + actor + " " + number);
    }

    void resolved(int actor, long number, boolean tookEffect) {
        append((tookEffect ? "y " : "x ") + actor + " " + number);
    }

    private synchronized void append(String line) {
        try {
            ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.US_ASCII));
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the journal cannot be written", e);
        }
    }

    @Override
    public synchronized void close() throws IOException {
        file.close();
    }
}
