package io.donjon.bloom;

import java.util.Arrays;

/**
 * Gathers the hashes of keys and makes a filter of them. It keeps the hashes, 8 bytes each, because the size of a
 * filter follows from the number of keys, which a merge does not know before it has written them.
 *
 * <p>Not thread-safe. May be used again after {@link #clear}, and then allocates nothing but filters.
 */
public final class FilterBuilder {
    private final int bitsPerKey;
    private final int probes;
    private long[] hashes = new long[1024];
    private int count;

    /** @param bitsPerKey 1 to 32; see {@link BlockedBloom#DEFAULT_BITS_PER_KEY} */
    public FilterBuilder(int bitsPerKey) {
        this.probes = BlockedBloom.probesFor(bitsPerKey);
        this.bitsPerKey = bitsPerKey;
    }

    /**
     * Adds the key with this hash. A hash that equals the one before it counts once, so that the breakpoints of one
     * key, which come in a row, may each be given; equal hashes further apart are counted as different keys.
     */
    public void add(long hash) {
        if (count > 0 && hashes[count - 1] == hash) {
            return;
        }
        if (count == hashes.length) {
            hashes = Arrays.copyOf(hashes, Math.multiplyExact(count, 2));
        }
        hashes[count++] = hash;
    }

    /** How many keys were added since the last {@link #clear}. */
    public int count() {
        return count;
    }

    /** The filter of all keys added, in the form {@link BlockedBloom} describes. The array is the caller's. */
    public byte[] build() {
        byte[] filter = new byte[BlockedBloom.bytesFor(count, bitsPerKey)];
        BlockedBloom.writeHeader(filter, probes, count);
        for (int i = 0; i < count; i++) {
            BlockedBloom.add(filter, hashes[i]);
        }
        return filter;
    }

    /** Forgets all keys, but keeps the memory they took for the next ones. */
    public void clear() {
        count = 0;
    }
}
