package io.donjon.extents;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Room on a disk that is kept for when it is full (docs/format.md section 1): files that were really written, and are
 * removed one by one when what would free space, or what the store cannot be opened without, finds no room. They are
 * made again once there is room. Files of log segments that wait to be written over are given up before them.
 *
 * <p>Thread-safe; no I/O is done under the monitor.
 */
final class Reserve {
    private static final Logger LOG = LoggerFactory.getLogger(Reserve.class);

    /** Files of log segments that wait to be written over, at most. */
    private static final int SPARES_MAX = 2;

    /** Less room than this is not worth a file. */
    private static final long PIECE_BYTES_LEAST = 16 << 10;

    /** A file of the reserve has at least, if there is room for it, and at most this size. */
    private static final long PIECE_BYTES_MIN = 128 << 10;

    private static final long PIECE_BYTES_MAX = 4 << 20;
    private static final int PIECES = 64;

    private static final String PREFIX = "reserve-";

    /** Who finds no room: each may take what those behind him do not need. */
    enum Use {
        /** New data: has no claim to the reserve, nor to room that the reserve lacks, nor to the spare log files. */
        NEW_DATA,
        /** Flushes and merges, which give back as much and more. */
        WORK,
        /** Records of the log that say that something is dropped. */
        LOG,
        /** The manifest of a store that is open. */
        MANIFEST,
        /** What must be written to open the store. */
        OPENING
    }

    /** Something that may fail for want of room, and be tried again. */
    interface Step {
        void run() throws IOException;
    }

    private record Piece(int number, long bytes) {
        String name() {
            return PREFIX + number;
        }
    }

    private final Directory directory;

    // Guarded by this.
    private final List<Piece> pieces = new ArrayList<>();
    private final Deque<String> spares = new ArrayDeque<>();
    private long forManifest;
    private long forLog;
    private long forWork;
    private boolean wanted;

    Reserve(Directory directory) {
        this.directory = directory;
    }

    /** Takes over what an earlier process has left. */
    void adopt() {
        List<Piece> found = new ArrayList<>();
        try {
            for (String name : directory.list()) {
                if (name.matches(PREFIX + "\\d{1,6}")) {
                    try (OpenFile file = directory.open(name, Directory.Access.BUFFERED)) {
                        found.add(new Piece(Integer.parseInt(name.substring(PREFIX.length())), file.size()));
                    }
                }
            }
        } catch (IOException e) {
            LOG.warn("the reserve of {} could not be looked at", directory.path(), e);
        }
        synchronized (this) {
            pieces.addAll(found);
        }
    }

    /** Does something, giving up one piece of the reserve after the other as long as it finds no room. */
    void in(Use use, Step step) throws IOException {
        while (true) {
            try {
                step.run();
                return;
            } catch (NoSpaceException full) {
                if (!giveUp(use)) {
                    throw full;
                }
            }
        }
    }

    /** Writes what remains in a buffer, whose position is not moved. */
    void write(Use use, OpenFile file, ByteBuffer bytes, long at) throws IOException {
        in(use, () -> file.write(bytes.duplicate(), at));
    }

    OpenFile create(Use use, String name, Directory.Access access) throws IOException {
        OpenFile[] made = new OpenFile[1];
        in(use, () -> made[0] = directory.create(name, access));
        return made[0];
    }

    /**
     * Refuses new data the room that the reserve lacks: what flushes and merges give back to a full disk is for those to
     * come.
     */
    void admit(Use use, long bytes) throws NoSpaceException {
        long missing = missing();
        if (use != Use.NEW_DATA || missing <= 0) {
            return;
        }
        long usable = usableBytes();
        if (usable < missing + bytes) {
            throw new NoSpaceException(
                    "of " + usable + " bytes on " + directory.path() + " " + missing + " are for the reserve", null);
        }
    }

    private boolean giveUp(Use use) {
        String name;
        synchronized (this) {
            if (use == Use.NEW_DATA) {
                return false;
            }
            name = spares.pollFirst();
            long most = bytes() - keptFrom(use);
            Piece largest = name != null
                    ? null
                    : pieces.stream()
                            .filter(piece -> piece.bytes <= most)
                            .max(Comparator.comparingLong(Piece::bytes))
                            .orElse(null);
            if (largest != null) {
                pieces.remove(largest);
                name = largest.name();
            }
        }
        if (name == null) {
            return false;
        }
        LOG.info("{} is full: {} is given up", directory.path(), name);
        Quietly.delete(directory, name);
        return true;
    }

