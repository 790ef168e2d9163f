package io.donjon.extents;

/** Blocks that no extent has. */
public final class Blocks {
    private Blocks() {}

    /** One of zeros. */
    public static Block of(int bytes) {
        return new Block(BlockType.DATA, new byte[bytes], bytes);
    }
}
