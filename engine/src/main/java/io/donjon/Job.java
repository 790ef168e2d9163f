package io.donjon;

/**
 * Work that goes on in the background. Thread-safe.
 *
 * @param <T> what it comes to
 */
public interface Job<T> {
    /** How much is done, 0 to 1; an estimate that never goes back. */
    double progress();

    /** Whether it has ended: done, failed or cancelled. */
    boolean isDone();

    /** Asks it to end soon; nothing happens if it has ended. */
    void cancel();

    /**
     * Waits for the end. An interrupt of the caller does not cut the wait short and stays set.
     *
     * @throws java.util.concurrent.CancellationException if it was cancelled
     * @throws DonjonException if it failed
     */
    T result();
}
