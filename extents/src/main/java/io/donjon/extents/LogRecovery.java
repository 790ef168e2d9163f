package io.donjon.extents;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out where the log ends, puts that on stable storage on all copies, and replays it (design.md section 3,
 * docs/format.md section 4).
 *
 * <p>A group that one copy lacks is taken from another, one by one. Where no copy goes on, the log ends, unless a mark
 * found anywhere behind says that this place was on stable storage: then it is damaged, and is not opened.
 */
final class LogRecovery {
    private static final Logger LOG = LoggerFactory.getLogger(LogRecovery.class);

    /** A segment as it was found. */
    private static final class Found {
        final SegmentInfo info;

        /**
         * The whole file of each copy, or null where it is not there or not of this segment. Contents are in memory for
         * one segment at a time, and read again where they are needed again.
         */
        final @Nullable ByteBuffer[] copies;

        /** By copy: whether its file is there, and whether it is to be written again; known once the contents are let go. */
        final boolean[] there;

        final boolean[] wrong;

        /** Where its first group stands in the log, and the position behind its last; -1 if it was never begun. */
        long base = -1;

        long endPosition;

        /** The file's length up to which one copy or another is sound. */
        int end = LogFormat.FIRST_AT;

        /** All that is sound of it, gathered from the copies. */
        @Nullable ByteBuffer union;

        Found(SegmentInfo info) {
            this.info = info;
            this.copies = new ByteBuffer[info.disks().length];
            this.there = new boolean[copies.length];
            this.wrong = new boolean[copies.length];
        }

        void letGo() {
            for (int copy = 0; copy < copies.length; copy++) {
                there[copy] = copies[copy] != null;
                wrong[copy] = isDamagedOrCut(copy);
                copies[copy] = null;
            }
            union = null;
        }

        private boolean isDamagedOrCut(int copy) {
            ByteBuffer bytes = copies[copy];
            ByteBuffer whole = Objects.requireNonNull(union);
            int length = end - LogFormat.FIRST_AT;
            return bytes == null
                    || bytes.limit() < end
                    || !bytes.slice(LogFormat.FIRST_AT, length).equals(whole.slice(LogFormat.FIRST_AT, length));
        }
    }

    /** Where a group stands: there are many, and only one that is not as it should be is put into words. */
    private record Place(NavigableMap<Integer, Disk> disks, SegmentInfo info, int at) {
        @Override
        public String toString() {
            return disks.get(info.disks()[0]) + "/" + info.fileName() + " at " + at;
        }
    }

    private final UUID store;
    private final NavigableMap<Integer, Disk> disks;
    private final ManifestPosition believed;
    private final Directory.Access access;
    private final Checksums checksums = new Checksums();
    private final List<Found> segments = new ArrayList<>();

    /** Where copies of finished segments that are put right are told of. */
    private final List<StoreCheck.Problem> damages;

    /** The highest mark seen anywhere, and where. */
    private long mark;

    private Object markPlace = "";
    private long replayFrom;
    private long position;

    LogRecovery(
            UUID store,
            NavigableMap<Integer, Disk> disks,
            ManifestPosition believed,
            Directory.Access access,
            List<StoreCheck.Problem> damages) {
        this.store = store;
        this.disks = disks;
        this.believed = believed;
        this.access = access;
        this.damages = damages;
    }

