package io.donjon.extents.sim;

import com.sun.management.ThreadMXBean;
import io.donjon.extents.StorageException;
import java.lang.management.ManagementFactory;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Feeds parsers with bytes that are almost right. Nothing but declared exceptions may come out of one, and it may not
 * allocate by a length that it has not compared with what is there.
 *
 * <p>{@link #replay} is for the default run: the inputs that were found worth keeping, which stand under {@code corpus}
 * in the test resources, and a seeded round of changes to them. {@code -Dfuzz.rounds=100000} tries more; a failure's
 * message has its input. {@code tools/fuzz} lets Jazzer look for more (CONTRIBUTING.md).
 */
public final class Fuzzing {
    private static final int ROUNDS = Integer.getInteger("fuzz.rounds", 1000);

    /** What a parser may take whatever it is given: more than any block unpacks to. */
    private static final int BYTES_MAX = 1 << 20;

    /** What it may take besides for each byte of its input: the smallest things are objects in memory. */
    private static final int BYTES_MAX_PER_INPUT_BYTE = 64;

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

    /** A parser of bytes that nobody vouches for, and what to try it with. A constant of an enum. */
    public interface Target {
        /** What it is called; its corpus is in a folder of that name. */
        String name();

        /** Inputs that it must take. */
        List<byte[]> valid() throws Exception;

        /**
         * Takes an input, or throws.
         *
         * @throws AssertionError if it takes it for something else than what it is
         */
        void parse(byte[] input) throws Exception;

        /** Whether an exception is a proper answer to bad bytes. */
        default boolean isDeclared(Exception e) {
            return e instanceof StorageException known
                    && (known.kind() == StorageException.Kind.DAMAGED || known.kind() == StorageException.Kind.TOO_NEW);
        }

        /** How many times longer than others it takes, so that fewer rounds have to do. */
        default int slowness() {
            return 1;
        }

        /** What it may allocate besides, for what it is built into. */
        default int bytesBesides() {
            return 0;
        }
    }

    /** Tries valid inputs, which must pass, those of the corpus, and many that were made from all these. */
    public static void replay(Target target) throws Exception {
        List<byte[]> all = new ArrayList<>();
        for (byte[] input : target.valid()) {
            target.parse(input.clone());
            all.add(input);
        }
        for (Path file : corpus(target)) {
            byte[] input = Files.readAllBytes(file);
            named(target, file.getFileName().toString(), input);
            all.add(input);
        }
        SplittableRandom random = new SplittableRandom(target.name().hashCode());
        for (int round = 0; round < ROUNDS / target.slowness(); round++) {
            named(target, "round " + round, mutated(all, random));
        }
    }

    private static List<Path> corpus(Target target) throws Exception {
        URL folder = target.getClass().getResource("/corpus/" + target.name());
        if (folder == null) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(Path.of(folder.toURI()))) {
            return files.sorted().toList();
        }
    }

    private static void named(Target target, String name, byte[] input) {
        try {
            once(target, input);
        } catch (Exception | StackOverflowError | AssertionError e) {
            throw new AssertionError(
                    target.name() + ", " + name + ": " + HexFormat.of().formatHex(input), e);
        }
    }

    /** Tries one input. */
    public static void once(Target target, byte[] input) throws Exception {
        long most = BYTES_MAX + target.bytesBesides() + (long) BYTES_MAX_PER_INPUT_BYTE * input.length;
        // Twice, since the first time classes may have been loaded.
        if (bytesTaken(target, input.clone()) > most) {
            long taken = bytesTaken(target, input.clone());
            if (taken > most) {
                throw new AssertionError(taken + " bytes were allocated for an input of " + input.length);
            }
        }
    }

    private static long bytesTaken(Target target, byte[] input) throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long self = Thread.currentThread().getId();
        long before = threads.getThreadAllocatedBytes(self);
        try {
            target.parse(input);
        } catch (Exception e) {
            if (!target.isDeclared(e)) {
                throw e;
            }
        }
        return threads.getThreadAllocatedBytes(self) - before;
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
