package org.jmoco.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class Bf16Test {
    @Test
    void everyBf16NumberIsItself() {
        for (int b = 0; b < 1 << 16; b++) {
            float v = Bf16.value((short) b);
            if (Float.isNaN(v)) {
                assertTrue(Float.isNaN(Bf16.round(v)), () -> "NaN " + Float.floatToRawIntBits(v));
            } else {
                assertEquals((short) b, Bf16.bits(v));
            }
        }
    }

    @Test
    void halfWayGoesToEvenAndTheRestToTheNearest() {
        for (int b = 0; b < 0x7f7f; b++) { // finite and positive, with a finite neighbour above
            float low = Bf16.value((short) b);
            float high = Bf16.value((short) (b + 1));
            float middle = Float.intBitsToFloat((b << 16) + 0x8000);
            assertEquals((b & 1) == 0 ? low : high, Bf16.round(middle), "half way above " + low);
            assertEquals(low, Bf16.round(Math.nextDown(middle)));
            assertEquals(high, Bf16.round(Math.nextUp(middle)));
            assertEquals(-high, Bf16.round(-Math.nextUp(middle)));
        }
    }

    @Test
    void whatIsTooLargeIsInfinite() {
        assertEquals(Float.POSITIVE_INFINITY, Bf16.round(Float.MAX_VALUE));
        assertEquals(Float.NEGATIVE_INFINITY, Bf16.round(-Float.MAX_VALUE));
        assertTrue(Float.isNaN(Bf16.round(Float.intBitsToFloat(0x7f80_0001))), "a NaN whose set bits are all cut off");
    }

    @Test
    void theErrorStaysBelowTheRoundoff() {
        Philox random = new Philox(1, Philox.Purpose.TEST, 0, 0);
        for (int i = 0; i < 100_000; i++) {
            float x = (float) random.nextGaussian();
            assertTrue(Math.abs(Bf16.round(x) - (double) x) <= Bf16.ROUNDOFF * Math.abs(x), "x = " + x);
        }
    }
}
