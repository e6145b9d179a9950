package org.jmoco.augment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class BilinearAxisTest {
    private static final int ONE = 1 << BilinearAxis.FRACTION_BITS;

    private static int[] weights(BilinearAxis a, int o) {
        return Arrays.copyOfRange(a.weight, o * a.taps, o * a.taps + a.count[o]);
    }

    @Test
    void halvingFourPixelsGivesTrianglesOfThree() {
        BilinearAxis a = new BilinearAxis(4, 2);
        // Centres 1 and 3, support 2: distances 1/2, 1/2, 3/2 give 3/4, 3/4, 1/4, of which the sum is 7/4.
        int big = (int) Math.round(3.0 / 7 * ONE);
        int small = (int) Math.round(1.0 / 7 * ONE);
        assertArrayEquals(new int[] {0, 1}, a.first);
        assertArrayEquals(new int[] {big, big, small}, weights(a, 0));
        assertArrayEquals(new int[] {small, big, big}, weights(a, 1));
    }

    @Test
    void doublingInterpolatesAtQuarters() {
        BilinearAxis a = new BilinearAxis(2, 4);
        assertArrayEquals(new int[] {ONE}, weights(a, 0), "the border pixel alone");
        assertArrayEquals(new int[] {ONE * 3 / 4, ONE / 4}, weights(a, 1));
        assertArrayEquals(new int[] {ONE / 4, ONE * 3 / 4}, weights(a, 2));
        assertArrayEquals(new int[] {ONE}, weights(a, 3));
    }

    @Test
    void equalLengthsChangeNothing() {
        for (int n : new int[] {1, 7, 32, 33}) {
            BilinearAxis a = new BilinearAxis(n, n);
            for (int o = 0; o < n; o++) {
                assertEquals(o, a.first[o]);
                assertArrayEquals(new int[] {ONE}, weights(a, o));
            }
        }
    }

    @Test
    void weightsSumToOneAndStayOnTheAxis() {
        for (int in = 1; in <= 70; in++) {
            for (int out = 1; out <= 70; out++) {
                BilinearAxis a = new BilinearAxis(in, out);
                for (int o = 0; o < out; o++) {
                    String where = in + " -> " + out + " at " + o;
                    assertTrue(a.first[o] >= 0 && a.first[o] + a.count[o] <= in && a.count[o] >= 1, where);
                    int sum = Arrays.stream(weights(a, o)).sum();
                    // Each weight is rounded once, by at most half a unit.
                    assertTrue(Math.abs(sum - ONE) <= (a.count[o] + 1) / 2, where + " sums to " + sum);
                }
            }
        }
    }
}
