package io.donjon.engine;

import io.donjon.CursorExpiredException;
import io.donjon.StoreClosedException;
import io.donjon.extents.StorageException;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * What cursors have in common: they show one point in time, and pin what was there at their birth. When the store wants
 * that memory back it expires the cursor, which one of immutable versions does not notice: it goes on from its last key in
 * what is there by then, since that says the same.
 *
 * <p>One thread at a time moves it; the store may expire or close it meanwhile.
 */
abstract class PinnedCursor implements AutoCloseable {
    /** Where tests want to see a caller fail who keeps a buffer over a move. */
    static final boolean POISON = Boolean.getBoolean("donjon.poison");

    /** Whether somebody is inside, and why nobody may be any more; who is taking back what is pinned counts as EXPIRING. */
    private enum Phase {
        IDLE,
        BUSY,
        EXPIRING,
        EXPIRED,
        STORE_CLOSED,
        CLOSED
    }

    private final Reads reads;
    private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.IDLE);
    private ReadStates.@Nullable Pin pin;

    /**
     * A cursor.
     *
     * @param pin what to read, pinned; the cursor gives it back
     */
    PinnedCursor(Reads reads, ReadStates.Pin pin) {
        this.reads = reads;
        this.pin = pin;
    }

    final Reads reads() {
        return reads;
    }

    // ---- what a kind of cursor says and does ----

    /** The versions that it reads. */
    abstract List<VersionRef> versions();

    /** What it is, for messages. */
    abstract String describe();

    /** Begins to read a state, which is pinned. */
    abstract void open(ReadState state);

    /** Goes in what was opened to where the cursor was in what it had before. */
    abstract void goBack();

    /** Lets go of all that {@link #open} took. */
    abstract void letGo();

    /** The cursor is being closed: there is no present key any more. */
    abstract void ended();

    // ---- moves ----

    /** To be called before any look at what is pinned, and {@link #leave} behind it. */
    final void enter() {
        while (!phase.compareAndSet(Phase.IDLE, Phase.BUSY)) {
            switch (phase.get()) {
                case CLOSED -> throw new IllegalStateException("the cursor is closed");
                case STORE_CLOSED -> throw new StoreClosedException("the store is closed", null);
                case EXPIRING -> reads.pause();
                case EXPIRED -> revive();
                case BUSY -> throw new IllegalStateException("two threads move one cursor");
                case IDLE -> {
                    continue;
                }
            }
        }
    }

    final void leave() {
        phase.set(Phase.IDLE);
    }

    /** Refuses to answer for a cursor that is closed or stands nowhere. */
    final void requirePresent(boolean present, boolean started) {
        if (phase.get() == Phase.CLOSED) {
            throw new IllegalStateException("the cursor is closed");
        }
        if (!present) {
            throw new IllegalStateException(
                    started ? "the cursor is behind the last key" : "the cursor is before the first key");
        }
    }

    // ---- life ----

    /** What was pinned is gone. A cursor of immutable versions takes up where it was in what is there now. */
    private void revive() {
        if (!versions().stream().allMatch(VersionRef::isImmutable)) {
            throw new CursorExpiredException(
                    describe() + " has held too much memory for too long; read a view or a snapshot instead", null);
        }
        if (!phase.compareAndSet(Phase.EXPIRED, Phase.BUSY)) {
            return;
        }
        boolean done = false;
        try {
            ReadStates.Pin fresh = reads.pin();
            pin = fresh;
            open(fresh.state());
            goBack();
            done = true;
        } catch (StorageException e) {
            throw Errors.of(e);
        } finally {
            if (!done) {
                unpin();
            }
            phase.set(done ? Phase.IDLE : Phase.EXPIRED);
        }
    }

    /** Takes back what is pinned, unless the cursor is just being moved. Called by the store under pressure. */
    final boolean expire() {
        if (!phase.compareAndSet(Phase.IDLE, Phase.EXPIRING)) {
            return false;
        }
        unpin();
        phase.set(Phase.EXPIRED);
        return true;
    }

    /** Takes back what is pinned for good, unless the cursor is just being moved: then it is to be asked again. */
    final void closeWithStore() {
        Phase now = phase.get();
        boolean resting = now == Phase.IDLE || now == Phase.EXPIRED;
        // By way of EXPIRING, so that whoever closes it at this moment does not give the pin back as well.
        if (resting && phase.compareAndSet(now, Phase.EXPIRING)) {
            unpin();
            phase.set(Phase.STORE_CLOSED);
        }
    }

    private void unpin() {
        ReadStates.Pin held = pin;
        pin = null;
        letGo();
        if (held != null) {
            held.release();
        }
    }

    /** The state that it pins, or null. */
    final @Nullable ReadState pinned() {
        ReadStates.Pin held = pin;
        return held == null ? null : held.state();
    }

    @Override
    public final void close() {
        while (true) {
            Phase now = phase.get();
            if (now == Phase.CLOSED) {
                return;
            }
            if (now == Phase.BUSY) {
                throw new IllegalStateException("a cursor is closed while another thread moves it");
            }
            if (now == Phase.EXPIRING) {
                reads.pause();
            } else if (phase.compareAndSet(now, Phase.CLOSED)) {
                ended();
                unpin();
                reads.closed(this);
                return;
            }
        }
    }
}
