package io.donjon.extents;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The write-ahead log of a running store: commits are appended in one order and made stable by a force that they share
 * (design.md section 3, docs/format.md section 4).
 *
 * <p>One thread at a time appends, between {@link #begin} and {@link #end}. Any thread may wait for a position to become
 * stable: the first that waits forces the files, the others come along, and appending goes on meanwhile.
 *
 * <p>A copy that fails is left out together with its disk; the log then moves to a new segment with all its copies, and
 * {@link #isWeakened} says until the next {@link #release} that what stands in older segments has lost one.
 */
public final class Log {
    private static final Logger LOG = LoggerFactory.getLogger(Log.class);

    /** A segment that is made out of the reserve of a full disk. */
    static final int RESERVED_SEGMENT_BYTES = 128 << 10;

    /** How long nobody tries to make a segment after there was no room for one. */
    private static final long NO_ROOM_NANOS = 100_000_000;

    private static final int BUFFER_BYTES = 256 << 10;

    /** The first segment after an open is small, and each one twice as large as the one before, up to the full size. */
    private static final int FIRST_SEGMENT_BYTES = 1 << 20;

    private final ExtentStore store;
    private final Manifest manifest;
    private final Environment environment;
    private final SegmentFiles segmentFiles;
    private final int segmentBytes;
    private final GroupBuffer group;
    private final GroupBuffer.Sink sink = this::write;

    private final Lock lock;
    private final Condition changed;

    /** The segment that is appended to; null before the first append. Changed by the appender under the lock. */
    private volatile @Nullable LogSegment current;

    /** Whether the group that is being written has failed on the way, so that it must not be ended. */
    private boolean broken;

    /** Up to where groups have been handed to the operating system. Written by the appender. */
    private volatile long written;

    /**
     * Up to where commits are on stable storage, be it in the log or in what the manifest names. Written under the lock.
     */
    private volatile long stable;

    /**
     * Up to where the log itself is on stable storage, which is what a group's mark says: of what only the manifest made
     * stable a power cut may still take any part. Written under the lock.
     */
    private volatile long forced;

    private volatile boolean rollWanted;

    /** Why nothing is written any more, or null. Written under the lock. */
    private volatile @Nullable StorageException failure;

    private final LongAdder groups = new LongAdder();
    private final LongAdder bytesWritten = new LongAdder();
    private final LongAdder forces = new LongAdder();

    // Guarded by the lock from here on.
    private volatile @Nullable LogSegment next;

    /** The one that {@link #make} is at work on. */
    private @Nullable LogSegment making;

    /** How many segments were given up before anything was written to them. */
    private long givenUp;

    private volatile boolean preparing;
    private int nextBytes;

    /** Why no segment could be made when that was tried last, and when that was; null if one could. */
    private @Nullable StorageException noRoom;

    private long noRoomAt;
    private boolean forcing;

    /** Left behind, but perhaps not yet stable up to their end; oldest first. */
    private final Deque<LogSegment> unforced = new ArrayDeque<>();

    /** Every segment that would be replayed, oldest first; the current one is the last. */
    private final List<Entry> live = new ArrayList<>();

    /** Files of lost copies. */
    private final List<OpenFile> lost = new ArrayList<>();

    /** A segment that would be replayed. */
    private static final class Entry {
        final SegmentInfo info;

        /** The log position of its first group. */
        final long base;

        /** The log position behind it, or {@link Long#MAX_VALUE} while it grows. */
        long endPosition;

        /** The length of its file up to which it is sound, once it is full. */
        long endOffset;

        /** Whether the manifest has that length. */
        boolean endIsNamed;

        /** Whether it has lost a copy. */
        boolean weak;

        Entry(SegmentInfo info, long base, long endPosition) {
            this.info = info;
            this.base = base;
            this.endPosition = endPosition;
        }
    }

    /**
     * A log that goes on behind what was recovered.
     *
     * @param position where the next group goes
     */
    Log(ExtentStore store, Manifest manifest, int segmentBytes, long position, Environment environment) {
        this.store = store;
        this.manifest = manifest;
        this.environment = environment;
        this.segmentFiles = new SegmentFiles(store);
        this.group = new GroupBuffer(BUFFER_BYTES, store.logAccess());
        this.segmentBytes = segmentBytes;
        this.nextBytes = Math.min(FIRST_SEGMENT_BYTES, segmentBytes);
        this.written = position;
        this.stable = position;
        this.forced = position;
        this.lock = environment.newLock();
        this.changed = lock.newCondition();
    }

    /** Takes over a segment that was recovered, so that it is released in its time. */
    void adopt(SegmentInfo info, long base, long endPosition, boolean weak) {
        lock.lock();
        try {
            Entry entry = new Entry(info, base, endPosition);
            entry.endOffset = info.end();
            entry.endIsNamed = true;
            entry.weak = weak;
            live.add(entry);
        } finally {
            lock.unlock();
        }
    }

    // ---- appending ----

    /**
     * Begins a commit; its operations follow by {@link #u8}, {@link #varint} and {@link #raw}.
     *
     * @param bytes at least what the operations will take
     * @throws StorageException of kind NO_SPACE if there is no segment and no room for one; of kind FAILED if no copy of
     *     the log can be written any more
     */
    public void begin(long sequence, long bytes) {
        begin(sequence, bytes, false);
    }

    /** Begins a commit that frees space, or holds none for long: on full disks there is a reserve for it. */
    public void beginFreeing(long sequence, long bytes) {
        begin(sequence, bytes, true);
    }

    private void begin(long sequence, long bytes, boolean freeing) {
        requireUsable();
        LogSegment segment = current;
        long wanted = LogFormat.BODY_AT + 1 + 2L * Encoder.VARINT_BYTES_MAX + bytes;
        boolean full = segment != null
                && group.groupAt() + wanted > segment.capacity
                && group.groupAt() > LogFormat.FIRST_AT + LogFormat.START_BYTES;
        if (segment == null || rollWanted || full || (segment.reserved && !freeing)) {
            segment = roll(freeing);
        } else if (group.groupAt() == LogFormat.FIRST_AT) {
            // There was no room for its start when it was entered.
            writeStart(segment);
        }
        broken = false;
        group.begin();
        long position = segment.positionOf(group.groupAt());
        u8(LogFormat.COMMIT);
        varint(position - forced);
        varint(sequence);
    }

    /** A byte of the commit that was begun. */
    public void u8(int value) {
        try {
            group.u8(value, sink);
        } catch (IOException e) {
            throw broken(e);
        }
    }

    /** A varint of the commit that was begun. */
    public void varint(long value) {
        try {
            group.varint(value, sink);
        } catch (IOException e) {
            throw broken(e);
        }
    }

    /** Bytes of the commit that was begun: what remains in a buffer, whose position is not moved. */
    public void raw(ByteBuffer bytes) {
        try {
            group.raw(bytes, sink);
        } catch (IOException e) {
            throw broken(e);
        }
    }

    /**
     * Ends the commit and hands it to the operating system.
     *
     * @return the log position behind it
     */
    public long end() {
        if (broken) {
            throw new IllegalStateException("a commit that has failed is ended");
        }
        LogSegment segment = Objects.requireNonNull(current);
        try {
            group.end(sink);
        } catch (IOException e) {
            throw broken(e);
        }
        long position = segment.positionOf(group.groupAt());
        written = position;
        groups.increment();
        return position;
    }

    private StorageException broken(IOException e) {
        broken = true;
        return StorageException.of("the log", e);
    }

    /** Writes to every copy. One that fails is left out; only with the last one does the write itself fail. */
    private void write(ByteBuffer piece, long at) throws IOException {
        LogSegment segment = Objects.requireNonNull(current);
        int from = piece.position();
        int writtenCopies = 0;
        for (int copy = 0; copy < segment.disks.length; copy++) {
            OpenFile file = segment.files.get(copy);
            if (file == null) {
                continue;
            }
            try {
                if (segment.reserved) {
                    segment.disks[copy].reserve().write(Reserve.Use.LOG, file, piece.position(from), at);
                } else {
                    file.write(piece.position(from), at);
                }
                bytesWritten.add(piece.limit() - from);
                writtenCopies++;
            } catch (NoSpaceException full) {
                // Only a group larger than a segment needs new space; nothing of it counts without its first piece.
                throw full;
            } catch (IOException e) {
                lose(segment, copy, e);
            }
        }
        if (writtenCopies == 0) {
            requireUsable();
            throw new IOException("no copy of log segment " + segment.info.id() + " can be written any more");
        }
    }

    private static Reserve.Use use(boolean reserved) {
        return reserved ? Reserve.Use.LOG : Reserve.Use.NEW_DATA;
    }

    /** Gives up a copy of a segment whose disk has failed, and the disk with it. Called without the lock. */
    private void lose(LogSegment segment, int copy, IOException why) {
        forgetCopy(segment, copy);
        if (segment.anyFile() == null && !isUnused(segment)) {
            // The disk is not left out: nobody but it has what was acknowledged.
            fail(new StorageException(
                    StorageException.Kind.FAILED,
                    "the last copy of log segment " + segment.info.id() + ", on " + segment.disks[copy]
                            + ", has failed: " + why.getMessage(),
                    why));
            return;
        }
        leaveOut(segment.disks[copy], why);
    }

    /** Returns once the disk is left out for all to see; if that cannot be, nothing is acknowledged any more. */
    private void leaveOut(Disk disk, IOException why) {
        try {
            store.leaveOut(disk, why);
        } catch (StorageException e) {
            fail(e);
            throw e;
        }
    }

    /** Whoever is writing or forcing the file meanwhile goes on with it: it is closed at the end. */
    private void forgetCopy(LogSegment segment, int copy) {
        OpenFile file = segment.files.getAndSet(copy, null);
        if (file == null) {
            return;
        }
        rollWanted = true;
        lock.lock();
        try {
            lost.add(file);
            for (Entry entry : live) {
                entry.weak |= entry.info.id() == segment.info.id();
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean isUnused(LogSegment segment) {
        lock.lock();
        try {
            return segment == making || segment == next;
        } finally {
            lock.unlock();
        }
    }

    /** The segments on a disk that nothing was written to yet, which are given up; called under the manifest's lock. */
    List<Long> giveUpUnused(Disk disk) {
        List<Long> unused = new ArrayList<>();
        lock.lock();
        try {
            if (next != null && next.isOn(disk)) {
                unused.add(next.info.id());
                next.close();
                next = null;
                givenUp++;
            }
            if (making != null && making.isOn(disk)) {
                unused.add(making.info.id());
                making.givenUp = true;
                givenUp++;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        return unused;
    }

    /** Hears that a disk is written to no more; called under the manifest's lock. */
    void diskLeft(Disk disk) {
        List<LogSegment> segments;
        lock.lock();
        try {
            segments = new ArrayList<>(unforced);
            if (current != null) {
                segments.add(current);
            }
            for (Entry entry : live) {
                for (int number : entry.info.disks()) {
                    entry.weak |= number == disk.number;
                }
            }
        } finally {
            lock.unlock();
        }
        for (LogSegment segment : segments) {
            for (int copy = 0; copy < segment.disks.length; copy++) {
                if (segment.disks[copy] == disk) {
                    forgetCopy(segment, copy);
                }
            }
            if (segment.anyFile() == null) {
                fail(new StorageException(
                        StorageException.Kind.FAILED,
                        "the last copy of log segment " + segment.info.id() + " was on " + disk,
                        null));
            }
        }
    }

    /** Goes on in the next segment. */
    private LogSegment roll(boolean freeing) {
        while (!enterNext(freeing)) {
            LOG.debug("the next log segment was given up together with a disk");
        }
        return writeStart(Objects.requireNonNull(current));
    }

    /** Makes the next segment the current one; false if it was given up meanwhile, or another try may find room. */
    private boolean enterNext(boolean freeing) {
        long before = givenUpSoFar();
        boolean tried = prepare(freeing);
        lock.lock();
        try {
            while (failure == null && (next == null ? preparing : !next.isOnGoodDisks())) {
                changed.awaitUninterruptibly();
            }
            requireUsable();
            LogSegment entered = next;
            // Without a word of room, whoever was making it has failed in another way: then it is tried again, here.
            if (entered == null && (noRoom == null || givenUp != before || (freeing && !tried))) {
                return false;
            }
            if (entered == null) {
                throw new StorageException(
                        StorageException.Kind.NO_SPACE,
                        "writes wait for room for the log, and go on by themselves once there is some: "
                                + (noRoom == null ? "a disk is full" : noRoom.getMessage()),
                        noRoom);
            }
            next = null;
            LogSegment left = current;
            if (left != null) {
                Entry entry = live.get(live.size() - 1);
                entry.endOffset = group.groupAt();
                entry.endPosition = written;
                unforced.addLast(left);
            }
            entered.base = written;
            live.add(new Entry(entered.info, written, Long.MAX_VALUE));
            current = entered;
            rollWanted = false;
            return true;
        } finally {
            lock.unlock();
        }
    }

    private long givenUpSoFar() {
        lock.lock();
        try {
            return givenUp;
        } finally {
            lock.unlock();
        }
    }

    private LogSegment writeStart(LogSegment segment) {
        OpenFile any = segment.anyFile();
        group.enter(segment.info.id(), LogFormat.FIRST_AT, any == null ? 1 : any.writeUnit());
        broken = false;
        group.begin();
        u8(LogFormat.START);
        raw(ByteBuffer.allocate(2 * Long.BYTES)
                .putLong(segment.base)
                .putLong(forced)
                .flip());
        end();
        return segment;
    }

    // ---- stability ----

    /** Up to where the log has been handed to the operating system. */
    public long written() {
        return written;
    }

    /** Up to where the log is on stable storage. */
    public long stable() {
        return stable;
    }

    /** Returns once everything before a position is on stable storage. */
    public void awaitStable(long position) {
        if (stable < position) {
            awaitForced(position, false);
        }
    }

    /**
     * @param inTheLog whether the log itself must hold it, also where the manifest names an array that does
     */
    private void awaitForced(long position, boolean inTheLog) {
        lock.lock();
        try {
            while ((inTheLog ? forced : stable) < position) {
                requireUsable();
                if (forcing) {
                    changed.awaitUninterruptibly();
                } else {
                    forceOnce();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** Forces what has been written so far; the lock is held before and after, not in between. */
    private void forceOnce() {
        long target = written;
        // Nearly always there is none, and a commit must make no garbage.
        List<LogSegment> left = unforced.isEmpty() ? List.of() : List.copyOf(unforced);
        LogSegment growing = current;
        boolean done = false;
        // Not before there is nothing left to go wrong: whoever finds it set waits.
        forcing = true;
        lock.unlock();
        try {
            for (int i = 0; i < left.size(); i++) {
                force(left.get(i));
            }
            if (growing != null) {
                force(growing);
            }
            done = true;
        } finally {
            lock.lock();
            forcing = false;
            if (done && failure == null) {
                forced = Math.max(forced, target);
                stable = Math.max(stable, target);
                if (!left.isEmpty()) {
                    left.forEach(LogSegment::close);
                    unforced.removeAll(left);
                }
            }
            changed.signalAll();
        }
    }

    private void force(LogSegment segment) {
        for (int copy = 0; copy < segment.disks.length; copy++) {
            OpenFile file = segment.files.get(copy);
            if (file == null) {
                requireUsable();
                // Lost, perhaps this very moment: what only the other copy has counts once nobody believes this disk.
                leaveOut(segment.disks[copy], new IOException("its copy of the log was given up"));
                continue;
            }
            try {
                file.force();
                forces.increment();
            } catch (IOException e) {
                lose(segment, copy, e);
            }
        }
    }

    private void requireUsable() {
        StorageException failed = failure;
        if (failed != null) {
            throw failed;
        }
    }

    private void fail(StorageException why) {
        lock.lock();
        try {
            if (failure == null) {
                failure = why;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Whether anything can still be appended. */
    boolean isUsable() {
        return failure == null;
    }

    /** Whether {@link #prepare} has something to do, as far as can be told without the lock: asked after every commit. */
    public boolean wantsNext() {
        return next == null && !preparing && failure == null && current != null;
    }

    /** Whether there was no room for a segment when one was wanted last. */
    public boolean lacksRoom() {
        lock.lock();
        try {
            return noRoom != null;
        } finally {
            lock.unlock();
        }
    }

    /** How many segments would be replayed. */
    public int segments() {
        lock.lock();
        try {
            return live.size();
        } finally {
            lock.unlock();
        }
    }

    /** Whether something that would be replayed has fewer copies than it should: flush it, and soon. */
    public boolean isWeakened() {
        lock.lock();
        try {
            return live.stream().anyMatch(entry -> entry.weak);
        } finally {
            lock.unlock();
        }
    }

    // ---- segments ----

    /**
     * Makes the next segment ready, if it is not: background work, so that {@link #begin} need not wait for it. Without
     * room nothing happens but a line in the log of the process.
     */
    public void prepare() {
        prepare(false);
    }

    /** Whether it was tried here: not if there is a segment, or somebody else is trying. */
    private boolean prepare(boolean freeing) {
        StorageException full;
        lock.lock();
        try {
            if (next != null || preparing || failure != null) {
                return false;
            }
            full = noRoom != null && environment.nanoTime() - noRoomAt < NO_ROOM_NANOS ? noRoom : null;
            if (full != null && !freeing) {
                return true;
            }
            preparing = true;
        } finally {
            lock.unlock();
        }
        LogSegment made = null;
        try {
            if (full == null) {
                try {
                    made = makeAsLargeAsFits();
                } catch (StorageException e) {
                    if (e.kind() != StorageException.Kind.NO_SPACE) {
                        throw e;
                    }
                    full = e;
                }
            }
            if (full != null && freeing) {
                made = make(Math.min(segmentBytes, RESERVED_SEGMENT_BYTES), true);
            }
        } catch (StorageException e) {
            if (e.kind() != StorageException.Kind.NO_SPACE) {
                fail(e);
            }
            full = e;
        } finally {
            publish(made, full);
        }
        return true;
    }

    private LogSegment makeAsLargeAsFits() {
        int capacity = nextBytes;
        while (true) {
            try {
                return make(capacity, false);
            } catch (StorageException e) {
                if (e.kind() != StorageException.Kind.NO_SPACE || capacity <= FIRST_SEGMENT_BYTES) {
                    throw e;
                }
                capacity = Math.max(FIRST_SEGMENT_BYTES, capacity / 4);
            }
        }
    }

    private void publish(@Nullable LogSegment made, @Nullable StorageException full) {
        lock.lock();
        try {
            preparing = false;
            making = null;
            if (full != noRoom) {
                if (full != null && noRoom == null) {
                    LOG.warn("no log segment could be made: {}", full.getMessage());
                }
                noRoom = full;
                noRoomAt = environment.nanoTime();
            }
            if (made != null && made.givenUp) {
                made.close();
            } else {
                next = made;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private LogSegment make(int capacity, boolean reserved) {
        while (true) {
            Disk[] disks = store.logDisks();
            long id = manifest.with(state -> state.nextSegment++);
            OpenFile[] files = new OpenFile[disks.length];
            int copy = 0;
            try {
                for (; copy < disks.length; copy++) {
                    files[copy] = segmentFiles.make(id, copy, disks[copy], capacity, use(reserved));
                }
            } catch (IOException e) {
                for (int made = 0; made < copy; made++) {
                    Quietly.close(files[made]);
                    Quietly.delete(disks[made].there(), SegmentInfo.fileName(id));
                }
                if (e instanceof NoSpaceException) {
                    throw StorageException.of(
                            "no room for log segment " + id + " of " + capacity + " bytes on " + disks[copy], e);
                }
                store.leaveOut(disks[copy], e);
                continue;
            }
            int[] numbers = Arrays.stream(disks).mapToInt(disk -> disk.number).toArray();
            SegmentInfo info = new SegmentInfo(id, numbers, SegmentInfo.OPEN);
            LogSegment segment = new LogSegment(info, disks, files, capacity, reserved);
            boolean begun = false;
            try {
                begun = begin(segment);
            } finally {
                if (!begun) {
                    segment.close();
                    removeUnnamed(segment);
                }
            }
            if (begun) {
                if (!reserved) {
                    nextBytes = (int) Math.min(segmentBytes, 2L * capacity);
                }
                return segment;
            }
        }
    }

    /** Names a segment in the manifest and lets its files say so; false if one of its disks has been left out. */
    private boolean begin(LogSegment segment) {
        lock.lock();
        try {
            making = segment;
        } finally {
            lock.unlock();
        }
        Disk[] disks = segment.disks;
        ManifestPosition named = manifest.begin(segment.info, disks);
        for (int copy = 0; named != null && copy < disks.length; copy++) {
            try {
                segmentFiles.begin(segment, copy, named);
            } catch (NoSpaceException full) {
                manifest.drop(segment.info);
                throw StorageException.of("beginning log segment " + segment.info.id(), full);
            } catch (IOException e) {
                lose(segment, copy, e);
            }
        }
        return named != null && segment.isOnGoodDisks();
    }

    private void removeUnnamed(LogSegment segment) {
        // If the manifest has failed, the edit that names it may be found nevertheless.
        if (!manifest.isUsable() || manifest.with(state -> state.segments.containsKey(segment.info.id()))) {
            return;
        }
        for (Disk disk : segment.disks) {
            if (disk.inUse()) {
                Quietly.delete(disk.there(), segment.info.fileName());
            }
        }
    }

    /** What an edit says of segments: which are named no more, and of which it names the end. */
    record Release(List<Long> gone, List<Long> ended) {}

    /**
     * What an edit must say of segments, for recovery to begin at a position from then on.
     *
     * @return what is to be given to {@link #released} once the edit is durable
     */
    Release release(long replayFrom, ManifestEdit edit) {
        List<Long> gone = new ArrayList<>();
        List<Long> ended = new ArrayList<>();
        lock.lock();
        try {
            for (Entry entry : live) {
                if (entry.endPosition <= replayFrom) {
                    gone.add(entry.info.id());
                    edit.segmentGone(entry.info.id());
                } else if (!entry.endIsNamed && entry.endPosition <= forced) {
                    // Not before all of it is stable, what was released too: recovery takes a named end for a promise.
                    ended.add(entry.info.id());
                    edit.segmentEnd(entry.info.id(), entry.endOffset);
                }
            }
        } finally {
            lock.unlock();
        }
        return new Release(gone, ended);
    }

    /** Lets go of segments that no manifest names any more, and knows what is before a position to be stable. */
    void released(Release release, long replayFrom) {
        List<Long> gone = release.gone();
        List<SegmentInfo> retired = new ArrayList<>();
        lock.lock();
        try {
            while (forcing) {
                changed.awaitUninterruptibly();
            }
            unforced.removeIf(segment -> {
                boolean released = gone.contains(segment.info.id());
                if (released) {
                    segment.close();
                }
                return released;
            });
            live.removeIf(entry -> {
                entry.endIsNamed |= release.ended().contains(entry.info.id());
                boolean released = gone.contains(entry.info.id());
                if (released) {
                    retired.add(entry.info);
                }
                return released;
            });
            stable = Math.max(stable, Math.min(replayFrom, written));
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        segmentFiles.retire(retired);
    }

    /** Makes everything stable and says in the manifest where the log ends. */
    void close() {
        try {
            if (failure == null) {
                awaitForced(written, true);
                nameEnds();
            }
        } finally {
            abandon();
        }
    }

    private void nameEnds() {
        lock.lock();
        try {
            if (current != null) {
                Entry entry = live.get(live.size() - 1);
                entry.endOffset = group.groupAt();
                entry.endPosition = written;
            }
        } finally {
            lock.unlock();
        }
        ManifestEdit edit = new ManifestEdit();
        release(0, edit);
        if (edit.items().length() == 0) {
            return;
        }
        try {
            manifest.commit(edit);
        } catch (StorageException e) {
            if (e.kind() != StorageException.Kind.NO_SPACE) {
                throw e;
            }
            // Recovery finds the end by itself, as after a crash.
            LOG.warn("there is no room to say where the log ends: {}", e.getMessage());
        }
    }

    /** Lets go of the files. */
    void abandon() {
        lock.lock();
        try {
            // Before the files go: whoever is forcing them must not take them for lost.
            failure = new StorageException(StorageException.Kind.FAILED, "the store is closed", null);
            unforced.forEach(LogSegment::close);
            unforced.clear();
            if (current != null) {
                current.close();
            }
            if (next != null) {
                next.close();
            }
            lost.forEach(Quietly::close);
            lost.clear();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Walks every segment that would be replayed. */
    void check(StoreCheck check) {
        List<Entry> entries = new ArrayList<>();
        long end;
        long stableNow;
        lock.lock();
        try {
            for (Entry entry : live) {
                Entry copy = new Entry(entry.info, entry.base, entry.endPosition);
                entries.add(copy);
            }
            end = written;
            stableNow = stable;
        } finally {
            lock.unlock();
        }
        for (Entry entry : entries) {
            long upTo = LogFormat.FIRST_AT + Math.min(entry.endPosition, end) - entry.base;
            for (int number : entry.info.disks()) {
                Disk disk = store.disk(number);
                if (disk.inUse() && isLive(entry.info)) {
                    check.checkSegment(disk, entry.info, entry.base, upTo, stableNow);
                }
            }
        }
    }

    /** Whether it would be replayed. */
    boolean isLive(SegmentInfo info) {
        lock.lock();
        try {
            return live.stream().anyMatch(entry -> entry.info.id() == info.id());
        } finally {
            lock.unlock();
        }
    }

    // ---- figures ----

    /** Memory that it takes: the head and the tail of the group that is being written. */
    public long memoryBytes() {
        return 2L * BUFFER_BYTES;
    }

    /** Groups of records written since the store was opened. */
    public long groups() {
        return groups.sum();
    }

    /** Forces of log files since the store was opened. */
    public long forces() {
        return forces.sum();
    }

    /** Bytes written since the store was opened, each copy counted, without those of making segments. */
    public long bytesWritten() {
        return bytesWritten.sum();
    }

    /** What a segment holds, unless a single group is larger. */
    public int segmentBytes() {
        return segmentBytes;
    }
}
