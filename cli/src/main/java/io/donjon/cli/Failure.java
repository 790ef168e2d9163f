package io.donjon.cli;

/** What a command was asked for cannot be done. The message is one line for the user, without a stack trace. */
public final class Failure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** A failure with the line that the user sees. */
    public Failure(String message) {
        super(message);
    }
}
