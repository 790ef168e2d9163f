package io.donjon.engine;

import io.donjon.StoreClosedException;
import io.donjon.StoreStats;
import io.donjon.extents.Encoder;
import io.donjon.extents.Environment;
import io.donjon.extents.Extent;
import io.donjon.extents.ExtentStore;
import io.donjon.extents.ManifestEdit;
import io.donjon.extents.StorageException;
import io.donjon.versioning.Line;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What goes on behind the writers' backs: one thread flushes buffers and looks after log and manifest, a few merge, one
 * makes asynchronous commits stable for those who asked.
 */
final class Background {
    private static final Logger LOG = LoggerFactory.getLogger(Background.class);

    /** How long an idle thread sleeps before it looks again by itself. */
    private static final long IDLE_NANOS = 1_000_000_000L;

    /** How long a thread rests after a failure, or while a disk is full, before it tries again. */
    private static final long RETRY_NANOS = 200_000_000L;

    /** With so many log segments to replay, what is in memory is flushed although the buffer is not full. */
    private static final int SEGMENTS_MAX = 8;

    private final Environment environment;
    private final ExtentStore store;
    private final Catalog catalog;
    private final ManifestImage image;
    private final ReadStates states;
    private final Reads reads;
    private final Commits commits;
    private final Tuning tuning;
    private final Throttle throttle;
    private final WorkMemory memory;
    private final MergePolicy policy;
    private final RoomWatch flushRoom;
    private final RoomWatch mergeRoom;
    private final List<Environment.Worker> workers = new ArrayList<>();

    private final Lock lock;
    private final Condition wake;

    // Guarded by the lock.
    private boolean stopping;

    /** Nobody makes anything stable any more. */
    private boolean ended;

    /** How often the threads have been woken. */
    private long wakes;

    private final List<Claim> running = new ArrayList<>();

    /** Arrays whose merge has failed on damaged blocks: it would again. */
    private final Set<Long> damaged = new HashSet<>();

    /** Who waits for a commit to become stable, by its sequence number. */
    private final TreeMap<Long, List<CompletableFuture<Void>>> waiting = new TreeMap<>();

    /** Arrays that nothing names or holds any more; their files go when the flushing thread comes by. */
    private final Queue<ArrayRun> graveyard;

    /** Buffers that are arrays by now and perhaps still read, oldest first. */
    private final Deque<Generation> lingering = new ArrayDeque<>();

    private volatile boolean cancelled;
    private volatile long durableSequence;
    private volatile long lingeringBytes;
    private final LongAdder flushes = new LongAdder();
    private final LongAdder flushWritten = new LongAdder();
    private final LongAdder merges = new LongAdder();
    private final LongAdder mergeRead = new LongAdder();
    private final LongAdder mergeWritten = new LongAdder();
    private volatile @Nullable String lastFailure;

    Background(
            Environment environment,
            ExtentStore store,
            Catalog catalog,
            ManifestImage image,
            ReadStates states,
            Reads reads,
            Commits commits,
            Tuning tuning,
            Throttle throttle,
            WorkMemory memory,
            Queue<ArrayRun> graveyard) {
        this.environment = environment;
        this.store = store;
        this.catalog = catalog;
        this.image = image;
        this.states = states;
        this.reads = reads;
        this.commits = commits;
        this.tuning = tuning;
        this.throttle = throttle;
        this.memory = memory;
        this.graveyard = graveyard;
        this.policy = new MergePolicy(catalog.forest().line(), tuning.ratio());
        this.flushRoom = new RoomWatch(environment, store);
        this.mergeRoom = new RoomWatch(environment, store);
        this.lock = environment.newLock();
        this.wake = lock.newCondition();
    }

    // ---- life ----

    void start() {
        workers.add(environment.start("donjon-flush", this::flushLoop));
        workers.add(environment.start("donjon-sync", this::syncLoop));
        for (int i = 0; i < tuning.mergeThreads(); i++) {
            workers.add(environment.start("donjon-merge-" + i, this::mergeLoop));
        }
    }

    /** There may be something to do. */
    void wake() {
        lock.lock();
        try {
            signal();
        } finally {
            lock.unlock();
        }
    }

