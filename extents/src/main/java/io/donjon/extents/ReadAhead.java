package io.donjon.extents;

import java.nio.ByteBuffer;

/**
 * Reads blocks of an extent in ascending order through one large piece of memory, past the cache: for merges, long scans
 * and verification. One thread at a time.
 */
public final class ReadAhead {
    private final Extent extent;
    private final int most;
    private byte[] piece;
    private final Checksums checksums = new Checksums();

    /** Where in the extent the piece begins, and how much of it was read. */
    private long pieceAt;

    private int pieceBytes;
    private long bytesRead;

    ReadAhead(Extent extent, int first, int most) {
        this.extent = extent;
        this.most = most;
        this.piece = new byte[Math.min(first, most)];
    }

    /** The block that begins at an offset; {@code size} is what it takes, as whoever points to it says. */
    public Block read(long offset, int size) {
        extent.checkPlace(offset, size);
        if (size > most) {
            bytesRead += size;
            return extent.read(offset, size);
        }
        if (offset < pieceAt || offset + size > pieceAt + pieceBytes) {
            // What is there of the block is kept: so reads follow one on another, and a disk need not seek.
            long end = pieceAt + pieceBytes;
            int kept = offset >= pieceAt && offset < end ? (int) (end - offset) : 0;
            byte[] before = piece;
            int wanted = (int) Math.min(most, Math.max(size, bytesRead / 2));
            if (wanted > piece.length) {
                piece = new byte[wanted];
            }
            if (kept > 0) {
                System.arraycopy(before, (int) (offset - pieceAt), piece, 0, kept);
            }
            int leftInChunk = Chunks.BYTES - (int) (offset & (Chunks.BYTES - 1));
            int bytes = (int) Math.min(Math.min(leftInChunk, piece.length), extent.length() - offset) - kept;
            pieceBytes = 0;
            extent.readUnchecked(offset + kept, ByteBuffer.wrap(piece, kept, bytes));
            pieceAt = offset;
            pieceBytes = kept + bytes;
            bytesRead += bytes;
        }
        try {
            return BlockFormat.decode(extent.id(), offset, piece, (int) (offset - pieceAt), size, checksums);
        } catch (StorageException fromThisCopy) {
            return extent.read(offset, size);
        }
    }

    /** How many bytes were read, blocks that were not wanted included. */
    public long bytesRead() {
        return bytesRead;
    }
}
