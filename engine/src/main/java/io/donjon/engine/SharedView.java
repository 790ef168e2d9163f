package io.donjon.engine;

/**
 * The version that one or more views read: a keyspace that has not been written to since serves the next view with the
 * same one. Under the write lock.
 */
final class SharedView {
    private final VersionRef version;
    private int users = 1;

    SharedView(VersionRef version) {
        this.version = version;
    }

    VersionRef version() {
        return version;
    }

    void join() {
        users++;
    }

    /** True for the last one. */
    boolean leave() {
        return --users == 0;
    }
}
