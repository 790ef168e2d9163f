package io.donjon.extents;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Walks what lies below extents while a store is open: the manifests of all disks, the log on all disks, and whether the
 * files that the manifest names are there. Blocks are checked by whoever knows where they are.
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
        for (Disk disk : store.disksInUse()) {
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
        try {
            for (int slot = 0; slot < 2; slot++) {
                ManifestSlot read = ManifestSlot.read(disk.there(), store.id(), disk.id, slot);
                if (read != null && read.damage != null && read.seen.compareTo(before) >= 0) {
                    problem(disk + "/" + ManifestSlot.fileName(slot), String.valueOf(read.damage.getMessage()));
                }
                newest = read == null ? newest : newest.max(read.newest);
            }
        } catch (IOException e) {
            problem(disk.toString(), "its manifests cannot be read: " + e.getMessage());
            return;
        }
        if (before.isNewerThan(newest)) {
            problem(disk.toString(), "its newest manifest record is " + newest + ", " + before + " should be there");
        }
    }

    private void checkFiles() {
        for (Disk disk : store.disksInUse()) {
            Set<String> missing = new TreeSet<>(store.namedFiles(disk.number));
            try {
                disk.there().list().forEach(missing::remove);
            } catch (IOException e) {
                problem(disk.toString(), "it cannot be listed: " + e.getMessage());
                continue;
            }
            // What has been dropped since is no longer named.
            missing.retainAll(store.namedFiles(disk.number));
            for (String name : missing) {
                problem(disk + "/" + name, "the file is missing");
            }
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
            problem(place, String.valueOf(e.getMessage()));
            return;
        }
        bytes += file.limit();
        Checksums checksums = new Checksums();
        int at = LogFormat.FIRST_AT;
        while (at < end) {
            int length = LogFormat.soundBody(checksums, info.id(), file, at);
            if (length < 0) {
                problem(place + " at " + at, "no sound group begins there; the segment must be sound up to " + end);
                return;
            }
            Decoder body = new Decoder(place + " at " + at, file.slice(at + LogFormat.BODY_AT, length));
            boolean start = body.u8() == LogFormat.START;
            if (start != (at == LogFormat.FIRST_AT)) {
                problem(place + " at " + at, "a start that is not the first group, or a first group that is none");
                return;
            }
            if (start) {
                long says = body.u64();
                if (says != base) {
                    problem(place + " at " + at, "it says that it begins at position " + says + ", not " + base);
                }
            } else if (base + at - LogFormat.FIRST_AT - body.varint() > stableMost) {
                problem(place + " at " + at, "its mark lies behind what is stable, " + stableMost);
            }
            logGroups++;
            at += LogFormat.BODY_AT + length;
        }
    }
}
