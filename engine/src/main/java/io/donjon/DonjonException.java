package io.donjon;

import org.jspecify.annotations.Nullable;

/** Something went wrong that is not the caller's argument. The message says what, where and what to do. */
public class DonjonException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** An exception with a message and, where there is one, the exception behind it. */
    public DonjonException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
