package io.donjon.extents;

import java.io.IOException;
import java.util.List;

/**
 * One directory of a medium, flat: the only way in which the engine touches files.
 *
 * <p>What was written is stable only after {@link OpenFile#force()}; that a file exists, goes by its new name or is gone
 * is stable only after {@link #sync()}. Nothing else is assumed of the medium: un-synced sectors of 512 bytes may each
 * be lost or kept, in any combination, and un-synced changes of names likewise.
 *
 * <p>A name is one element of a path: anything else (empty, a separator in it, "." or "..") is an
 * {@link IllegalArgumentException}. Every {@link IOException} names the file. A medium without room throws
 * {@link NoSpaceException}. An interrupt of the calling thread neither fails a call nor cuts it short; it stays set.
 * Thread-safe.
 */
public interface Directory {
    /** Where this is, for messages: usually an absolute path. */
    String path();

    /** The names of the files in it, in no order; subdirectories (such as {@code lost+found}) are left out. */
    List<String> list() throws IOException;

    /**
     * Creates an empty file and opens it for reading and writing.
     *
     * @throws java.nio.file.FileAlreadyExistsException if there is one of that name
     */
    OpenFile create(String name, Access access) throws IOException;

    /**
     * Opens a file for reading and writing. What is no plain file, such as a symbolic link, is refused.
     *
     * @throws java.nio.file.NoSuchFileException if there is none of that name
     */
    OpenFile open(String name, Access access) throws IOException;

    /**
     * Gives a file another name, replacing what went by it, as one step. Who has either file open goes on using it.
     *
     * @throws java.nio.file.NoSuchFileException if there is none of the name {@code from}
     */
    void rename(String from, String to) throws IOException;

    /**
     * Removes a file; who has it open may go on using it.
     *
     * @throws java.nio.file.NoSuchFileException if there is none of that name
     */
    void delete(String name) throws IOException;

    /** Makes all earlier changes of names stable (fsync of the directory). */
    void sync() throws IOException;

    /**
     * Tries to take the lock that goes by this name; it is held until it is closed or the process ends. A file of that
     * name stays behind, which nobody should open, rename or delete: on POSIX systems that can end the lock unseen.
     *
     * @param note what another process that tries is told, such as our process id
     */
    LockAttempt lock(String name, String note) throws IOException;

    /** Bytes that may still be written here, as far as the medium says. */
    long usableBytes() throws IOException;

    /** How a file is to be accessed. */
    enum Access {
        /** Through the operating system's page cache. */
        BUFFERED,
        /** The same, for many small writes one behind the other: from an array they make no garbage. */
        APPENDING,
        /**
         * Past the page cache where the medium can: writes must then begin at, and be as long as, multiples of
         * {@link OpenFile#writeUnit()}. Reads may begin and end anywhere.
         */
        DIRECT
    }

    /** What came of {@link #lock}: either ours, to be closed, or held by somebody else, with the note he left. */
    interface LockAttempt extends AutoCloseable {
        /** Whether the lock is ours. */
        boolean taken();

        /** What the holder wrote into the lock; empty if the lock is ours or he had not written it yet. */
        String holderNote();

        @Override
        void close() throws IOException;
    }
}
