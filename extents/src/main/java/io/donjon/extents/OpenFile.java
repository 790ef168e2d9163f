package io.donjon.extents;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * An open file. Reads and writes name their position; several threads may use one file at once. A negative position, or
 * one that the unit of writing forbids, is an {@link IllegalArgumentException}; anything but closing a closed file is
 * an {@link IllegalStateException}, also for calls that were under way when it was closed.
 *
 * <p>An interrupt of the calling thread neither fails an operation nor closes the file; it stays set.
 */
public interface OpenFile extends AutoCloseable {
    /**
     * Fills {@code into} from position {@code at} on.
     *
     * @return the bytes read: fewer than remained in the buffer only where the file ends; 0 at or behind its end
     */
    int read(ByteBuffer into, long at) throws IOException;

    /**
     * Writes all that remains in {@code from} at position {@code at}, growing the file where needed; a gap between its
     * former end and the position is filled with zeros. After an exception any part of it may have been written.
     *
     * @throws NoSpaceException if the medium has no room for it
     */
    void write(ByteBuffer from, long at) throws IOException;

    /**
     * Makes all writes stable that returned before this call, by whoever has the file open (fdatasync). After an
     * exception, never a {@link NoSpaceException}, nobody knows what is on the medium; to force again proves nothing.
     */
    void force() throws IOException;

    /** The length in bytes. */
    long size() throws IOException;

    /** Writes begin at multiples of this and are multiples of it long: 1 unless the access is direct. */
    int writeUnit();

    /** Closes the file without making anything stable. Closing twice does nothing. */
    @Override
    void close() throws IOException;
}
