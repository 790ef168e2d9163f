package io.donjon.engine;

import io.donjon.extents.Decoder;
import io.donjon.extents.Encoder;
import org.jspecify.annotations.Nullable;

/**
 * An array as the manifest names it (docs/format.md section 6).
 *
 * @param id never used again
 * @param age the larger, the newer; a merge's output has the age of its newest input
 * @param from version id at which its band begins
 * @param to version id at which its band ends, not included; {@link #END_OF_LINE} for none
 * @param keysFrom full key at which its range begins
 * @param keysTo full key at which its range ends, not included; null for none
 * @param values extent of large values, 0 for none
 * @param footer where the footer is in the meta extent
 * @param bytes length of its extents together
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record ArrayInfo(
        long id,
        long age,
        long from,
        long to,
        byte[] keysFrom,
        byte @Nullable [] keysTo,
        long data,
        long meta,
        long values,
        BlockPointer footer,
        long breakpoints,
        long keys,
        long bytes) {
    /** The band reaches to the end of the line: no band ends at the root. */
    static final long END_OF_LINE = 0;

    void encode(Encoder out) {
        out.varint(id).varint(age).varint(from).varint(to).bytes(keysFrom);
        out.bytes(keysTo == null ? new byte[0] : keysTo);
        out.varint(data).varint(meta).varint(values);
        footer.encode(out);
        out.varint(breakpoints).varint(keys).varint(bytes);
    }

    static ArrayInfo decode(Decoder in) {
        long id = in.varint();
        long age = in.varint();
        long from = in.varint();
        long to = in.varint();
        byte[] keysFrom = in.bytes();
        byte[] keysTo = in.bytes();
        return new ArrayInfo(
                id,
                age,
                from,
                to,
                keysFrom,
                keysTo.length == 0 ? null : keysTo,
                in.varint(),
                in.varint(),
                in.varint(),
                BlockPointer.decode(in),
                in.varint(),
                in.varint(),
                in.varint());
    }
}
