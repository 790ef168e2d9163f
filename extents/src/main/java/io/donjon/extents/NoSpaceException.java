package io.donjon.extents;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The medium has no room for a write; the bytes may be there in part. Everything else on it is as it was. */
public final class NoSpaceException extends IOException {
    private static final long serialVersionUID = 1L;

    /** An exception whose message names file and position. */
    public NoSpaceException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
