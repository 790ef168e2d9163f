package io.donjon.extents;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who the disks are and which manifest is believed, before anything is written (design.md section 6, membership; the
 * rule was searched for losses by sim/members.py):
 *
 * <ol>
 *   <li>The newest record found on any disk decides who the members are.
 *   <li>More than half of them must be there (half, if the caller says so).
 *   <li>The generation becomes one more than every fence and every generation found; it is written alone to all disks in
 *       use before anything else is.
 * </ol>
 */
final class StoreOpening {
    private static final Logger LOG = LoggerFactory.getLogger(StoreOpening.class);

    static final String IDENTITY = "disk";
    static final String FENCE = "fence";
    static final String LOCK = "lock";
    static final String NEW = ".new";

    private static final int NUMBER_AT = FileHeader.BODY_AT;
    private static final int CREATED_AT = NUMBER_AT + Integer.BYTES;
    private static final int FENCE_AT = FileHeader.BODY_AT;
    private static final int CLOSED_AT = FENCE_AT + Long.BYTES;

    /** A disk that was found. */
    private static final class Candidate {
        final Directory directory;
        final UUID store;
        final UUID id;
        final int number;
        final @Nullable ManifestSlot[] slots = new ManifestSlot[2];
        long fence;

        /** The newest record when the store was closed, if nobody has opened it since. */
        ManifestPosition closed = ManifestPosition.NONE;

        /** Why nobody knows what this disk has promised, or null. */
        @Nullable StorageException fenceDamage;

        Candidate(Directory directory, UUID store, UUID id, int number) {
            this.directory = directory;
            this.store = store;
            this.id = id;
            this.number = number;
        }

        /** The slot whose record is the newest, or -1 if none can be used. */
        int newestSlot() {
            int newest = -1;
            ManifestPosition best = ManifestPosition.NONE;
            for (int i = 0; i < slots.length; i++) {
                ManifestSlot slot = slots[i];
                if (slot != null && slot.newest.isNewerThan(best)) {
                    newest = i;
                    best = slot.newest;
                }
            }
            return newest;
        }

        ManifestPosition newest() {
            int newest = newestSlot();
            ManifestSlot slot = newest < 0 ? null : slots[newest];
            return slot == null ? ManifestPosition.NONE : slot.newest;
        }

        /**
         * Why nobody knows what this disk's newest record is, or null. Such a disk does not count among those that are
         * there: what it would have said might have been that others are members no more.
         *
         * @param committed whether any edit was ever made: then every member has a manifest
         */
        @Nullable StorageException silence(boolean committed) {
            if (fenceDamage != null) {
                return fenceDamage;
            }
            if (!closed.equals(ManifestPosition.NONE) && newest().equals(closed)) {
                return null;
            }
            for (ManifestSlot slot : slots) {
                if (slot != null && slot.damage != null && slot.seen.equals(ManifestPosition.NONE)) {
                    return slot.damage;
                }
            }
            // Slot 0 is the first to be written.
            boolean lost = slots[0] == null && (slots[1] != null || committed);
            return lost
                    ? StorageException.damaged(directory.path() + "/" + ManifestSlot.fileName(0), "it is missing")
                    : null;
        }
    }

    private final ExtentConfig config;
    private final Environment environment;
    private final List<Candidate> candidates = new ArrayList<>();
    private final List<String> strangers = new ArrayList<>();

    /** Why disks cannot say who they are. */
    private final List<StorageException> unknown = new ArrayList<>();

    /** What is damaged though the store opens, and may be put right on the way. */
    final List<StoreCheck.Problem> found = new ArrayList<>();

    UUID store = new UUID(0, 0);
    long generation;

    /** The record that decides, and the state that it stands for. */
    ManifestPosition believed = ManifestPosition.NONE;

    final TreeMap<Integer, Disk> disks = new TreeMap<>();

    StoreOpening(ExtentConfig config, Environment environment) {
        this.config = config;
        this.environment = environment;
    }

    /** Refuses directories that hold nothing of a store, and where none may be made, before a lock is left there. */
    static void requireStoreOrRoomForOne(ExtentConfig config) throws IOException {
        for (Directory directory : config.directories()) {
            List<String> names;
            try {
                names = directory.list();
            } catch (IOException failing) {
                // It may be a disk of a store that opens without it.
                return;
            }
            if (names.contains(IDENTITY) || names.stream().anyMatch(StoreOpening::isOfStore)) {
                return;
            }
        }
        requireCreatable(config);
    }