    private void signal() {
        wakes++;
        wake.signalAll();
    }

    /** Ends all threads; a merge under way is given up. */
    void stop() {
        cancelled = true;
        lock.lock();
        try {
            stopping = true;
            wake.signalAll();
        } finally {
            lock.unlock();
        }
        workers.forEach(Environment.Worker::join);
        bury();
    }

    private interface Step {
        /** Does what there is to do; false if there is nothing. */
        boolean run();
    }

    /** Runs a step until the store is closed; whatever goes wrong ends up in {@link #lastFailure}. */
    private void loop(Step step) {
        boolean more = true;
        while (more) {
            try {
                more = round(step);
            } catch (VirtualMachineError none) {
                // No memory to say so, or to wait for work; the next round may have some. No thread may end by that.
                environment.pause(RETRY_NANOS);
            }
        }
    }

    private boolean round(Step step) {
        long seen = wakes();
        boolean busy = false;
        try {
            busy = step.run();
        } catch (CancellationException closing) {
            LOG.debug("a merge was given up", closing);
        } catch (StorageException e) {
            failed(e);
        } catch (RuntimeException | LinkageError | VirtualMachineError e) {
            // A bug, or no memory: nothing is known about what was under way, so nothing more is written.
            commits.turnReadOnly("work in the background has failed by an internal error; see the log of the process");
            LOG.error("background work has failed", e);
            lastFailure = e.toString();
        }
        return rest(busy, seen);
    }

