package io.donjon.extents;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Changes of the manifest that take effect together, or not at all. One thread; used once.
 */
public final class ManifestEdit {
    static final int MEMBERS = 1;
    static final int DISK = 2;
    static final int SETTINGS = 3;
    static final int COUNTERS = 4;
    static final int EXTENT = 5;
    static final int EXTENT_GONE = 6;
    static final int SEGMENT = 7;
    static final int SEGMENT_END = 8;
    static final int SEGMENT_GONE = 9;
    static final int STATE = 10;
    static final int EXTENT_BEGIN = 11;

    /** An extent of which only what is from an offset on shall be needed. */
    private record Trim(long extent, long offset) {
        int chunk() {
            return (int) Math.min(offset >>> Chunks.SHIFT, Integer.MAX_VALUE);
        }
    }

    private final Encoder items = new Encoder(256);
    private final List<Runnable> effects = new ArrayList<>();
    private final List<Trim> trims = new ArrayList<>();
    private final Set<Long> dropped = new HashSet<>();
    private final Encoder body = new Encoder(64);

    /** Names an extent that has been written and forced. */
    public ManifestEdit add(ExtentWriter.Written extent) {
        extent.info().encode(body);
        return item(EXTENT);
    }

    /** Names an extent no more. Its files go once nobody reads them: {@link ExtentStore#free}. */
    public ManifestEdit drop(long extent) {
        dropped.add(extent);
        body.varint(extent);
        return item(EXTENT_GONE);
    }

    /**
     * Gives the front of an extent back: the chunks before the one that holds an offset are needed no more, all of them
     * if the offset is the extent's length. Their files go once nobody reads them: {@link ExtentStore#freeBefore}.
     *
     * <p>The commit is refused with an {@link IllegalArgumentException}, and changes nothing, if the extent is none that
     * the manifest named before this edit, or the offset lies behind its end or before what was given back already.
     */
    public ManifestEdit trim(long extent, long offset) {
        Trim trim = new Trim(extent, offset);
        if (dropped.contains(extent) || trims.stream().anyMatch(other -> other.extent == extent)) {
            throw new IllegalArgumentException("extent " + extent + " is dropped or trimmed by this edit already");
        }
        trims.add(trim);
        return begin(extent, trim.chunk());
    }

    ManifestEdit begin(long extent, int chunk) {
        body.varint(extent).varint(chunk);
        return item(EXTENT_BEGIN);
    }

    /** Refuses what could not be applied to this state, and could then never be read back. */
    void requireApplicable(ManifestState to) {
        for (Trim trim : trims) {
            ExtentInfo extent = to.extents.get(trim.extent);
            if (extent == null) {
                throw new IllegalArgumentException("extent " + trim.extent + " cannot be trimmed: there is none");
            }
            if (trim.offset < 0 || trim.offset > extent.length() || !extent.canBeginAt(trim.chunk())) {
                throw new IllegalArgumentException(
                        "extent " + trim.extent + " cannot be trimmed at " + trim.offset + ": it has "
                                + extent.length() + " bytes and begins at "
                                + ((long) extent.begin() << Chunks.SHIFT));
            }
        }
    }

    /** Adds a part of the client's state. */
    public ManifestEdit state(Encoder part) {
        body.raw(part.array(), 0, part.length());
        return item(STATE);
    }

    /**
     * What is done once the edit is durable, before any other edit and before a checkpoint is taken: changes of the
     * client's state that the edit stands for. It must not fail, wait, or use the manifest.
     */
    public ManifestEdit effect(Runnable effect) {
        effects.add(effect);
        return this;
    }

    List<Runnable> effects() {
        return effects;
    }

    ManifestEdit extent(ExtentInfo extent) {
        extent.encode(body);
        item(EXTENT);
        return extent.begin() == 0 ? this : begin(extent.id(), extent.begin());
    }

    ManifestEdit disk(Disk disk) {
        body.varint(disk.number)
                .u64(disk.id.getMostSignificantBits())
                .u64(disk.id.getLeastSignificantBits())
                .varint(disk.inUse() ? 0 : 1)
                .text(disk.path);
        return item(DISK);
    }

    ManifestEdit copies(int copies) {
        body.varint(copies);
        return item(SETTINGS);
    }

    ManifestEdit counters(long nextExtent, long nextSegment) {
        body.varint(nextExtent).varint(nextSegment);
        return item(COUNTERS);
    }

    ManifestEdit segment(SegmentInfo segment) {
        body.varint(segment.id()).varint(segment.disks().length);
        for (int disk : segment.disks()) {
            body.varint(disk);
        }
        return item(SEGMENT);
    }

    ManifestEdit segmentEnd(long segment, long length) {
        body.varint(segment).varint(length);
        return item(SEGMENT_END);
    }

    ManifestEdit segmentGone(long segment) {
        body.varint(segment);
        return item(SEGMENT_GONE);
    }

    ManifestEdit members(int[] disks) {
        body.varint(disks.length);
        for (int disk : disks) {
            body.varint(disk);
        }
        return item(MEMBERS);
    }

    private ManifestEdit item(int tag) {
        items.varint(tag).bytes(body);
        body.truncate(0);
        return this;
    }

    Encoder items() {
        return items;
    }
}
