package io.donjon.engine;

import io.donjon.extents.StorageException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A position in a {@link SortedBlock}: moves forward entry by entry, or searches. The key is kept up to date by every
 * move; values stay where they are. Reused without allocation: one thread at a time.
 *
 * <p>Blocks have passed their checksum, so what is wrong in them was written wrongly; still no position in them is
 * believed further than the array's bounds, and whatever breaks is reported as damage.
 */
final class BlockEntry {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final byte[] NOTHING = {};

    private byte[] block = NOTHING;
    private long extent;
    private long offset;
    private int end;

    /** Where the present entry begins and the next one does. */
    private int at;

    private int next;

    private byte[] key = new byte[64];
    private int keyLength;
    private long rank;
    private int head;
    private boolean sameKey;

    /** Of kinds VALUE and RESUME: where the value's bytes are in the block. */
    private int valueAt;

    private int valueLength;

    /** Of kind LARGE. */
    private long largeOffset;

    private int largeSize;

    private long largeLength;
    private long largeHash;

    // Of an index entry, after decodeChild.
    private long childOffset;
    private int childSize;
    private long childOrdinal;
    private long filterOffset;
    private int filterSize;

    /** Where the decoder is. */
    private int cursor;

    /** Goes to a block, before its first entry; extent and offset say where it is, for messages. */
    void enter(byte[] newBlock, long inExtent, long atOffset) {
        extent = inExtent;
        offset = atOffset;
        block = newBlock;
        rewind();
    }

    /** Goes to the block behind the present one, before its first entry; the last key stays known. */
    void enterNext(byte[] newBlock, long inExtent, long atOffset) {
        int length = keyLength;
        enter(newBlock, inExtent, atOffset);
        keyLength = length;
    }

    private void rewind() {
        int restarts = block.length < Integer.BYTES ? 0 : SortedBlock.restarts(block);
        at = -1;
        if (restarts < 1 || restarts > block.length / Integer.BYTES - 1) {
            throw bad("a sorted block with " + restarts + " restarts");
        }
        end = SortedBlock.entriesEnd(block);
        next = 0;
        keyLength = 0;
        rank = 0;
    }

    /** Moves to the next entry; false at the block's end. */
    boolean next() {
        if (next >= end) {
            return false;
        }
        at = next;
        decode();
        return true;
    }

    /** Whether this is the block's last entry. */
    boolean isLast() {
        return next >= end;
    }

    /** Whether {@link #next} has moved on within a key: over the border of two blocks only if by {@link #enterNext}. */
    boolean isSameKey() {
        return sameKey;
    }

    byte[] block() {
        return block;
    }

    /** Where the entry begins in its block. */
    int position() {
        return at;
    }

    byte[] key() {
        return key;
    }

    int keyLength() {
        return keyLength;
    }

    long rank() {
        return rank;
    }

    /** VALUE for a value that stands in the block, whether here or in an earlier entry. */
    int kind() {
        int stored = storedKind();
        return stored == StepKind.RESUME ? StepKind.VALUE : stored;
    }

    /** The kind as it stands there. */
    int storedKind() {
        return head & SortedBlock.KIND_MASK;
    }

    /** Whether it was written by a cut, as part of a key frame. */
    boolean isCopy() {
        return (head & SortedBlock.COPY) != 0;
    }

    int valueAt() {
        return valueAt;
    }

    int valueLength() {
        return valueLength;
    }

    /** The length of the value, wherever it stands. */
    long length() {
        return storedKind() == StepKind.LARGE ? largeLength : valueLength;
    }

    /**
     * Takes an index entry's value apart: where the block is that it stands for.
     *
     * @param upper whether it is of level 1 or above in the index of data blocks: then an ordinal follows
     * @param filtered whether it is of level 1: then a filter follows that
     */
    void decodeChild(boolean upper, boolean filtered) {
        if (storedKind() != StepKind.VALUE) {
            throw bad("an index entry of kind " + storedKind());
        }
        int behind = cursor;
        cursor = valueAt;
        try {
            childOffset = varint();
            childSize = (int) varint();
            if (upper) {
                childOrdinal = varint();
            }
            if (filtered) {
                filterOffset = varint();
                filterSize = (int) varint();
            }
        } catch (IndexOutOfBoundsException e) {
            throw bad("an index entry reaches out of the block");
        }
        cursor = behind;
    }

    long childOffset() {
        return childOffset;
    }

    int childSize() {
        return childSize;
    }

    /** The ordinal of the first data block below. */
    long childOrdinal() {
        return childOrdinal;
    }

    long filterOffset() {
        return filterOffset;
    }

    /** 0 if there is none. */
    int filterSize() {
        return filterSize;
    }

    LargeValue large() {
        return new LargeValue(largeLength, largeOffset, largeSize, largeHash);
    }

    boolean keyEquals(byte[] other, int otherLength) {
        return Arrays.equals(key, 0, keyLength, other, 0, otherLength);
    }

    int compareKey(byte[] other, int otherLength) {
        return Arrays.compareUnsigned(key, 0, keyLength, other, 0, otherLength);
    }

    private int compare(byte[] otherKey, int otherLength, long otherRank) {
        int order = compareKey(otherKey, otherLength);
        return order != 0 ? order : Long.compare(rank, otherRank);
    }

