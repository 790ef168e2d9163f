package io.donjon.extents;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

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

    void problem(String place, String what) {
        problems.add(new Problem(place, what));
    }

    private void checkManifest(Disk disk) {
        // Edits go on meanwhile: what is read must be at least as new as what was durable before.
        ManifestPosition before = store.manifestPosition();
        ManifestPosition newest = ManifestPosition.NONE;
        for (int slot = 0; slot < 2; slot++) {
            ManifestSlot read = ManifestSlot.read(disk.there(), store.id(), disk.id, slot);
            if (read != null && read.damage != null && read.seen.compareTo(before) >= 0) {
                problem(disk + "/" + ManifestSlot.fileName(slot), String.valueOf(read.damage.getMessage()));
            }
            if (read != null && read.halfLost != null && wasForced(read.halfLostRecord, before)) {
                problem(read.halfLost, "one of the two copies of record " + read.halfLostRecord + " is damaged");
            }
            newest = read == null ? newest : newest.max(read.newest);
        }
        if (before.isNewerThan(newest)) {
            problem(disk.toString(), "its newest manifest record is " + newest + ", " + before + " should be there");
        }
    }

    private void checkFiles() {
        for (Disk disk : store.disksInUse()) {
            for (String name : new TreeSet<>(store.namedFiles(disk.number))) {
                checkHeader(disk, name, FileHeader.Kind.SUPERCHUNK);
            }
        }
    }

    /** What a power cut has left of an earlier generation's last record is no damage. */
    private static boolean wasForced(ManifestPosition record, ManifestPosition durable) {
        return record.generation() == durable.generation() && !record.isNewerThan(durable);
    }

    private void checkHeader(Disk disk, String name, FileHeader.Kind kind) {
        String place = disk + "/" + name;
        String what = null;
        try (OpenFile file = disk.there().open(name, Directory.Access.BUFFERED)) {
            ByteBuffer header = FileHeader.read(file, kind, place);
            bytes += FileHeader.BYTES;
            boolean ours = FileHeader.store(header).equals(store.id())
                    && FileHeader.disk(header).equals(disk.id)
                    && (kind != FileHeader.Kind.SUPERCHUNK || name.equals(ExtentWriter.fileName(header)));
            what = ours ? null : "it belongs to another store, disk or extent";
        } catch (NoSuchFileException e) {
            what = "the file is missing";
        } catch (IOException | StorageException e) {
            what = String.valueOf(e.getMessage());
        }
        // A superchunk file that has been dropped since is no longer named.
        if (what != null
                && (kind != FileHeader.Kind.SUPERCHUNK
                        || store.namedFiles(disk.number).contains(name))) {
            problem(place, what);
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
            FileHeader.read(open, FileHeader.Kind.LOG, place);
            file = ByteBuffer.allocate(Math.toIntExact(end));
            open.read(file, 0);
            file.flip();
        } catch (IOException | StorageException e) {
            segmentProblem(info, place, String.valueOf(e.getMessage()));
            return;
        }
        bytes += file.limit();
        Checksums checksums = new Checksums();
        int at = LogFormat.FIRST_AT;
        while (at < end) {
            int length = LogFormat.soundBody(checksums, info.id(), file, at);
            if (length < 0) {
                segmentProblem(
                        info,
                        place + " at " + at,
                        "no sound group begins there; the segment must be sound up to " + end);
                return;
            }
            Decoder body = new Decoder(place + " at " + at, file.slice(at + LogFormat.BODY_AT, length));
            boolean start = body.u8() == LogFormat.START;
            if (start != (at == LogFormat.FIRST_AT)) {
                segmentProblem(
                        info,
                        place + " at " + at,
                        "a start that is not the first group, or a first group that is none");
                return;
            }
            if (start) {
                long says = body.u64();
                if (says != base) {
                    segmentProblem(
                            info, place + " at " + at, "it says that it begins at position " + says + ", not " + base);
                }
            } else if (base + at - LogFormat.FIRST_AT - body.varint() > stableMost) {
                segmentProblem(info, place + " at " + at, "its mark lies behind what is stable, " + stableMost);
            }
            logGroups++;
            at += LogFormat.BODY_AT + length;
        }
    }

    /** The file of a segment that has been released since is removed or written over. */
    private void segmentProblem(SegmentInfo info, String place, String what) {
        if (store.log().isLive(info)) {
            problem(place, what);
        }
    }
}
