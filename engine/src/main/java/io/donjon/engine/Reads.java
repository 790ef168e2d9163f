package io.donjon.engine;

import io.donjon.DroppedException;
import io.donjon.KeyRange;
import io.donjon.ScanOption;
import io.donjon.extents.Environment;
import io.donjon.extents.ExtentStore;
import io.donjon.extents.StorageException;
import io.donjon.versioning.Line;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The way of a read: pin what there is, then look at the version, then search newest first (design.md section 2).
 *
 * <p>The order matters. What is pinned first may be a little old, but it has everything that was acknowledged before the
 * call; and a version that is seen alive afterwards was alive when that was current, so that nothing of it had been
 * merged away.
 *
 * <p>Thread-safe; readers wait for nobody.
 */
final class Reads {
    /** What a thread needs for a look-up, so that none of it is made anew. */
    private static final class Scratch {
        final FullKey key = new FullKey();
        final Lookup lookup = new Lookup();

        /** Whose reads the thread is within that may be calling a function, the innermost first. */
        final Deque<Reads> callers = new ArrayDeque<>();
    }

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    /** Who is read: says which version, or that it has been dropped. */
    interface Target {
        VersionRef target() throws DroppedException;
    }

    private final ReadStates states;
    private final Catalog catalog;
    private final ExtentStore store;
    private final Tuning tuning;
    private final Environment environment;
    private final WorkMemory memory;

    /** The newest commit that may be seen. */
    private final AtomicLong visible;

    /** Open cursors, oldest first. Guarded by its own monitor. */
    private final Set<PinnedCursor> cursors = new LinkedHashSet<>();

    Reads(
            ReadStates states,
            Catalog catalog,
            ExtentStore store,
            Tuning tuning,
            Environment environment,
            WorkMemory memory,
            long visible) {
        this.states = states;
        this.catalog = catalog;
        this.store = store;
        this.tuning = tuning;
        this.environment = environment;
        this.memory = memory;
        this.visible = new AtomicLong(visible);
    }

    // ---- what may be seen ----

    long visible() {
        return visible.get();
    }

    /** A commit, and all before it, may be seen from now on. */
    void publish(long sequence) {
        long seen = visible.get();
        while (seen < sequence && !visible.compareAndSet(seen, sequence)) {
            seen = visible.get();
        }
    }

    /** The newest commit that a reader of a state sees. */
    long sequence(ReadState state) {
        return state.sequence(visible.get());
    }

    /** The newest commit that a reader of a state sees of a version. */
    long sequence(ReadState state, VersionRef version) {
        // Nothing is written to an immutable version any more, and what was is acknowledged.
        return version.isImmutable() ? Long.MAX_VALUE : sequence(state);
    }

    // ---- looking up ----

    byte @Nullable [] get(Target target, byte[] key) {
        Arguments.checkKey(key.length);
        Scratch scratch = SCRATCH.get();
        ReadState state = states.acquire();
        try {
            VersionRef version = target.target();
            scratch.key.set(version.treeId(), key);
            find(scratch, state, version);
            return scratch.lookup.isPresent() ? scratch.lookup.copy() : null;
        } catch (StorageException e) {
            throw Errors.of(e);
        } finally {
            states.release(state);
        }
    }

    int get(Target target, ByteBuffer key, ByteBuffer into) {
        Arguments.checkKey(key.remaining());
        Scratch scratch = SCRATCH.get();
        ReadState state = states.acquire();
        try {
            VersionRef version = target.target();
            scratch.key.set(version.treeId(), key);
            find(scratch, state, version);
            if (!scratch.lookup.isPresent()) {
                return -1;
            }
            int length = scratch.lookup.length();
            if (length <= into.remaining()) {
                scratch.lookup.copyTo(into);
            }
            return length;
        } catch (StorageException e) {
            throw Errors.of(e);
        } finally {
            states.release(state);
        }
    }

    <R> @Nullable R read(Target target, ByteBuffer key, Function<ByteBuffer, ? extends @Nullable R> f) {
        Arguments.checkKey(key.remaining());
        Scratch scratch = SCRATCH.get();
        ReadState state = states.acquire();
        scratch.callers.push(this);
        try {
            VersionRef version = target.target();
            scratch.key.set(version.treeId(), key);
            find(scratch, state, version);
            // The function may read as well, with this thread's scratch: from here on it is not used any more.
            return scratch.lookup.isPresent() ? f.apply(scratch.lookup.view()) : null;
        } catch (StorageException e) {
            throw Errors.of(e);
        } finally {
            scratch.callers.pop();
            states.release(state);
        }
    }

    boolean contains(Target target, byte[] key) {
        Arguments.checkKey(key.length);
        Scratch scratch = SCRATCH.get();
        ReadState state = states.acquire();
        try {
            VersionRef version = target.target();
            scratch.key.set(version.treeId(), key);
            find(scratch, state, version);
            return scratch.lookup.isPresent();
        } catch (StorageException e) {
            throw Errors.of(e);
        } finally {
            states.release(state);
        }
    }