    /** Looks at the disks, and makes a store if there is none and that is wanted. */
    ManifestState open(ManifestClient client) throws IOException {
        for (Directory directory : config.directories()) {
            Candidate candidate = identify(directory);
            if (candidate != null) {
                candidates.add(candidate);
            }
        }
        Candidate decides = newest();
        if (decides == null && !unknown.isEmpty()) {
            throw unknown.get(0);
        }
        if (decides == null) {
            return create(client);
        }
        return believe(decides, client);
    }

    /** Null if the disk does not say who it is: it then counts as missing. */
    private @Nullable Candidate identify(Directory directory) throws IOException {
        String place = directory.path() + "/" + IDENTITY;
        try (OpenFile file = directory.open(IDENTITY, Directory.Access.BUFFERED)) {
            ByteBuffer header = FileHeader.read(file, FileHeader.Kind.DISK, place);
            Candidate candidate = new Candidate(
                    directory, FileHeader.store(header), FileHeader.disk(header), header.getInt(NUMBER_AT));
            for (int slot = 0; slot < candidate.slots.length; slot++) {
                candidate.slots[slot] = ManifestSlot.read(directory, candidate.store, candidate.id, slot);
            }
            readFence(candidate);
            return candidate;
        } catch (NoSuchFileException absent) {
            if (directory.list().stream().noneMatch(StoreOpening::isOfStore)) {
                strangers.add(directory.path());
                return null;
            }
            isUnknown(
                    directory,
                    StorageException.damaged(place, "it is missing, while other files of a store are there"));
        } catch (StorageException e) {
            isUnknown(directory, e);
        }
        return null;
    }

    /** Whether a file shows that there is a store even where the disk does not say who it is. */
    private static boolean isOfStore(String name) {
        return name.startsWith("manifest-") || name.startsWith("log-");
    }

    private void isUnknown(Directory directory, StorageException why) {
        if (why.kind() != StorageException.Kind.DAMAGED) {
            throw why;
        }
        found(directory, why);
        unknown.add(why);
    }

    private void found(Directory directory, StorageException what) {
        LOG.warn("{}", what.getMessage());
        found.add(new StoreCheck.Problem(directory.path(), "found at open: " + what.getMessage()));
    }

    private static void readFence(Candidate candidate) throws IOException {
        String place = candidate.directory.path() + "/" + FENCE;
        ByteBuffer header;
        try (OpenFile file = candidate.directory.open(FENCE, Directory.Access.BUFFERED)) {
            header = FileHeader.read(file, FileHeader.Kind.FENCE, place);
        } catch (NoSuchFileException absent) {
            // A disk gets its fence before its first manifest: without one, a creation was interrupted.
            candidate.fenceDamage = hasManifest(candidate) ? StorageException.damaged(place, "it is missing") : null;
            return;
        } catch (StorageException e) {
            if (e.kind() != StorageException.Kind.DAMAGED) {
                throw e;
            }
            candidate.fenceDamage = e;
            return;
        }
        if (!FileHeader.disk(header).equals(candidate.id) && hasManifest(candidate)) {
            if (candidate.newestSlot() < 0) {
                throw StorageException.damaged(
                        candidate.directory.path() + "/" + IDENTITY, "no other file here is of the disk that it names");
            }
            candidate.fenceDamage = StorageException.damaged(place, "it belongs to another disk");
            return;
        }
        candidate.fence = header.getLong(FENCE_AT);
        long closed = header.getLong(CLOSED_AT);
        candidate.closed = closed == 0 ? ManifestPosition.NONE : new ManifestPosition(candidate.fence, closed - 1);
    }

    private static boolean hasManifest(Candidate candidate) throws IOException {
        return candidate.directory.list().stream()
                .anyMatch(name -> name.startsWith("manifest-") && !name.endsWith(NEW));
    }

    /** The disk with the newest record, or null if there is no record at all. */
    private @Nullable Candidate newest() {
        Candidate newest = null;
        ManifestPosition best = ManifestPosition.NONE;
        ManifestPosition seen = ManifestPosition.NONE;
        StorageException damage = null;
        for (Candidate candidate : candidates) {
            for (ManifestSlot slot : candidate.slots) {
                if (slot == null) {
                    continue;
                }
                if (slot.damage != null) {
                    found(candidate.directory, slot.damage);
                    if (slot.damage.kind() == StorageException.Kind.TOO_NEW) {
                        throw slot.damage;
                    }
                    damage = damage == null || slot.seen.isNewerThan(seen) ? slot.damage : damage;
                }
                seen = seen.max(slot.seen);
                if (slot.newest.isNewerThan(best)) {
                    best = slot.newest;
                    newest = candidate;
                }
            }
        }
        if (damage != null && (newest == null || seen.isNewerThan(best))) {
            throw damage;
        }
        believed = best;
        if (newest != null) {
            compareWithFences(newest.store);
        }
        return newest;
    }

