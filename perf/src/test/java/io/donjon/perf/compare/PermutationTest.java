package io.donjon.perf.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PermutationTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 16, 17, 1000, 65_535, 65_536, 65_537, 300_000})
    void meetsEveryNumberOnceAndFindsItAgain(int size) {
        var permutation = new Permutation(size, 7);
        var seen = new BitSet();
        for (int i = 0; i < size; i++) {
            long number = permutation.at(i);
            assertTrue(number >= 0 && number < size);
            assertFalse(seen.get((int) number));
            seen.set((int) number);
            assertEquals(i, permutation.indexOf(number));
        }
    }

    @Test
    void neighboursAreFarApart() {
        int size = 100_000;
        var permutation = new Permutation(size, 1);
        int near = 0;
        for (int i = 1; i < size; i++) {
            if (Math.abs(permutation.at(i) - permutation.at(i - 1)) < size / 100) {
                near++;
            }
        }
        // By chance, about two in a hundred are nearer than a hundredth of the size.
        assertTrue(near > 1_600 && near < 2_400, near + " near");
    }

    @Test
    void seedsGiveOtherOrders() {
        var one = new Permutation(1000, 1);
        var other = new Permutation(1000, 2);
        int equal = 0;
        for (int i = 0; i < 1000; i++) {
            equal += one.at(i) == other.at(i) ? 1 : 0;
        }
        assertTrue(equal < 10, equal + " equal");
    }

    @Test
    void worksForSizesBeyondAnInt() {
        long size = (1L << 40) + 12_345;
        var permutation = new Permutation(size, 3);
        for (long i = size - 1000; i < size; i++) {
            long number = permutation.at(i);
            assertTrue(number >= 0 && number < size);
            assertEquals(i, permutation.indexOf(number));
        }
    }

    @Test
    void refusesToOrderNothing() {
        assertThrows(IllegalArgumentException.class, () -> new Permutation(0, 1));
    }
}
