package org.jmoco.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class PhiloxTest {
    /** Known answers of Random123 1.14 (kat_vectors, philox4x32 10 rounds): counter and key all zero. */
    @Test
    void knownAnswerOfZeroCounterAndKey() {
        Philox p = new Philox(0L, 0, 0, 0);
        assertArrayEquals(
                new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
                new int[] {p.nextInt(), p.nextInt(), p.nextInt(), p.nextInt()});
    }

    @Test
    void uniformsFillTheUnitInterval() {
        int n = 100_000;
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < n; i++) {
            double u = new Philox(42, Philox.Purpose.TEST, 3, i).nextDouble();
            assertTrue(u >= 0 && u < 1);
            sum += u;
            squares += u * u;
        }
        // Standard error of the mean 0.2887 / sqrt(n) = 0.0009, of the second moment 0.0009: bounds of five of them.
        assertEquals(0.5, sum / n, 0.0046);
        assertEquals(1.0 / 3, squares / n, 0.0048);
    }

    @Test
    void streamsDoNotDependOnWhoAsksFirst() {
        Philox a = new Philox(7, Philox.Purpose.VIEW_QUERY, 1, 5);
        Philox b = new Philox(7, Philox.Purpose.VIEW_KEY, 1, 5);
        int firstOfB = new Philox(7, Philox.Purpose.VIEW_KEY, 1, 5).nextInt();
        a.nextInt();
        assertEquals(firstOfB, b.nextInt());
    }

    @Test
    void permutationHoldsEachIndexOnce() {
        for (int n : new int[] {1, 2, 7, 128, 1009}) {
            int[] p = new Philox(1, Philox.Purpose.SHUFFLE, 0, n).permutation(n);
            int[] sorted = p.clone();
            Arrays.sort(sorted);
            for (int i = 0; i < n; i++) {
                assertEquals(i, sorted[i]);
            }
        }
    }
}
