package io.donjon;

import org.jspecify.annotations.Nullable;

/** The keyspace or snapshot has been dropped, or what a batch writes to has. */
public final class DroppedException extends DonjonException {
    private static final long serialVersionUID = 1L;

    /** An exception with a message and, where there is one, the exception behind it. */
    public DroppedException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
