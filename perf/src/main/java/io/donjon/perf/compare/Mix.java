package io.donjon.perf.compare;

/** The finaliser of SplitMix64: numbers in a row come out as if drawn by chance. */
final class Mix {
    static final long GOLDEN = 0x9e3779b97f4a7c15L;

    private Mix() {}

    static long mix(long x) {
        long z = (x ^ x >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}
