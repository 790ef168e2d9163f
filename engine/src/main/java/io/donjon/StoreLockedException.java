package io.donjon;

import org.jspecify.annotations.Nullable;

/** The store is open already. The message names the process that holds it. */
public final class StoreLockedException extends DonjonException {
    private static final long serialVersionUID = 1L;

    /** An exception with a message and, where there is one, the exception behind it. */
    public StoreLockedException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
