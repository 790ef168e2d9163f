package io.donjon;

import java.nio.ByteBuffer;

/**
 * A position in a scan. One thread at a time. The buffers that {@link #key()} and {@link #value()} return are valid
 * until the next move; what counts is what lies between their position, which need not be 0, and their limit.
 *
 * <p>Every method throws {@link IllegalStateException} after close, and the moves also {@link CursorExpiredException},
 * {@link CorruptionException} and, once the store is closed, {@link StoreClosedException}.
 */
public interface Cursor extends AutoCloseable {
    /** Moves to the next key in scan direction. False at the end of the range, and from then on. */
    boolean next();

    /**
     * Moves to the first key at or after {@code key} in scan direction (at or before it in a reverse scan), within the
     * range; it may go back. False if there is none.
     */
    boolean seek(ByteBuffer key);

    /**
     * The present key, read-only.
     *
     * @throws IllegalStateException if the last move returned false or there was none
     */
    ByteBuffer key();

    /**
     * The present value, read-only; empty if the scan is of keys only.
     *
     * @throws IllegalStateException if the last move returned false or there was none
     */
    ByteBuffer value();

    /** The present key as an array of its own. */
    default byte[] keyBytes() {
        return bytes(key());
    }

    /** The present value as an array of its own. */
    default byte[] valueBytes() {
        return bytes(value());
    }

    /** Lets go of memory and files. Closing twice does nothing. */
    @Override
    void close();

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(buffer.position(), bytes);
        return bytes;
    }
}
