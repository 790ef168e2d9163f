package io.donjon.bloom;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * Layout of a blocked Bloom filter, and lookups in it.
 *
 * <pre>
 *  at  size  field     meaning
 *   0     1  format    1; other numbers are refused
 *   1     1  probes    bits set for each key, 1 to 16
 *   2     2  reserved  zero
 *   4     4  keys      how many distinct keys were added, 0 to 2^31 - 1
 *   8   64n  lines     n lines of 512 bits, n at least 1
 * </pre>
 *
 * <p>Integers are big-endian. Bit b of a line is bit {@code 7 - b % 8} of its byte {@code b / 8}: bits count from the
 * most significant one of a 512-bit big-endian number.
 *
 * <p>A key's hash names its line and its bits. The line is {@code ((hash >>> 32) * n) >>> 32}, which serves every n
 * evenly and needs no division. The bits come from the low half: with {@code x} the low 32 bits of the hash, the bit of
 * probe i (from 0) is the top 9 bits of {@code x * 0x9e3779b9^i} modulo 2^32. The false positives of this remixing were
 * measured equal to those of independent bits at 6 to 14 bits a key; double hashing within the line let 2 to 70 % more
 * through.
 */
public final class BlockedBloom {
    /** About one false positive in a hundred lookups of absent keys, with six probes. */
    public static final int DEFAULT_BITS_PER_KEY = 10;

    /** Lines of 512 bits gain little from more: their unequal fill, not the mean fill, makes the false positives. */
    static final int BITS_PER_KEY_MAX = 32;

    static final int FORMAT = 1;
    static final int PROBES_MAX = 16;
    static final int HEADER_BYTES = 8;
    static final int LINE_BYTES = 64;
    static final int LINE_BITS = 8 * LINE_BYTES;

    /** The golden ratio of 2^32, odd, so that multiplying by it loses no bit. */
    private static final int REMIX = 0x9e3779b9;

    /** Shifts the top bits of a remixed hash down to a bit number within a line. */
    private static final int BIT_SHIFT = Integer.SIZE - 9;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private BlockedBloom() {}

    /** Size of a filter for so many keys: the header and as many whole lines as the bits need, at least one. */
    public static int bytesFor(int keys, int bitsPerKey) {
        checkBitsPerKey(bitsPerKey);
        if (keys < 0) {
            throw new IllegalArgumentException("filter for " + keys + " keys");
        }
        long lines = Math.max(1, ((long) keys * bitsPerKey + LINE_BITS - 1) / LINE_BITS);
        long bytes = HEADER_BYTES + lines * LINE_BYTES;
        if (bytes > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("filter for " + keys + " keys at " + bitsPerKey + " bits each takes "
                    + bytes + " bytes, more than " + Integer.MAX_VALUE);
        }
        return (int) bytes;
    }

    /**
     * Whether a key with this hash may have been added: always true if it was, seldom if it was not. The bytes must
     * have come from a {@link FilterBuilder} or have passed {@link #validate}; they are not checked again here.
     */
    public static boolean mightContain(byte[] filter, int offset, int length, long hash) {
        int line = offset + lineAt(length, hash);
        int probes = filter[offset + 1];
        int half = probes >> 1;
        int x = (int) hash;
        long hits = -1; // its sign bit stays set as long as every probed bit was set
        // A branch a probe is mispredicted in nearly every lookup of an absent key; none at all reads the whole line in
        // vain. One branch, after half of the probes, was the fastest: 9 ns instead of 15 in cache, equal beyond it.
        for (int i = 0; i < half; i++) {
            hits &= bitToSign(filter, line, x);
            x *= REMIX;
        }
        if (hits >= 0) {
            return false;
        }
        for (int i = half; i < probes; i++) {
            hits &= bitToSign(filter, line, x);
            x *= REMIX;
        }
        return hits < 0;
    }

    /** How many distinct keys were added to the filter that begins at the offset. */
    public static int keys(byte[] filter, int offset) {
        return (int) (long) LONG.get(filter, offset);
    }

