package io.donjon.engine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A key together with its tree: eight bytes of the tree's id, big-endian, and the user's key, so that full keys compare
 * as unsigned bytes (docs/format.md section 5). Reused: one thread at a time.
 */
final class FullKey {
    /** Bytes of the tree's id before the user's key. */
    static final int TREE_BYTES = Long.BYTES;

    /** The longest user's key. */
    static final int KEY_BYTES_MAX = 65_535;

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private byte[] bytes = new byte[64];
    private int length;
    private long hash;
    private boolean hashed;

    /** Takes a tree and what remains in a buffer, whose position is not moved. */
    FullKey set(long tree, ByteBuffer key) {
        int keyBytes = key.remaining();
        begin(tree, keyBytes);
        key.get(key.position(), bytes, TREE_BYTES, keyBytes);
        return this;
    }

    /** Takes a tree and a key. */
    FullKey set(long tree, byte[] key) {
        begin(tree, key.length);
        System.arraycopy(key, 0, bytes, TREE_BYTES, key.length);
        return this;
    }

    /** Takes a full key. */
    FullKey setFull(byte[] from, int offset, int fullLength) {
        if (bytes.length < fullLength) {
            bytes = new byte[Math.max(fullLength, 2 * bytes.length)];
        }
        System.arraycopy(from, offset, bytes, 0, fullLength);
        length = fullLength;
        hashed = false;
        return this;
    }

    private void begin(long tree, int keyBytes) {
        length = TREE_BYTES + keyBytes;
        if (bytes.length < length) {
            bytes = new byte[Math.max(length, 2 * bytes.length)];
        }
        LONGS.set(bytes, 0, tree);
        hashed = false;
    }

    long tree() {
        return (long) LONGS.get(bytes, 0);
    }

    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }

    /** Its hash, the same for as long as stores are read. */
    long hash() {
        if (!hashed) {
            hash = XxHash64.hash(bytes, 0, length);
            hashed = true;
        }
        return hash;
    }

    int compareTo(byte[] other, int offset, int otherLength) {
        return Arrays.compareUnsigned(bytes, 0, length, other, offset, offset + otherLength);
    }

    /** The first eight bytes of a user's key, filled up with zeros: an unsigned number that sorts as the key does. */
    static long prefix(byte[] full, int fullLength) {
        int keyBytes = fullLength - TREE_BYTES;
        if (keyBytes >= Long.BYTES) {
            return (long) LONGS.get(full, TREE_BYTES);
        }
        long prefix = 0;
        for (int i = 0; i < keyBytes; i++) {
            prefix |= (full[TREE_BYTES + i] & 0xffL) << (56 - 8 * i);
        }
        return prefix;
    }

    /** Puts the first eight bytes of a user's key into a full key that has room for eight. */
    static void putPrefix(byte[] full, long prefix) {
        LONGS.set(full, TREE_BYTES, prefix);
    }

    static void putTree(byte[] full, long tree) {
        LONGS.set(full, 0, tree);
    }

    static long treeOf(byte[] full) {
        return (long) LONGS.get(full, 0);
    }
}