    /** What the fences say of the manifests: when a store is closed they take note of the newest record. */
    private void compareWithFences(UUID ours) {
        for (Candidate candidate : candidates) {
            if (!candidate.store.equals(ours)) {
                continue;
            }
            String place = candidate.directory.path() + "/" + FENCE;
            ManifestPosition closed = candidate.closed;
            if (closed.isNewerThan(believed)) {
                throw StorageException.damaged(
                        place,
                        "the store was closed under manifest record " + closed
                                + ", but the newest that can be read is " + believed
                                + ": a newer manifest has been lost");
            }
            ManifestPosition newest = candidate.newest();
            if (candidate.fenceDamage != null) {
                found(candidate.directory, candidate.fenceDamage);
            } else if (candidate.fence < newest.generation()) {
                found(
                        candidate.directory,
                        StorageException.damaged(
                                place,
                                "it is of generation " + candidate.fence + ", the manifest of " + newest.generation()));
            } else if (closed.isNewerThan(newest)) {
                found(
                        candidate.directory,
                        StorageException.damaged(
                                place,
                                "the store was closed under manifest record " + closed
                                        + ", but the newest on this disk is " + newest));
            }
            for (ManifestSlot slot : candidate.slots) {
                if (slot != null && slot.halfLost != null && slot.halfLostRecord.isStableWith(closed)) {
                    found(
                            candidate.directory,
                            StorageException.damaged(
                                    slot.halfLost,
                                    "one of the two copies of record " + slot.halfLostRecord + " is damaged"));
                }
            }
        }
    }

    private static void requireCreatable(ExtentConfig config) throws IOException {
        if (!config.createIfMissing() || config.directories().isEmpty()) {
            List<String> where = new ArrayList<>();
            config.directories().forEach(directory -> where.add(directory.path()));
            where.addAll(config.missing());
            throw new StorageException(
                    StorageException.Kind.NO_STORE, "there is no store in " + String.join(", ", where), null);
        }
        if (!config.missing().isEmpty()) {
            throw new StorageException(
                    StorageException.Kind.NO_STORE, "cannot be reached: " + String.join(", ", config.missing()), null);
        }
        for (Directory directory : config.directories()) {
            for (String name : directory.list()) {
                if (!name.equals(LOCK)
                        && !name.startsWith(IDENTITY)
                        && !name.startsWith(FENCE)
                        && !name.endsWith(NEW)) {
                    throw new StorageException(
                            StorageException.Kind.NO_STORE,
                            directory.path() + " holds other files, such as " + name
                                    + ": a store is only made in empty directories",
                            null);
                }
            }
        }
    }

    private ManifestState create(ManifestClient client) throws IOException {
        requireCreatable(config);
        store = randomId();
        ManifestState state = new ManifestState(client);
        state.copies = config.copies();
        int number = 0;
        for (Directory directory : config.directories()) {
            UUID id = randomId();
            ByteBuffer header = FileHeader.begin(FileHeader.Kind.DISK, store, id);
            header.putInt(NUMBER_AT, number).putLong(CREATED_AT, environment.currentTimeMillis());
            replace(directory, IDENTITY, FileHeader.seal(header));
            disks.put(number, new Disk(number, id, directory, directory.path(), true));
            number++;
        }
        generation = 1;
        return state;
    }

    private UUID randomId() {
        return new UUID(environment.random().nextLong(), environment.random().nextLong());
    }

    private ManifestState believe(Candidate decides, ManifestClient client) {
        store = decides.store;
        for (Candidate candidate : candidates) {
            if (!candidate.store.equals(store)) {
                throw new StorageException(
                        StorageException.Kind.NO_STORE,
                        candidate.directory.path() + " belongs to another store than " + decides.directory.path(),
                        null);
            }
        }
        ManifestState state = new ManifestState(client);
        ManifestSlot slot = decides.slots[decides.newestSlot()];
        String place = decides.directory.path() + "/" + ManifestSlot.fileName(decides.newestSlot());
        if (slot == null) {
            throw new AssertionError(place);
        }
        for (byte[] page : slot.pages) {
            state.apply(new Decoder(place + ", checkpoint", page), true);
        }
        for (byte[] edit : slot.edits) {
            state.apply(new Decoder(place + ", edit", edit), true);
        }
        takeMembers(state);
        refuseOldManifest();
        refuseToLeaveData(state);
        for (Candidate candidate : candidates) {
            generation = Math.max(generation, candidate.fence);
            for (ManifestSlot any : candidate.slots) {
                generation = any == null ? generation : Math.max(generation, any.seen.generation());
            }
        }
        generation++;
        return state;
    }

