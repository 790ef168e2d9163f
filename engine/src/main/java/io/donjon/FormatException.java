package io.donjon;

import org.jspecify.annotations.Nullable;

/** There is no store here, or a release later than this one wrote it. */
public final class FormatException extends DonjonException {
    private static final long serialVersionUID = 1L;

    /** An exception with a message and, where there is one, the exception behind it. */
    public FormatException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
