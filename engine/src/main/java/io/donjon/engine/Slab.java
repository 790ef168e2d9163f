package io.donjon.engine;

import java.nio.ByteBuffer;

/**
 * A flat piece of memory of fixed size. One thread writes; others may read what was published to them by
 * {@link #putIntRelease}. Positions and values come from the engine itself, never from a disk.
 */
interface Slab {
    int getInt(int at);

    void putInt(int at, int value);

    long getLong(int at);

    void putLong(int at, long value);

    /** Reads an int and sees everything that was written before it was put by {@link #putIntRelease}. */
    int getIntAcquire(int at);

    void putIntRelease(int at, int value);

    void get(int at, byte[] into, int offset, int length);

    void put(int at, ByteBuffer from, int position, int length);

    void put(int at, byte[] from, int position, int length);

    /** Compares bytes of the slab with bytes of an array, as unsigned bytes, the shorter first among equals. */
    int compare(int at, int length, byte[] other, int offset, int otherLength);

    /** Gives the memory back. Nobody may read any more. */
    void free();
}
