package io.donjon;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A range of keys in unsigned byte order. The start counts and the end does not, unless said. Immutable.
 *
 * <p>A range whose start is behind its end is legal and holds nothing.
 */
public final class KeyRange {
    private static final KeyRange ALL = new KeyRange(null, true, null, false);

    private final byte @Nullable [] from;
    private final boolean fromInclusive;
    private final byte @Nullable [] to;
    private final boolean toInclusive;

    private KeyRange(byte @Nullable [] from, boolean fromInclusive, byte @Nullable [] to, boolean toInclusive) {
        this.from = from;
        this.fromInclusive = fromInclusive;
        this.to = to;
        this.toInclusive = toInclusive;
    }

    /** Every key. */
    public static KeyRange all() {
        return ALL;
    }

    /** The keys that begin with these bytes. */
    public static KeyRange prefix(byte[] prefix) {
        int length = prefix.length;
        while (length > 0 && prefix[length - 1] == (byte) 0xff) {
            length--;
        }
        byte @Nullable [] end = null;
        if (length > 0) {
            end = Arrays.copyOf(prefix, length);
            end[length - 1]++;
        }
        return new KeyRange(prefix.clone(), true, end, false);
    }

    /** The keys at or after this one. */
    public static KeyRange from(byte[] key) {
        return new KeyRange(key.clone(), true, null, false);
    }

    /** The keys before this one. */
    public static KeyRange to(byte[] key) {
        return new KeyRange(null, true, key.clone(), false);
    }

    /** The keys at or after {@code from} and before {@code to}. */
    public static KeyRange between(byte[] from, byte[] to) {
        return new KeyRange(from.clone(), true, to.clone(), false);
    }

    /** The same range, whose start does or does not count. */
    public KeyRange fromInclusive(boolean inclusive) {
        return new KeyRange(from, inclusive, to, toInclusive);
    }

    /** The same range, whose end does or does not count. */
    public KeyRange toInclusive(boolean inclusive) {
        return new KeyRange(from, fromInclusive, to, inclusive);
    }

    /** The start, as a copy, or null if there is none. */
    public byte @Nullable [] from() {
        return from == null ? null : from.clone();
    }

    /** Whether the start counts. */
    public boolean fromInclusive() {
        return fromInclusive;
    }

    /** The end, as a copy, or null if there is none. */
    public byte @Nullable [] to() {
        return to == null ? null : to.clone();
    }

    /** Whether the end counts. */
    public boolean toInclusive() {
        return toInclusive;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof KeyRange range
                && Arrays.equals(from, range.from)
                && Arrays.equals(to, range.to)
                && fromInclusive == range.fromInclusive
                && toInclusive == range.toInclusive;
    }

    @Override
    public int hashCode() {
        return Objects.hash(Arrays.hashCode(from), Arrays.hashCode(to), fromInclusive, toInclusive);
    }

    @Override
    public String toString() {
        HexFormat hex = HexFormat.of();
        return (fromInclusive ? "[" : "(")
                + (from == null ? "" : hex.formatHex(from))
                + ", "
                + (to == null ? "" : hex.formatHex(to))
                + (toInclusive ? "]" : ")");
    }
}
