package io.donjon.cli.kill;

/** The store does not hold what it must. */
final class LossException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    LossException(String message) {
        super(message);
    }
}
