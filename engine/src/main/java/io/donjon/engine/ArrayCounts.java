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
 * @param visibleFirst keys with a value at the first version of the table, or {@link #NOT_COUNTED}
 * @param visibleLast keys with a value at the last version of the table, or {@link #NOT_COUNTED}
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
        long copies,
        long visibleFirst,
        long visibleLast) {
    /** The array was written by an earlier release, which did not count this. */
    static final long NOT_COUNTED = -1;

    /** Keys with a value at the first or the last version of the table, whichever are fewer; all if they were not counted. */
    long live() {
        return visibleFirst == NOT_COUNTED ? keys : Math.min(visibleFirst, visibleLast);
    }

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
                .varint(copies)
                .varint(visibleFirst)
                .varint(visibleLast);
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
                in.hasMore() ? in.varint() : 0,
                in.hasMore() ? in.varint() : NOT_COUNTED,
                in.hasMore() ? in.varint() : NOT_COUNTED);
    }
}
