package io.donjon.engine;

import io.donjon.extents.Decoder;
import io.donjon.extents.Encoder;
import java.util.Arrays;
import java.util.List;
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
 * @param breakpoints in its range
 * @param keys in its range; of an array whose range has been narrowed, about so many
 * @param bytes length of its extents together, from where each begins to be needed
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

    /**
     * The same array for keys from a later one on.
     *
     * @param left breakpoints of these
     * @param leftBytes what of the extents is still needed
     */
    ArrayInfo narrowed(byte[] newKeysFrom, long left, long leftBytes) {
        long leftKeys = Math.min(left, (long) Math.ceil((double) keys * left / breakpoints));
        return new ArrayInfo(
                id, age, from, to, newKeysFrom, keysTo, data, meta, values, footer, left, leftKeys, leftBytes);
    }

    /** Whether a full key lies in its range. */
    boolean covers(byte[] key, int keyLength) {
        byte[] end = keysTo;
        return Arrays.compareUnsigned(key, 0, keyLength, keysFrom, 0, keysFrom.length) >= 0
                && (end == null || Arrays.compareUnsigned(key, 0, keyLength, end, 0, end.length) < 0);
    }

    /** Whether there can be keys in its range and in another's. */
    boolean sharesKeysWith(ArrayInfo other) {
        return hasKeysIn(other.keysFrom, other.keysTo);
    }

    /** Whether there can be keys in its range from one on and before another, or null for no end. */
    boolean hasKeysIn(byte[] from, byte @Nullable [] to) {
        return compareKeysFrom(keysFrom, to) < 0 && compareKeysFrom(from, keysTo) < 0;
    }

    /**
     * Whether every key from one on and before another, or null for no end, lies in the range of one of these arrays, of
     * which there is one.
     */
    static boolean cover(List<ArrayInfo> arrays, byte[] from, byte @Nullable [] to) {
        byte[] covered = from;
        for (ArrayInfo array : arrays.stream()
                .sorted((a, b) -> Arrays.compareUnsigned(a.keysFrom, b.keysFrom))
                .toList()) {
            byte[] end = array.keysTo;
            if (Arrays.compareUnsigned(array.keysFrom, covered) > 0) {
                return false;
            }
            if (end == null) {
                return true;
            }
            covered = Arrays.compareUnsigned(end, covered) > 0 ? end : covered;
        }
        return to != null && Arrays.compareUnsigned(to, covered) <= 0;
    }

    /** Compares a key with the end of a range, which may be none. */
    static int compareKeysFrom(byte[] key, byte @Nullable [] end) {
        return end == null ? -1 : Arrays.compareUnsigned(key, end);
    }

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
