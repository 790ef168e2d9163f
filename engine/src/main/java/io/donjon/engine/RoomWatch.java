package io.donjon.engine;

import io.donjon.extents.Environment;
import io.donjon.extents.ExtentStore;

/**
 * Whether it makes sense to write extents again after the disks had no room for them: once there is more room than there
 * was then, or now and then in any case, since not every medium says how much it has. Thread-safe.
 */
final class RoomWatch {
    private static final long BLIND_NANOS = 5_000_000_000L;

    private final Environment environment;
    private final ExtentStore store;
    private boolean full;
    private long least;
    private long since;

    RoomWatch(Environment environment, ExtentStore store) {
        this.environment = environment;
        this.store = store;
    }

    /** There was no room; what was written in vain has been removed again. */
    void noRoom() {
        noRoom(store.roomForExtents());
    }

    /** There was only so much room, which is too little. */
    void noRoom(long room) {
        long now = environment.nanoTime();
        synchronized (this) {
            full = true;
            least = room;
            since = now;
        }
    }

    /** There was room. */
    synchronized void room() {
        full = false;
    }

    /** Whether there was no room when that was tried last. */
    synchronized boolean isFull() {
        return full;
    }

    /** Whether to try. */
    boolean allows() {
        if (!isFull()) {
            return true;
        }
        long room = store.roomForExtents();
        long now = environment.nanoTime();
        synchronized (this) {
            boolean more = room > least;
            least = Math.min(least, room);
            return !full || more || now - since >= BLIND_NANOS;
        }
    }
}
