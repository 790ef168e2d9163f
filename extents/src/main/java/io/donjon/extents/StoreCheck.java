package io.donjon.extents;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;

/**
 * Walks what lies below extents while a store is open: the manifests of all disks, the log on all disks, and whether the
 * files that the manifest names are there. Blocks are checked by whoever knows where they are. What was found when the
 * store was opened, and was perhaps put right then, is told again.
 */
public final class StoreCheck {
    /** What is wrong: where, and what. */
    public record Problem(String place, String what) {}

    private final ExtentStore store;
    private final List<Problem> problems = new ArrayList<>();
    private long logGroups;
    private long bytes;

    StoreCheck(ExtentStore store) {
        this.store = store;
    }

    /** Runs the walk. */
    StoreCheck run() {
        problems.addAll(store.foundAtOpen());
        for (Disk disk : store.disksInUse()) {
            checkHeader(disk, StoreOpening.IDENTITY, FileHeader.Kind.DISK);
            checkHeader(disk, StoreOpening.FENCE, FileHeader.Kind.FENCE);
            checkManifest(disk);
        }
        checkFiles();
        store.log().check(this);
        return this;
    }

    /** What is wrong, in the order in which it was found. */
    public List<Problem> problems() {
        return problems;
    }

    /** Groups of records seen in the log, each copy counted. */
    public long logGroups() {
        return logGroups;
    }

    /** Bytes read. */
    public long bytes() {
        return bytes;
    }

    private void problem(String place, StoreRule broken, Object... values) {
        problems.add(new Problem(place, broken.says(values)));
    }

    private void checkManifest(Disk disk) {
        // Edits go on meanwhile: what is read must be at least as new as what was durable before.
        ManifestPosition before = store.manifestPosition();
        ManifestPosition newest = ManifestPosition.NONE;
        ManifestSlot used = null;
        for (int slot = 0; slot < 2; slot++) {
            ManifestSlot read = ManifestSlot.read(disk.there(), store.id(), disk.id, slot);
            if (read != null && read.damage != null && read.seen.compareTo(before) >= 0) {
                String place = disk + "/" + ManifestSlot.fileName(slot);
                problem(place, StoreRule.MANIFEST_SOUND, String.valueOf(read.damage.getMessage()));
            }
            if (read != null && read.halfLost != null && wasForced(read.halfLostRecord, before)) {
                problem(read.halfLost, StoreRule.MANIFEST_TWICE, read.halfLostRecord);
            }
            if (read != null && read.newest.isNewerThan(newest)) {
                newest = read.newest;
                used = read;
            }
        }
        if (before.isNewerThan(newest)) {
            problem(disk.toString(), StoreRule.MANIFEST_NEWEST, newest, before);
        } else if (used != null) {
            checkAgreement(disk, used);
        }
    }

    /** Compares what a disk's manifest says with what the store goes by, unless that has just changed. */
    private void checkAgreement(Disk disk, ManifestSlot read) {
        List<String> ours = store.manifest().with(StoreCheck::facts);
        if (!store.manifestPosition().equals(read.newest)) {
            return;
        }
        ManifestState state = new ManifestState(store.client());
        for (byte[] body : read.pages) {
            state.apply(new Decoder(disk.toString(), body), false);
        }
        for (byte[] body : read.edits) {
            state.apply(new Decoder(disk.toString(), body), false);
        }
        List<String> theirs = facts(state);
        for (int i = 0; i < Math.max(ours.size(), theirs.size()); i++) {
            String here = i < theirs.size() ? theirs.get(i) : "nothing";
            String there = i < ours.size() ? ours.get(i) : "nothing";
            if (!here.equals(there)) {
                problem(disk.toString(), StoreRule.MANIFEST_AGREES, here, there);
                return;
            }
        }
    }

    /** What a manifest says, line by line. */
    private static List<String> facts(ManifestState state) {
        List<String> facts = new ArrayList<>();
        facts.add(state.copies + " copies, members " + Arrays.toString(state.members));
        new TreeMap<>(state.extents)
                .values()
                .forEach(extent -> facts.add("extent " + extent.id() + " of " + extent.length() + " bytes from chunk "
                        + extent.begin() + " on at " + Arrays.hashCode(extent.places())));
        state.segments
                .values()
                .forEach(segment -> facts.add("segment " + segment.id() + " on disks "
                        + Arrays.toString(segment.disks()) + " up to " + segment.end()));
        return facts;
    }

    private void checkFiles() {
        for (Disk disk : store.disksInUse()) {
            new TreeMap<>(store.namedFiles(disk.number)).forEach((name, length) -> {
                checkHeader(disk, name, FileHeader.Kind.SUPERCHUNK);
                checkLength(disk, name, length);
            });
            try {
                for (String name : disk.there().list()) {
                    checkNamed(disk, name);
                }
            } catch (IOException e) {
                problem(disk.toString(), StoreRule.FILE_HEADER, String.valueOf(e.getMessage()));
            }
        }
    }

