package io.donjon;

import org.jspecify.annotations.Nullable;

/** Stored bytes are not what was written, in all copies that there are. Whatever does not need them goes on. */
public final class CorruptionException extends DonjonException {
    private static final long serialVersionUID = 1L;

    /** An exception with a message and, where there is one, the exception behind it. */
    public CorruptionException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
