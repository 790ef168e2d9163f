package io.donjon.extents;

import io.donjon.rda.BalancedPermutations;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes an extent from its start, block by block, to all copies at once. It becomes part of the store when an edit of
 * the manifest names what {@link #finish} returns; until then a crash leaves files that the next open removes.
 *
 * <p>One thread at a time. After an exception only {@link #abandon} is left: a disk that failed has been left out, and
 * whoever writes begins anew without it.
 */
public final class ExtentWriter {
    private static final Logger LOG = LoggerFactory.getLogger(ExtentWriter.class);

    /** In about so many steps a disk gives back what it has of an extent's copy. */
    static final int STEPS = 16;

    // Fields of the file header.
    private static final int EXTENT_AT = FileHeader.BODY_AT;
    private static final int COPY_AT = EXTENT_AT + Long.BYTES;
    private static final int FILE_AT = COPY_AT + Integer.BYTES;

    /** An extent that is on stable storage and that nothing names yet. */
    public static final class Written {
        private final ExtentInfo info;

        Written(ExtentInfo info) {
            this.info = info;
        }

        /** The extent's number. */
        public long id() {
            return info.id();
        }

        /** Its length in bytes. */
        public long length() {
            return info.length();
        }

        ExtentInfo info() {
            return info;
        }
    }

    /** A superchunk file that is being written. */
    private static final class Target {
        final Disk disk;
        final int copy;
        final int number;
        final String name;
        final OpenFile file;

        /** How many chunks it takes. */
        final int chunksMax;

        /** How many chunks it has. */
        int chunks;

        /** Whether it has been forced and closed: nothing more is written to it. */
        boolean done;

        Target(Disk disk, int copy, int number, String name, OpenFile file, int chunksMax) {
            this.disk = disk;
            this.copy = copy;
            this.number = number;
            this.name = name;
            this.file = file;
            this.chunksMax = chunksMax;
        }
    }

    private final ExtentStore store;
    private final long id;
    private final int copies;
    private final int disks;
    private final int expectedChunks;
    private final BalancedPermutations placement;
    private final ByteBuffer buffer;
    private final Checksums checksums = new Checksums();

    /** Every file made, in the order of making; the last of each disk and copy is the one that grows. */
    private final List<Target> targets = new ArrayList<>();

    /** Where the copies of the present chunk go; empty before the first. */
    private Target[] present = {};

    private long[] places = new long[16];
    private int chunks;

    /** Where the next byte goes, and where the buffer's first byte does. */
    private long length;

    private long bufferAt;
    private byte[] scratch = {};
    private int lastSize;
    private long bytesWritten;

    /**
     * @param disks how many disks the placement chooses from
     * @param expectedBytes about how long it will be; 0 if nobody knows
     */
    ExtentWriter(
            ExtentStore store,
            long id,
            int copies,
            int disks,
            BalancedPermutations placement,
            int bufferBytes,
            long expectedBytes) {
        this.store = store;
        this.id = id;
        this.copies = copies;
        this.disks = disks;
        this.placement = placement;
        this.expectedChunks = Chunks.count(Math.min(expectedBytes, ExtentInfo.LENGTH_MAX));
        int unit = FileHeader.BYTES;
        this.buffer =
                ByteBuffer.allocateDirect(bufferBytes + unit).alignedSlice(unit).limit(bufferBytes);
    }

    /** The extent's number. */
    public long id() {
        return id;
    }

    /** Bytes so far. */
    public long length() {
        return length;
    }

    /** Bytes written to disks, every copy counted; all of them only after {@link #finish}. */
    public long bytesWritten() {
        return bytesWritten;
    }

    /** What the block that was appended last takes, header included. */
    public int lastSize() {
        return lastSize;
    }

    /**
     * Appends a block.
     *
     * @param plain its content, of which the first {@code plainBytes} count
     * @return its offset
     */
    public long append(BlockType type, Codec codec, byte[] plain, int plainBytes) {
        if (plainBytes < 1 || plainBytes > BlockFormat.PLAIN_MAX) {
            throw new IllegalArgumentException(
                    "a block of " + plainBytes + " bytes, not 1 to " + BlockFormat.PLAIN_MAX);
        }
        if (scratch.length < BlockFormat.HEADER_BYTES + plainBytes) {
            scratch = new byte[BlockFormat.HEADER_BYTES + plainBytes];
        }
        int size = BlockFormat.encode(type, codec, plain, plainBytes, scratch);
        int left = Chunks.BYTES - (int) (length & (Chunks.BYTES - 1));
        if (size > left) {
            put(new byte[left], left);
        }
        long offset = length;
        BlockFormat.seal(id, offset, scratch, size, checksums);
        put(scratch, size);
        lastSize = size;
        return offset;
    }

    private void put(byte[] bytes, int count) {
        int done = 0;
        while (done < count) {
            int intoChunk = (int) (length & (Chunks.BYTES - 1));
            if (!buffer.hasRemaining() || intoChunk == 0) {
                flush();
                bufferAt = length;
            }
            int piece = Math.min(Math.min(count - done, buffer.remaining()), Chunks.BYTES - intoChunk);
            buffer.put(bytes, done, piece);
            done += piece;
            length += piece;
        }
    }

    /** Writes the buffer, whose bytes all lie in one chunk, to every copy. */
    private void flush() {
        if (buffer.position() == 0) {
            return;
        }
        int intoChunk = (int) (bufferAt & (Chunks.BYTES - 1));
        if (intoChunk == 0) {
            beginChunk();
        }
        while (buffer.position() % FileHeader.BYTES != 0) {
            buffer.put((byte) 0);
        }
        buffer.flip();
        for (Target target : present) {
            try {
                long at = Chunks.position(target.chunks - 1) + intoChunk;
                target.disk.reserve().write(Reserve.Use.WORK, target.file, buffer, at);
                bytesWritten += buffer.limit();
            } catch (IOException e) {
                throw failed(target.disk, target.name, e);
            }
        }
        buffer.clear();
    }

    private void beginChunk() {
        int[] disks = placement.next();
        if (places.length < (chunks + 1) * copies) {
            places = Arrays.copyOf(places, 2 * places.length + copies);
        }
        present = new Target[copies];
        for (int copy = 0; copy < copies; copy++) {
            Target target = target(disks[copy], copy);
            present[copy] = target;
            places[chunks * copies + copy] = ExtentInfo.place(target.disk.number, target.number, target.chunks);
            target.chunks++;
        }
        chunks++;
    }

    /** The file on a disk that takes the next chunk of a copy. */
    private Target target(int disk, int copy) {
        int files = 0;
        Target newest = null;
        for (Target target : targets) {
            if (target.copy == copy) {
                files++;
                newest = target.disk.number == disk ? target : newest;
            }
        }
        if (newest != null && newest.chunks < newest.chunksMax) {
            return newest;
        }
        if (newest != null) {
            // Now rather than at the end, when all would have to be forced at once.
            complete(newest);
        }
        return create(store.disk(disk), copy, files);
    }

    /**
     * How many chunks the next file takes. An extent is cut into about {@link #STEPS} files on each disk, so that its
     * front can be given back as it is read no more; a short one of which no length is expected is not cut. An extent
     * longer than was expected gets ever larger files.
     */
    private int chunksOfNextFile() {
        int steps = STEPS * disks;
        int length = Math.max(expectedChunks, chunks);
        if (expectedChunks == 0 && chunks <= steps) {
            return Chunks.PER_FILE;
        }
        return Math.max(1, Math.min(length / steps, Chunks.PER_FILE));
    }

    private void complete(Target target) {
        try {
            target.file.force();
            target.file.close();
            target.done = true;
        } catch (IOException e) {
            throw failed(target.disk, target.name, e);
        }
    }

    private Target create(Disk disk, int copy, int number) {
        String name = ExtentInfo.fileName(id, copy, number);
        try {
            OpenFile file = disk.reserve().create(Reserve.Use.WORK, name, store.access());
            Target target = new Target(disk, copy, number, name, file, chunksOfNextFile());
            targets.add(target);
            ByteBuffer header = FileHeader.begin(FileHeader.Kind.SUPERCHUNK, store.id(), disk.id);
            header.putLong(EXTENT_AT, id).putInt(COPY_AT, copy).putInt(FILE_AT, number);
            disk.reserve().write(Reserve.Use.WORK, target.file, FileHeader.seal(header), 0);
            bytesWritten += FileHeader.BYTES;
            return target;
        } catch (IOException e) {
            throw failed(disk, name, e);
        }
    }

    /** The name of the superchunk file that has this header. */
    static String fileName(ByteBuffer header) {
        return ExtentInfo.fileName(header.getLong(EXTENT_AT), header.getInt(COPY_AT), header.getInt(FILE_AT));
    }

    /** A disk without room stays a member; one that fails in any other way is left out. */
    private StorageException failed(Disk disk, String name, IOException e) {
        StorageException failure = StorageException.of(disk + "/" + name, e);
        if (failure.kind() != StorageException.Kind.NO_SPACE) {
            store.leaveOut(disk, e);
        }
        return failure;
    }

    /** Makes everything stable: contents first, then the files' names. At least one block must have been appended. */
    public Written finish() {
        return finishAll(List.of(this)).get(0);
    }

    /** The same of several extents together: each disk is asked for the files' names once. */
    public static List<Written> finishAll(List<ExtentWriter> writers) {
        // All is written before the first force: that takes along most of what the others would wait for.
        writers.forEach(ExtentWriter::flush);
        Map<Disk, ExtentWriter> on = new LinkedHashMap<>();
        for (ExtentWriter writer : writers) {
            for (Target target : writer.targets) {
                on.putIfAbsent(target.disk, writer);
                if (!target.done) {
                    writer.complete(target);
                }
            }
        }
        on.forEach((disk, writer) -> {
            try {
                disk.there().sync();
            } catch (IOException e) {
                throw writer.failed(disk, "", e);
            }
        });
        on.forEach((disk, writer) -> {
            // It may still be writable, but the next open will not look at it.
            if (!disk.inUse()) {
                throw new StorageException(
                        StorageException.Kind.FAILED,
                        disk + " has been left out while extent " + writer.id + " was written to it",
                        null);
            }
        });
        return writers.stream().map(ExtentWriter::written).toList();
    }

    private Written written() {
        return new Written(new ExtentInfo(id, length, copies, Arrays.copyOf(places, chunks * copies), 0));
    }

    /** Removes what was written; for an extent that nothing names. */
    public void abandon() {
        boolean gone = true;
        for (Target target : targets) {
            try {
                target.file.close();
                target.disk.there().delete(target.name);
            } catch (IOException e) {
                LOG.warn("{}/{} could not be removed; the next open will do so", target.disk, target.name, e);
                gone = false;
            }
        }
        targets.clear();
        if (gone) {
            store.gone(id);
        }
    }
}
