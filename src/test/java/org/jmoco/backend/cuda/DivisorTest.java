package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.jmoco.tensor.Philox;
import org.junit.jupiter.api.Test;

class DivisorTest {
    private static final int LARGEST = Integer.MAX_VALUE;

    /** Around every multiple at the ends of the range, where a rounded reciprocal fails first. */
    @Test
    void isTheQuotientAroundMultiples() {
        for (int d = 1; d <= 2000; d++) {
            check(d);
        }
        for (int d : new int[] {4095, 4096, 4097, 65_535, 65_536, 65_537, 1 << 30, (1 << 30) + 1, LARGEST - 1, LARGEST}) {
            check(d);
        }
    }

    @Test
    void isTheQuotientOfRandomPairs() {
        Philox random = new Philox(1, Philox.Purpose.TEST, 0, 0);
        for (int i = 0; i < 200_000; i++) {
            int d = 1 + random.nextInt(LARGEST) >>> random.nextInt(30);
            int p = random.nextInt(LARGEST);
            d = Math.max(d, 1);
            assertEquals(p / d, Divisor.of(d).quotient(p), p + " / " + d);
        }
    }

    @Test
    void nothingIsDividedByZero() {
        assertThrows(IllegalArgumentException.class, () -> Divisor.of(0));
    }

    private static void check(int d) {
        Divisor divisor = Divisor.of(d);
        int last = LARGEST / d;
        for (int multiple : new int[] {0, 1, 2, 3, last / 2, last - 1, last}) {
            for (int off = -1; off <= 1; off++) {
                long p = (long) multiple * d + off;
                if (p >= 0 && p <= LARGEST) {
                    assertEquals((int) p / d, divisor.quotient((int) p), p + " / " + d);
                }
            }
        }
        assertEquals(LARGEST / d, divisor.quotient(LARGEST), LARGEST + " / " + d);
    }
}
