package io.donjon.engine;

/**
 * Where a large value is (docs/format.md section 5).
 *
 * @param length in bytes
 * @param offset of the block, in the values extent, that is its only piece or lists its pieces
 * @param size of that block, header included
 * @param hash over the big-endian hashes of the pieces
 */
record LargeValue(long length, long offset, int size, long hash) {
    /** Pieces are this long, but for the last. */
    static final int PIECE_BYTES = 64 << 10;
}
