package io.donjon.extents;

import java.util.ArrayList;
import java.util.List;

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

    private final Encoder items = new Encoder(256);
    private final List<Runnable> effects = new ArrayList<>();
    private final Encoder body = new Encoder(64);

    /** Names an extent that has been written and forced. */
    public ManifestEdit add(ExtentWriter.Written extent) {
        extent.info().encode(body);
        return item(EXTENT);
    }

    /** Names an extent no more. Its files go once nobody reads them: {@link ExtentStore#free}. */
    public ManifestEdit drop(long extent) {
        body.varint(extent);
        return item(EXTENT_GONE);
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
        return item(EXTENT);
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
