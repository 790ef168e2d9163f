package io.donjon.extents;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * CRC-32C over a seed of two numbers and then bytes. The seed says where the bytes belong (extent and offset, segment and
 * offset), so that a sound block in the wrong place and an empty sector both fail (docs/format.md, conventions).
 *
 * <p>One thread at a time: an instance is kept by whoever computes many.
 */
public final class Checksums {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private final CRC32C crc = new CRC32C();
    private final byte[] seed = new byte[2 * Long.BYTES];

    /** Begins a checksum that is seeded with two numbers. */
    public Checksums begin(long first, long second) {
        LONGS.set(seed, 0, first);
        LONGS.set(seed, Long.BYTES, second);
        crc.reset();
        crc.update(seed, 0, seed.length);
        return this;
    }

    /** Goes on over bytes. */
    public Checksums add(byte[] bytes, int from, int length) {
        crc.update(bytes, from, length);
        return this;
    }

    /** Goes on over what remains in a buffer, whose position is not moved. */
    public Checksums add(ByteBuffer bytes) {
        int position = bytes.position();
        crc.update(bytes);
        bytes.position(position);
        return this;
    }

    /** The checksum of all since {@link #begin}. */
    public int value() {
        return (int) crc.getValue();
    }
}