    /**
     * The share of absent keys that a filter lets through, on average over all sets of keys. A line holds i of the keys
     * with binomial chance (Poisson's, when there are many lines), and then its share of set bits to the power of the
     * probes is let through. Taking the expected share for the share leaves out its spread: at 6 to 14 bits a key that
     * makes the result up to 2 % too small.
     */
    public static double expectedFalsePositiveRate(int keys, int lines, int probes) {
        if (keys < 0 || lines < 1 || probes < 1 || probes > PROBES_MAX) {
            throw new IllegalArgumentException(
                    "filter of " + keys + " keys in " + lines + " lines with " + probes + " probes");
        }
        // Chances relative to that of the likeliest number, outwards from there: the first of them may be below 1e-308.
        int likeliest = (int) Math.min(keys, (keys + 1L) / lines);
        double chances = 0;
        double passes = 0;
        double chance = 1;
        for (int i = likeliest; i <= keys && chance > 1e-18; i++) {
            chances += chance;
            passes += chance * rateOfLine(i, probes);
            chance *= (keys - i) / ((i + 1.0) * (lines - 1.0));
        }
        chance = 1;
        for (int i = likeliest; i > 0 && chance > 1e-18; i--) {
            chance *= i * (lines - 1.0) / (keys - i + 1.0);
            chances += chance;
            passes += chance * rateOfLine(i - 1, probes);
        }
        return passes / chances;
    }

    /**
     * Checks bytes that come from elsewhere, so that lookups in them stay inside the range and mean something.
     *
     * @throws IllegalArgumentException saying what is wrong, with the values found
     */
    public static void validate(byte[] filter, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, filter.length);
        if (length < HEADER_BYTES + LINE_BYTES || (length - HEADER_BYTES) % LINE_BYTES != 0) {
            throw new IllegalArgumentException(
                    "filter of " + length + " bytes, not " + HEADER_BYTES + " and one or more times " + LINE_BYTES);
        }
        long header = (long) LONG.get(filter, offset);
        int format = (int) (header >>> 56);
        if (format != FORMAT) {
            throw new IllegalArgumentException("filter format is " + format + ", not " + FORMAT);
        }
        int probes = (int) (header >>> 48) & 0xff;
        if (probes < 1 || probes > PROBES_MAX) {
            throw new IllegalArgumentException("filter has " + probes + " probes, outside 1.." + PROBES_MAX);
        }
        int reserved = (int) (header >>> 32) & 0xffff;
        if (reserved != 0) {
            throw new IllegalArgumentException("filter has 0x%04x in its reserved bytes, not zero".formatted(reserved));
        }
        if ((int) header < 0) {
            throw new IllegalArgumentException(
                    "filter has " + Integer.toUnsignedLong((int) header) + " keys, more than " + Integer.MAX_VALUE);
        }
    }

    /**
     * The number of probes for a filter of many lines: the fewest that come within one in a hundred of the least
     * expected false positives, since each probe costs time. It is less than the {@code bitsPerKey * ln 2} of a classic
     * filter, because the overfull lines, which let most through, would want fewer.
     */
    static int probesFor(int bitsPerKey) {
        checkBitsPerKey(bitsPerKey);
        int keys = LINE_BITS * 1024;
        int lines = bitsPerKey * 1024;
        double least = 1;
        for (int probes = 1; probes <= PROBES_MAX; probes++) {
            least = Math.min(least, expectedFalsePositiveRate(keys, lines, probes));
        }
        int probes = 1;
        while (expectedFalsePositiveRate(keys, lines, probes) > 1.01 * least) {
            probes++;
        }
        return probes;
    }

    static void writeHeader(byte[] filter, int probes, int keys) {
        LONG.set(filter, 0, (long) FORMAT << 56 | (long) probes << 48 | keys);
    }

    static void add(byte[] filter, long hash) {
        int line = lineAt(filter.length, hash);
        int x = (int) hash;
        for (int probes = filter[1]; probes > 0; probes--) {
            int bit = x >>> BIT_SHIFT;
            filter[line + bit / 8] |= (byte) (0x80 >> bit % 8);
            x *= REMIX;
        }
    }

    /** Where, from the beginning of a filter so long, the line of a key begins. */
    static int lineAt(int length, long hash) {
        int lines = (length - HEADER_BYTES) / LINE_BYTES;
        return HEADER_BYTES + LINE_BYTES * (int) (((hash >>> 32) * lines) >>> 32);
    }

    private static long bitToSign(byte[] filter, int line, int x) {
        int bit = x >>> BIT_SHIFT;
        return (long) LONG.get(filter, line + bit / Long.SIZE * Long.BYTES) << bit;
    }

    private static double rateOfLine(int keys, int probes) {
        return Math.pow(1 - Math.pow(1 - 1.0 / LINE_BITS, (double) keys * probes), probes);
    }

    private static void checkBitsPerKey(int bitsPerKey) {
        if (bitsPerKey < 1 || bitsPerKey > BITS_PER_KEY_MAX) {
            throw new IllegalArgumentException(bitsPerKey + " bits a key, outside 1.." + BITS_PER_KEY_MAX);
        }
    }
}
