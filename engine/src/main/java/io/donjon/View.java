package io.donjon;

/**
 * A keyspace at one point in time, for as long as it is open. It costs no copy and never expires, and is gone at
 * {@link #close()} or with the process. Thread-safe.
 *
 * <p>After close every call throws {@link StoreClosedException}; cursors opened before go on to their end.
 */
public interface View extends Reader, AutoCloseable {
    @Override
    void close();
}
