package io.donjon.engine;

import io.donjon.DiskFullException;
import io.donjon.Durability;
import io.donjon.ReadOnlyException;
import io.donjon.StoreClosedException;
import io.donjon.extents.Decoder;
import io.donjon.extents.Encoder;
import io.donjon.extents.Environment;
import io.donjon.extents.Log;
import io.donjon.extents.StorageException;
import io.donjon.versioning.VersionForest;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;

/**
 * The way of a write (design.md section 3): one order for all, given by the write lock. Under it a commit gets its
 * sequence number, goes to the log, and into the buffer; then, without it, a writer waits for his part of the log to be
 * forced, together with whoever else waits. Only then can the commit be seen.
 *
 * <p>A commit that is not to wait for the disk is seen at once, unless one before it still waits: what is seen is always
 * a prefix of the order. Operations on versions are applied only once they are acknowledged, with the lock held, so that
 * no version can be seen that a crash could take back.
 */
final class Commits {
    /** What changes versions: it says which operations it consists of, under the write lock, and what comes of them. */
    interface VersionChange<T> {
        /** Checks what must hold, and puts the operations; nothing has an effect if it throws. */
        void prepare(Encoder operations);

        /** Whether it helps a full disk: then there is a reserve for it, and it waits for nothing. */
        default boolean freesSpace() {
            return false;
        }

        /** The outcome, after the operations have taken effect. */
        T result();
    }

    private final Catalog catalog;
    private final ManifestImage image;
    private final ReadStates states;
    private final Reads reads;
    private final Log log;
    private final Tuning tuning;
    private final Environment environment;
    private final SlabPool slabs;
    private final Throttle throttle;
    private final Runnable wakeBackground;

    /** Taken before the locks of manifest, log and catalog, never after. */
    private final Lock writeLock;

    private final Condition flushed;

    // Guarded by the write lock from here on.
    private final FullKey key = new FullKey();
    private final Lookup lookup = new Lookup();
    private long lastSequence;

    /** The newest commit that waits for the log, and the log position behind it: nothing behind may be seen before. */
    private long lastSyncPosition;

    private volatile boolean closed;
    private volatile @Nullable String readOnlyReason;

    /** Why flushes cannot go on for the moment, or null. */
    private volatile @Nullable StorageException noSpace;

    Commits(
            Catalog catalog,
            ManifestImage image,
            ReadStates states,
            Reads reads,
            Log log,
            Tuning tuning,
            Environment environment,
            SlabPool slabs,
            Throttle throttle,
            long lastSequence,
            Runnable wakeBackground) {
        this.catalog = catalog;
        this.image = image;
        this.states = states;
        this.reads = reads;
        this.log = log;
        this.tuning = tuning;
        this.environment = environment;
        this.slabs = slabs;
        this.throttle = throttle;
        this.lastSequence = lastSequence;
        this.wakeBackground = wakeBackground;
        this.writeLock = environment.newLock();
        this.flushed = writeLock.newCondition();
    }

    // ---- single writes ----

    void put(KeyspaceRef keyspace, ByteBuffer userKey, @Nullable ByteBuffer value, Durability durability) {
        Arguments.checkKey(userKey.remaining());
        int kind = value == null ? StepKind.TOMBSTONE : StepKind.VALUE;
        int valueBytes = value == null ? 0 : value.remaining();
        Arguments.checkValue(valueBytes);
        long bytes = recordBytes(userKey.remaining(), valueBytes);
        long sequence;
        long waitFor;
        double fill;
        boolean flushing;
        writeLock.lock();
        try {
            makeRoom(WriteBuffer.paintBytes(userKey.remaining(), valueBytes));
            VersionRef head = keyspace.head();
            sequence = lastSequence + 1;
            log.begin(sequence, bytes);
            putRecord(head, userKey, value);
            long end = log.end();
            lastSequence = sequence;
            ReadState state = states.current();
            try {
                paint(state, head, sequence, userKey, kind, value);
            } catch (RuntimeException | Error e) {
                outOfStep();
                throw e;
            }
            waitFor = waitFor(end, durability);
            fill = fill(state);
            flushing = !state.sealed.isEmpty();
        } catch (StorageException e) {
            throw failed(e);
        } finally {
            writeLock.unlock();
        }
        finish(sequence, waitFor);
        throttle.pace(bytes, fill, flushing);
    }

