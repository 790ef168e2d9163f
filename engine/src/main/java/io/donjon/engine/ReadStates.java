package io.donjon.engine;

import io.donjon.StoreClosedException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The present {@link ReadState}, replaced as a whole. Thread-safe; the monitor guards memory only.
 */
final class ReadStates {
    /** Null once the store is closed. */
    private volatile @Nullable ReadState current;

    /** States that have not been released: the present one, and those that readers still pin. */
    private final AtomicInteger unreleased = new AtomicInteger();

    /** What follows from the present state. */
    interface Change {
        ReadState apply(ReadState old);
    }

    ReadStates(Generation active, List<Generation> sealed, List<ArrayRun> arrays) {
        this.current = make(active, sealed, arrays);
    }

    /** A state to replace the present one by. */
    ReadState make(Generation active, List<Generation> sealed, List<ArrayRun> arrays) {
        // Counted once it is there: one for which there was no memory would never be released.
        ReadState made = new ReadState(active, sealed, arrays, unreleased::decrementAndGet);
        unreleased.incrementAndGet();
        return made;
    }

    /** The present state, for whoever keeps it from being replaced or only looks at its lists. */
    ReadState current() {
        return open(current);
    }

    /** Pins the present state for the calling thread, which gives it back by {@link #release}. */
    ReadState acquire() {
        int stripe = ReadState.stripe();
        while (true) {
            ReadState state = open(current);
            state.pin(stripe);
            if (state == current) {
                return state;
            }
            state.unpin(stripe);
        }
    }

    /** Gives back what the calling thread acquired. */
    void release(ReadState state) {
        state.unpin(ReadState.stripe());
    }

    /** Pins the present state for a reader that stays and may be closed by another thread. */
    Pin pin() {
        ReadState state = acquire();
        try {
            Pin pin = new Pin(state);
            state.stay();
            return pin;
        } finally {
            release(state);
        }
    }

    /** A pinned state. */
    record Pin(ReadState state) {
        void release() {
            state.leave();
        }
    }

    /** Replaces the present state; nothing happens once the store is closed. */
    void replace(Change change) {
        ReadState old;
        synchronized (this) {
            old = current;
            if (old == null) {
                return;
            }
            ReadState made = change.apply(old);
            made.older = old;
            forgetReleased(made);
            current = made;
        }
        old.retire();
    }

    private static void forgetReleased(ReadState newest) {
        ReadState at = newest;
        while (at.older != null) {
            if (at.older.isReleased()) {
                at.older = at.older.older;
            } else {
                at = at.older;
            }
        }
    }

    /** The present state and all older ones that are still pinned, and perhaps some that are no more. */
    synchronized List<ReadState> unreleased() {
        List<ReadState> all = new ArrayList<>();
        for (ReadState state = current; state != null; state = state.older) {
            all.add(state);
        }
        return all;
    }

    /** Begins anew with what there is: calls that come from now on can be told from those under way. */
    void renew() {
        replace(old -> make(old.active, old.sealed, old.arrays));
    }

    /** From now on there is nothing to read. */
    void close() {
        ReadState old;
        synchronized (this) {
            old = current;
            current = null;
        }
        if (old != null) {
            old.retire();
        }
    }

    /** Whether readers still pin something after {@link #close}. */
    boolean isInUse() {
        return unreleased.get() > 0;
    }

    private static ReadState open(@Nullable ReadState state) {
        if (state == null) {
            throw new StoreClosedException("the store is closed", null);
        }
        return state;
    }
}
