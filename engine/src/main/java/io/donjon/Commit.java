package io.donjon;

/** What came of a batch. */
public interface Commit {
    /** The commit's sequence number: it grows with every commit of the store, across restarts too. */
    long sequence();

    /**
     * Whether an operation took effect: always true for a put or delete, unless the batch was all or nothing and a
     * condition failed.
     *
     * @param operation the index that the batch's method returned
     * @throws IndexOutOfBoundsException if the batch had no such operation
     */
    boolean applied(int operation);
}
