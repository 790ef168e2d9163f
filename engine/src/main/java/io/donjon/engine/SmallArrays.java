package io.donjon.engine;

import java.nio.ByteBuffer;

/**
 * A caller's small arrays as buffers, without a buffer being made for each: they are copied into two that the thread
 * keeps. For what is longer than those a new buffer is small beside what is done with it.
 */
final class SmallArrays {
    private static final int BYTES_MAX = 4 << 10;

    private static final ThreadLocal<SmallArrays> OF_THREAD = ThreadLocal.withInitial(SmallArrays::new);

    private final ByteBuffer key = ByteBuffer.allocate(BYTES_MAX);
    private final ByteBuffer value = ByteBuffer.allocate(BYTES_MAX);

    private SmallArrays() {}

    /** Those of the calling thread. */
    static SmallArrays get() {
        return OF_THREAD.get();
    }

    /** A buffer with a key, until the next call. */
    ByteBuffer key(byte[] bytes) {
        return filled(key, bytes);
    }

    /** A buffer with a value, until the next call. */
    ByteBuffer value(byte[] bytes) {
        return filled(value, bytes);
    }

    private static ByteBuffer filled(ByteBuffer kept, byte[] bytes) {
        return bytes.length <= BYTES_MAX ? kept.clear().put(bytes).flip() : ByteBuffer.wrap(bytes);
    }
}