    private long wakes() {
        lock.lock();
        try {
            return wakes;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until somebody has woken the threads since the step began, unless it was busy; false if all is over. */
    private boolean rest(boolean busy, long seen) {
        lock.lock();
        try {
            long left = flushRoom.isFull() || mergeRoom.isFull() ? RETRY_NANOS : IDLE_NANOS;
            while (!stopping && !busy && wakes == seen && left > 0) {
                left = wake.awaitNanos(left);
            }
            return !stopping;
        } catch (InterruptedException nobodyShould) {
            LOG.warn("a background thread was interrupted, and goes on");
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void failed(StorageException e) {
        LOG.warn("background work has failed: {}", e.getMessage());
        lastFailure = e.getMessage();
        if (e.kind() == StorageException.Kind.FAILED && !store.isWritable()) {
            commits.turnReadOnly(String.valueOf(e.getMessage()));
        }
        environment.pause(RETRY_NANOS);
    }

    // ---- flushing ----

    private void flushLoop() {
        loop(this::flushStep);
    }

    private boolean flushStep() {
        bury();
        expireCursors();
        if (commits.readOnlyReason() != null) {
            return false;
        }
        store.log().prepare();
        // A flush gives back log segments to a full disk, and lets merges know of drops.
        boolean full = store.log().lacksRoom() && states.current().sealed.isEmpty();
        if (store.log().isWeakened() || store.log().segments() > SEGMENTS_MAX || full) {
            commits.sealNow();
        }
        List<Generation> sealed = states.current().sealed;
        boolean flushes = !sealed.isEmpty() && flushRoom.allows();
        if (flushes) {
            flushOldest(sealed);
        }
        store.maintainManifest();
        return store.maintainReserve() || flushes;
    }

    private void flushOldest(List<Generation> sealed) {
        try {
            flush(sealed.get(sealed.size() - 1));
            flushRoom.room();
            commits.flushed(null);
        } catch (StorageException e) {
            boolean full = e.kind() == StorageException.Kind.NO_SPACE;
            if (full) {
                flushRoom.noRoom();
            }
            commits.flushed(full ? e : null);
            throw e;
        }
    }

    /** Writes the oldest sealed buffer as an array and installs it. Only one thread does this: in the order of seals. */
    void flush(Generation generation) {
        long began = environment.nanoTime();
        Flush.Result result = write(generation);
        ManifestEdit edit = new ManifestEdit();
        Encoder part = image.position(generation.sealedPosition(), generation.sealedSequence());
        ManifestImage.operations(part, catalog.pendingUpTo(generation.sealedPosition()));
        ArrayInfo info = null;
        if (result != null) {
            info = name(result.written(), generation.age(), result.from(), result.to(), new byte[0], null);
            addExtents(edit, result.written());
            ManifestImage.array(part, info);
        }
        edit.state(part);
        ArrayInfo added = info;
        edit.effect(() -> {
            image.moved(generation.sealedPosition(), generation.sealedSequence());
            if (added != null) {
                image.added(added);
            }
        });
        store.commit(edit, generation.sealedPosition());
        // The edit makes all of it stable, acknowledged or not.
        reads.publish(generation.sealedSequence());
        showWhatIsDurable(() -> {
            ArrayRun array = added == null || result == null ? null : open(added, result.from(), result.to());
            states.replace(old -> {
                List<Generation> sealed = new ArrayList<>(old.sealed);
                sealed.remove(generation);
                return states.make(old.active, sealed, array == null ? old.arrays : with(old.arrays, array));
            });
        });
        generation.release();
        linger(generation);
        madeStable(generation.sealedSequence());
        if (result != null) {
            flushes.increment();
            flushWritten.add(result.written().bytesWritten());
            throttle.flushed(generation.buffer.bytes(), environment.nanoTime() - began);
        }
        arraysChanged();
    }

    /** Lets readers see what an edit has made durable. If that cannot be, no other edit may follow: it would not go with this. */
    private void showWhatIsDurable(Runnable change) {
        boolean done = false;
        try {
            change.run();
            done = true;
        } finally {
            if (!done) {
                commits.turnReadOnly("an array could not be read right after it was written");
            }
        }
    }

    /** A buffer is an array by now; who reads it still may. */
    private void linger(Generation generation) {
        lock.lock();
        try {
            lingering.addLast(generation);
        } finally {
            lock.unlock();
        }
    }

    private Flush.@Nullable Result write(Generation generation) {
        memory.take(tuning.writerBytes());
        try {
            expireCursors();
            return new Flush(store, catalog.forest(), tuning).write(generation.buffer);
        } finally {
            memory.giveBack(tuning.writerBytes());
        }
    }

    private ArrayInfo name(
            ArrayWriter.Written written, long age, int from, int to, byte[] keysFrom, byte @Nullable [] keysTo) {
        return new ArrayInfo(
                image.newArray(),
                age,
                catalog.forest().id(from),
                to == Line.END ? ArrayInfo.END_OF_LINE : catalog.forest().id(to),
                keysFrom,
                keysTo,
                written.data().id(),
                written.meta().id(),
                written.values() == null ? 0 : written.values().id(),
                written.footer(),
                written.counts().breakpoints(),
                written.counts().keys(),
                written.bytes());
    }

    private static void addExtents(ManifestEdit edit, ArrayWriter.Written written) {
        edit.add(written.data()).add(written.meta());
        if (written.values() != null) {
            edit.add(written.values());
        }
    }

    private static void dropExtents(ManifestEdit edit, ArrayInfo info) {
        edit.drop(info.data()).drop(info.meta());
        if (info.values() != 0) {
            edit.drop(info.values());
        }
    }

    ArrayRun open(ArrayInfo info, int from, int to) {
        return ArrayRun.open(info, store, from, to, graveyard::add);
    }

    private static List<ArrayRun> with(List<ArrayRun> arrays, ArrayRun added) {
        List<ArrayRun> all = new ArrayList<>(arrays);
        all.add(added);
        return sorted(all);
    }

    private static List<ArrayRun> sorted(List<ArrayRun> arrays) {
        arrays.sort(ArrayRun.NEWEST_FIRST);
        return arrays;
    }

    private void bury() {
        for (ArrayRun array = graveyard.poll(); array != null; array = graveyard.poll()) {
            array.free();
        }
    }

    /** Lets go of flushed buffers that nobody reads any more, and of cursors that hold more of them than there is room for. */
    private void expireCursors() {
        lock.lock();
        try {
            lingering.removeIf(generation -> !generation.isHeld());
            long room = memory.left() + lingeringBytes;
            reads.expireCursors(List.copyOf(lingering), Math.min(tuning.bufferBytes() + SlabPool.SLAB_BYTES, room));
            long held = 0;
            for (Generation generation : lingering) {
                held += generation.isHeld() ? generation.buffer.bytes() : 0;
            }
            memory.take(held - lingeringBytes);
            lingeringBytes = held;
        } finally {
            lock.unlock();
        }
    }

    // ---- merging ----

    /** Chooses arrays to be merged. */
    interface Choice {
        /**
         * A closed group, newest first, that may be merged beside those under way; empty for none.
         *
         * @param busy the groups of merges under way
         */
        List<ArrayRun> from(List<ArrayRun> arrays, List<List<ArrayRun>> busy);
    }

    private void mergeLoop() {
        loop(() -> mergeOne(policy::pick));
    }

    /** Merges what is chosen; false if that is nothing. */
    boolean mergeOne(Choice choice) {
        if (commits.readOnlyReason() != null || !mergeRoom.allows()) {
            return false;
        }
        long room = store.roomForExtents();
        List<ArrayRun> held = new ArrayList<>(holdArrays());
        try {
            Claim claim = claim(List.copyOf(held), choice, room);
            if (claim == null) {
                return false;
            }
            try {
                // Nobody else drops what is claimed, and holding it would keep its files.
                List<ArrayRun> older = olderThan(claim.group, held);
                held.removeIf(array -> {
                    boolean unused = !older.contains(array);
                    if (unused) {
                        array.release();
                    }
                    return unused;
                });
                expireCursors();
                merge(claim.group, older);
                mergeRoom.room();
            } catch (StorageException e) {
                if (e.kind() == StorageException.Kind.NO_SPACE) {
                    mergeRoom.noRoom();
                }
                throw e;
            } finally {
                giveUp(claim);
            }
            return true;
        } finally {
            held.forEach(ArrayRun::release);
        }
    }

    private static List<ArrayRun> olderThan(List<ArrayRun> group, List<ArrayRun> arrays) {
        long oldest = group.stream().mapToLong(ArrayRun::age).min().orElseThrow();
        return arrays.stream()
                .filter(array -> array.age() <= oldest && !group.contains(array))
                .toList();
    }

    /**
     * A merge under way.
     *
     * @param group what it began with
     * @param memory what was taken of the memory
     */
    private record Claim(List<ArrayRun> group, long memory) {}

    /** All arrays, held, without the buffers beside them: a merge may take long, and those are memory. */
    private List<ArrayRun> holdArrays() {
        ReadState state = states.acquire();
        try {
            state.arrays.forEach(ArrayRun::hold);
            return state.arrays;
        } finally {
            states.release(state);
        }
    }

    private @Nullable Claim claim(List<ArrayRun> arrays, Choice choice, long room) {
        lock.lock();
        try {
            if (stopping || arrays.stream().anyMatch(this::isGone)) {
                return null;
            }
            // A damaged array is as good as busy for ever: nothing may be merged over it.
            List<List<ArrayRun>> busy = new ArrayList<>();
            running.forEach(claim -> busy.add(claim.group));
            arrays.stream().filter(array -> damaged.contains(array.id())).forEach(array -> busy.add(List.of(array)));
            List<ArrayRun> first = choice.from(arrays, busy);
            List<ArrayRun> group = first;
            while (MergePolicy.bytes(group) > room) {
                // One for which there is room gives back more, and sooner.
                busy.add(group);
                group = choice.from(arrays, busy);
            }
            if (group.isEmpty() && !first.isEmpty()) {
                group = policy.part(first, arrays, room);
                if (group.isEmpty()) {
                    mergeRoom.noRoom();
                }
            }
            if (group.isEmpty()) {
                return null;
            }
            long bytes = tuning.mergeBytes(MergePolicy.runs(group).size());
            // Beside another it waits until there is memory; one goes on whatever there is.
            if (running.isEmpty()) {
                memory.take(bytes);
            } else if (!memory.tryTake(bytes)) {
                return null;
            }
            Claim claim = new Claim(group, bytes);
            running.add(claim);
            return claim;
        } finally {
            lock.unlock();
        }
    }

    /** Whether a merge that ended since the arrays were listed has taken one away. */
    private boolean isGone(ArrayRun array) {
        return !states.current().arrays.contains(array);
    }

    private void giveUp(Claim claim) {
        lock.lock();
        try {
            running.remove(claim);
            memory.giveBack(claim.memory);
            signal();
        } finally {
            lock.unlock();
        }
    }

    /** Merges a closed group, and installs what comes of it piece by piece. */
    private void merge(List<ArrayRun> claimed, List<ArrayRun> older) {
        List<ArrayRun> group = claimed;
        try {
            while (!group.isEmpty()) {
                long pieceBytes = tuning.pieceBytes(MergePolicy.bytes(group), store.roomForExtents());
                Merge merge = new Merge(store, catalog, tuning, group, older, pieceBytes, () -> cancelled);
                group = install(group, claimed.get(0).age(), merge.run());
            }
        } catch (StorageException e) {
            if (e.kind() == StorageException.Kind.DAMAGED) {
                lock.lock();
                try {
                    claimed.forEach(array -> damaged.add(array.id()));
                } finally {
                    lock.unlock();
                }
            }
            throw e;
        }
        merges.increment();
    }

    /** Installs a piece of the merge of a group; returns what is left to be merged. */
    private List<ArrayRun> install(List<ArrayRun> group, long age, Merge.Result result) {
        ArrayWriter.Written written = result.written();
        ManifestEdit edit = new ManifestEdit();
        Encoder part = new Encoder(256);
        List<ArrayInfo> added = new ArrayList<>();
        if (written != null) {
            ArrayInfo info = name(written, age, result.from(), result.to(), result.keysFrom(), result.keysTo());
            addExtents(edit, written);
            added.add(info);
        }
        Map<ArrayRun, ArrayInfo> narrowed = new LinkedHashMap<>();
        List<ArrayRun> gone = new ArrayList<>();
        for (Merge.Left left : result.left()) {
            if (left.keysFrom() == null) {
                ManifestImage.arrayGone(part, left.array().id());
                dropExtents(edit, left.array().info());
                gone.add(left.array());
            } else {
                narrowed.put(left.array(), narrow(edit, left, left.keysFrom()));
            }
        }
        added.addAll(narrowed.values());
        added.forEach(info -> ManifestImage.array(part, info));
        edit.state(part);
        edit.effect(() -> {
            gone.forEach(array -> image.gone(array.id()));
            added.forEach(image::added);
        });
        store.commit(edit);
        List<ArrayRun> replaced = new ArrayList<>(gone);
        List<ArrayRun> rest = new ArrayList<>(group);
        showWhatIsDurable(() -> {
            List<ArrayRun> made = new ArrayList<>();
            if (written != null) {
                made.add(open(added.get(0), result.from(), result.to()));
            }
            rest.removeAll(gone);
            narrowed.forEach((array, info) -> {
                ArrayRun view = array.narrow(info);
                rest.set(rest.indexOf(array), view);
                replaced.add(array);
                made.add(view);
            });
            states.replace(old -> {
                List<ArrayRun> arrays = new ArrayList<>(old.arrays);
                arrays.removeAll(replaced);
                arrays.addAll(made);
                return states.make(old.active, old.sealed, sorted(arrays));
            });
        });
        for (ArrayRun array : replaced) {
            array.drop();
            array.release();
        }
        mergeRead.add(result.bytesRead());
        mergeWritten.add(result.bytesWritten());
        arraysChanged();
        return rest;
    }

    /** Gives the front of an array's extents back, and its range a later beginning. */
    private static ArrayInfo narrow(ManifestEdit edit, Merge.Left left, byte[] keysFrom) {
        ArrayRun array = left.array();
        long bytes = array.info().bytes() - trim(edit, array.data(), left.data());
        if (array.values() != null) {
            bytes -= trim(edit, array.values(), left.values());
        }
        return array.info().narrowed(keysFrom, left.breakpoints(), bytes);
    }

    /** Gives back an extent up to an offset; returns how many bytes that are. */
    private static long trim(ManifestEdit edit, Extent extent, long offset) {
        long begin = Extent.chunkAt(offset);
        if (begin <= extent.begin()) {
            return 0;
        }
        edit.trim(extent.id(), offset);
        return begin - extent.begin();
    }

    private void arraysChanged() {
        throttle.mergesDue(policy.due(states.current().arrays));
        // Other merges may be due now, which need less.
        mergeRoom.room();
        wake();
    }

    // ---- stability on request ----

    CompletionStage<Void> whenDurable(long sequence) {
        long newest = commits.mark().sequence();
        if (sequence > newest) {
            throw new IllegalArgumentException("commit " + sequence + " does not exist, the newest is " + newest);
        }
        CompletableFuture<Void> future = new CompletableFuture<>();
        lock.lock();
        try {
            if (ended) {
                throw new StoreClosedException("the store is closed", null);
            }
            if (sequence <= durableSequence) {
                future.complete(null);
            } else {
                waiting.computeIfAbsent(sequence, at -> new ArrayList<>()).add(future);
                signal();
            }
        } finally {
            lock.unlock();
        }
        return future;
    }

    private void syncLoop() {
        loop(this::syncStep);
    }

    private boolean syncStep() {
        // What a flush has made stable needs no force.
        durable(durableSequence);
        lock.lock();
        try {
            if (waiting.isEmpty()) {
                return false;
            }
        } finally {
            lock.unlock();
        }
        try {
            sync();
        } catch (StorageException e) {
            List<CompletableFuture<Void>> lost = takeWaiting(Long.MAX_VALUE);
            lost.forEach(future -> future.completeExceptionally(Errors.of(e)));
            throw e;
        }
        return true;
    }

    /** Makes all that has been committed stable. */
    void sync() {
        Commits.Mark mark = commits.mark();
        store.log().awaitStable(mark.position());
        durable(mark.sequence());
    }

    /** A commit and all before it are stable; those who asked hear of it from the thread that answers them. */
    private void madeStable(long sequence) {
        lock.lock();
        try {
            durableSequence = Math.max(durableSequence, sequence);
        } finally {
            lock.unlock();
        }
    }

    /** A commit and all before it are stable: answers those who asked, whose code runs on the calling thread. */
    private void durable(long sequence) {
        for (CompletableFuture<Void> future : takeWaiting(sequence)) {
            future.complete(null);
        }
    }

    /** The store is closed: what is not stable by now never will be. */
    void ended() {
        Commits.Mark mark = commits.mark();
        boolean stable = store.log().stable() >= mark.position();
        lock.lock();
        try {
            ended = true;
        } finally {
            lock.unlock();
        }
        for (CompletableFuture<Void> future : takeWaiting(Long.MAX_VALUE)) {
            if (stable) {
                future.complete(null);
            } else {
                future.completeExceptionally(
                        new StoreClosedException("the store was closed and could not make this commit stable", null));
            }
        }
    }

    private List<CompletableFuture<Void>> takeWaiting(long upTo) {
        lock.lock();
        try {
            if (upTo != Long.MAX_VALUE) {
                durableSequence = Math.max(durableSequence, upTo);
            }
            List<CompletableFuture<Void>> taken = new ArrayList<>();
            var done = waiting.headMap(upTo, true);
            done.values().forEach(taken::addAll);
            done.clear();
            return taken;
        } finally {
            lock.unlock();
        }
    }

    // ---- figures ----

    long durableSequence() {
        return durableSequence;
    }

    long lingeringBytes() {
        return lingeringBytes;
    }

    StoreStats.Merging stats() {
        int now;
        lock.lock();
        try {
            now = running.size();
        } finally {
            lock.unlock();
        }
        return new StoreStats.Merging(
                flushes.sum(),
                flushWritten.sum(),
                merges.sum(),
                mergeRead.sum(),
                mergeWritten.sum(),
                now,
                policy.debt(states.current().arrays),
                throttle.delayedNanos(),
                lastFailure);
    }

    /** Whether an array is being merged. */
    boolean isBusy(ArrayRun array) {
        lock.lock();
        try {
            return running.stream().flatMap(claim -> claim.group.stream()).anyMatch(busy -> busy.id() == array.id());
        } finally {
            lock.unlock();
        }
    }

    MergePolicy policy() {
        return policy;
    }
}
