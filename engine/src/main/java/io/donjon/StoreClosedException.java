package io.donjon;

import org.jspecify.annotations.Nullable;

/** The store, or the view, has been closed. */
public final class StoreClosedException extends DonjonException {
    private static final long serialVersionUID = 1L;

    /** An exception with a message and, where there is one, the exception behind it. */
    public StoreClosedException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