    private long keptFrom(Use use) {
        return switch (use) {
            case NEW_DATA -> Long.MAX_VALUE;
            case WORK -> 2 * forManifest + forLog;
            case LOG -> 2 * forManifest;
            case MANIFEST -> forManifest;
            case OPENING -> 0;
        };
    }

    private long bytes() {
        return pieces.stream().mapToLong(Piece::bytes).sum();
    }

    /** Bytes that flushes and merges may write here, as far as the medium says. */
    long roomForWork() {
        long usable = usableBytes();
        synchronized (this) {
            return usable + Math.max(0, bytes() - keptFrom(Use.WORK));
        }
    }

    /** What the medium says, or more than anybody wants if it says nothing: what is written then shows it. */
    private long usableBytes() {
        try {
            return directory.usableBytes();
        } catch (IOException e) {
            LOG.debug("{} does not say how much room there is", directory.path(), e);
            return Long.MAX_VALUE / 2;
        }
    }

    /** Says how much is to be kept for whom: for the manifest as much as it may take here, and once more to open the store. */
    synchronized void want(long manifest, long log, long work) {
        forManifest = manifest;
        forLog = smallBytes() > PIECE_BYTES_MIN ? Math.max(log, smallBytes()) : log;
        forWork = work;
        wanted = true;
    }

    /** The size of files of which a few dozen make this much. */
    private static long pieceBytes(long all) {
        long even = all / PIECES;
        long rounded = (even + FileHeader.BYTES - 1) / FileHeader.BYTES * FileHeader.BYTES;
        return Math.max(PIECE_BYTES_MIN, Math.min(PIECE_BYTES_MAX, rounded));
    }

    private long smallBytes() {
        return pieceBytes(2 * forManifest);
    }

    private long target() {
        return 2 * forManifest + forLog + forWork;
    }

    private synchronized long missing() {
        return wanted ? target() - bytes() : 0;
    }

    /** Makes one more file of the reserve if it is too small and there is room; whether that was so. */
    boolean refill() {
        long bytes;
        int number;
        synchronized (this) {
            if (missing() <= 0) {
                return false;
            }
            // What is kept from flushes and merges is in small files: one must not be too large for those it is for.
            long small = smallBytes();
            long kept = pieces.stream()
                    .mapToLong(piece -> piece.bytes <= small ? piece.bytes : 0)
                    .sum();
            bytes = kept < keptFrom(Use.WORK) ? small : pieceBytes(target());
            number = pieces.stream().mapToInt(Piece::number).max().orElse(-1) + 1;
        }
        try {
            bytes = Math.min(bytes, directory.usableBytes() / FileHeader.BYTES * FileHeader.BYTES);
            if (bytes < PIECE_BYTES_LEAST) {
                return false;
            }
            write(PREFIX + number, bytes);
        } catch (IOException e) {
            LOG.debug("the reserve of {} could not be made larger", directory.path(), e);
            return false;
        }
        synchronized (this) {
            pieces.add(new Piece(number, bytes));
        }
        return true;
    }

    private void write(String name, long bytes) throws IOException {
        String made = name + StoreOpening.NEW;
        boolean done = false;
        try (OpenFile file = directory.create(made, Directory.Access.BUFFERED)) {
            ByteBuffer zeros = ByteBuffer.allocateDirect((int) Math.min(bytes, PIECE_BYTES_MIN));
            for (long at = 0; at < bytes; at += zeros.capacity()) {
                zeros.clear().limit((int) Math.min(zeros.capacity(), bytes - at));
                file.write(zeros, at);
            }
            file.force();
            directory.rename(made, name);
            done = true;
            directory.sync();
        } finally {
            if (!done) {
                Quietly.delete(directory, made);
            }
        }
    }

    // ---- log files to be written over ----

    /** The file of a segment that is no longer needed, or null. */
    synchronized @Nullable String takeSpare() {
        return spares.pollFirst();
    }

    /** Keeps the file of a segment that is no longer needed, or removes it if that is better. */
    void retire(String name) {
        String surplus = name;
        synchronized (this) {
            // Where the reserve is not whole the room is needed more.
            if (missing() <= 0) {
                spares.addLast(name);
                surplus = spares.size() > SPARES_MAX ? spares.removeFirst() : null;
            }
        }
        if (surplus != null) {
            Quietly.delete(directory, surplus);
        }
    }
}
