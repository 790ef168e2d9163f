package io.donjon.engine;

import io.donjon.extents.Decoder;
import io.donjon.extents.Encoder;

/**
 * Where a block is in its extent.
 *
 * @param offset of its first byte
 * @param size header included
 */
record BlockPointer(long offset, int size) {
    void encode(Encoder out) {
        out.varint(offset).varint(size);
    }

    static BlockPointer decode(Decoder in) {
        return new BlockPointer(in.varint(), in.count("size of a block"));
    }
}