    /**
     * Reads the segments that the manifest names, in the order of their ids.
     *
     * @param from the position that replay begins at
     */
    void read(Iterable<SegmentInfo> named, long from) throws IOException {
        replayFrom = from;
        position = -1;
        boolean ended = false;
        for (SegmentInfo info : named) {
            boolean sealed = info.end() != SegmentInfo.OPEN;
            Found found = load(info);
            if (found == null && sealed) {
                throw damaged(new Found(info), "was never begun, but the manifest has its end");
            }
            if (found == null) {
                continue;
            }
            gather(found);
            if (sealed && found.end < info.end()) {
                throw damaged(found, "must be sound up to " + info.end() + ", and is not from " + found.end + " on");
            }
            if (sealed) {
                found.end = Math.toIntExact(info.end());
                found.endPosition = found.base + found.end - LogFormat.FIRST_AT;
                mark(found.endPosition, place(found, found.end));
            }
            if (found.base < 0) {
                continue;
            }
            if (!ended && found.base < position && cutBefore(found.base)) {
                position = found.base;
            }
            // What a flush has put into the manifest need not be stable here: a beginning that is lost is not missed.
            ended |= position >= 0 ? found.base != position : found.base > from;
            if (!ended) {
                found.letGo();
                segments.add(found);
                position = found.endPosition;
            }
        }
        position = Math.max(position, from);
        if (mark > position) {
            throw StorageException.damaged(
                    markPlace,
                    "a mark says that the log was on stable storage up to position " + mark + ", but it ends at "
                            + position + (segments.isEmpty() ? "" : ", in " + place(last(), last().end)));
        }
        segments.removeIf(found -> found.endPosition <= from);
    }

    /**
     * Ends the last segment where the one behind it begins: a group there that reached one copy and found no room on
     * another was never acknowledged. False if no group begins at that position.
     */
    private boolean cutBefore(long next) throws IOException {
        Found last = last();
        if (last.info.end() != SegmentInfo.OPEN || next < last.base) {
            return false;
        }
        long end = LogFormat.FIRST_AT + next - last.base;
        ByteBuffer whole = contents(last);
        int at = LogFormat.FIRST_AT;
        while (at < end) {
            at += LogFormat.BODY_AT + whole.getInt(at + LogFormat.LENGTH_AT);
        }
        if (at != end) {
            return false;
        }
        last.end = at;
        last.endPosition = next;
        return true;
    }

    private Found last() {
        return segments.get(segments.size() - 1);
    }

