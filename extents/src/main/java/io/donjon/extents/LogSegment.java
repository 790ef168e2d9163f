package io.donjon.extents;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** A segment of the log with open files, one for each copy. */
final class LogSegment {
    final SegmentInfo info;
    final Disk[] disks;

    /** The files' preallocated length: a group that does not fit goes into the next segment. */
    final int capacity;

    /** Whether it was made out of the reserve of a full disk, and takes only what frees space. */
    final boolean reserved;

    /** By copy; null once that copy is lost. */
    final AtomicReferenceArray<@Nullable OpenFile> files;

    /** The log position of its first group; set when it is entered. */
    long base;

    /** Whether the manifest has dropped it together with a disk before it was ready. Guarded by the log's lock. */
    boolean givenUp;

    LogSegment(SegmentInfo info, Disk[] disks, OpenFile[] files, int capacity, boolean reserved) {
        this.info = info;
        this.disks = disks;
        this.capacity = capacity;
        this.reserved = reserved;
        this.files = new AtomicReferenceArray<>(files);
    }

    long positionOf(long offset) {
        return base + offset - LogFormat.FIRST_AT;
    }

    @Nullable OpenFile anyFile() {
        for (int copy = 0; copy < disks.length; copy++) {
            OpenFile file = files.get(copy);
            if (file != null) {
                return file;
            }
        }
        return null;
    }

    boolean isOn(Disk disk) {
        return Arrays.asList(disks).contains(disk);
    }

    /** If not, the segment is about to be given up. */
    boolean isOnGoodDisks() {
        return Arrays.stream(disks).allMatch(Disk::inUse);
    }

    void close() {
        for (int copy = 0; copy < disks.length; copy++) {
            OpenFile file = files.getAndSet(copy, null);
            if (file != null) {
                Quietly.close(file);
            }
        }
    }
}
