package io.donjon;

/**
 * What is to be imported does not fit the keyspace: it is based on a snapshot that the keyspace does not come from, or the
 * keyspace has been written to since. Nothing has changed.
 */
public final class ImportRefusedException extends DonjonException {
    private static final long serialVersionUID = 1L;

    /** An exception with a message. */
    public ImportRefusedException(String message) {
        super(message, null);
    }
}
