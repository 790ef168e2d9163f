package io.donjon.engine;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Memory of a write buffer: it grows, and is freed as a whole. An address is a multiple of 8 bytes, divided by 8, so that
 * an int spans 16 GiB; 0 is no address. Long values get slabs of their own, with negative addresses.
 *
 * <p>One thread allocates and writes. Others read what was published to them after it was written.
 */
final class Arena {
    /** What is longer gets a slab of its own. */
    static final int INLINE_BYTES_MAX = 64 << 10;

    private static final int SLAB_UNITS = SlabPool.SLAB_BYTES / Long.BYTES;
    private static final int SLAB_SHIFT = Integer.numberOfTrailingZeros(SLAB_UNITS);

    private final SlabPool pool;
    private Slab[] slabs = new Slab[16];
    private int count;
    private int usedUnits = SLAB_UNITS;
    private Slab[] large = new Slab[4];
    private int largeCount;
    private final AtomicLong bytes = new AtomicLong();

    /** Bytes handed out, or lost at the end of a slab; the writer's. */
    private long used;

    Arena(SlabPool pool) {
        this.pool = pool;
    }

    /** Memory taken, in bytes: whole slabs. */
    long bytes() {
        return bytes.get();
    }

    /** Memory handed out, or lost at the end of a slab, in bytes; for the thread that allocates. */
    long used() {
        return used;
    }

    /** Room for that many bytes, at most a slab, at an address. What is in it is undefined. */
    int allocate(int size) {
        int units = (size + Long.BYTES - 1) / Long.BYTES;
        if (usedUnits + units > SLAB_UNITS) {
            if (count == slabs.length) {
                slabs = Arrays.copyOf(slabs, 2 * count);
            }
            // Counted only once it is there: there may be no memory for it.
            slabs[count] = pool.take();
            count++;
            bytes.addAndGet(SlabPool.SLAB_BYTES);
            // What did not fit behind is lost. Address 0 is none.
            used += (long) (SLAB_UNITS - usedUnits) * Long.BYTES;
            usedUnits = count == 1 ? 1 : 0;
        }
        int address = (count - 1) * SLAB_UNITS + usedUnits;
        usedUnits += units;
        used += (long) units * Long.BYTES;
        return address;
    }

    /** Room for a long value, at a negative address. */
    int allocateLarge(int size) {
        if (largeCount == large.length) {
            large = Arrays.copyOf(large, 2 * largeCount);
        }
        large[largeCount] = pool.takeLarge(size);
        largeCount++;
        bytes.addAndGet(size);
        used += size;
        return -largeCount;
    }

    int getInt(int address, int offset) {
        return slab(address).getInt(at(address) + offset);
    }

    void putInt(int address, int offset, int value) {
        slab(address).putInt(at(address) + offset, value);
    }

    long getLong(int address, int offset) {
        return slab(address).getLong(at(address) + offset);
    }

    void putLong(int address, int offset, long value) {
        slab(address).putLong(at(address) + offset, value);
    }

    int getIntAcquire(int address, int offset) {
        return slab(address).getIntAcquire(at(address) + offset);
    }

    void putIntRelease(int address, int offset, int value) {
        slab(address).putIntRelease(at(address) + offset, value);
    }

    int compare(int address, int offset, int length, byte[] other, int from, int otherLength) {
        return slab(address).compare(at(address) + offset, length, other, from, otherLength);
    }

    /** Bytes at an address, that of a long value too. */
    void get(int address, int offset, byte[] into, int from, int length) {
        if (address < 0) {
            large[-address - 1].get(offset, into, from, length);
        } else {
            slab(address).get(at(address) + offset, into, from, length);
        }
    }

    /** Bytes to an address, that of a long value too. */
    void put(int address, int offset, ByteBuffer from, int position, int length) {
        if (address < 0) {
            large[-address - 1].put(offset, from, position, length);
        } else {
            slab(address).put(at(address) + offset, from, position, length);
        }
    }

    /** Bytes of an array to an address. */
    void put(int address, int offset, byte[] from, int position, int length) {
        slab(address).put(at(address) + offset, from, position, length);
    }

    private Slab slab(int address) {
        return slabs[address >>> SLAB_SHIFT];
    }

    private static int at(int address) {
        return (address & (SLAB_UNITS - 1)) * Long.BYTES;
    }

    /** Gives all memory back. Nobody may read any more. */
    void free() {
        for (int i = 0; i < count; i++) {
            pool.giveBack(slabs[i]);
        }
        for (int i = 0; i < largeCount; i++) {
            large[i].free();
        }
        count = 0;
        largeCount = 0;
        usedUnits = SLAB_UNITS;
    }
}