    private Map<UUID, Candidate> candidatesById() {
        Map<UUID, Candidate> byId = new LinkedHashMap<>();
        for (Candidate candidate : candidates) {
            Candidate twin = byId.put(candidate.id, candidate);
            if (twin != null) {
                throw new StorageException(
                        StorageException.Kind.NO_STORE,
                        candidate.directory.path() + " and " + twin.directory.path() + " are both disk "
                                + candidate.number + " of the store: one is a copy, and must not be given",
                        null);
            }
        }
        return byId;
    }

    private void takeMembers(ManifestState state) {
        Set<Integer> members = new HashSet<>();
        for (int member : state.members) {
            members.add(member);
        }
        Map<UUID, Candidate> found = candidatesById();
        boolean committed = candidates.stream()
                .flatMap(candidate -> Arrays.stream(candidate.slots))
                .anyMatch(slot -> slot != null && slot.seen.edit() > 0);
        List<String> absent = new ArrayList<>();
        int present = 0;
        StorageException silence = null;
        for (ManifestState.DiskRecord record : state.disks.values()) {
            Candidate candidate = found.get(record.id());
            boolean member = members.contains(record.number());
            Directory directory = null;
            if (member && candidate != null) {
                if (candidate.number != record.number()) {
                    throw StorageException.damaged(
                            candidate.directory.path() + "/" + IDENTITY,
                            "it says disk " + candidate.number + ", the manifest says disk " + record.number());
                }
                StorageException silent = candidate.silence(committed);
                if (silent == null) {
                    present++;
                } else {
                    LOG.warn("{}", silent.getMessage());
                    silence = silence == null ? silent : silence;
                }
                directory = candidate.directory;
            } else if (member) {
                absent.add("disk " + record.number() + " (last at " + record.path() + ")");
            } else if (candidate != null) {
                LOG.warn("{} was left out of the store earlier and is not used", candidate.directory.path());
            }
            String path = directory == null ? record.path() : directory.path();
            disks.put(record.number(), new Disk(record.number(), record.id(), directory, path, directory != null));
        }
        for (String stranger : strangers) {
            LOG.warn("{} is no disk of this store and is not used", stranger);
        }
        silence = silence == null && !unknown.isEmpty() ? unknown.get(0) : silence;
        boolean half = 2 * present == members.size();
        if (2 * present < members.size() || (half && !config.degraded()) || present == 0) {
            if (silence != null) {
                throw new StorageException(
                        silence.kind(),
                        silence.getMessage() + "; so only " + present + " of the store's " + members.size()
                                + " disks say what its newest state is" + (half ? "" : ", and more than half must"),
                        silence);
            }
            throw new StorageException(
                    StorageException.Kind.MISSING_DISKS,
                    present + " of the store's " + members.size() + " disks are there, missing: "
                            + String.join(", ", absent)
                            + (half
                                    ? "; with exactly half of them the store opens only if told to (degraded), "
                                            + "when nobody else can be writing to the other half"
                                    : "; more than half are needed"),
                    null);
        }
    }

    /** Disks that are not there are left out, and are never read again; what they alone have would be lost. */
    private void refuseToLeaveData(ManifestState state) {
        IntPredicate there = number -> {
            Disk disk = disks.get(number);
            return disk != null && disk.directory != null;
        };
        Set<Integer> members = Arrays.stream(state.members).boxed().collect(Collectors.toSet());
        String only = state.chunkOnlyOn(number -> members.contains(number) && !there.test(number), there);
        if (only == null) {
            return;
        }
        String absent = members.stream()
                .filter(number -> !there.test(number))
                .map(number -> String.valueOf(disks.get(number)))
                .collect(Collectors.joining(", "));
        throw new StorageException(
                StorageException.Kind.MISSING_DISKS, "missing: " + absent + ", and nobody else has " + only, null);
    }

    /** A log segment names the manifest record that was on stable storage when it began: there must be one as new. */
    private void refuseOldManifest() {
        for (Disk disk : disks.values()) {
            if (disk.directory == null) {
                continue;
            }
            for (String name : logFiles(disk.directory)) {
                ByteBuffer header = logHeader(disk, name);
                if (header == null || header.getInt(LogFormat.STATE_AT) != LogFormat.BEGUN) {
                    continue;
                }
                ManifestPosition named = new ManifestPosition(
                        header.getLong(LogFormat.GENERATION_AT), header.getLong(LogFormat.EDIT_AT));
                if (named.isNewerThan(believed)) {
                    throw StorageException.damaged(
                            disk + "/" + name,
                            "it was begun under manifest record " + named + ", but the newest that can be read is "
                                    + believed + ": a newer manifest has been lost");
                }
            }
        }
    }

