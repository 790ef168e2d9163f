package io.donjon.extents;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;

/**
 * A second descriptor of a file, for many small writes from arrays: they make no garbage, and no interrupt disturbs them
 * (docs/decisions/0005).
 *
 * <p>It is opened while nothing has been written yet that matters, and never forced: the {@link SteadyChannel} it
 * belongs to is, which was opened before it. The system reports a failed write-back once to each descriptor that was
 * open, whichever of them wrote, so none is missed.
 */
final class SmallWrites implements AutoCloseable {
    private static final long UNKNOWN = -1;

    // Guarded by this monitor. To close a file while another thread writes to it could hit whoever gets its number
    // next.
    private final RandomAccessFile file;
    private long position;
    private boolean closed;

    private SmallWrites(RandomAccessFile file) {
        this.file = file;
    }

    /**
     * Opens the file that a channel has open.
     *
     * @throws IOException also if the path leads to another file by now, such as through a symbolic link
     */
    static SmallWrites open(Path path, SteadyChannel channel) throws IOException {
        RandomAccessFile file = new RandomAccessFile(path.toString(), "rw");
        boolean done = false;
        try {
            if (!isSame(file, channel)) {
                throw new FileNotFoundException(path + " was replaced while it was opened");
            }
            done = true;
            return new SmallWrites(file);
        } finally {
            if (!done) {
                file.close();
            }
        }
    }

    /** The JVM allows no second lock on a file that it has locked, and knows files by their identity. */
    private static boolean isSame(RandomAccessFile file, SteadyChannel channel) throws IOException {
        FileLock lock = channel.tryLock();
        if (lock == null) {
            return false;
        }
        try (lock) {
            FileLock other = file.getChannel().tryLock();
            if (other != null) {
                other.release();
            }
            return false;
        } catch (OverlappingFileLockException same) {
            return true;
        }
    }

    /** Writes all of it. */
    synchronized void write(byte[] from, int offset, int length, long at) throws IOException {
        if (closed) {
            throw new IOException("closed");
        }
        if (position != at) {
            file.seek(at);
        }
        position = UNKNOWN;
        file.write(from, offset, length);
        position = at + length;
    }

    @Override
    public synchronized void close() throws IOException {
        closed = true;
        file.close();
    }
}
