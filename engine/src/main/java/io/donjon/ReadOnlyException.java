package io.donjon;

import org.jspecify.annotations.Nullable;

/** The store has turned read-only; the message says why. All that was acknowledged is there after reopening. */
public final class ReadOnlyException extends DonjonException {
    private static final long serialVersionUID = 1L;

    /** An exception with a message and, where there is one, the exception behind it. */
    public ReadOnlyException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
