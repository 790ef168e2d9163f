package io.donjon.engine;

import io.donjon.extents.Decoder;
import io.donjon.extents.Encoder;
import io.donjon.versioning.VersionForest;
import java.util.UUID;

/**
 * What an exported snapshot says of itself.
 *
 * @param identity who it is; {@link VersionForest#NOBODY} for one of an earlier release
 * @param base the snapshot to which the changes are to be applied; NOBODY if they begin with nothing
 * @param createdMillis when it was born
 * @param name what it is called
 * @param tree what its tree was called
 */
record StreamHeader(UUID identity, UUID base, long createdMillis, String name, String tree) {
    boolean isFull() {
        return base.equals(VersionForest.NOBODY);
    }

    void encode(Encoder out) {
        LogOp.identity(out, identity);
        LogOp.identity(out, base);
        out.varint(createdMillis).text(name).text(tree);
    }

    static StreamHeader decode(Decoder in) {
        StreamHeader header = new StreamHeader(
                LogOp.identity(in),
                LogOp.identity(in),
                in.varint("created", 0, Long.MAX_VALUE >>> Long.BYTES),
                in.text(),
                in.text());
        try {
            Arguments.checkName(header.name);
        } catch (IllegalArgumentException e) {
            throw in.bad(String.valueOf(e.getMessage()));
        }
        return header;
    }
}