    private static long recordBytes(int keyBytes, int valueBytes) {
        return 1 + 3L * Encoder.VARINT_BYTES_MAX + keyBytes + valueBytes;
    }

    private void putRecord(VersionRef head, ByteBuffer userKey, @Nullable ByteBuffer value) {
        log.u8(value == null ? LogOp.DELETE : LogOp.PUT);
        log.varint(head.id());
        log.varint(userKey.remaining());
        log.raw(userKey);
        if (value != null) {
            log.varint(value.remaining());
            log.raw(value);
        }
    }

    private void paint(
            ReadState state, VersionRef head, long sequence, ByteBuffer userKey, int kind, @Nullable ByteBuffer value) {
        catalog.written(head.place());
        key.set(head.treeId(), userKey);
        state.active.buffer.paint(key, head.place(), head.nextPlace(), sequence, kind, value);
    }

    private double fill(ReadState state) {
        return (double) state.active.buffer.used() / tuning.bufferBytes();
    }

    // ---- batches ----

    /** Writes a batch; says of each operation whether it took effect. */
    long write(Batch batch, boolean[] applied, Durability durability) {
        long sequence;
        long waitFor;
        double fill;
        boolean flushing;
        writeLock.lock();
        try {
            makeRoom(batch.bytes());
            VersionRef[] heads = new VersionRef[batch.size()];
            for (int i = 0; i < heads.length; i++) {
                heads[i] = batch.keyspace(i).head();
            }
            boolean any = batch.decide(heads, applied, this::hasValue);
            if (any) {
                sequence = lastSequence + 1;
                log.begin(sequence, batch.recordBytes());
                for (int i = 0; i < batch.size(); i++) {
                    if (applied[i]) {
                        putRecord(heads[i], batch.key(i), batch.value(i));
                    }
                }
                long end = log.end();
                lastSequence = sequence;
                try {
                    paint(batch, heads, applied, sequence);
                } catch (RuntimeException | Error e) {
                    outOfStep();
                    throw e;
                }
                waitFor = waitFor(end, durability);
            } else {
                // What the conditions were compared with may not be acknowledged yet.
                sequence = lastSequence;
                waitFor = lastSyncPosition;
            }
            ReadState state = states.current();
            fill = fill(state);
            flushing = !state.sealed.isEmpty();
        } catch (StorageException e) {
            throw failed(e);
        } finally {
            writeLock.unlock();
        }
        finish(sequence, waitFor);
        throttle.pace(batch.recordBytes(), fill, flushing);
        return sequence;
    }

    private void paint(Batch batch, VersionRef[] heads, boolean[] applied, long sequence) {
        ReadState state = states.current();
        for (int i = 0; i < batch.size(); i++) {
            if (applied[i]) {
                ByteBuffer value = batch.value(i);
                int kind = value == null ? StepKind.TOMBSTONE : StepKind.VALUE;
                paint(state, heads[i], sequence, batch.key(i), kind, value);
            }
        }
    }

    /** Whether a key has a value now, and if one is expected, exactly that. Under the write lock. */
    private boolean hasValue(VersionRef head, ByteBuffer userKey, @Nullable ByteBuffer expected) {
        ReadState state = states.acquire();
        try {
            key.set(head.treeId(), userKey);
            lookup.find(state, Long.MAX_VALUE, key, head.place(), head.ranks(state));
            return expected == null ? lookup.isPresent() : lookup.hasValue(expected);
        } finally {
            states.release(state);
        }
    }

    // ---- versions ----