    private static Collection<String> logFiles(Directory directory) {
        try {
            return directory.list().stream()
                    .filter(name -> name.startsWith("log-"))
                    .toList();
        } catch (IOException e) {
            throw StorageException.of("listing " + directory.path(), e);
        }
    }

    /** The header, or null if it is damaged, which recovery deals with where the segment matters. */
    private @Nullable ByteBuffer logHeader(Disk disk, String name) {
        try (OpenFile file = disk.there().open(name, config.access())) {
            ByteBuffer header = FileHeader.read(file, FileHeader.Kind.LOG, disk + "/" + name);
            boolean ours = FileHeader.store(header).equals(store)
                    && SegmentInfo.fileName(header.getLong(LogFormat.SEGMENT_AT))
                            .equals(name);
            return ours ? header : null;
        } catch (IOException | StorageException e) {
            LOG.debug("{}/{}", disk, name, e);
            return null;
        }
    }

    /** Promises the new generation on all disks in use, before anything else is written to them. */
    void raiseFences() throws IOException {
        for (Disk disk : disks.values()) {
            if (disk.inUse()) {
                writeFence(disk, store, generation, 0, Reserve.Use.OPENING);
            }
        }
    }

    /** Lets a disk say under which record the store was closed, so that a loss of it shows. */
    static void markClosed(Disk disk, UUID store, ManifestPosition newest) throws IOException {
        writeFence(disk, store, newest.generation(), newest.edit() + 1, Reserve.Use.MANIFEST);
    }

    private static void writeFence(Disk disk, UUID store, long generation, long closed, Reserve.Use use)
            throws IOException {
        ByteBuffer header = FileHeader.begin(FileHeader.Kind.FENCE, store, disk.id);
        header.putLong(FENCE_AT, generation).putLong(CLOSED_AT, closed);
        FileHeader.seal(header);
        disk.reserve().in(use, () -> replace(disk.there(), FENCE, header));
    }

    /** For each disk the slot that its newest record is in, which must not be overwritten; 1 where there is none. */
    int[] newestSlots() {
        int[] newest = new int[disks.isEmpty() ? 0 : disks.lastKey() + 1];
        for (Disk disk : disks.values()) {
            newest[disk.number] = 1;
            for (Candidate candidate : candidates) {
                if (candidate.id.equals(disk.id) && candidate.newestSlot() >= 0) {
                    newest[disk.number] = candidate.newestSlot();
                }
            }
        }
        return newest;
    }

    /** Writes a small file as a new one that takes the old one's name. */
    private static void replace(Directory directory, String name, ByteBuffer content) throws IOException {
        String temporary = name + NEW;
        if (directory.list().contains(temporary)) {
            directory.delete(temporary);
        }
        try (OpenFile file = directory.create(temporary, Directory.Access.BUFFERED)) {
            file.write(content.duplicate(), 0);
            file.force();
        }
        directory.rename(temporary, name);
        directory.sync();
    }

    /** Removes what no manifest names, or names but needs no more: leftovers of a crash. */
    void removeDebris(ManifestState state) {
        Map<Integer, Set<String>> named = new LinkedHashMap<>();
        for (ExtentInfo extent : state.extents.values()) {
            for (int disk : disks.keySet()) {
                named.computeIfAbsent(disk, number -> new HashSet<>()).addAll(extent.fileNames(disk, extent.begin()));
            }
        }
        for (SegmentInfo segment : state.segments.values()) {
            for (int disk : segment.disks()) {
                named.computeIfAbsent(disk, number -> new HashSet<>()).add(segment.fileName());
            }
        }
        for (Disk disk : disks.values()) {
            if (disk.inUse()) {
                removeDebris(disk, named.getOrDefault(disk.number, Set.of()));
            }
        }
    }

    private static void removeDebris(Disk disk, Set<String> named) {
        Directory directory = disk.there();
        try {
            for (String name : directory.list()) {
                boolean ours = name.startsWith("x-") || name.startsWith("log-") || name.endsWith(NEW);
                if (ours && !named.contains(name)) {
                    directory.delete(name);
                }
            }
        } catch (IOException e) {
            LOG.warn("leftovers on {} could not be removed", disk, e);
        }
    }
}
