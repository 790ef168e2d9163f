package io.donjon;

import org.jspecify.annotations.Nullable;

/** There is no room for a write. Nothing was lost; reads and drops go on, and writes do again once there is room. */
public final class DiskFullException extends DonjonException {
    private static final long serialVersionUID = 1L;

    /** An exception with a message and, where there is one, the exception behind it. */
    public DiskFullException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
