package io.donjon.extents;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Locks of this process on files.
 *
 * <p>A POSIX record lock belongs to the process and is gone as soon as the process closes <em>any</em> descriptor of
 * the file. So whoever finds a lock held by his own process must not even open the file: locks held here are known by
 * the file's identity, and asked first.
 */
final class FileLocks {
    private static final int NOTE_BYTES_MAX = 1024;

    /** Guards all below. Held over I/O, which is short: nobody waits for a file lock. */
    private static final ReentrantLock GUARD = new ReentrantLock();

    /** The notes of the locks held here, by the identity of the file. */
    private static final Map<Object, String> HELD = new HashMap<>();

    /**
     * Descriptors of files that are locked by code of this process that we do not know of, such as this class loaded
     * twice. To close one, or to let it be collected, would release that lock.
     */
    private static final List<SteadyChannel> KEPT_OPEN = new ArrayList<>();

    private FileLocks() {}

    static Directory.LockAttempt attempt(Path file, FileAttribute<?>[] permissions, String note) throws IOException {
        GUARD.lock();
        try {
            if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                String held = HELD.get(identity(file));
                if (held != null) {
                    return new Refused(held);
                }
            }
            return attemptUnknown(file, permissions, note);
        } finally {
            GUARD.unlock();
        }
    }

    private static Directory.LockAttempt attemptUnknown(Path file, FileAttribute<?>[] permissions, String note)
            throws IOException {
        SteadyChannel channel = SteadyChannel.open(
                file,
                Set.<OpenOption>of(
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE,
                        LinkOption.NOFOLLOW_LINKS),
                permissions);
        boolean done = false;
        try {
            FileLock lock = channel.tryLock();
            if (lock == null) {
                return new Refused(readNote(channel));
            }
            writeNote(channel, note);
            Object identity = identity(file);
            HELD.put(identity, note);
            done = true;
            return new Taken(identity, channel);
        } catch (OverlappingFileLockException e) {
            KEPT_OPEN.add(channel);
            done = true;
            return new Refused(readNote(channel));
        } finally {
            if (!done) {
                channel.close();
            }
        }
    }

    /** On a full disk there may be room for an old note alone; it only serves the message of who is refused. */
    private static void writeNote(SteadyChannel channel, String note) throws IOException {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(note);
        int length = bytes.remaining();
        try {
            channel.write(bytes, 0);
            channel.truncate(length);
        } catch (IOException e) {
            if (!NoSpace.isSaidBy(e)) {
                throw e;
            }
        }
    }

    private static Object identity(Path file) throws IOException {
        Object key = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .fileKey();
        return key == null ? file.toRealPath() : key;
    }

    private static String readNote(SteadyChannel channel) throws IOException {
        ByteBuffer note = ByteBuffer.allocate(NOTE_BYTES_MAX);
        channel.read(note, 0);
        return StandardCharsets.UTF_8.decode(note.flip()).toString();
    }

    private record Refused(String holderNote) implements Directory.LockAttempt {
        @Override
        public boolean taken() {
            return false;
        }

        @Override
        public void close() {}
    }

    private static final class Taken implements Directory.LockAttempt {
        private final Object identity;
        private @Nullable SteadyChannel channel;

        Taken(Object identity, SteadyChannel channel) {
            this.identity = identity;
            this.channel = channel;
        }

        @Override
        public boolean taken() {
            return true;
        }

        @Override
        public String holderNote() {
            return "";
        }

        @Override
        public void close() throws IOException {
            GUARD.lock();
            try {
                if (channel != null) {
                    channel.close();
                    channel = null;
                    HELD.remove(identity);
                }
            } finally {
                GUARD.unlock();
            }
        }
    }
}
