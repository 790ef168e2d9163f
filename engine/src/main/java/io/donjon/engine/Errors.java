package io.donjon.engine;

import io.donjon.CorruptionException;
import io.donjon.DiskFullException;
import io.donjon.DonjonException;
import io.donjon.FormatException;
import io.donjon.MissingDisksException;
import io.donjon.ReadOnlyException;
import io.donjon.StoreLockedException;
import io.donjon.extents.StorageException;

/** Turns what went wrong on the disks into exceptions of the public API. */
final class Errors {
    private Errors() {}

    static DonjonException of(StorageException e) {
        String message = String.valueOf(e.getMessage());
        return switch (e.kind()) {
            case DAMAGED -> new CorruptionException(message, e);
            case NO_SPACE -> new DiskFullException(message, e);
            case LOCKED -> new StoreLockedException(message, e);
            case NO_STORE, TOO_NEW -> new FormatException(message, e);
            case MISSING_DISKS -> new MissingDisksException(message, e);
            case FAILED -> new ReadOnlyException(message, e);
        };
    }
}
