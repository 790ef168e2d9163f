package io.donjon.engine;

import io.donjon.extents.Encoder;
import java.util.Arrays;

/**
 * Builds a {@link SortedBlock}: entries are added in ascending order of (key, rank). A value that the same key has
 * already in this block is not stored again. One thread at a time.
 */
final class BlockBuilder {
    /** Values of the present key that are looked through for an equal one, newest first. */
    private static final int RESUME_LOOK_BACK = 16;

    private final Encoder out;
    private final int restartEvery;
    private int[] restarts = new int[64];
    private int restartCount;
    private int sinceRestart;
    private int entries;

    private byte[] lastKey = new byte[64];
    private int lastKeyLength;
    private long lastRank;

    /** Entries of the present key in this block that have a value of their own. */
    private int[] valueEntries = new int[RESUME_LOOK_BACK];

    private int[] valueAt = new int[RESUME_LOOK_BACK];
    private int[] valueLength = new int[RESUME_LOOK_BACK];
    private int valueCount;

    BlockBuilder(int capacity, int restartEvery) {
        this.out = new Encoder(capacity + 1024);
        this.restartEvery = restartEvery;
    }

    boolean isEmpty() {
        return entries == 0;
    }

    int entries() {
        return entries;
    }

    /** What the block takes so far, the list of restarts included. */
    int bytes() {
        return out.length() + Integer.BYTES * (restartCount + 1);
    }

    /** At most how much the block grows by an entry. */
    static int entryBytesMax(int keyLength, int valueLength) {
        return 1 + 4 * Encoder.VARINT_BYTES_MAX + keyLength + valueLength + Integer.BYTES;
    }

    /**
     * Adds an entry of kind PASS, TOMBSTONE or VALUE.
     *
     * @param kind with {@link SortedBlock#COPY} if that is so
     * @param from the value's bytes, ignored unless the kind is VALUE
     * @return the kind that was stored: RESUME if an earlier entry has the value
     */
    int add(byte[] key, int keyLength, long rank, int kind, byte[] from, int offset, int length) {
        int at = out.length();
        boolean same = putKey(key, keyLength, rank, kind);
        if ((kind & SortedBlock.KIND_MASK) != StepKind.VALUE) {
            return kind;
        }
        int earlier = same ? equalValue(from, offset, length) : -1;
        if (earlier >= 0) {
            out.array()[at] = (byte) ((out.array()[at] & ~SortedBlock.KIND_MASK) | StepKind.RESUME);
            out.varint(at - valueEntries[earlier]);
            return StepKind.RESUME;
        }
        out.varint(length);
        remember(at, out.length(), length);
        out.raw(from, offset, length);
        return StepKind.VALUE;
    }

    /**
     * Adds an entry of kind LARGE.
     *
     * @param flags {@link SortedBlock#COPY} or 0
     */
    void addLarge(byte[] key, int keyLength, long rank, int flags, LargeValue value) {
        putKey(key, keyLength, rank, StepKind.LARGE | flags);
        out.varint(value.length()).varint(value.offset()).varint(value.size()).u64(value.hash());
    }

    private int equalValue(byte[] from, int offset, int length) {
        int oldest = Math.max(0, valueCount - RESUME_LOOK_BACK);
        for (int i = valueCount - 1; i >= oldest; i--) {
            int slot = i % RESUME_LOOK_BACK;
            int at = valueAt[slot];
            if (valueLength[slot] == length
                    && Arrays.equals(out.array(), at, at + length, from, offset, offset + length)) {
                return slot;
            }
        }
        return -1;
    }

    private void remember(int entry, int at, int length) {
        int slot = valueCount % RESUME_LOOK_BACK;
        valueEntries[slot] = entry;
        valueAt[slot] = at;
        valueLength[slot] = length;
        valueCount++;
    }

    /** Returns whether the key is that of the entry before, in this block. */
    private boolean putKey(byte[] key, int keyLength, long rank, int kind) {
        int common = entries == 0 ? 0 : commonPrefix(key, keyLength);
        boolean same = entries > 0 && common == keyLength && common == lastKeyLength;
        assert entries == 0 || (same ? rank > lastRank : isAfterLast(key, keyLength, common))
                : "entries out of order at rank " + rank;
        boolean restart = entries == 0 || sinceRestart >= restartEvery;
        if (restart) {
            if (restartCount == restarts.length) {
                restarts = Arrays.copyOf(restarts, 2 * restartCount);
            }
            restarts[restartCount++] = out.length();
            sinceRestart = 0;
        }
        if (same && !restart) {
            out.u8(kind | SortedBlock.SAME).varint(rank - lastRank);
        } else {
            int shared = restart ? 0 : common;
            out.u8(kind)
                    .varint(shared)
                    .varint(keyLength - shared)
                    .raw(key, shared, keyLength - shared)
                    .varint(rank);
        }
        if (!same) {
            valueCount = 0;
            if (lastKey.length < keyLength) {
                lastKey = new byte[Math.max(keyLength, 2 * lastKey.length)];
                common = 0;
            }
            System.arraycopy(key, common, lastKey, common, keyLength - common);
            lastKeyLength = keyLength;
        }
        lastRank = rank;
        sinceRestart++;
        entries++;
        return same;
    }

    private int commonPrefix(byte[] key, int keyLength) {
        int at = Arrays.mismatch(lastKey, 0, lastKeyLength, key, 0, keyLength);
        return at < 0 ? keyLength : at;
    }

    private boolean isAfterLast(byte[] key, int keyLength, int common) {
        return common == lastKeyLength || (common < keyLength && (key[common] & 0xff) > (lastKey[common] & 0xff));
    }

    /** Ends the block: its bytes, valid until the next change, are the encoder's. */
    Encoder finish() {
        for (int i = 0; i < restartCount; i++) {
            out.u32(restarts[i]);
        }
        return out.u32(restartCount);
    }

    /** Begins another block. */
    void clear() {
        out.truncate(0);
        restartCount = 0;
        sinceRestart = 0;
        entries = 0;
        valueCount = 0;
        lastKeyLength = 0;
        lastRank = 0;
    }
}
