package io.donjon;

import org.jspecify.annotations.Nullable;

/** Too few disks of the store are there, or all copies of something are on the missing ones. The message names them. */
public final class MissingDisksException extends DonjonException {
    private static final long serialVersionUID = 1L;

    /** An exception with a message and, where there is one, the exception behind it. */
    public MissingDisksException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
