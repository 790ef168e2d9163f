package io.donjon.engine;

import io.donjon.extents.Decoder;
import io.donjon.extents.Encoder;

/**
 * What an array consists of, exactly.
 *
 * @param dataBlocks data blocks
 * @param breakpoints entries of all kinds
 * @param keys distinct keys
 * @param keyBytes bytes of the distinct full keys
 * @param valueBytes bytes of values, large ones included, resumed ones not
 * @param copies entries that a cut has copied: the key frame
 */
record ArrayCounts(
        long dataBlocks,
        long breakpoints,
        long keys,
        long passes,
        long tombstones,
        long values,
        long resumes,
        long largeValues,
        long keyBytes,
        long valueBytes,
        long copies) {
    void encode(Encoder out) {
        out.varint(dataBlocks)
                .varint(breakpoints)
                .varint(keys)
                .varint(passes)
                .varint(tombstones)
                .varint(values)
                .varint(resumes)
                .varint(largeValues)
                .varint(keyBytes)
                .varint(valueBytes)
                .varint(copies);
    }

    static ArrayCounts decode(Decoder in) {
        return new ArrayCounts(
                in.varint(),
                in.varint(),
                in.varint(),
                in.varint(),
                in.varint(),
                in.varint(),
                in.varint(),
                in.varint(),
                in.varint(),
                in.varint(),
                in.hasMore() ? in.varint() : 0);
    }
}