    /** Changes versions: durable on return under SYNC. */
    <T> T change(Durability durability, VersionChange<T> change) {
        writeLock.lock();
        try {
            // How long they are is not known yet, but they are short.
            boolean frees = change.freesSpace();
            if (frees) {
                requireWritable();
            } else {
                makeRoom(0);
            }
            Encoder operations = new Encoder(128);
            change.prepare(operations);
            if (operations.length() == 0) {
                return change.result();
            }
            long sequence = lastSequence + 1;
            if (frees) {
                log.beginFreeing(sequence, operations.length());
            } else {
                log.begin(sequence, operations.length());
            }
            log.raw(operations.toBuffer());
            long end = log.end();
            lastSequence = sequence;
            long waitFor = waitFor(end, durability);
            try {
                if (waitFor > 0) {
                    log.awaitStable(waitFor);
                }
                Decoder decoder = new Decoder("an operation", operations.toBuffer());
                while (decoder.hasMore()) {
                    catalog.apply(decoder.u8(), decoder, end);
                }
            } catch (StorageException e) {
                throw e;
            } catch (RuntimeException | Error e) {
                outOfStep();
                throw e;
            }
            reads.publish(sequence);
            return change.result();
        } catch (StorageException e) {
            throw failed(e);
        } finally {
            writeLock.unlock();
        }
    }

    // ---- acknowledgement ----

    /** The log position that must be stable before a commit may be seen, or 0. Under the write lock. */
    private long waitFor(long end, Durability durability) {
        if (durability == Durability.SYNC) {
            lastSyncPosition = end;
            return end;
        }
        return lastSyncPosition > log.stable() ? lastSyncPosition : 0;
    }

    private void finish(long sequence, long waitFor) {
        if (waitFor > log.stable()) {
            try {
                log.awaitStable(waitFor);
            } catch (StorageException e) {
                throw failed(e);
            }
        }
        reads.publish(sequence);
        if (log.wantsNext()) {
            wakeBackground.run();
        }
    }

    /** Does something, soon done, while nobody writes. */
    void whileNobodyWrites(Runnable action) {
        writeLock.lock();
        try {
            action.run();
        } finally {
            writeLock.unlock();
        }
    }

    /** The newest commit, and the log position behind it. */
    record Mark(long sequence, long position) {}

    Mark mark() {
        writeLock.lock();
        try {
            return new Mark(lastSequence, log.written());
        } finally {
            writeLock.unlock();
        }
    }

    // ---- buffers ----

    /**
     * Sees to it that the store takes writes and the active buffer as many bytes; a commit never straddles two buffers.
     * Under the write lock, which others may have while this waits: what is to hold for the commit is looked up behind it.
     */
    private void makeRoom(long bytes) {
        requireWritable();
        while (!hasRoom(bytes)) {
            if (states.current().sealed.size() < tuning.sealedMax()) {
                seal();
                return;
            }
            StorageException full = noSpace;
            if (full != null) {
                throw new DiskFullException(
                        "writes wait for room on the disks, and go on by themselves once there is some: "
                                + full.getMessage(),
                        full);
            }
            flushed.awaitUninterruptibly();
            requireWritable();
        }
    }

    private boolean hasRoom(long bytes) {
        WriteBuffer buffer = states.current().active.buffer;
        boolean empty = buffer.entries() == 0 && catalog.pendingBytes() == 0;
        return empty || buffer.used() + catalog.pendingBytes() + bytes <= tuning.bufferBytes();
    }

    /** Ends the active buffer and begins another. Under the write lock. */
    private void seal() {
        Generation next = new Generation(new WriteBuffer(
                slabs, catalog.forest().line(), environment.random().nextLong()));
        states.replace(old -> {
            old.active.seal(lastSequence, log.written(), image.newAge());
            return states.make(next, sealedAfter(old), old.arrays);
        });
        wakeBackground.run();
    }

    /** The sealed buffers, newest first, once the active one is. */
    private static List<Generation> sealedAfter(ReadState state) {
        List<Generation> sealed = new ArrayList<>();
        sealed.add(state.active);
        sealed.addAll(state.sealed);
        return sealed;
    }