    /** The files of a segment, or null if it was never begun. */
    private @Nullable Found load(SegmentInfo info) throws IOException {
        Found found = new Found(info);
        StorageException problem = null;
        boolean prepared = false;
        boolean begun = false;
        for (int copy = 0; copy < found.copies.length; copy++) {
            Disk disk = disks.get(info.disks()[copy]);
            if (disk == null || disk.directory == null) {
                continue;
            }
            try (OpenFile file = disk.directory.open(info.fileName(), access)) {
                ByteBuffer header = FileHeader.read(file, FileHeader.Kind.LOG, disk + "/" + info.fileName());
                if (!FileHeader.store(header).equals(store)
                        || !FileHeader.disk(header).equals(disk.id)
                        || header.getLong(LogFormat.SEGMENT_AT) != info.id()) {
                    throw StorageException.damaged(
                            disk + "/" + info.fileName(), "it belongs to another store, disk or segment");
                }
                if (header.getInt(LogFormat.STATE_AT) == LogFormat.PREPARED) {
                    prepared = true;
                    continue;
                }
                begun = true;
                ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(file.size()));
                file.read(bytes, 0);
                found.copies[copy] = bytes.flip();
            } catch (StorageException e) {
                LOG.warn("{}", e.getMessage());
                problem = e;
            } catch (NoSuchFileException e) {
                problem = StorageException.damaged(disk + "/" + info.fileName(), "it is missing");
                LOG.warn("{}", problem.getMessage());
            } catch (IOException e) {
                problem = StorageException.of(disk + "/" + info.fileName(), e);
                LOG.warn("{}", problem.getMessage());
            }
        }
        if (begun) {
            return found;
        }
        if (prepared) {
            // Groups are only written once every copy's header says that it has begun.
            return null;
        }
        throw problem != null
                ? problem
                : new StorageException(
                        StorageException.Kind.MISSING_DISKS,
                        "all copies of log segment " + info.id() + " are on disks that are not there: "
                                + diskNames(info),
                        null);
    }

    private String diskNames(SegmentInfo info) {
        List<String> names = new ArrayList<>();
        for (int number : info.disks()) {
            names.add(String.valueOf(disks.get(number)));
        }
        return String.join(", ", names);
    }

    /** What is sound of a segment that was read before. */
    private ByteBuffer contents(Found found) throws IOException {
        Found again = load(found.info);
        if (again == null) {
            throw damaged(found, "was begun, and when it is read again it was not");
        }
        follow(again);
        if (again.end < found.end) {
            throw damaged(found, "was sound up to " + found.end + ", and when it is read again to " + again.end);
        }
        return Objects.requireNonNull(again.union);
    }

    /** Follows the groups, and takes note of the marks behind them too. */
    private void gather(Found found) {
        follow(found);
        if (found.info.end() != SegmentInfo.OPEN) {
            return;
        }
        for (ByteBuffer copy : found.copies) {
            for (int behind = found.end + 1; copy != null && behind < copy.limit() - LogFormat.BODY_AT; behind++) {
                if (LogFormat.soundBody(checksums, found.info.id(), copy, behind) > 0) {
                    note(found, copy, behind);
                }
            }
        }
    }

    /** Follows the groups as far as any copy has them, and takes note of their marks. */
    private void follow(Found found) {
        int longest = 0;
        int present = 0;
        for (ByteBuffer copy : found.copies) {
            if (copy != null) {
                longest = Math.max(longest, copy.limit());
                present++;
                found.union = copy;
            }
        }
        ByteBuffer union = present == 1 ? Objects.requireNonNull(found.union) : ByteBuffer.allocate(longest);
        found.union = union;
        int at = LogFormat.FIRST_AT;
        while (true) {
            ByteBuffer from = soundCopy(found, at);
            if (from == null) {
                break;
            }
            int end = at + LogFormat.BODY_AT + from.getInt(at + LogFormat.LENGTH_AT);
            if (present > 1) {
                union.put(at, from, at, end - at);
            }
            if (!note(found, from, at)) {
                break;
            }
            at = end;
        }
        found.end = at;
        found.endPosition = found.base + at - LogFormat.FIRST_AT;
    }

    private @Nullable ByteBuffer soundCopy(Found found, int at) {
        for (ByteBuffer copy : found.copies) {
            if (copy != null && LogFormat.soundBody(checksums, found.info.id(), copy, at) > 0) {
                return copy;
            }
        }
        return null;
    }

    /** Takes a group's mark, and a start's base; false if the group cannot stand here. */
    private boolean note(Found found, ByteBuffer in, int at) {
        Place place = place(found, at);
        Decoder body = new Decoder(place, in.slice(at + LogFormat.BODY_AT, in.getInt(at + LogFormat.LENGTH_AT)));
        int kind = body.u8();
        boolean first = at == LogFormat.FIRST_AT;
        if (kind == LogFormat.START && first) {
            found.base = body.u64();
            mark(body.u64(), place);
            return true;
        }
        if (kind == LogFormat.COMMIT && !first) {
            long behindMark = body.varint();
            if (found.base >= 0) {
                mark(found.base + at - LogFormat.FIRST_AT - behindMark, place);
            } else if (behindMark < at - LogFormat.FIRST_AT) {
                throw damaged(
                        found,
                        "its first group is damaged, though a mark in " + place
                                + " says that it was on stable storage");
            }
            return true;
        }
        throw new StorageException(
                StorageException.Kind.TOO_NEW, place + ": a group of kind " + kind + " is not known here", null);
    }

    private void mark(long stable, Place place) {
        if (stable > mark) {
            mark = stable;
            markPlace = place;
        }
    }

    private Place place(Found found, int at) {
        return new Place(disks, found.info, at);
    }

    private StorageException damaged(Found found, String what) {
        List<String> files = new ArrayList<>();
        for (int number : found.info.disks()) {
            files.add(disks.get(number) + "/" + found.info.fileName());
        }
        return StorageException.damaged(String.join(" and ", files), what);
    }

    /** The position behind the last commit. */
    long position() {
        return position;
    }

    /**
     * Makes every copy that is there equal to what was found, and forces it: from then on the log is what was replayed,
     * whatever happens.
     */
    void repair() throws IOException {
        for (Found found : segments) {
            for (int copy = 0; copy < found.copies.length; copy++) {
                Disk disk = disks.get(found.info.disks()[copy]);
                if (disk == null || disk.directory == null || !disk.inUse()) {
                    continue;
                }
                if (found.info.end() != SegmentInfo.OPEN && found.wrong[copy]) {
                    damages.add(new StoreCheck.Problem(
                            disk + "/" + found.info.fileName(),
                            "found at open: it was not sound up to " + found.end
                                    + ", and is put right from the other copy"));
                }
                if (!found.there[copy]) {
                    int missing = copy;
                    disk.reserve().in(Reserve.Use.OPENING, () -> rewrite(found, missing, disk));
                    continue;
                }
                try (OpenFile file = disk.directory.open(found.info.fileName(), Directory.Access.BUFFERED)) {
                    if (found.wrong[copy]) {
                        LOG.warn("{}/{}: its groups are put right from the other copy", disk, found.info.fileName());
                        ByteBuffer whole = contents(found);
                        file.write(whole.slice(LogFormat.FIRST_AT, found.end - LogFormat.FIRST_AT), LogFormat.FIRST_AT);
                    }
                    file.force();
                }
            }
        }
    }

    private void rewrite(Found found, int copy, Disk disk) throws IOException {
        Directory directory = disk.there();
        String name = found.info.fileName();
        LOG.warn("{}/{}: it is made again from the other copy", disk, name);
        ByteBuffer whole = contents(found);
        if (directory.list().contains(name)) {
            directory.delete(name);
        }
        try (OpenFile file = directory.create(name, Directory.Access.BUFFERED)) {
            file.write(LogFormat.header(store, disk.id, found.info.id(), copy, LogFormat.BEGUN, believed), 0);
            file.write(whole.slice(LogFormat.FIRST_AT, found.end - LogFormat.FIRST_AT), LogFormat.FIRST_AT);
            file.force();
        }
        // Its name becomes stable with that of this disk's next manifest; until then the other copy is what it was.
    }

    /** Puts into the manifest's state which segments are left and where they end. */
    void settle(ManifestState state) {
        state.segments.clear();
        for (Found found : segments) {
            state.segments.put(found.info.id(), found.info.endedAt(found.end));
        }
    }

    /** Hands the segments that are left to the running log. */
    void handTo(Log log) {
        for (Found found : segments) {
            boolean weak = false;
            for (int number : found.info.disks()) {
                Disk disk = disks.get(number);
                weak |= disk == null || !disk.inUse();
            }
            log.adopt(found.info.endedAt(found.end), found.base, found.endPosition, weak);
        }
    }

    /** Replays every commit from the position on that replay begins at, which must be the border of two groups. */
    void replay(ExtentStore.Replay into) throws IOException {
        long at = replayFrom;
        for (Found found : segments) {
            ByteBuffer whole = contents(found);
            int offset = (int) (Math.max(at, found.base) - found.base) + LogFormat.FIRST_AT;
            while (offset < found.end) {
                int length = LogFormat.soundBody(checksums, found.info.id(), whole, offset);
                Place place = place(found, offset);
                if (length < 0) {
                    throw StorageException.damaged(place, "no group begins there, and replay must");
                }
                Decoder body = new Decoder(place, whole.slice(offset + LogFormat.BODY_AT, length));
                int end = offset + LogFormat.BODY_AT + length;
                if (body.u8() == LogFormat.COMMIT) {
                    body.varint();
                    long sequence = body.varint();
                    into.commit(sequence, found.base + end - LogFormat.FIRST_AT, body);
                }
                offset = end;
            }
            at = found.endPosition;
        }
    }
}
