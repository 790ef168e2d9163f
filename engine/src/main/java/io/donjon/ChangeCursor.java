package io.donjon;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A position among the keys that differ between two versions, in key order. One thread at a time. The buffers that it
 * returns are valid until the next move; what counts is what lies between their position, which need not be 0, and their
 * limit.
 *
 * <p>Every method throws {@link IllegalStateException} after close; the moves and the values also {@link
 * CursorExpiredException}, {@link CorruptionException} and, once the store is closed, {@link StoreClosedException}.
 */
public interface ChangeCursor extends AutoCloseable {
    /** In what way a key differs. */
    enum Kind {
        /** Only the version that was given second has the key. */
        ADDED,
        /** Both have it, with different values. */
        CHANGED,
        /** Only the version that was given first has it. */
        REMOVED
    }

    /** Moves to the next key that differs. False at the end of the range, and from then on. */
    boolean next();

    /** Moves to the first key at or after {@code key} that differs, within the range; it may go back. False if there is none. */
    boolean seek(ByteBuffer key);

    /**
     * In what way the present key differs.
     *
     * @throws IllegalStateException if the last move returned false or there was none
     */
    Kind kind();

    /**
     * The present key, read-only.
     *
     * @throws IllegalStateException if the last move returned false or there was none
     */
    ByteBuffer key();

    /**
     * Its value at the version that was given first, read-only; null if it was ADDED.
     *
     * @throws IllegalStateException if the last move returned false or there was none
     */
    @Nullable ByteBuffer oldValue();

    /**
     * Its value at the version that was given second, read-only; null if it was REMOVED.
     *
     * @throws IllegalStateException if the last move returned false or there was none
     */
    @Nullable ByteBuffer newValue();

    /** The present key as an array of its own. */
    default byte[] keyBytes() {
        ByteBuffer key = key();
        byte[] bytes = new byte[key.remaining()];
        key.get(key.position(), bytes);
        return bytes;
    }

    /** Lets go of memory and files. Closing twice does nothing. */
    @Override
    void close();
}
