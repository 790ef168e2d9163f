package io.donjon.extents;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * An open file. Reads and writes name their position; several threads may use one file at once.
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
     * Writes all that remains in {@code from} at position {@code at}, growing the file where needed. After an
     * exception any part of it may have been written.
     */
    void write(ByteBuffer from, long at) throws IOException;

    /** Makes all earlier writes stable (fdatasync). After an exception nobody knows what is on the medium. */
    void force() throws IOException;

    /** The length in bytes. */
    long size() throws IOException;

    /** Writes begin at multiples of this and are multiples of it long: 1 unless the access is direct. */
    int writeUnit();

    /** Closes the file without making anything stable. Closing twice does nothing. */
    @Override
    void close() throws IOException;
}
