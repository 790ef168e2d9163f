package io.donjon.perf.compare;

/**
 * A random order of 0 to {@code size - 1} that takes no memory: a Feistel network over the next even number of bits,
 * applied again while the result lies outside of the range (cycle walking, less than four times on average).
 */
final class Permutation {
    private static final int ROUNDS = 4;

    private final long size;
    private final int halfBits;
    private final long halfMask;
    private final long[] roundKeys = new long[ROUNDS];

    Permutation(long size, long seed) {
        if (size < 1 || size > 1L << 62) {
            throw new IllegalArgumentException("size " + size + ": must be 1 to 2^62");
        }
        this.size = size;
        halfBits = Math.max(1, (Long.SIZE - Long.numberOfLeadingZeros(size - 1) + 1) / 2);
        halfMask = (1L << halfBits) - 1;
        for (int i = 0; i < ROUNDS; i++) {
            roundKeys[i] = Mix.mix(seed + i * Mix.GOLDEN);
        }
    }

    /** What stands at an index. */
    long at(long index) {
        long x = index;
        do {
            x = encrypt(x);
        } while (x >= size);
        return x;
    }

    /** The index at which a number stands. */
    long indexOf(long number) {
        long x = number;
        do {
            x = decrypt(x);
        } while (x >= size);
        return x;
    }

    private long encrypt(long x) {
        long left = x >>> halfBits;
        long right = x & halfMask;
        for (long key : roundKeys) {
            long next = left ^ (Mix.mix(right + key) & halfMask);
            left = right;
            right = next;
        }
        return left << halfBits | right;
    }

    private long decrypt(long x) {
        long left = x >>> halfBits;
        long right = x & halfMask;
        for (int i = ROUNDS - 1; i >= 0; i--) {
            long before = right ^ (Mix.mix(left + roundKeys[i]) & halfMask);
            right = left;
            left = before;
        }
        return left << halfBits | right;
    }
}
