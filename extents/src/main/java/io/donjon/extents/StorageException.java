package io.donjon.extents;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What went wrong below the engine, which turns it into an exception of the public API by its {@link #kind()}. The
 * message names disk, file and offset.
 */
public final class StorageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What the caller can make of it. */
    public enum Kind {
        /** Stored bytes are not what was written, in all copies that could be read. */
        DAMAGED,
        /** No room. Nothing has changed; the same may succeed later. */
        NO_SPACE,
        /** Somebody else has the store open. */
        LOCKED,
        /** There is no store here. */
        NO_STORE,
        /** A later release wrote this. */
        TOO_NEW,
        /** Too few disks are there. */
        MISSING_DISKS,
        /** The last copy of something that must be written has failed: nothing more is written until reopened. */
        FAILED
    }

    private final Kind kind;

    /** An exception of a kind, with a message that names the place. */
    public StorageException(Kind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    /** What the caller can make of it. */
    public Kind kind() {
        return kind;
    }

    /** Stored bytes that are not what was written. */
    public static StorageException damaged(Object place, String what) {
        return new StorageException(Kind.DAMAGED, place + ": " + what, null);
    }

    /** An I/O error: no room, or a failure of the medium. */
    static StorageException of(String doing, IOException cause) {
        Kind kind = cause instanceof NoSpaceException ? Kind.NO_SPACE : Kind.FAILED;
        return new StorageException(kind, doing + ": " + cause.getMessage(), cause);
    }
}
