package io.donjon.extents;

/** Blocks that no extent has. */
public final class Blocks {
    private Blocks() {}

    /** One of zeros. */
    public static Block of(int bytes) {
        return of(BlockType.DATA, bytes);
    }

    static Block of(BlockType type, int bytes) {
        return new Block(type, new byte[bytes], bytes);
    }
}