    /** Seals the active buffer if there is anything in it, or in the line, that the manifest does not have. */
    void sealNow() {
        writeLock.lock();
        try {
            if (closed) {
                return;
            }
            boolean empty = states.current().active.buffer.entries() == 0 && catalog.pendingBytes() == 0;
            if (!empty) {
                seal();
            }
        } finally {
            writeLock.unlock();
        }
    }

    /** A buffer has become an array, or cannot for the moment. */
    void flushed(@Nullable StorageException problem) {
        writeLock.lock();
        try {
            noSpace = problem;
            flushed.signalAll();
        } finally {
            writeLock.unlock();
        }
    }

    // ---- recovery ----

    /**
     * Takes a commit from the log again, while the store opens.
     *
     * @param position the log position behind it
     */
    void replay(long sequence, long position, Decoder operations) {
        ReadState state = states.current();
        while (operations.hasMore()) {
            int kind = operations.u8();
            if (kind == LogOp.PUT || kind == LogOp.DELETE) {
                long version = operations.varint();
                int place = catalog.forest().place(version);
                if (place == VersionForest.NONE || catalog.forest().kind(place) != VersionForest.Kind.HEAD) {
                    throw operations.bad("version " + version + " is written to, which is no head of a keyspace");
                }
                ByteBuffer userKey = operations.slice();
                ByteBuffer value = kind == LogOp.PUT ? operations.slice() : null;
                if (userKey.remaining() > FullKey.KEY_BYTES_MAX) {
                    throw operations.bad("a key of " + userKey.remaining() + " bytes");
                }
                key.set(catalog.forest().id(catalog.forest().tree(place)), userKey);
                int next = catalog.forest().nextInTree(place);
                int step = value == null ? StepKind.TOMBSTONE : StepKind.VALUE;
                state.active.buffer.paint(key, place, next, sequence, step, value);
            } else {
                catalog.apply(kind, operations, position);
            }
        }
        lastSequence = sequence;
        lastReplayed = position;
        reads.publish(sequence);
    }

    /** While the store opens: the log position behind the commit that was replayed last. */
    private long lastReplayed;

    /** Whether what was replayed fills a buffer. */
    boolean isReplayedFull() {
        return states.current().active.buffer.used() + catalog.pendingBytes() > tuning.bufferBytes();
    }

    /** Seals what was replayed so far, as of the commit that was replayed last. */
    void sealReplayed() {
        Generation next = new Generation(new WriteBuffer(
                slabs, catalog.forest().line(), environment.random().nextLong()));
        states.replace(old -> {
            old.active.seal(lastSequence, lastReplayed, image.newAge());
            return states.make(next, sealedAfter(old), old.arrays);
        });
    }

    // ---- life ----

    /**
     * The log has a commit that memory does not have, or not all of: nothing behind it may be written, or seen. What
     * happened is thrown to the caller; there may be no memory to say it here, too.
     */
    private void outOfStep() {
        turnReadOnly("a commit is in the log but not, or not whole, in memory, by an error of another kind");
    }

    private void requireWritable() {
        if (closed) {
            throw new StoreClosedException("the store is closed", null);
        }
        String reason = readOnlyReason;
        if (reason != null) {
            throw new ReadOnlyException("the store takes no writes until it is reopened: " + reason, null);
        }
    }

    private RuntimeException failed(StorageException e) {
        if (e.kind() == StorageException.Kind.FAILED) {
            turnReadOnly(String.valueOf(e.getMessage()));
        }
        return Errors.of(e);
    }

    /** Nothing is written any more: what was acknowledged is there after reopening. */
    void turnReadOnly(String reason) {
        if (readOnlyReason == null) {
            readOnlyReason = reason;
        }
        writeLock.lock();
        try {
            flushed.signalAll();
        } finally {
            writeLock.unlock();
        }
    }

    @Nullable String readOnlyReason() {
        return readOnlyReason;
    }

    boolean isClosed() {
        return closed;
    }

    /** No more writes; false if it was closed before. */
    boolean close() {
        writeLock.lock();
        try {
            if (closed) {
                return false;
            }
            closed = true;
            flushed.signalAll();
            return true;
        } finally {
            writeLock.unlock();
        }
    }
}
