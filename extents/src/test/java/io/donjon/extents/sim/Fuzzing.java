package io.donjon.extents.sim;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Feeds a parser with bytes that are almost right. Nothing but declared exceptions may come out of it, and it may not
 * allocate by a length that it has not compared with what is there.
 *
 * <p>{@code -Dfuzz.rounds=100000} tries more; the seed and the input of a failure are in its message.
 */
public final class Fuzzing {
    private static final int ROUNDS = Integer.getInteger("fuzz.rounds", 4000);

    /** More than any block unpacks to, with room for what an exception takes. */
    private static final long BYTES_MAX = 4 << 20;

    private static final int BYTES_MAX_PER_INPUT_BYTE = 256;

    /** Lengths and counts that parsers trip over. */
    private static final long[] TELLING = {
        0,
        1,
        -1,
        0x7f,
        0x80,
        0xff,
        0x7fff,
        0xffff,
        0x10000,
        Integer.MAX_VALUE,
        Integer.MIN_VALUE,
        Long.MAX_VALUE,
        1L << 62
    };

    private Fuzzing() {}

    /** A parser of bytes that nobody vouches for. */
    @FunctionalInterface
    public interface Parser {
        /** Takes an input, or throws. */
        void parse(byte[] input) throws Exception;
    }

    /** Tries valid inputs, which must pass, and many that were made from them. */
    public static void fuzz(String name, List<byte[]> valid, Class<? extends Exception> declared, Parser parser)
            throws Exception {
        for (byte[] input : valid) {
            parser.parse(input.clone());
        }
        SplittableRandom random = new SplittableRandom(name.hashCode());
        for (int round = 0; round < ROUNDS; round++) {
            byte[] input = mutated(valid, random);
            try {
                once(input.clone(), declared, parser);
            } catch (Exception | StackOverflowError | AssertionError e) {
                throw new AssertionError(
                        name + ", round " + round + ": " + HexFormat.of().formatHex(input), e);
            }
        }
    }

    private static void once(byte[] input, Class<? extends Exception> declared, Parser parser) throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long self = Thread.currentThread().getId();
        long before = threads.getThreadAllocatedBytes(self);
        try {
            parser.parse(input);
        } catch (Exception e) {
            if (!declared.isInstance(e)) {
                throw e;
            }
        }
        long taken = threads.getThreadAllocatedBytes(self) - before;
        if (taken > BYTES_MAX + (long) BYTES_MAX_PER_INPUT_BYTE * input.length) {
            throw new AssertionError(taken + " bytes were allocated for an input of " + input.length);
        }
    }

    private static byte[] mutated(List<byte[]> valid, SplittableRandom random) {
        byte[] bytes = valid.get(random.nextInt(valid.size())).clone();
        for (int times = 1 + random.nextInt(4); times > 0; times--) {
            int at = random.nextInt(bytes.length + 1);
            int length = random.nextInt(1 + Math.min(32, bytes.length - at));
            switch (random.nextInt(8)) {
                case 0 -> bytes = spliced(bytes, at, length, new byte[0]);
                case 1 -> bytes = spliced(bytes, at, 0, Arrays.copyOfRange(bytes, at, at + length));
                case 2 -> bytes = Arrays.copyOf(bytes, at);
                case 3 -> bytes = spliced(bytes, at, length, varint(TELLING[random.nextInt(TELLING.length)]));
                case 4 -> {
                    byte[] other = valid.get(random.nextInt(valid.size()));
                    int from = random.nextInt(other.length + 1);
                    bytes = spliced(
                            bytes, at, length, Arrays.copyOfRange(other, from, Math.min(other.length, from + 64)));
                }
                case 5 -> {
                    byte[] wide = fixed(TELLING[random.nextInt(TELLING.length)], 1 << random.nextInt(4));
                    System.arraycopy(wide, 0, bytes, at, Math.min(wide.length, bytes.length - at));
                }
                default -> {
                    if (at < bytes.length) {
                        bytes[at] ^= (byte) (random.nextBoolean() ? 1 << random.nextInt(8) : random.nextInt(256));
                    }
                }
            }
        }
        return bytes;
    }

    private static byte[] spliced(byte[] bytes, int at, int length, byte[] into) {
        byte[] all = new byte[bytes.length - length + into.length];
        System.arraycopy(bytes, 0, all, 0, at);
        System.arraycopy(into, 0, all, at, into.length);
        System.arraycopy(bytes, at + length, all, at + into.length, bytes.length - at - length);
        return all;
    }

    private static byte[] varint(long value) {
        byte[] bytes = new byte[10];
        int length = 0;
        long left = value;
        while ((left & ~0x7fL) != 0) {
            bytes[length++] = (byte) (left | 0x80);
            left >>>= 7;
        }
        bytes[length++] = (byte) left;
        return Arrays.copyOf(bytes, length);
    }

    private static byte[] fixed(long value, int width) {
        byte[] bytes = new byte[width];
        for (int i = 0; i < width; i++) {
            bytes[i] = (byte) (value >>> (8 * (width - 1 - i)));
        }
        return bytes;
    }
}
