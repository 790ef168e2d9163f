package io.donjon.bloom;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FilterBuilderTest {
    @Test
    void equalHashesInARowCountOnce() {
        var builder = new FilterBuilder(10);
        for (long hash : new long[] {0, 0, 0, 7, 7, 0, -1, -1}) {
            builder.add(hash);
        }
        assertEquals(4, builder.count());
        byte[] filter = builder.build();
        assertEquals(4, BlockedBloom.keys(filter, 0));
        assertArrayEquals(BlockedBloomTest.filter(10, 0, 7, 0, -1), filter);
    }

    @Test
    void repeatedKeysTakeNoBits() {
        var builder = new FilterBuilder(10);
        for (int i = 0; i < 10_000; i++) {
            builder.add(i / 100);
        }
        assertEquals(BlockedBloom.bytesFor(100, 10), builder.build().length);
    }

    @Test
    void aClearedBuilderBuildsWhatAFreshOneWould() {
        var builder = new FilterBuilder(10);
        for (int i = 0; i < 5000; i++) {
            builder.add(i * 0x9e3779b97f4a7c15L);
        }
        builder.clear();
        assertEquals(0, builder.count());
        assertArrayEquals(new FilterBuilder(10).build(), builder.build());

        // The last hash before the clearing is no predecessor of the first one after it.
        builder.add(7);
        builder.clear();
        builder.add(7);
        assertArrayEquals(BlockedBloomTest.filter(10, 7), builder.build());
    }

    @Test
    void buildingTwiceGivesEqualFiltersThatShareNothing() {
        var builder = new FilterBuilder(10);
        builder.add(42);
        byte[] first = builder.build();
        first[8] ^= 1;
        assertArrayEquals(BlockedBloomTest.filter(10, 42), builder.build());
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 33})
    void bitsPerKeyOutsideTheRangeAreRefused(int bitsPerKey) {
        var refusal = assertThrows(IllegalArgumentException.class, () -> new FilterBuilder(bitsPerKey));
        assertEquals(bitsPerKey + " bits a key, outside 1..32", refusal.getMessage());
    }
}
