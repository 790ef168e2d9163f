package io.donjon;

import org.jspecify.annotations.Nullable;

/** A cursor on a keyspace has held too much memory for too long. Scan a {@link View} or a {@link Snapshot} instead. */
public final class CursorExpiredException extends DonjonException {
    private static final long serialVersionUID = 1L;

    /** An exception with a message and, where there is one, the exception behind it. */
    public CursorExpiredException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
