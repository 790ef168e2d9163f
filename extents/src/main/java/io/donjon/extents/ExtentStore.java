package io.donjon.extents;

import io.donjon.rda.BalancedPermutations;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The disks of a store as one: extents, the manifest that names them, the log and the block cache. What is in extents
 * and log is not looked into.
 *
 * <p>Thread-safe. A disk that fails in anything but lack of room is left out, and the store goes on with the others.
 */
public final class ExtentStore implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ExtentStore.class);

    /** The reserve of a disk has at most this share of what the disk holds, but for what the manifest and log need. */
    private static final int RESERVE_SHARE = 8;

    /** So many of its files are made before there is a look at whether something more urgent waits. */
    private static final int RESERVE_FILES_AT_ONCE = 8;

    /** It has at least this, or half of what the disk holds. */
    private static final long RESERVE_BYTES_LEAST = 6 << 20;

    private final ExtentConfig config;
    private final Environment environment;
    private final UUID id;
    private final int copies;
    private final ManifestClient client;
    private final TreeMap<Integer, Disk> disks;
    private final Manifest manifest;
    private final Log log;
    private final BlockCache cache;
    private final FilePool files;

    /** Extents of which there may be files. */
    private final Set<Long> alive = ConcurrentHashMap.newKeySet();

    /** Extents of which files stay until the next open, because they could not be removed. */
    private final Set<Long> unremoved = ConcurrentHashMap.newKeySet();

    private final List<Directory.LockAttempt> locks;

    /** What was damaged when it was opened. */
    private final List<StoreCheck.Problem> foundAtOpen;

    private volatile @Nullable LogRecovery recovery;

    private ExtentStore(
            ExtentConfig config,
            Environment environment,
            StoreOpening opening,
            ManifestState state,
            LogRecovery recovery,
            ManifestClient client,
            List<Directory.LockAttempt> locks) {
        this.config = config;
        this.environment = environment;
        this.id = opening.store;
        this.copies = state.copies;
        this.client = client;
        this.disks = opening.disks;
        this.foundAtOpen = List.copyOf(opening.found);
        this.recovery = recovery;
        this.locks = locks;
        this.cache = new BlockCache(config.cacheBytes());
        this.files = new FilePool(config.openFilesMax(), config.access(), environment);
        this.manifest = new Manifest(id, state, disks, opening.believed, client, environment, new Departures());
        this.log = new Log(this, manifest, config.segmentBytes(), recovery.position(), environment);
        recovery.handTo(log);
        alive.addAll(state.extents.keySet());
    }

    /** Who opens a store: he gets his part of the manifest back, and says where the log is to be replayed from. */
    public interface Client extends ManifestClient {
        /** Asked after the last {@link #restore}: the log position from which on he wants the log. */
        long replayFrom();
    }

    /** Takes the commits of the log in their order. */
    public interface Replay {
        /**
         * Takes a commit.
         *
         * @param position the log position behind the commit
         * @param operations what the commit consists of
         */
        void commit(long sequence, long position, Decoder operations);
    }

    /**
     * Opens the disks: finds out who is a member, reads the manifest, makes the log stable on all its copies, and begins
     * a new generation. {@link #replay} must follow before anything is written.
     */
    public static ExtentStore open(ExtentConfig config, Environment environment, Client client) {
        List<Directory.LockAttempt> locks = new ArrayList<>();
        ExtentStore store = null;
        boolean opened = false;
        try {
            StoreOpening.requireStoreOrRoomForOne(config);
            for (Directory directory : config.directories()) {
                locks.add(lock(directory));
            }
            StoreOpening opening = new StoreOpening(config, environment);
            ManifestState state = opening.open(client);
            LogRecovery recovery =
                    new LogRecovery(opening.store, opening.disks, opening.believed, config.access(), opening.found);
            recovery.read(state.segments.values(), client.replayFrom());
            opening.disks.values().stream()
                    .filter(Disk::inUse)
                    .forEach(disk -> disk.reserve().adopt());
            opening.raiseFences();
            recovery.repair();
            recovery.settle(state);
            store = new ExtentStore(config, environment, opening, state, recovery, client, locks);
            store.manifest.begin(opening.generation, opening.newestSlots());
            opening.removeDebris(state);
            opened = true;
            return store;
        } catch (IOException e) {
            throw StorageException.of("opening the store", e);
        } finally {
            if (!opened && store != null) {
                store.abandon();
            } else if (!opened) {
                locks.forEach(ExtentStore::unlock);
            }
        }
    }

    private static Directory.LockAttempt lock(Directory directory) throws IOException {
        String note = "pid " + ProcessHandle.current().pid();
        Directory.LockAttempt attempt = directory.lock(StoreOpening.LOCK, note);
        if (!attempt.taken()) {
            String holder = attempt.holderNote().isEmpty() ? "another process" : attempt.holderNote();
            throw new StorageException(
                    StorageException.Kind.LOCKED, directory.path() + " is in use by " + holder, null);
        }
        return attempt;
    }

    private static void unlock(Directory.LockAttempt lock) {
        try {
            lock.close();
        } catch (IOException e) {
            LOG.warn("a lock could not be given back; it ends with the process", e);
        }
    }

    /** Replays the log from the position on that the client named, once. */
    public void replay(Replay into) {
        LogRecovery found = recovery;
        if (found == null) {
            throw new IllegalStateException("the log has been replayed already");
        }
        try {
            found.replay(into);
        } catch (IOException e) {
            throw StorageException.of("replaying the log", e);
        }
        recovery = null;
    }

    // ---- extents ----

    /**
     * Begins to write an extent.
     *
     * @param bufferBytes how much is handed to the disks at once, a multiple of 4096
     * @param expectedBytes about how long it will be, or 0 if nobody knows: decides how large the steps are in which its
     *     front can be freed
     */
    public ExtentWriter create(int bufferBytes, long expectedBytes) {
        List<Disk> usable = disksInUse();
        int[] numbers = usable.stream().mapToInt(disk -> disk.number).toArray();
        int made = Math.min(copies, numbers.length);
        long extent = manifest.with(state -> state.nextExtent++);
        alive.add(extent);
        BalancedPermutations placement = new BalancedPermutations(numbers, made, environment.random());
        return new ExtentWriter(this, extent, made, numbers.length, placement, bufferBytes, expectedBytes);
    }

    /** An extent that the manifest names, from where it begins now: what is given back later it can still read. */
    public Extent extent(long extent) {
        @Nullable ExtentInfo info = manifest.with(state -> state.extents.get(extent));
        if (info == null) {
            throw StorageException.damaged("the manifest", "extent " + extent + " is used that it does not have");
        }
        return new Extent(info, this);
    }

    /**
     * Removes the files of an extent which no durable edit names and which nobody reads any more, as far as this view of
     * it has them: those that older views had before go by {@link #freeBefore}.
     */
    public void free(Extent extent) {
        if (delete(extent, extent.info().chunks())) {
            gone(extent.id());
        }
    }

    /**
     * Removes the files of which nothing is needed any more, since an edit trimmed the extent at this offset or behind,
     * and a reader of this view, which began earlier, is no more. To be called in the order of the views.
     */
    public void freeBefore(Extent view, long offset) {
        int chunk = (int) (offset >>> Chunks.SHIFT);
        @Nullable ExtentInfo now = manifest.with(state -> state.extents.get(view.id()));
        if (offset < 0 || offset > view.length() || (now != null && now.begin() < chunk)) {
            throw new IllegalArgumentException(
                    "extent " + view.id() + " of " + view.length() + " bytes was not given back up to " + offset);
        }
        if (!delete(view, chunk)) {
            unremoved.add(view.id());
        }
    }

    /** Removes the files that a view has with nothing in them from this chunk on; whether all are gone. */
    private boolean delete(Extent view, int chunk) {
        ExtentInfo info = view.info();
        boolean gone = true;
        for (int number : view.disks()) {
            Disk disk = disk(number);
            if (!disk.inUse()) {
                continue;
            }
            Set<String> kept = info.fileNames(number, chunk);
            for (String name : info.fileNames(number, info.begin())) {
                if (!kept.contains(name)) {
                    files.forget(disk, name);
                    gone &= Quietly.delete(disk.there(), name);
                }
            }
        }
        return gone;
    }

    // ---- the manifest ----

    /** Makes an edit durable on all disks; afterwards it is in effect, whatever happens. */
    public void commit(ManifestEdit edit) {
        manifest.commit(edit);
    }

    /**
     * Makes an edit durable that also lets recovery begin at a later log position: what of the log lies before it is
     * released.
     */
    public void commit(ManifestEdit edit, long replayFrom) {
        Log.Release release = log.release(replayFrom, edit);
        manifest.commit(edit);
        log.released(release, replayFrom);
    }

    /** Shortens the manifest if that is due: background work. */
    public void maintainManifest() {
        if (manifest.checkpointIsDue()) {
            manifest.checkpoint();
        }
    }

    /**
     * Keeps the reserves of the disks at the size that goes with what the store holds: background work.
     *
     * @return whether there may be more to do
     */
    public boolean maintainReserve() {
        List<Disk> usable = disksInUse();
        long stored = manifest.with(state -> state.extents.values().stream()
                .mapToLong(extent -> extent.bytesNeeded() * extent.copies())
                .sum());
        // In proportion to the data, so that a small store stays small; but a buffer must be flushed and small arrays
        // be merged in it.
        long perDisk = stored / Math.max(1, usable.size());
        long least = Math.min(perDisk / 2, RESERVE_BYTES_LEAST);
        long work = Math.min(config.reserveBytes(), Math.max(perDisk / RESERVE_SHARE, least));
        long forLog = Math.min(config.segmentBytes(), Log.RESERVED_SEGMENT_BYTES);
        boolean more = false;
        for (Disk disk : usable) {
            disk.reserve().want(manifest.roomForCheckpoint(), forLog, work);
            boolean made = true;
            for (int i = 0; i < RESERVE_FILES_AT_ONCE && made; i++) {
                made = disk.reserve().refill();
            }
            more |= made;
        }
        return more;
    }

    /** About how many bytes of extents flushes and merges could still write, as far as the disks say. */
    public long roomForExtents() {
        List<Disk> usable = disksInUse();
        // Bounded, since not every medium says something sensible.
        long least = usable.stream()
                .mapToLong(disk -> disk.reserve().roomForWork())
                .map(room -> Math.min(room, 1L << 50))
                .min()
                .orElse(0);
        int made = Math.max(1, Math.min(copies, usable.size()));
        return least / made * usable.size();
    }

    /** Walks manifests, log and files on all disks. */
    public StoreCheck check() {
        return new StoreCheck(this).run();
    }

    /** Lets somebody look at which extents the manifest names, with edits held back. */
    public <T> T withExtents(Function<Set<Long>, T> look) {
        return manifest.with(state -> look.apply(state.extents.keySet()));
    }

    List<StoreCheck.Problem> foundAtOpen() {
        return foundAtOpen;
    }

    ManifestPosition manifestPosition() {
        return manifest.position();
    }

    /** The superchunk files on a disk that the manifest names and needs, and how long each is. */
    Map<String, Long> namedFiles(int disk) {
        return manifest.with(state -> {
            Map<String, Long> lengths = new HashMap<>();
            state.extents.values().forEach(extent -> extent.fileLengths(disk, lengths));
            return lengths;
        });
    }

    /** Whether the extent with a file of this name is being written, or is named or read. */
    boolean isAlive(String fileName) {
        return alive.contains(ExtentInfo.ofFile(fileName));
    }

    /** The files of an extent that was alive are gone. */
    void gone(long extent) {
        if (!unremoved.contains(extent)) {
            alive.remove(extent);
        }
    }

    /** Whether anything can still be written. */
    public boolean isWritable() {
        return manifest.isUsable() && log.isUsable();
    }

    // ---- parts ----

    /** The log. */
    public Log log() {
        return log;
    }

    /** The block cache. */
    public BlockCache cache() {
        return cache;
    }

    /** What a disk is at present, for statistics. */
    public record DiskStatus(int number, String path, boolean inUse, long bytes, long badCopies) {}

    /** How the disks are. */
    public List<DiskStatus> disks() {
        TreeMap<Integer, Long> bytes = new TreeMap<>();
        manifest.with(state -> {
            for (ExtentInfo extent : state.extents.values()) {
                for (int chunk = extent.begin(); chunk < extent.chunks(); chunk++) {
                    for (int copy = 0; copy < extent.copies(); copy++) {
                        bytes.merge(ExtentInfo.disk(extent.place(chunk, copy)), extent.bytesOf(chunk), Long::sum);
                    }
                }
            }
            return state;
        });
        return disks.values().stream()
                .map(disk -> new DiskStatus(
                        disk.number,
                        disk.path,
                        disk.inUse(),
                        bytes.getOrDefault(disk.number, 0L),
                        disk.badCopies.sum()))
                .toList();
    }

    UUID id() {
        return id;
    }

    Manifest manifest() {
        return manifest;
    }

    ManifestClient client() {
        return client;
    }

    FilePool files() {
        return files;
    }

    Directory.Access access() {
        return config.access();
    }

    Directory.Access logAccess() {
        return config.logAccess();
    }

    Disk disk(int number) {
        Disk disk = disks.get(number);
        if (disk == null) {
            throw StorageException.damaged("the manifest", "disk " + number + " is used that it does not have");
        }
        return disk;
    }

    List<Disk> disksInUse() {
        return disks.values().stream().filter(Disk::inUse).toList();
    }

    /** Disks for the copies of a new log segment. */
    Disk[] logDisks() {
        List<Disk> usable = disksInUse();
        int[] numbers = usable.stream().mapToInt(disk -> disk.number).toArray();
        int made = Math.min(copies, numbers.length);
        int[] chosen = new BalancedPermutations(numbers, made, environment.random()).next();
        Disk[] found = new Disk[chosen.length];
        for (int i = 0; i < found.length; i++) {
            found[i] = disk(chosen[i]);
        }
        return found;
    }

    int queueLength(int disk) {
        return disk(disk).queue.get();
    }

    void countBadCopy(int disk) {
        disk(disk).badCopies.increment();
    }

    void leaveOut(Disk disk, Exception why) {
        manifest.leaveOut(disk, why);
    }

    private final class Departures implements Manifest.Departures {
        @Override
        public List<Long> unusedSegments(Disk disk) {
            return log.giveUpUnused(disk);
        }

        @Override
        public void leftOut(Disk disk) {
            log.diskLeft(disk);
            client.diskLeft();
        }
    }

    /** Lets go of the disks without writing anything: what was not made stable is left to recovery. */
    public void abandon() {
        log.abandon();
        manifest.close();
        files.closeAll();
        locks.forEach(ExtentStore::unlock);
    }

    /** Makes the log stable, says where it ends, and lets go of the disks. */
    @Override
    public void close() {
        try {
            log.close();
            markClosed();
        } finally {
            manifest.close();
            files.closeAll();
            locks.forEach(ExtentStore::unlock);
        }
    }

    private void markClosed() {
        for (Disk disk : manifest.isUsable() ? disksInUse() : List.<Disk>of()) {
            try {
                StoreOpening.markClosed(disk, id, manifest.position());
            } catch (IOException e) {
                // Without it a lost manifest is less likely to be noticed, and that is all.
                LOG.warn("{} could not take note that the store was closed", disk, e);
            }
        }
    }
}
