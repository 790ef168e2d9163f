package io.donjon.cli.kill;

import io.donjon.cli.Failure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * What was begun and what was acknowledged, in a text file that the death of the process does not harm. After the line
 * {@code donjon-kill-test 1 SEED} each line is one of
 *
 * <pre>
 *   b ACTOR NUMBER [KIND TREE TARGET NAME]   written before the operation is begun; the keeper's say what they are
 *   a ACTOR NUMBER                           written when it has been acknowledged
 *   y ACTOR NUMBER                           was in flight when the process died, and took effect
 *   x ACTOR NUMBER                           was in flight when the process died, and did not
 * </pre>
 *
 * Nothing is forced: only the process dies, not the machine. A last line without its end is cut off: if it was an
 * acknowledgement, the operation counts as in flight, and if it was a beginning, nothing had begun. Thread-safe.
 */
final class Journal implements AutoCloseable {
    private static final String HEADER = "donjon-kill-test 1 ";

    private final FileChannel file;
    private final List<String> lines;

    Journal(Path path, long seed) throws IOException {
        String text = Files.exists(path) ? Files.readString(path, StandardCharsets.US_ASCII) : "";
        String whole = text.substring(0, text.lastIndexOf('\n') + 1);
        file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        file.truncate(whole.length()).position(whole.length());
        if (whole.isEmpty()) {
            append(HEADER + seed);
            lines = List.of();
        } else {
            List<String> all = whole.lines().toList();
            if (!all.get(0).equals(HEADER + seed)) {
                file.close();
                throw new Failure(path + " begins with '" + all.get(0) + "', not with '" + HEADER + seed + "'");
            }
            lines = all.subList(1, all.size());
        }
    }

    /** The lines that were there at the start, without the first. */
    List<String> lines() {
        return lines;
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
    public void close() throws IOException {
        file.close();
    }
}
