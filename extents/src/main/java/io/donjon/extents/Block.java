package io.donjon.extents;

/**
 * A block that has been checked and unpacked. Nobody changes its bytes, so threads share it and the cache keeps it.
 */
public final class Block {
    private final BlockType type;
    private final byte[] bytes;
    private final int size;

    Block(BlockType type, byte[] bytes, int size) {
        this.type = type;
        this.bytes = bytes;
        this.size = size;
    }

    /** What it holds. */
    public BlockType type() {
        return type;
    }

    /** Its plain bytes: all of the array, not to be changed. */
    public byte[] bytes() {
        return bytes;
    }

    /** What it takes in its extent, header included. */
    public int size() {
        return size;
    }
}
