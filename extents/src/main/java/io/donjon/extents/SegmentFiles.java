package io.donjon.extents;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Makes the files of log segments: filled with zeros to their full length and stable before anything is appended, out of
 * files of segments that are no longer needed where there are any. Thread-safe.
 */
final class SegmentFiles {
    private final ExtentStore store;

    SegmentFiles(ExtentStore store) {
        this.store = store;
    }

    /**
     * A file that is stable under its name, and that says that its segment has not begun.
     *
     * @param use whether it may come out of the disk's reserve
     */
    OpenFile make(long segment, int copy, Disk disk, int capacity, Reserve.Use use) throws IOException {
        Directory directory = disk.there();
        Reserve reserve = disk.reserve();
        String name = SegmentInfo.fileName(segment);
        String spare = reserve.takeSpare();
        OpenFile file;
        if (spare != null) {
            directory.rename(spare, name);
            file = directory.open(name, store.logAccess());
        } else {
            reserve.admit(use, capacity);
            file = reserve.create(use, name, store.logAccess());
        }
        try {
            fillWithZeros(file, file.size(), capacity, reserve, use);
            file.write(
                    LogFormat.header(store.id(), disk.id, segment, copy, LogFormat.PREPARED, ManifestPosition.NONE), 0);
            file.force();
            directory.sync();
            return file;
        } catch (IOException e) {
            Quietly.close(file);
            Quietly.delete(directory, name);
            throw e;
        }
    }

    private static void fillWithZeros(OpenFile file, long from, int capacity, Reserve reserve, Reserve.Use use)
            throws IOException {
        int piece = Math.min(capacity, 1 << 20);
        ByteBuffer zeros = ByteBuffer.allocateDirect(piece + FileHeader.BYTES).alignedSlice(FileHeader.BYTES);
        for (long at = from; at < capacity; at += piece) {
            int length = (int) Math.min(piece, capacity - at);
            reserve.write(use, file, zeros.duplicate().position(0).limit(length), at);
        }
    }

    /**
     * Lets the files of a segment say that it has begun, which a manifest record has named. Forced, so that no copy is
     * taken for wrong whose groups were not.
     */
    void begin(LogSegment segment, int copy, ManifestPosition named) throws IOException {
        OpenFile file = segment.files.get(copy);
        if (file != null) {
            file.write(
                    LogFormat.header(
                            store.id(), segment.disks[copy].id, segment.info.id(), copy, LogFormat.BEGUN, named),
                    0);
            file.force();
        }
    }

    /** Takes the files of segments that no manifest names any more, to be written over or to be removed. */
    void retire(List<SegmentInfo> segments) {
        for (SegmentInfo segment : segments) {
            for (int number : segment.disks()) {
                Disk disk = store.disk(number);
                if (disk.inUse()) {
                    disk.reserve().retire(segment.fileName());
                }
            }
        }
    }
}
