package io.donjon.engine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * XXH64 with seed 0, after its specification (Yann Collet, XXH64 algorithm description). It stands in filters, key
 * samples and large values on disk, so it never changes.
 */
final class XxHash64 {
    private static final long P1 = 0x9E3779B185EBCA87L;
    private static final long P2 = 0xC2B2AE3D27D4EB4FL;
    private static final long P3 = 0x165667B19E3779F9L;
    private static final long P4 = 0x85EBCA77C2B2AE63L;
    private static final long P5 = 0x27D4EB2F165667C5L;

    /** P1 + P2, modulo 2^64. */
    private static final long P1_P2 = 0x60EA27EEADC0B5D6L;

    private static final int STRIPE = 32;

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private XxHash64() {}

    static long hash(byte[] bytes, int from, int length) {
        int at = from;
        int end = from + length;
        long h;
        if (length >= STRIPE) {
            long a = P1_P2;
            long b = P2;
            long c = 0;
            long d = -P1;
            for (; at <= end - STRIPE; at += STRIPE) {
                a = round(a, (long) LONGS.get(bytes, at));
                b = round(b, (long) LONGS.get(bytes, at + 8));
                c = round(c, (long) LONGS.get(bytes, at + 16));
                d = round(d, (long) LONGS.get(bytes, at + 24));
            }
            h = Long.rotateLeft(a, 1) + Long.rotateLeft(b, 7) + Long.rotateLeft(c, 12) + Long.rotateLeft(d, 18);
            h = merge(merge(merge(merge(h, a), b), c), d);
        } else {
            h = P5;
        }
        h += length;
        for (; at <= end - Long.BYTES; at += Long.BYTES) {
            h = Long.rotateLeft(h ^ round(0, (long) LONGS.get(bytes, at)), 27) * P1 + P4;
        }
        if (at <= end - Integer.BYTES) {
            h = Long.rotateLeft(h ^ ((int) INTS.get(bytes, at) & 0xffff_ffffL) * P1, 23) * P2 + P3;
            at += Integer.BYTES;
        }
        for (; at < end; at++) {
            h = Long.rotateLeft(h ^ (bytes[at] & 0xffL) * P5, 11) * P1;
        }
        h = (h ^ (h >>> 33)) * P2;
        h = (h ^ (h >>> 29)) * P3;
        return h ^ (h >>> 32);
    }

    private static long round(long lane, long word) {
        return Long.rotateLeft(lane + word * P2, 31) * P1;
    }

    private static long merge(long h, long lane) {
        return (h ^ round(0, lane)) * P1 + P4;
    }
}