    void getAll(Target target, List<byte[]> keys, BiConsumer<byte[], @Nullable ByteBuffer> sink) {
        keys.forEach(key -> Arguments.checkKey(key.length));
        Scratch scratch = SCRATCH.get();
        ReadState state = states.acquire();
        scratch.callers.push(this);
        try {
            VersionRef version = target.target();
            long sequence = sequence(state, version);
            Ranks ranks = version.ranks(state);
            for (byte[] key : keys) {
                scratch.key.set(version.treeId(), key);
                scratch.lookup.find(state, sequence, scratch.key, version.place(), ranks);
                sink.accept(key, scratch.lookup.isPresent() ? scratch.lookup.view() : null);
            }
        } catch (StorageException e) {
            throw Errors.of(e);
        } finally {
            scratch.callers.pop();
            states.release(state);
        }
    }

    private void find(Scratch scratch, ReadState state, VersionRef version) {
        scratch.lookup.find(state, sequence(state, version), scratch.key, version.place(), version.ranks(state));
    }

    // ---- scanning ----

    ScanCursor scan(Target target, KeyRange range, ScanOption... options) {
        return open(List.of(target), (versions, pin) -> new ScanCursor(this, versions.get(0), pin, range, options));
    }

    /** What has changed from one version to another of the same tree. */
    DiffCursor diff(Target from, Target to, KeyRange range) {
        return open(
                List.of(from, to),
                (versions, pin) -> new DiffCursor(this, versions.get(0), versions.get(1), pin, range));
    }

    /** Makes a cursor. */
    private interface Opener<C> {
        C open(List<VersionRef> versions, ReadStates.Pin pin);
    }

    private <C extends PinnedCursor> C open(List<Target> targets, Opener<C> opener) {
        // A call until the versions count as read: none of them leaves the line before.
        ReadState call = states.acquire();
        try {
            return openWithin(targets, opener);
        } finally {
            states.release(call);
        }
    }

    private <C extends PinnedCursor> C openWithin(List<Target> targets, Opener<C> opener) {
        ReadStates.Pin pin = states.pin();
        List<VersionRef> versions = new ArrayList<>();
        boolean opened = false;
        try {
            for (Target target : targets) {
                VersionRef version = target.target();
                catalog.cursorOpened(version.place());
                versions.add(version);
                // Again, now that a drop would wait for the cursor.
                target.target();
            }
            C cursor = opener.open(versions, pin);
            synchronized (cursors) {
                cursors.add(cursor);
            }
            opened = true;
            return cursor;
        } catch (StorageException e) {
            throw Errors.of(e);
        } finally {
            if (!opened) {
                pin.release();
                versions.forEach(version -> catalog.cursorClosed(version.place()));
            }
        }
    }

    /** A cursor has been closed. */
    void closed(PinnedCursor cursor) {
        synchronized (cursors) {
            cursors.remove(cursor);
        }
        cursor.versions().forEach(version -> catalog.cursorClosed(version.place()));
    }

    ReadStates.Pin pin() {
        return states.pin();
    }

    Line line() {
        return catalog.forest().line();
    }

    ArrayCursor cursor(ArrayRun array, ArrayCursor.Reading reading) {
        return new ArrayCursor(array, store, reading, tuning.readAheadBytes(), memory);
    }

    /** Lets other threads go on. */
    void pause() {
        environment.pause(1_000);
    }

    // ---- memory ----

    /**
     * Expires the oldest cursors until the flushed buffers that they alone still hold are few enough.
     *
     * @param flushed buffers that are arrays by now and still held, oldest first
     * @param bytesMax how much of them may be held
     */
    void expireCursors(List<Generation> flushed, long bytesMax) {
        while (true) {
            long held = 0;
            for (Generation generation : flushed) {
                held += generation.isHeld() ? generation.buffer.bytes() : 0;
            }
            if (held <= bytesMax || !expireOldest(flushed)) {
                return;
            }
        }
    }

    private boolean expireOldest(List<Generation> flushed) {
        for (PinnedCursor cursor : snapshotOfCursors()) {
            ReadState pinned = cursor.pinned();
            if (pinned != null
                    && (flushed.contains(pinned.active)
                            || pinned.sealed.stream().anyMatch(flushed::contains))
                    && cursor.expire()) {
                return true;
            }
        }
        return false;
    }

    private List<PinnedCursor> snapshotOfCursors() {
        synchronized (cursors) {
            return new ArrayList<>(cursors);
        }
    }

    /** Whether the calling thread is within a function that a read has called: that read ends after it. */
    boolean isCalling() {
        return SCRATCH.get().callers.contains(this);
    }

    /** Ends all reading: waits for calls under way, and leaves cursors without what they read. */
    void close() {
        states.close();
        while (states.isInUse()) {
            // Again each time: a scan that pinned before may be among the cursors only now.
            snapshotOfCursors().forEach(PinnedCursor::closeWithStore);
            pause();
        }
    }
}
