package io.donjon.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the write buffer relies on, of every kind of slab. */
class SlabContractTest {
    private static final int BYTES = 1 << 12;

    static Stream<Arguments> slabs() {
        return Stream.of(
                Arguments.of("heap", (IntFunction<Slab>) HeapSlab::new),
                Arguments.of("chronicle", (IntFunction<Slab>) ChronicleSlab::new));
    }

    @Test
    void chronicleServesHere() {
        assertTrue(ChronicleSlab.isAvailable());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("slabs")
    void numbersComeBackWhereverTheyLie(String name, IntFunction<Slab> make) {
        SplittableRandom random = new SplittableRandom(1);
        Slab slab = make.apply(BYTES);
        for (int round = 0; round < 10_000; round++) {
            int at = random.nextInt(BYTES / 8 - 1) * 8;
            long word = random.nextLong();
            slab.putLong(at, word);
            slab.putInt(at + 8, (int) word);
            assertEquals(word, slab.getLong(at));
            assertEquals((int) word, slab.getInt(at + 8));
            slab.putIntRelease(at, ~(int) word);
            assertEquals(~(int) word, slab.getIntAcquire(at));
            assertEquals((int) word, slab.getInt(at + 8));
        }
        slab.free();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("slabs")
    void bytesComeBackFromAnyBuffer(String name, IntFunction<Slab> make) {
        SplittableRandom random = new SplittableRandom(2);
        Slab slab = make.apply(BYTES);
        byte[] model = new byte[BYTES];
        slab.put(0, model, 0, BYTES);
        for (int round = 0; round < 2_000; round++) {
            int length = random.nextInt(40);
            int at = random.nextInt(BYTES - length);
            byte[] bytes = new byte[length + 7];
            random.nextBytes(bytes);
            int offset = random.nextInt(8);
            System.arraycopy(bytes, offset, model, at, length);
            ByteBuffer buffer = switch (round % 4) {
                case 0 -> ByteBuffer.wrap(bytes);
                case 1 -> ByteBuffer.wrap(bytes).asReadOnlyBuffer();
                case 2 -> ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
                default ->
                    ByteBuffer.allocateDirect(bytes.length + 3)
                            .position(3)
                            .slice()
                            .put(bytes)
                            .flip();
            };
            buffer.order(random.nextBoolean() ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
            if (random.nextInt(5) == 0) {
                slab.put(at, bytes, offset, length);
            } else {
                slab.put(at, buffer, offset, length);
            }
            byte[] back = new byte[length + 4];
            slab.get(at, back, 2, length);
            assertArrayEquals(
                    Arrays.copyOfRange(bytes, offset, offset + length), Arrays.copyOfRange(back, 2, 2 + length));
        }
        byte[] all = new byte[BYTES];
        slab.get(0, all, 0, BYTES);
        assertArrayEquals(model, all);
        slab.free();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("slabs")
    void bytesCompareAsUnsignedAndTheShorterFirst(String name, IntFunction<Slab> make) {
        SplittableRandom random = new SplittableRandom(3);
        Slab slab = make.apply(BYTES);
        for (int round = 0; round < 20_000; round++) {
            byte[] mine = new byte[random.nextInt(30)];
            random.nextBytes(mine);
            byte[] other = Arrays.copyOf(mine, random.nextInt(30));
            if (other.length > 0 && random.nextInt(3) > 0) {
                other[random.nextInt(other.length)] ^= (byte) (1 << random.nextInt(8));
            }
            int at = random.nextInt(BYTES - 30);
            slab.put(at, mine, 0, mine.length);
            byte[] padded = new byte[other.length + 5];
            System.arraycopy(other, 0, padded, 4, other.length);
            assertEquals(
                    Integer.signum(Arrays.compareUnsigned(mine, other)),
                    Integer.signum(slab.compare(at, mine.length, padded, 4, other.length)),
                    Arrays.toString(mine) + " " + Arrays.toString(other));
        }
        slab.free();
    }
}
