package io.donjon.extents;

import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** A disk of the store, there or not. */
final class Disk {
    final int number;
    final UUID id;

    /** Where its files are; null if it is not there. */
    final @Nullable Directory directory;

    /** Where it was last, for messages and for finding it again. */
    final String path;

    /** What is kept for when it is full; null if it is not there. */
    private final @Nullable Reserve reserve;

    /** Requests under way: a read goes to the copy whose disk has the fewest. */
    final AtomicInteger queue = new AtomicInteger();

    /** Copies found damaged or unreadable on it and answered from elsewhere. */
    final LongAdder badCopies = new LongAdder();

    /** Whether it is a member: written to. It never becomes one again. Changed under the manifest's lock. */
    private volatile boolean inUse;

    Disk(int number, UUID id, @Nullable Directory directory, String path, boolean inUse) {
        this.number = number;
        this.id = id;
        this.directory = directory;
        this.path = path;
        this.reserve = directory == null ? null : new Reserve(directory);
        this.inUse = inUse;
    }

    boolean inUse() {
        return inUse;
    }

    void leaveOut() {
        inUse = false;
    }

    /** The directory of a disk that is there. */
    Directory there() {
        Directory present = directory;
        if (present == null) {
            throw new IllegalStateException(this + " is not there");
        }
        return present;
    }

    /** The reserve of a disk that is there. */
    Reserve reserve() {
        Reserve present = reserve;
        if (present == null) {
            throw new IllegalStateException(this + " is not there");
        }
        return present;
    }

    @Override
    public String toString() {
        return "disk " + number + " (" + path + ")";
    }
}
