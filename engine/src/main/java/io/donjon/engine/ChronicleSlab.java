package io.donjon.engine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.logging.Level;
import java.util.logging.Logger;
import net.openhft.chronicle.bytes.BytesStore;

/**
 * A slab outside of the Java heap, by chronicle-bytes in the subset that needs no JVM flags. Its accesses are not
 * checked against its bounds, which is why no position ever comes from a disk; after {@link #free} they fail.
 */
final class ChronicleSlab implements Slab {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final boolean LITTLE_ENDIAN = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

    /**
     * Held for good, since the level of a logger that nobody holds is forgotten. Chronicle warns there of a flag which only
     * its wrapping of direct buffers needs; no slab does that.
     */
    private static final Logger CLEANER_LOG =
            Logger.getLogger("net.openhft.chronicle.core.internal.cleaner.ReflectionBasedByteBufferCleanerService");

    static {
        CLEANER_LOG.setLevel(Level.OFF);
    }

    private final BytesStore<?, ?> bytes;

    ChronicleSlab(int size) {
        this.bytes = BytesStore.nativeStoreWithFixedCapacity(size);
    }

    /** Whether such slabs work on this JVM. */
    static boolean isAvailable() {
        try {
            ChronicleSlab slab = new ChronicleSlab(64);
            slab.putLong(8, 42);
            slab.putIntRelease(16, 43);
            boolean right = slab.getLong(8) == 42 && slab.getIntAcquire(16) == 43;
            slab.free();
            return right;
        } catch (RuntimeException | LinkageError denied) {
            // Unsafe memory access can be switched off (--sun-misc-unsafe-memory-access=deny): the heap serves then.
            return false;
        }
    }

    @Override
    public int getInt(int at) {
        return bytes.readInt(at);
    }

    @Override
    public void putInt(int at, int value) {
        bytes.writeInt(at, value);
    }

    @Override
    public long getLong(int at) {
        return bytes.readLong(at);
    }

    @Override
    public void putLong(int at, long value) {
        bytes.writeLong(at, value);
    }

    @Override
    public int getIntAcquire(int at) {
        return bytes.readVolatileInt(at);
    }

    @Override
    public void putIntRelease(int at, int value) {
        bytes.writeOrderedInt(at, value);
    }

    @Override
    public void get(int at, byte[] into, int offset, int length) {
        bytes.read(at, into, offset, length);
    }

    @Override
    public void put(int at, ByteBuffer from, int position, int length) {
        if (from.hasArray()) {
            put(at, from.array(), from.arrayOffset() + position, length);
        } else {
            putWithoutArray(at, from, position, length);
        }
    }

    @Override
    public void put(int at, byte[] from, int position, int length) {
        bytes.write(at, from, position, length);
    }

    /** Chronicle takes no read-only buffers, and direct ones only where the JVM was started with flags. */
    private void putWithoutArray(int at, ByteBuffer from, int position, int length) {
        boolean swap = from.order() != ByteOrder.nativeOrder();
        int i = 0;
        for (; i + Long.BYTES <= length; i += Long.BYTES) {
            long word = from.getLong(position + i);
            bytes.writeLong(at + i, swap ? Long.reverseBytes(word) : word);
        }
        for (; i < length; i++) {
            bytes.writeByte(at + i, from.get(position + i));
        }
    }

    @Override
    public int compare(int at, int length, byte[] other, int offset, int otherLength) {
        int common = Math.min(length, otherLength);
        int i = 0;
        for (; i + Long.BYTES <= common; i += Long.BYTES) {
            long word = bytes.readLong(at + i);
            long mine = LITTLE_ENDIAN ? Long.reverseBytes(word) : word;
            long theirs = (long) LONGS.get(other, offset + i);
            if (mine != theirs) {
                return Long.compareUnsigned(mine, theirs);
            }
        }
        for (; i < common; i++) {
            int difference = (bytes.readByte(at + i) & 0xff) - (other[offset + i] & 0xff);
            if (difference != 0) {
                return difference;
            }
        }
        return length - otherLength;
    }

    @Override
    public void free() {
        bytes.releaseLast();
    }
}
