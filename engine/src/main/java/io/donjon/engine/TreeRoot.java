package io.donjon.engine;

import io.donjon.extents.Decoder;
import io.donjon.extents.Encoder;

/**
 * The root of a tree of sorted blocks.
 *
 * @param level levels of index blocks above the leaves: 0 if the root is a leaf itself
 */
record TreeRoot(int level, BlockPointer block) {
    void encode(Encoder out) {
        out.varint(level);
        block.encode(out);
    }

    static TreeRoot decode(Decoder in) {
        return new TreeRoot((int) in.varint("level", 0, 64), BlockPointer.decode(in));
    }
}