    private void checkLength(Disk disk, String name, long due) {
        try (OpenFile file = disk.there().open(name, Directory.Access.BUFFERED)) {
            if (file.size() != due) {
                problem(disk + "/" + name, StoreRule.FILE_LENGTH, file.size(), due);
            }
        } catch (NoSuchFileException gone) {
            // Reported by its header, if it should be there.
            return;
        } catch (IOException e) {
            problem(disk + "/" + name, StoreRule.FILE_HEADER, String.valueOf(e.getMessage()));
        }
    }

    private void checkNamed(Disk disk, String name) {
        if (!name.startsWith(ExtentInfo.FILE_PREFIX) || store.isAlive(name)) {
            return;
        }
        // It may have gone since the list was made; its extent is alive until its files are gone.
        try {
            disk.there().open(name, Directory.Access.BUFFERED).close();
            problem(disk + "/" + name, StoreRule.FILE_NAMED);
        } catch (NoSuchFileException gone) {
            return;
        } catch (IOException e) {
            problem(disk + "/" + name, StoreRule.FILE_HEADER, String.valueOf(e.getMessage()));
        }
    }

    /** What a power cut has left of an earlier generation's last record is no damage. */
    static boolean wasForced(ManifestPosition record, ManifestPosition durable) {
        return record.generation() == durable.generation() && !record.isNewerThan(durable);
    }

    private void checkHeader(Disk disk, String name, FileHeader.Kind kind) {
        String place = disk + "/" + name;
        String what = "";
        try (OpenFile file = disk.there().open(name, Directory.Access.BUFFERED)) {
            ByteBuffer header = FileHeader.read(file, kind, place);
            bytes += FileHeader.BYTES;
            boolean ours = FileHeader.store(header).equals(store.id())
                    && FileHeader.disk(header).equals(disk.id)
                    && (kind != FileHeader.Kind.SUPERCHUNK || name.equals(ExtentWriter.fileName(header)));
            what = ours ? "" : StoreRule.FILE_OURS.says();
        } catch (NoSuchFileException e) {
            what = StoreRule.FILE_THERE.says();
        } catch (IOException | StorageException e) {
            what = StoreRule.FILE_HEADER.says(String.valueOf(e.getMessage()));
        }
        // A superchunk file that has been dropped since is no longer named.
        if (!what.isEmpty()
                && (kind != FileHeader.Kind.SUPERCHUNK
                        || store.namedFiles(disk.number).containsKey(name))) {
            problems.add(new Problem(place, what));
        }
    }

    /**
     * Walks a log segment on one disk.
     *
     * @param base the log position of its first group
     * @param end the length of the file up to which it must be sound
     * @param stableMost no mark may claim more
     */
    void checkSegment(Disk disk, SegmentInfo info, long base, long end, long stableMost) {
        String place = disk + "/" + info.fileName();
        ByteBuffer file;
        try (OpenFile open = disk.there().open(info.fileName(), Directory.Access.BUFFERED)) {
            ByteBuffer header = FileHeader.read(open, FileHeader.Kind.LOG, place);
            boolean ours = FileHeader.store(header).equals(store.id())
                    && FileHeader.disk(header).equals(disk.id)
                    && header.getLong(LogFormat.SEGMENT_AT) == info.id();
            if (!ours) {
                segmentProblem(info, place, StoreRule.FILE_OURS);
            }
            file = ByteBuffer.allocate(Math.toIntExact(end));
            open.read(file, 0);
            file.flip();
        } catch (IOException | StorageException e) {
            segmentProblem(info, place, StoreRule.FILE_HEADER, String.valueOf(e.getMessage()));
            return;
        }
        bytes += file.limit();
        Checksums checksums = new Checksums();
        int at = LogFormat.FIRST_AT;
        while (at < end) {
            int length = LogFormat.soundBody(checksums, info.id(), file, at);
            if (length < 0) {
                segmentProblem(info, place + " at " + at, StoreRule.LOG_GROUPS, end);
                return;
            }
            Decoder body = new Decoder(place + " at " + at, file.slice(at + LogFormat.BODY_AT, length));
            boolean start = body.u8() == LogFormat.START;
            if (start != (at == LogFormat.FIRST_AT)) {
                segmentProblem(info, place + " at " + at, StoreRule.LOG_STARTS);
                return;
            }
            if (start) {
                long says = body.u64();
                if (says != base) {
                    segmentProblem(info, place + " at " + at, StoreRule.LOG_BASE, says, base);
                }
            } else if (base + at - LogFormat.FIRST_AT - body.varint() > stableMost) {
                segmentProblem(info, place + " at " + at, StoreRule.LOG_MARKS, stableMost);
            }
            logGroups++;
            at += LogFormat.BODY_AT + length;
        }
    }

    /** The file of a segment that has been released since is removed or written over. */
    private void segmentProblem(SegmentInfo info, String place, StoreRule broken, Object... values) {
        if (store.log().isLive(info)) {
            problem(place, broken, values);
        }
    }
}
