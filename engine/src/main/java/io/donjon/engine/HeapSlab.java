package io.donjon.engine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** A slab in the Java heap, for where memory outside of it cannot be had. */
final class HeapSlab implements Slab {
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.nativeOrder());
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

    private final byte[] bytes;

    HeapSlab(int size) {
        this.bytes = new byte[size];
    }

    @Override
    public int getInt(int at) {
        return (int) INTS.get(bytes, at);
    }

    @Override
    public void putInt(int at, int value) {
        INTS.set(bytes, at, value);
    }

    @Override
    public long getLong(int at) {
        return (long) LONGS.get(bytes, at);
    }

    @Override
    public void putLong(int at, long value) {
        LONGS.set(bytes, at, value);
    }

    @Override
    public int getIntAcquire(int at) {
        // Views of byte arrays have no acquiring access from JDK 22 on; a plain one is whole, since ints are aligned.
        int value = (int) INTS.get(bytes, at);
        VarHandle.acquireFence();
        return value;
    }

    @Override
    public void putIntRelease(int at, int value) {
        VarHandle.releaseFence();
        INTS.set(bytes, at, value);
    }

    @Override
    public void get(int at, byte[] into, int offset, int length) {
        System.arraycopy(bytes, at, into, offset, length);
    }

    @Override
    public void put(int at, ByteBuffer from, int position, int length) {
        from.get(position, bytes, at, length);
    }

    @Override
    public void put(int at, byte[] from, int position, int length) {
        System.arraycopy(from, position, bytes, at, length);
    }

    @Override
    public int compare(int at, int length, byte[] other, int offset, int otherLength) {
        return Arrays.compareUnsigned(bytes, at, at + length, other, offset, offset + otherLength);
    }

    @Override
    public void free() {}
}
