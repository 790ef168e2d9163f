package io.donjon.engine;

import io.donjon.extents.BlockType;
import io.donjon.extents.Decoder;
import io.donjon.extents.Encoder;
import io.donjon.extents.Extent;
import io.donjon.extents.StorageException;
import org.jspecify.annotations.Nullable;

/**
 * Reads a large value from its start to its end, past the cache, piece by piece. At the end the hash is compared, since
 * each piece by itself does not say which value it belongs to. One thread at a time.
 */
final class LargeValueReader implements ValueSource {
    private static final int POINTER_BYTES_MIN = 2;

    private final Extent extent;
    private final LargeValue value;

    /** Where the pieces are; null if there is only one. */
    private final @Nullable Decoder list;

    private byte[] piece = {};
    private long pieceAt;
    private final Encoder hashes = new Encoder(64);

    LargeValueReader(Extent extent, LargeValue value) {
        this.extent = extent;
        this.value = value;
        this.list = value.length() <= LargeValue.PIECE_BYTES
                ? null
                : new Decoder(
                        place(),
                        ArrayRun.typed(
                                extent.read(value.offset(), value.size()),
                                BlockType.VALUE_LIST,
                                extent,
                                value.offset()));
        // Whoever wants the value makes room for all of it beforehand.
        long pieces = (value.length() + LargeValue.PIECE_BYTES - 1) / LargeValue.PIECE_BYTES;
        if (list != null && list.remaining() / POINTER_BYTES_MIN < pieces) {
            throw list.bad("a value of " + value.length() + " bytes in " + list.remaining() + " bytes of places");
        }
    }

    @Override
    public long length() {
        return value.length();
    }

    @Override
    public void copy(long from, byte[] into, int count) {
        int done = 0;
        while (done < count) {
            if (from + done >= pieceAt + piece.length) {
                nextPiece();
            }
            int at = (int) (from + done - pieceAt);
            int some = Math.min(count - done, piece.length - at);
            System.arraycopy(piece, at, into, done, some);
            done += some;
        }
    }

    private void nextPiece() {
        pieceAt += piece.length;
        long offset = value.offset();
        int size = value.size();
        if (list != null) {
            offset = list.varint();
            size = list.count("size of a piece");
        }
        piece = ArrayRun.typed(extent.read(offset, size), BlockType.VALUE_PIECE, extent, offset);
        long due = Math.min(LargeValue.PIECE_BYTES, value.length() - pieceAt);
        if (piece.length != due) {
            throw StorageException.damaged(place(), "a piece of " + piece.length + " bytes, not " + due);
        }
        hashes.u64(XxHash64.hash(piece, 0, piece.length));
        if (pieceAt + piece.length == value.length()
                && XxHash64.hash(hashes.array(), 0, hashes.length()) != value.hash()) {
            throw StorageException.damaged(place(), "the pieces of a large value are not those that were written");
        }
    }

    private String place() {
        return "extent " + extent.id() + " offset " + value.offset();
    }
}
