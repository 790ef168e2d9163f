package io.donjon.extents;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * What the manifest says of disks, extents and log segments (docs/format.md section 2). Changes come in as items, those
 * of a new edit exactly as those that are read back. Guarded by the manifest's lock.
 */
final class ManifestState {
    /** A disk as the manifest knows it. */
    record DiskRecord(int number, UUID id, boolean inUse, String path) {}

    final TreeMap<Integer, DiskRecord> disks = new TreeMap<>();
    final Map<Long, ExtentInfo> extents = new HashMap<>();
    final TreeMap<Long, SegmentInfo> segments = new TreeMap<>();
    int[] members = {};
    int copies = 1;
    long nextExtent = 1;
    long nextSegment = 1;

    private final ManifestClient client;

    ManifestState(ManifestClient client) {
        this.client = client;
    }

    /**
     * Takes the items of a record.
     *
     * @param restoring whether they are read back: only then does the client get his parts, since he knows what he
     *     himself has just written
     */
    void apply(Decoder items, boolean restoring) {
        while (items.hasMore()) {
            int tag = items.tag();
            Decoder body = items.nested();
            switch (tag) {
                case ManifestEdit.MEMBERS -> members = disks(body);
                case ManifestEdit.DISK -> {
                    int number = (int) body.varint("disk", 0, 0xffff);
                    UUID id = new UUID(body.u64(), body.u64());
                    boolean inUse = body.varint("state of disk " + number, 0, 1) == 0;
                    disks.put(number, new DiskRecord(number, id, inUse, body.text()));
                }
                case ManifestEdit.SETTINGS -> copies = (int) body.varint("copies", 1, 255);
                case ManifestEdit.COUNTERS -> {
                    nextExtent = Math.max(nextExtent, body.varint());
                    nextSegment = Math.max(nextSegment, body.varint());
                }
                case ManifestEdit.EXTENT -> {
                    ExtentInfo extent = ExtentInfo.decode(body);
                    extents.put(extent.id(), extent);
                    nextExtent = Math.max(nextExtent, extent.id() + 1);
                }
                case ManifestEdit.EXTENT_GONE -> known(extents.remove(body.varint()), "extent", body);
                case ManifestEdit.EXTENT_BEGIN -> {
                    ExtentInfo extent = known(extents.get(body.varint()), "extent", body);
                    long chunk = body.varint();
                    if (!extent.canBeginAt(chunk)) {
                        throw body.bad("extent " + extent.id() + " shall begin at chunk " + Long.toUnsignedString(chunk)
                                + ", not " + extent.begin() + " to " + extent.chunks());
                    }
                    extents.put(extent.id(), extent.from((int) chunk));
                }
                case ManifestEdit.SEGMENT -> {
                    long id = body.varint();
                    segments.put(id, new SegmentInfo(id, disks(body), SegmentInfo.OPEN));
                    nextSegment = Math.max(nextSegment, id + 1);
                }
                case ManifestEdit.SEGMENT_END -> {
                    long id = body.varint();
                    long end = body.varint("end of segment " + id, LogFormat.FIRST_AT, Integer.MAX_VALUE);
                    segments.put(id, known(segments.get(id), "segment", body).endedAt(end));
                }
                case ManifestEdit.SEGMENT_GONE -> known(segments.remove(body.varint()), "segment", body);
                case ManifestEdit.STATE -> {
                    if (restoring) {
                        client.restore(body);
                    }
                }
                default -> items.passOver(tag);
            }
        }
    }

    private static int[] disks(Decoder body) {
        int[] disks = new int[(int) body.varint("count of disks", 0, body.remaining())];
        for (int i = 0; i < disks.length; i++) {
            disks[i] = (int) body.varint("disk", 0, 0xffff);
        }
        return disks;
    }

    private static <T> T known(@Nullable T found, String what, Decoder body) {
        if (found == null) {
            throw body.bad("a " + what + " is named that does not exist");
        }
        return found;
    }

    /**
     * A needed chunk of an extent all of whose copies are on disks that are given up, or null if there is none.
     *
     * @param gone whether a disk of this number is given up now: at least one copy must be on one
     * @param left whether a disk of this number goes on being used
     */
    @Nullable String chunkOnlyOn(IntPredicate gone, IntPredicate left) {
        for (ExtentInfo extent : extents.values()) {
            for (int chunk = extent.begin(); chunk < extent.chunks(); chunk++) {
                boolean here = false;
                boolean elsewhere = false;
                for (int copy = 0; copy < extent.copies(); copy++) {
                    int number = ExtentInfo.disk(extent.place(chunk, copy));
                    here |= gone.test(number);
                    elsewhere |= left.test(number);
                }
                if (here && !elsewhere) {
                    return "chunk " + chunk + " of extent " + extent.id();
                }
            }
        }
        return null;
    }
}
