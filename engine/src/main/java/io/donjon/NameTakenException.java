package io.donjon;

import org.jspecify.annotations.Nullable;

/** A keyspace of the store or a snapshot of the tree has that name already. */
public final class NameTakenException extends DonjonException {
    private static final long serialVersionUID = 1L;

    /** An exception with a message and, where there is one, the exception behind it. */
    public NameTakenException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
