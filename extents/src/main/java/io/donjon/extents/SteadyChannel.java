package io.donjon.extents;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.FileLock;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.util.List;
import java.util.Set;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A file descriptor with positional I/O on the calling thread, which no interrupt disturbs.
 *
 * <p>{@link java.nio.channels.FileChannel} will not do: interrupting a thread inside it closes it for everybody, and
 * an interrupted {@code force} may hide the one report of a failed write-back that the system makes to each descriptor.
 * Reopening is no cure, since the name may by then be another file's, or nobody's, and errors seen before the reopening
 * are not reported again. An {@link AsynchronousFileChannel} is not interruptible; given an executor that runs its
 * tasks at once, it makes the system call on the calling thread like the other one, for the price of a small object per
 * transfer (0 to 20 % of a 4 KiB read from the page cache, measured on JDK 17 and 25). Where an implementation hands
 * the transfer to another thread nevertheless, this class waits for it, whatever interrupts come.
 */
final class SteadyChannel implements AutoCloseable {
    private final AsynchronousFileChannel channel;

    private SteadyChannel(AsynchronousFileChannel channel) {
        this.channel = channel;
    }

    static SteadyChannel open(Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
            throws IOException {
        return new SteadyChannel(AsynchronousFileChannel.open(path, options, CallingThread.INSTANCE, attributes));
    }

    /** Bytes read, -1 at the end of the file. */
    int read(ByteBuffer into, long at) throws IOException {
        return await(channel.read(into, at));
    }

    /** Bytes written, perhaps fewer than remain. */
    int write(ByteBuffer from, long at) throws IOException {
        return await(channel.write(from, at));
    }

    void force(boolean metadata) throws IOException {
        channel.force(metadata);
    }

    long size() throws IOException {
        return channel.size();
    }

    void truncate(long size) throws IOException {
        channel.truncate(size);
    }

    @Nullable FileLock tryLock() throws IOException {
        return channel.tryLock();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    static int await(Future<Integer> transfer) throws IOException {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return transfer.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException failure ? failure : new IOException(e.getCause());
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** An executor that runs what it is given before it returns. */
    private static final class CallingThread extends AbstractExecutorService {
        static final CallingThread INSTANCE = new CallingThread();

        @Override
        public void execute(Runnable task) {
            task.run();
        }

        @Override
        public void shutdown() {
            throw new UnsupportedOperationException("shared by all channels");
        }

        @Override
        public List<Runnable> shutdownNow() {
            throw new UnsupportedOperationException("shared by all channels");
        }

        @Override
        public boolean isShutdown() {
            return false;
        }

        @Override
        public boolean isTerminated() {
            return false;
        }

        @Override
        public boolean awaitTermination(long timeout, TimeUnit unit) {
            return false;
        }
    }
}
