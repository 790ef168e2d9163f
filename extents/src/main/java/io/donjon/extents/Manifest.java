package io.donjon.extents;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.locks.Lock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The manifest of a running store: which disks, extents and log segments there are, and the engine's state, as a
 * checkpoint and a log of edits that every member holds (design.md section 6, docs/format.md section 2).
 *
 * <p>An edit is durable on all members when {@link #commit} returns. A member that fails to write is left out by a
 * further record, one at a time, which is durable on the remaining ones before anything else is; with the last one
 * failing, the manifest takes no more edits.
 *
 * <p>Thread-safe. Lock order: the engine's write lock, then this one, then the file pool's.
 */
final class Manifest {
    private static final Logger LOG = LoggerFactory.getLogger(Manifest.class);

    /** Files grow by this much, in zeros, so that an append needs no new space once it has begun. */
    private static final int GROWTH_BYTES = 64 << 10;

    /** The pages of a checkpoint are closed at this size. */
    private static final int PAGE_BYTES = 256 << 10;

    /** A checkpoint is due when the edits behind the last one take this much, or as much as it. */
    private static final long EDIT_BYTES_MIN = 1 << 20;

    /** Beyond what an edit needs: room for records that leave a disk out, which must not fail for want of it. */
    private static final int SPARE_BYTES = GROWTH_BYTES;

    /** Who must know of disks that are left out. Called under the lock; must not wait. */
    interface Departures {
        /** The segments on a disk that nothing was written to yet: the record that leaves it out drops them. */
        List<Long> unusedSegments(Disk disk);

        /** The record is durable. */
        void leftOut(Disk disk);
    }

    /** The manifest file of a member. */
    private static final class Slot {
        final Disk disk;
        final int number;
        final OpenFile file;
        long end;
        long allocated;

        /** Why it could not be written; nothing more is then, lest a record be missing between others. */
        @Nullable IOException failure;

        Slot(Disk disk, int number, OpenFile file) {
            this.disk = disk;
            this.number = number;
            this.file = file;
        }

        String place() {
            return disk + "/" + ManifestSlot.fileName(number);
        }
    }

    private final UUID store;
    private final ManifestClient client;
    private final Lock lock;
    private final Departures departures;

    /** Which part of a full disk's reserve may be taken. */
    private volatile Reserve.Use use = Reserve.Use.OPENING;

    // Guarded by the lock from here on.
    private final ManifestState state;
    private final NavigableMap<Integer, Disk> disks;
    private final List<Slot> slots = new ArrayList<>();
    private ManifestPosition position;

    /** How many members the newest record names that is durable on all of its members. */
    private int settled;

    private long checkpointBytes;
    private long editBytes;

    /** Edits since the checkpoint that is being written; null while none is. */
    private @Nullable List<byte[]> sinceCheckpoint;

    /** Why no more edits are taken, or null. */
    private @Nullable String failure;

    /**
     * A manifest that continues what was read; {@link #begin} must follow.
     */
    Manifest(
            UUID store,
            ManifestState state,
            NavigableMap<Integer, Disk> disks,
            ManifestPosition position,
            ManifestClient client,
            Environment environment,
            Departures departures) {
        this.store = store;
        this.state = state;
        this.disks = disks;
        this.position = position;
        this.client = client;
        this.lock = environment.newLock();
        this.departures = departures;
    }

    /**
     * Writes the first checkpoint of a new generation to all members.
     *
     * @param newest for each disk the slot that holds its newest record, which must not be overwritten
     */
    void begin(long generation, int[] newest) {
        lock.lock();
        try {
            position = new ManifestPosition(generation, 0);
            state.members = membersInUse();
            List<byte[]> pages = pages();
            for (Disk disk : disks.values()) {
                if (disk.inUse()) {
                    slots.add(write(disk, 1 - newest[disk.number], position, pages));
                }
            }
            settled = slots.size();
            checkpointBytes = size(pages);
            use = Reserve.Use.MANIFEST;
        } catch (IOException e) {
            throw StorageException.of("the manifest's first checkpoint of generation " + generation, e);
        } finally {
            lock.unlock();
        }
    }

    /** Makes an edit durable on all members. */
    void commit(ManifestEdit edit) {
        lock.lock();
        try {
            edit.requireApplicable(state);
            append(edit.items(), edit.effects());
        } finally {
            lock.unlock();
        }
    }

    /**
     * Names a new log segment, unless one of its disks has been left out.
     *
     * @return the record that names it, or null
     */
    @Nullable ManifestPosition begin(SegmentInfo segment, Disk[] on) {
        lock.lock();
        try {
            if (!List.of(on).stream().allMatch(Disk::inUse)) {
                return null;
            }
            append(new ManifestEdit().segment(segment).items(), List.of());
            return state.segments.containsKey(segment.id()) ? position : null;
        } finally {
            lock.unlock();
        }
    }

    /** Drops a segment that nothing was written to, if it is still named. */
    void drop(SegmentInfo segment) {
        lock.lock();
        try {
            if (state.segments.containsKey(segment.id())) {
                append(new ManifestEdit().segmentGone(segment.id()).items(), List.of());
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Leaves a disk out that has failed. On return the record that says so is durable, whoever wrote it.
     *
     * @throws StorageException of kind FAILED if there is no such record, and nothing may be acknowledged any more
     */
    void leaveOut(Disk disk, Exception why) {
        lock.lock();
        try {
            requireUsable();
            if (disk.inUse()) {
                LOG.error("{} is left out: {}", disk, why.getMessage());
                expel(disk, why);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Whether edits are still taken. */
    boolean isUsable() {
        lock.lock();
        try {
            return failure == null;
        } finally {
            lock.unlock();
        }
    }

    /** The newest record. */
    ManifestPosition position() {
        lock.lock();
        try {
            return position;
        } finally {
            lock.unlock();
        }
    }

    /** Lets somebody look at the state, or take a number from it, undisturbed. */
    <T extends @Nullable Object> T with(Function<ManifestState, T> look) {
        lock.lock();
        try {
            return look.apply(state);
        } finally {
            lock.unlock();
        }
    }

    /** Whether {@link #checkpoint} should be called. */
    boolean checkpointIsDue() {
        lock.lock();
        try {
            return sinceCheckpoint == null && failure == null && editBytes > Math.max(EDIT_BYTES_MIN, checkpointBytes);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Writes a checkpoint to the other slot of every member, while edits go on, and goes on there. Only one thread does
     * this at a time.
     */
    void checkpoint() {
        List<byte[]> pages;
        ManifestPosition at;
        List<Slot> from;
        lock.lock();
        try {
            if (failure != null) {
                return;
            }
            pages = pages();
            at = position;
            from = List.copyOf(slots);
            sinceCheckpoint = new ArrayList<>();
        } finally {
            lock.unlock();
        }
        Deque<Slot> written = new ArrayDeque<>();
        for (Slot slot : from) {
            try {
                written.add(writeNew(slot.disk, 1 - slot.number, at, pages));
            } catch (IOException e) {
                // The old slot goes on; whether the disk still works shows at the next edit.
                LOG.warn("no checkpoint could be written to {}", slot.disk, e);
            }
        }
        lock.lock();
        try {
            // A disk that fails on the way adds an edit, which those behind it must have, too.
            List<byte[]> edits = Objects.requireNonNull(sinceCheckpoint);
            while (!written.isEmpty()) {
                goOnIn(written.remove(), at, edits);
            }
            editBytes = size(edits);
            checkpointBytes = size(pages);
        } finally {
            sinceCheckpoint = null;
            written.forEach(slot -> Quietly.close(slot.file));
            lock.unlock();
        }
    }

    /**
     * How much room the next checkpoint takes at most on a disk: its file with what is kept behind it for edits, and what
     * an open writes besides.
     */
    long roomForCheckpoint() {
        lock.lock();
        try {
            // Nothing is in it that the last one, or an edit since, has not, but for counters that have grown longer.
            long bodies = checkpointBytes + editBytes;
            long pages = bodies / PAGE_BYTES + 2;
            long file = grown(FileHeader.BYTES + ManifestSlot.bytesMost(pages, bodies) + roomBehind(0));
            // An open writes a new fence, and the directory may grow.
            return file + 2L * FileHeader.BYTES;
        } finally {
            lock.unlock();
        }
    }

    /** From here on the disk has either the old slot or the new one, each with all edits: a crash may find any mixture. */
    private void goOnIn(Slot slot, ManifestPosition checkpoint, List<byte[]> edits) {
        if (!slot.disk.inUse() || failure != null) {
            Quietly.close(slot.file);
            return;
        }
        try {
            appendAll(slot, checkpoint, edits);
            slot.file.force();
        } catch (IOException e) {
            LOG.warn("{} could not be brought up to date", slot.place(), e);
            Quietly.close(slot.file);
            Quietly.delete(slot.disk.there(), newName(slot.number));
            return;
        }
        try {
            install(slot);
        } catch (NoSpaceException full) {
            // Nothing has been renamed.
            LOG.warn("{} could not take its name", slot.place(), full);
            Quietly.close(slot.file);
            Quietly.delete(slot.disk.there(), newName(slot.number));
        } catch (IOException e) {
            LOG.error("{}: nobody knows which of its manifests counts", slot.disk, e);
            Quietly.close(slot.file);
            expel(slot.disk, e);
        }
    }

    private void install(Slot slot) throws IOException {
        Directory directory = slot.disk.there();
        directory.rename(newName(slot.number), ManifestSlot.fileName(slot.number));
        try {
            directory.sync();
        } catch (NoSpaceException full) {
            throw new IOException("the new name may not be stable", full);
        }
        slots.replaceAll(old -> {
            if (old.disk != slot.disk) {
                return old;
            }
            Quietly.close(old.file);
            return slot;
        });
    }

    private void append(Encoder items, List<Runnable> effects) {
        requireUsable();
        byte[] body = body(items);
        for (Slot slot : slots) {
            makeRoom(slot, body.length);
        }
        write(body, effects);
    }

    /** Writes a record for which there is room, or one that must be written now. */
    private void write(byte[] body, List<Runnable> effects) {
        // From here on the edit may be found after a crash, whatever happens.
        position = new ManifestPosition(position.generation(), position.edit() + 1);
        boolean done = false;
        try {
            writeToAll(body, effects);
            done = true;
        } finally {
            if (!done && failure == null) {
                // No memory, say: nobody knows how far it came, and the disks may know more than the state does. There
                // may be none for words of its own either.
                failure = "an edit of the manifest was given up on the way";
            }
        }
    }

    private void writeToAll(byte[] body, List<Runnable> effects) {
        Deque<Disk> failed = new ArrayDeque<>();
        IOException last = null;
        for (Slot slot : slots) {
            if (slot.failure == null) {
                try {
                    appendRecord(slot, position, ManifestSlot.KIND_EDIT, 0, body);
                    slot.file.force();
                } catch (IOException e) {
                    LOG.error("{}: edit {} could not be written", slot.place(), position, e);
                    slot.failure = e;
                }
            }
            if (slot.failure != null) {
                failed.add(slot.disk);
                last = slot.failure;
            }
        }
        if (last != null && failed.size() == slots.size()) {
            throw fail("edit " + position + " of the manifest could be written to no disk", last);
        }
        state.apply(new Decoder("edit " + position, body), false);
        effects.forEach(Runnable::run);
        editBytes += body.length;
        if (sinceCheckpoint != null) {
            sinceCheckpoint.add(body);
        }
        settled = last == null ? slots.size() : settled;
        while (last != null && !failed.isEmpty()) {
            Disk next = failed.remove();
            // The record that leaves one out may have failed on the next, which is then gone already.
            if (next.inUse()) {
                expel(next, last);
            }
        }
    }

    private void expel(Disk disk, Exception why) {
        if (membersInUse().length == 1) {
            throw fail(disk + ", the last one, has failed", why);
        }
        if (2 * (membersInUse().length - 1) < settled) {
            // Together they would be a majority of a record that names them, and the next open could believe it.
            throw fail(disk + " has failed together with others, too many of " + settled + " to be left out", why);
        }
        List<Long> unused = departures.unusedSegments(disk);
        String only = onlyCopyOn(disk, unused);
        if (only != null) {
            // Left out it would never be read again, though all that was acknowledged may be on it.
            throw fail(disk + ", which has the only copy of " + only + ", has failed", why);
        }
        disk.leaveOut();
        slots.removeIf(slot -> {
            boolean gone = slot.disk == disk;
            if (gone) {
                Quietly.close(slot.file);
            }
            return gone;
        });
        ManifestEdit edit = new ManifestEdit().disk(disk);
        for (long segment : unused) {
            if (state.segments.containsKey(segment)) {
                edit.segmentGone(segment);
            }
        }
        // Without a look at the room: a disk that is too full for this has failed, too.
        write(body(edit.items()), List.of());
        departures.leftOut(disk);
    }

    /** Something that is on no other disk in use, or null. */
    private @Nullable String onlyCopyOn(Disk disk, List<Long> unusedSegments) {
        for (SegmentInfo segment : state.segments.values()) {
            boolean here = Arrays.stream(segment.disks()).anyMatch(number -> number == disk.number);
            boolean elsewhere = Arrays.stream(segment.disks()).anyMatch(number -> isOther(number, disk));
            if (here && !elsewhere && !unusedSegments.contains(segment.id())) {
                return "log segment " + segment.id();
            }
        }
        return state.chunkOnlyOn(number -> number == disk.number, number -> isOther(number, disk));
    }

    private boolean isOther(int number, Disk disk) {
        Disk other = disks.get(number);
        return other != null && other != disk && other.inUse();
    }

    private StorageException fail(String what, Exception cause) {
        failure = what + ": " + cause.getMessage();
        return new StorageException(StorageException.Kind.FAILED, failure, cause);
    }

    private void requireUsable() {
        if (failure != null) {
            throw new StorageException(StorageException.Kind.FAILED, failure, null);
        }
    }

    /** An edit's items behind the list of members, which every record names. */
    private byte[] body(Encoder items) {
        Encoder body = new ManifestEdit().members(membersInUse()).items();
        return body.raw(items.array(), 0, items.length()).toBytes();
    }

    private int[] membersInUse() {
        return disks.values().stream()
                .filter(Disk::inUse)
                .mapToInt(disk -> disk.number)
                .toArray();
    }

    private List<byte[]> pages() {
        List<byte[]> pages = new ArrayList<>();
        ManifestEdit page = new ManifestEdit().members(membersInUse()).copies(state.copies);
        page.counters(state.nextExtent, state.nextSegment);
        disks.values().forEach(page::disk);
        // The pages are cut wherever an item ends, so one edit's builder is used up for each.
        ManifestEdit[] open = {page};
        Runnable cut = () -> {
            if (open[0].items().length() > PAGE_BYTES) {
                pages.add(open[0].items().toBytes());
                open[0] = new ManifestEdit();
            }
        };
        for (ExtentInfo extent : state.extents.values()) {
            open[0].extent(extent);
            cut.run();
        }
        for (SegmentInfo segment : state.segments.values()) {
            open[0].segment(segment);
            if (segment.end() != SegmentInfo.OPEN) {
                open[0].segmentEnd(segment.id(), segment.end());
            }
            cut.run();
        }
        client.checkpoint(part -> {
            open[0].state(part);
            cut.run();
        });
        // An empty last page would have length 0, which is never valid.
        pages.add(open[0].counters(state.nextExtent, state.nextSegment).items().toBytes());
        return pages;
    }

    private static long size(List<byte[]> pages) {
        return pages.stream().mapToLong(page -> page.length).sum();
    }

    private static String newName(int slot) {
        return ManifestSlot.fileName(slot) + ".new";
    }

    private Slot write(Disk disk, int number, ManifestPosition at, List<byte[]> pages) throws IOException {
        Slot slot = writeNew(disk, number, at, pages);
        boolean done = false;
        try {
            disk.there().rename(newName(number), ManifestSlot.fileName(number));
            disk.there().sync();
            done = true;
            return slot;
        } finally {
            if (!done) {
                Quietly.close(slot.file);
            }
        }
    }

    private Slot writeNew(Disk disk, int number, ManifestPosition at, List<byte[]> pages) throws IOException {
        Directory directory = disk.there();
        String name = newName(number);
        if (directory.list().contains(name)) {
            directory.delete(name);
        }
        OpenFile file = disk.reserve().create(use, name, Directory.Access.BUFFERED);
        Slot slot = new Slot(disk, number, file);
        try {
            write(slot, ManifestSlot.header(store, disk.id, number, at), 0);
            slot.end = FileHeader.BYTES;
            for (int page = 0; page < pages.size(); page++) {
                int kind = page == pages.size() - 1 ? ManifestSlot.KIND_LAST_PAGE : ManifestSlot.KIND_PAGE;
                appendRecord(slot, at, kind, page, pages.get(page));
            }
            grow(slot, 0);
            slot.file.force();
            return slot;
        } catch (IOException e) {
            Quietly.close(slot.file);
            // What is left of it would take up room.
            Quietly.delete(directory, name);
            throw e;
        }
    }

    private void appendAll(Slot slot, ManifestPosition after, List<byte[]> edits) throws IOException {
        long edit = after.edit();
        for (byte[] body : edits) {
            edit++;
            appendRecord(slot, new ManifestPosition(after.generation(), edit), ManifestSlot.KIND_EDIT, 0, body);
        }
    }

    private void appendRecord(Slot slot, ManifestPosition at, int kind, int page, byte[] body) throws IOException {
        ByteBuffer record = ManifestSlot.record(store, at, kind, page, body, slot.end);
        int length = record.remaining();
        write(slot, record, slot.end);
        slot.end += length;
        slot.allocated = Math.max(slot.allocated, slot.end);
    }

    /** Sees to it that a record can be appended without new space; fails before anything has changed. */
    private void makeRoom(Slot slot, int bodyBytes) {
        try {
            grow(slot, bodyBytes);
        } catch (NoSpaceException full) {
            throw StorageException.of("no room to grow " + slot.place(), full);
        } catch (IOException e) {
            // What is wrong with the disk shows at the record itself, where it can be left out.
            LOG.warn("{} could not be grown", slot.place(), e);
        }
    }

    private void grow(Slot slot, int bodyBytes) throws IOException {
        long wanted = slot.end + roomBehind(bodyBytes);
        if (wanted > slot.allocated) {
            long target = grown(wanted);
            write(slot, ByteBuffer.allocate((int) (target - slot.allocated)), slot.allocated);
            slot.allocated = target;
        }
    }

    /** The size of a file in which so many bytes are wanted. */
    private static long grown(long wanted) {
        return (wanted + GROWTH_BYTES - 1) / GROWTH_BYTES * GROWTH_BYTES;
    }

    /** Room for an edit and for records that leave a disk out. */
    private static long roomBehind(int bodyBytes) {
        return 2L * ManifestSlot.aligned(bodyBytes + ManifestSlot.ALIGNMENT) + SPARE_BYTES;
    }

    private void write(Slot slot, ByteBuffer bytes, long at) throws IOException {
        slot.disk.reserve().write(use, slot.file, bytes, at);
    }

    /** Lets go of the files. */
    void close() {
        lock.lock();
        try {
            slots.forEach(slot -> Quietly.close(slot.file));
            slots.clear();
            if (failure == null) {
                failure = "the store is closed";
            }
        } finally {
            lock.unlock();
        }
    }
}
