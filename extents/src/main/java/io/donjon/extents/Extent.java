package io.donjon.extents;

import io.donjon.rda.ShortestQueue;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An extent that can be read, or what was left of it when somebody asked for it: bytes written once, each chunk with its copies. A copy that is damaged, missing or
 * unreadable is answered from the other, and counted. Thread-safe.
 *
 * <p>Whoever reads it holds whatever keeps it from being freed; it does not count its readers.
 */
public final class Extent {
    private static final Logger LOG = LoggerFactory.getLogger(Extent.class);

    private final ExtentInfo info;
    private final ExtentStore store;

    Extent(ExtentInfo info, ExtentStore store) {
        this.info = info;
        this.store = store;
    }

    /** Never used again. */
    public long id() {
        return info.id();
    }

    /** In bytes. */
    public long length() {
        return info.length();
    }

    /** What is before this offset cannot be read by this view: it was given back when the view was taken. */
    public long begin() {
        return (long) info.begin() << Chunks.SHIFT;
    }

    /** How many bytes a copy has that are needed. */
    public long bytesNeeded() {
        return info.bytesNeeded();
    }

    /** About how much of an extent that was written at its expected length is given back at once. */
    public static long stepBytes(long length) {
        return Math.max(Chunks.BYTES, length / ExtentWriter.STEPS);
    }

    /** Where the chunk begins that an offset lies in. */
    public static long chunkAt(long offset) {
        return offset & -Chunks.BYTES;
    }

    ExtentInfo info() {
        return info;
    }

    /**
     * Reads and checks a block, past the cache.
     *
     * @param size what the block takes, header included, as whoever points to it says
     */
    public Block read(long offset, int size) {
        checkPlace(offset, size);
        byte[] bytes = new byte[size];
        return attempt(offset, copy -> {
            readCopy(copy, offset, ByteBuffer.wrap(bytes));
            return BlockFormat.decode(info.id(), offset, bytes, 0, size, new Checksums());
        });
    }

    /** The block that begins at an offset, from the cache or, if it is not there, from a disk. */
    public Block block(long offset, int size, boolean keep) {
        Block block = store.cache().get(info.id(), offset);
        if (block == null) {
            block = read(offset, size);
            if (keep) {
                store.cache().put(info.id(), offset, block);
            }
        }
        return block;
    }

    /**
     * A reader of blocks in ascending order, past the cache.
     *
     * @param first so many bytes are read at first; then half as many again as were read so far, since nobody says how
     *     long it goes on
     * @param most but never more at once
     */
    public ReadAhead readAhead(int first, int most) {
        return new ReadAhead(this, first, most);
    }

    /** Refuses what cannot be a block's place: whoever points there is damaged. */
    public void checkPlace(long offset, int size) {
        if (offset >= 0 && offset < begin()) {
            throw StorageException.damaged(
                    "extent " + info.id(),
                    "a block of " + size + " bytes at " + offset + " is wanted, but what is before " + begin()
                            + " was given back");
        }
        if (offset < 0
                || size <= BlockFormat.HEADER_BYTES
                || size > Chunks.BYTES - (int) (offset & (Chunks.BYTES - 1))
                || offset > info.length() - size) {
            throw StorageException.damaged(
                    "extent " + info.id(),
                    "a block of " + size + " bytes at " + offset + " cannot be in its " + info.length() + " bytes");
        }
    }

    /** How many copies each chunk has. */
    public int copies() {
        return info.copies();
    }

    /** Whether the disk that should have a copy of what lies at an offset is there. */
    public boolean hasCopy(int copy, long offset) {
        return store.disk(ExtentInfo.disk(info.place((int) (offset >>> Chunks.SHIFT), copy)))
                .inUse();
    }

    /** Checks one copy of a block, for verification: throws what is wrong with just that copy. */
    public Block readCopyOf(int copy, long offset, int size) {
        byte[] bytes = new byte[size];
        try {
            readCopy(copy, offset, ByteBuffer.wrap(bytes));
            return BlockFormat.decode(info.id(), offset, bytes, 0, size, new Checksums());
        } catch (IOException | StorageException e) {
            throw located(e, copy, offset);
        }
    }

    /** Fills a buffer from bytes that lie in one chunk. What they hold is not checked. */
    void readUnchecked(long offset, ByteBuffer into) {
        int remaining = into.remaining();
        attempt(offset, copy -> {
            into.position(into.limit() - remaining);
            readCopy(copy, offset, into);
            return copy;
        });
    }

    private interface Attempt<T> {
        T on(int copy) throws IOException;
    }

    private <T> T attempt(long offset, Attempt<T> attempt) {
        int chunk = (int) (offset >>> Chunks.SHIFT);
        int first = nearest(chunk);
        StorageException failure = null;
        for (int i = 0; i < info.copies(); i++) {
            int copy = (first + i) % info.copies();
            try {
                return attempt.on(copy);
            } catch (IOException | StorageException e) {
                StorageException located = located(e, copy, offset);
                store.countBadCopy(ExtentInfo.disk(info.place(chunk, copy)));
                LOG.warn("{}", located.getMessage());
                if (failure == null) {
                    failure = located;
                } else {
                    failure.addSuppressed(located);
                }
            }
        }
        throw Objects.requireNonNull(failure);
    }

    private StorageException located(Exception e, int copy, long offset) {
        long place = info.place((int) (offset >>> Chunks.SHIFT), copy);
        String where = store.disk(ExtentInfo.disk(place))
                + "/"
                + ExtentInfo.fileName(info.id(), copy, ExtentInfo.file(place))
                + " at "
                + (Chunks.position(ExtentInfo.slot(place)) + (offset & (Chunks.BYTES - 1)));
        StorageException.Kind kind = e instanceof StorageException known ? known.kind() : StorageException.Kind.DAMAGED;
        return new StorageException(kind, where + ": " + e.getMessage(), e);
    }

    private int nearest(int chunk) {
        if (info.copies() == 1) {
            return 0;
        }
        int[] disks = new int[info.copies()];
        for (int copy = 0; copy < disks.length; copy++) {
            disks[copy] = ExtentInfo.disk(info.place(chunk, copy));
        }
        return ShortestQueue.copy(disks, store::queueLength);
    }

    private void readCopy(int copy, long offset, ByteBuffer into) throws IOException {
        long place = info.place((int) (offset >>> Chunks.SHIFT), copy);
        Disk disk = store.disk(ExtentInfo.disk(place));
        if (disk.directory == null) {
            throw new IOException(disk + " is not there");
        }
        String name = ExtentInfo.fileName(info.id(), copy, ExtentInfo.file(place));
        long at = Chunks.position(ExtentInfo.slot(place)) + (offset & (Chunks.BYTES - 1));
        disk.queue.incrementAndGet();
        try {
            FilePool.Lease lease = store.files().acquire(disk, name);
            try {
                int wanted = into.remaining();
                int got = lease.file.read(into, at);
                if (got < wanted) {
                    throw StorageException.damaged(
                            BlockFormat.place(info.id(), offset),
                            "the file ends after " + got + " of " + wanted + " bytes");
                }
            } finally {
                store.files().release(lease);
            }
        } finally {
            disk.queue.decrementAndGet();
        }
    }

    /** The disks that hold any of it, or did, each once. */
    int[] disks() {
        return Arrays.stream(info.places())
                .mapToInt(ExtentInfo::disk)
                .distinct()
                .toArray();
    }
}
