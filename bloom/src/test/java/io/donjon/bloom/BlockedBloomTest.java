package io.donjon.bloom;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class BlockedBloomTest {
    /** 20 fixed seeds on every build; {@code -Dseed=17} replays one. */
    static LongStream seeds() {
        Long one = Long.getLong("seed");
        return one == null ? LongStream.range(0, 20) : LongStream.of(one);
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void everyAddedKeyIsFound(long seed) {
        var random = new SplittableRandom(seed);
        for (int keys : new int[] {1, 2, 3, 50, 51, 52, 1000, 1 + random.nextInt(20_000)}) {
            int bitsPerKey = random.nextInt(1, BlockedBloom.BITS_PER_KEY_MAX + 1);
            long[] hashes = random.longs(keys).toArray();
            byte[] filter = filter(bitsPerKey, hashes);
            for (long hash : hashes) {
                assertTrue(
                        BlockedBloom.mightContain(filter, 0, filter.length, hash),
                        () -> "0x%016x of %d keys at %d bits".formatted(hash, keys, bitsPerKey));
            }
        }
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void aFilterOfNoKeysContainsNothing(long seed) {
        byte[] filter = filter(BlockedBloom.DEFAULT_BITS_PER_KEY);
        assertEquals(0, BlockedBloom.keys(filter, 0));
        var random = new SplittableRandom(seed);
        for (int i = 0; i < 1000; i++) {
            long hash = random.nextLong();
            assertFalse(BlockedBloom.mightContain(filter, 0, filter.length, hash), () -> "0x%016x".formatted(hash));
        }
    }

    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void aFilterAnswersAlikeWhereverItLies(long seed) {
        var random = new SplittableRandom(seed);
        byte[] filter = filter(10, random.longs(1 + random.nextInt(500)).toArray());
        int offset = random.nextInt(100);
        byte[] block = new byte[offset + filter.length + random.nextInt(100)];
        random.nextBytes(block);
        System.arraycopy(filter, 0, block, offset, filter.length);
        BlockedBloom.validate(block, offset, filter.length);
        assertEquals(BlockedBloom.keys(filter, 0), BlockedBloom.keys(block, offset));
        for (int i = 0; i < 5000; i++) {
            long hash = random.nextLong();
            assertEquals(
                    BlockedBloom.mightContain(filter, 0, filter.length, hash),
                    BlockedBloom.mightContain(block, offset, filter.length, hash),
                    () -> "0x%016x at %d".formatted(hash, offset));
        }
    }

    /** The format is released when this was committed: if the test fails, the format number must rise. */
    @Test
    void theBytesOfASmallFilterNeverChange() {
        long[] hashes =
                LongStream.range(0, 60).map(i -> (i + 1) * 0xd1342543de82ef95L).toArray();
        String expected = "010600000000003c030652486210295104046a0b8dd2a08859628984340e5161"
                + "98c0320684090edb320284a22162698008312240a00a46288020548384810921"
                + "4200c8155810009400010058125230a6200e87000052443c6150044a0dc81401"
                + "c4c1912d1d30402221044bb120229d0e1e22d06489a3602850ac20085608d097"
                + "4cd5030170b4a554";
        assertEquals(expected, HexFormat.of().formatHex(filter(10, hashes)));
    }

    /** The words of the class comment in plain arithmetic, to keep them true. */
    @ParameterizedTest(name = "seed={0}")
    @MethodSource("seeds")
    void aKeySetsTheBitsTheLayoutNames(long seed) {
        var random = new SplittableRandom(seed);
        int lines = 1 + random.nextInt(9);
        int probes = 1 + random.nextInt(16);
        long hash = random.nextLong();
        byte[] filter = new byte[8 + 64 * lines];
        BlockedBloom.writeHeader(filter, probes, 1);
        BlockedBloom.add(filter, hash);

        byte[] expected = new byte[8 + 64 * lines];
        expected[0] = 1;
        expected[1] = (byte) probes;
        expected[7] = 1;
        int line = (int) (((hash >>> 32) * lines) >>> 32);
        long x = hash & 0xffff_ffffL;
        for (int i = 0; i < probes; i++) {
            int bit = (int) (x >>> 23);
            expected[8 + 64 * line + bit / 8] |= (byte) (1 << (7 - bit % 8));
            x = x * 0x9e3779b9L & 0xffff_ffffL;
        }
        assertArrayEquals(expected, filter);

        // Each of these bits counts: without any one of them the key is absent.
        assertTrue(BlockedBloom.mightContain(filter, 0, filter.length, hash));
        for (int bit = 64; bit < 8 * filter.length; bit++) {
            byte[] damaged = filter.clone();
            damaged[bit / 8] &= (byte) ~(1 << bit % 8);
            assertEquals(Arrays.equals(damaged, filter), BlockedBloom.mightContain(damaged, 0, damaged.length, hash));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 64, 100, 1000})
    void keysSpreadOverTheLinesEvenly(int lines) {
        int keys = 200 * lines;
        int length = 8 + 64 * lines;
        int[] found = new int[lines];
        var random = new SplittableRandom(lines);
        for (int i = 0; i < keys; i++) {
            int at = BlockedBloom.lineAt(length, random.nextLong()) - 8;
            assertEquals(0, at % 64);
            found[at / 64]++;
        }
        double chiSquare = 0;
        for (int n : found) {
            chiSquare += (n - 200.0) * (n - 200.0) / 200;
        }
        // Mean lines - 1, deviation sqrt(2 lines): six deviations, and the skew of the smallest.
        assertTrue(chiSquare <= lines - 1 + 6 * Math.sqrt(2.0 * lines) + 10, "chi-square is " + chiSquare);
    }

    @Test
    void theSizeIsTheHeaderAndTheLinesThatTheBitsNeed() {
        assertEquals(72, BlockedBloom.bytesFor(0, 10));
        assertEquals(72, BlockedBloom.bytesFor(1, 10));
        assertEquals(72, BlockedBloom.bytesFor(64, 8));
        assertEquals(136, BlockedBloom.bytesFor(65, 8));
        assertEquals(8 + 64 * 19_532, BlockedBloom.bytesFor(1_000_000, 10));
    }

    @ParameterizedTest
    @CsvSource({
        "-1, 10, filter for -1 keys",
        "1, 0, '0 bits a key, outside 1..32'",
        "1, 33, '33 bits a key, outside 1..32'",
        "2147483647, 10, 'filter for 2147483647 keys at 10 bits each takes 2684354568 bytes, more than 2147483647'"
    })
    void impossibleSizesAreRefused(int keys, int bitsPerKey, String message) {
        var refusal = assertThrows(IllegalArgumentException.class, () -> BlockedBloom.bytesFor(keys, bitsPerKey));
        assertEquals(message, refusal.getMessage());
    }

    @ParameterizedTest
    @CsvSource({
        "00, 00, filter format is 0, not 1",
        "00, 02, filter format is 2, not 1",
        "00, ff, filter format is 255, not 1",
        "01, 00, filter has 0 probes, outside 1..16",
        "01, 11, filter has 17 probes, outside 1..16",
        "01, ff, filter has 255 probes, outside 1..16",
        "02, 80, filter has 0x8000 in its reserved bytes, not zero",
        "03, 01, filter has 0x0001 in its reserved bytes, not zero",
        "04, 80, filter has 2147483651 keys, more than 2147483647"
    })
    void aDamagedHeaderIsRefused(String at, String value, String first, String second) {
        byte[] block = new byte[100];
        System.arraycopy(filter(10, 1, 2, 3), 0, block, 28, 72);
        BlockedBloom.validate(block, 28, 72);
        block[28 + HexFormat.fromHexDigits(at)] = (byte) HexFormat.fromHexDigits(value);
        var refusal = assertThrows(IllegalArgumentException.class, () -> BlockedBloom.validate(block, 28, 72));
        assertEquals(first + ", " + second, refusal.getMessage());
    }

    @Test
    void aLengthThatIsNotTheHeaderAndWholeLinesIsRefused() {
        byte[] block = Arrays.copyOf(filter(10, 1, 2, 3), 300);
        for (int length = 0; length <= 300; length++) {
            int tried = length;
            if (length == 72 || length == 136 || length == 200 || length == 264) {
                assertDoesNotThrow(() -> BlockedBloom.validate(block, 0, tried));
            } else {
                var refusal =
                        assertThrows(IllegalArgumentException.class, () -> BlockedBloom.validate(block, 0, tried));
                assertEquals("filter of " + tried + " bytes, not 8 and one or more times 64", refusal.getMessage());
            }
        }
        assertThrows(IndexOutOfBoundsException.class, () -> BlockedBloom.validate(block, 229, 72));
        assertThrows(IndexOutOfBoundsException.class, () -> BlockedBloom.validate(block, -1, 72));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 6, 10, 14, 20, 32})
    void everyBuiltFilterIsValid(int bitsPerKey) {
        for (int keys : new int[] {0, 1, 2, 777}) {
            byte[] filter =
                    filter(bitsPerKey, new SplittableRandom(keys).longs(keys).toArray());
            assertEquals(BlockedBloom.bytesFor(keys, bitsPerKey), filter.length);
            assertEquals(keys, BlockedBloom.keys(filter, 0));
            BlockedBloom.validate(filter, 0, filter.length);
        }
    }

    static byte[] filter(int bitsPerKey, long... hashes) {
        var builder = new FilterBuilder(bitsPerKey);
        for (long hash : hashes) {
            builder.add(hash);
        }
        return builder.build();
    }
}