    /**
     * Moves to the last entry at or before (key, rank).
     *
     * @return false if the block's first entry lies behind that; the position is then before it
     */
    boolean seekFloor(byte[] soughtKey, int soughtLength, long soughtRank) {
        int low = 0;
        int high = SortedBlock.restarts(block) - 1;
        // The last restart at or before what is sought.
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (compareRestart(middle, soughtKey, soughtLength, soughtRank) <= 0) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        next = SortedBlock.restart(block, end, low);
        if (!next()) {
            throw bad("restart " + low + " lies behind the entries");
        }
        if (compare(soughtKey, soughtLength, soughtRank) > 0) {
            rewind();
            return false;
        }
        int floor = at;
        int restart = low;
        while (next < end) {
            int before = at;
            next();
            if (compare(soughtKey, soughtLength, soughtRank) > 0) {
                // One too far: go back to it from the last restart.
                goTo(restart, before);
                return true;
            }
            floor = at;
        }
        assert floor == at;
        return true;
    }

    private void goTo(int restart, int entry) {
        next = SortedBlock.restart(block, end, restart);
        do {
            if (!next()) {
                throw bad("no entry at " + entry + " behind restart " + restart);
            }
        } while (at < entry);
    }

    /** Moves to the entry before the present one; false if that is the first, and then the position is before it. */
    boolean previous() {
        if (at <= 0) {
            rewind();
            return false;
        }
        int target = at;
        int low = 0;
        int high = SortedBlock.restarts(block) - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (SortedBlock.restart(block, end, middle) < target) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        next = SortedBlock.restart(block, end, low);
        if (!next() || at >= target) {
            throw bad("restart " + low + " lies behind the entry at " + target);
        }
        while (next < target) {
            next();
        }
        return true;
    }

    /** Moves to the last entry. */
    void last() {
        next = SortedBlock.restart(block, end, SortedBlock.restarts(block) - 1);
        if (!next()) {
            throw bad("the last restart lies behind the entries");
        }
        boolean more = true;
        while (more) {
            more = next();
        }
    }

    private int compareRestart(int index, byte[] soughtKey, int soughtLength, long soughtRank) {
        int saved = cursor;
        try {
            cursor = SortedBlock.restart(block, end, index) + 1;
            int shared = (int) varint();
            int length = (int) varint();
            int from = cursor;
            if (shared != 0 || length < 0 || length > end - from) {
                throw bad("restart " + index + " shares " + shared + " bytes and has " + length);
            }
            cursor += length;
            int order = Arrays.compareUnsigned(block, from, from + length, soughtKey, 0, soughtLength);
            int result = order != 0 ? order : Long.compare(varint(), soughtRank);
            cursor = saved;
            return result;
        } catch (IndexOutOfBoundsException e) {
            throw bad("restart " + index + " reaches out of the block");
        }
    }

    private void decode() {
        try {
            cursor = at;
            head = block[cursor++];
            if ((head & SortedBlock.SAME) != 0) {
                sameKey = true;
                rank += varint();
            } else {
                int shared = (int) varint();
                int rest = (int) varint();
                if (shared < 0 || shared > keyLength || rest < 0 || rest > end - cursor) {
                    throw bad("entry shares " + shared + " of " + keyLength + " bytes and has " + rest);
                }
                if (key.length < shared + rest) {
                    key = Arrays.copyOf(key, Math.max(shared + rest, 2 * key.length));
                }
                // Without the flag a key goes on only at a restart, which spells it out.
                sameKey = shared == 0 && rest == keyLength && Arrays.equals(block, cursor, cursor + rest, key, 0, rest);
                System.arraycopy(block, cursor, key, shared, rest);
                cursor += rest;
                keyLength = shared + rest;
                rank = varint();
            }
            switch (head & SortedBlock.KIND_MASK) {
                case StepKind.PASS, StepKind.TOMBSTONE -> valueLength = 0;
                case StepKind.VALUE -> decodeValue();
                case StepKind.RESUME -> decodeResumed(varint());
                case StepKind.LARGE -> {
                    largeLength = varint();
                    largeOffset = varint();
                    largeSize = (int) varint();
                    largeHash = (long) LONGS.get(block, cursor);
                    cursor += Long.BYTES;
                    valueLength = 0;
                }
                default -> throw bad("kind " + (head & SortedBlock.KIND_MASK) + " is not known");
            }
            if ((head & SortedBlock.RESERVED) != 0) {
                throw bad("reserved bits of an entry are set: " + Integer.toHexString(head & 0xff));
            }
            next = cursor;
        } catch (IndexOutOfBoundsException e) {
            throw bad("an entry reaches out of the block");
        }
    }

    private void decodeValue() {
        int length = (int) varint();
        if (length < 0 || length > end - cursor) {
            throw bad("a value of " + length + " bytes, " + (end - cursor) + " left");
        }
        valueAt = cursor;
        valueLength = length;
        cursor += length;
    }

    private void decodeResumed(long distance) {
        int behind = cursor;
        if (distance < 1 || distance > at) {
            throw bad("a resume " + distance + " bytes back");
        }
        cursor = (int) (at - distance);
        int target = block[cursor++];
        if ((target & SortedBlock.SAME) == 0) {
            varint();
            int rest = (int) varint();
            cursor += rest;
        }
        varint();
        if ((target & SortedBlock.KIND_MASK) != StepKind.VALUE) {
            throw bad("a resume of kind " + (target & SortedBlock.KIND_MASK));
        }
        decodeValue();
        cursor = behind;
    }

    private long varint() {
        long value = block[cursor++];
        if (value >= 0) {
            return value;
        }
        value &= 0x7f;
        for (int shift = 7; shift < 64; shift += 7) {
            long b = block[cursor++];
            value |= (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
        throw bad("a varint of more than 10 bytes");
    }

    private StorageException bad(String what) {
        return StorageException.damaged("extent " + extent + " offset " + offset + ", entry at " + at, what);
    }
}
