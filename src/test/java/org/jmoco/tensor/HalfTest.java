package org.jmoco.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class HalfTest {
    /** Of IEEE 754's table of binary16. */
    @Test
    void knownNumbers() {
        assertEquals(0x3c00, Half.bits(1) & 0xffff);
        assertEquals(0x7bff, Half.bits(65504) & 0xffff);
        assertEquals(0x0001, Half.bits(0x1p-24f) & 0xffff);
        assertEquals(0x0400, Half.bits(0x1p-14f) & 0xffff);
        assertEquals(0xc000, Half.bits(-2) & 0xffff);
        assertEquals(65504, Half.value((short) 0x7bff));
    }

    @Test
    void edgesAreRoundedToEvenAndOverflowToInfinity() {
        assertEquals(65504, Half.round(Math.nextDown(65520f)));
        assertEquals(Float.POSITIVE_INFINITY, Half.round(65520));
        assertEquals(0, Half.round(0x1p-25f)); // half of the smallest: to even
        assertEquals(0x1p-24f, Half.round(Math.nextUp(0x1p-25f)));
        assertEquals(1, Half.round(1 + 0x1p-11f));
        assertEquals(1 + 0x1p-9f, Half.round(1 + 3 * 0x1p-11f));
        assertTrue(Float.isNaN(Half.round(Float.NaN)));
    }

    @Test
    void errorsStayBelowTheirBounds() {
        Philox random = new Philox(1, Philox.Purpose.TEST, 0, 0);
        for (int i = 0; i < 100_000; i++) {
            float x = (float) Math.scalb(random.nextFloat() - 0.5, random.nextInt(44) - 30); // 2^-31 to 2^12
            double error = Math.abs(DType.F16.round(x) - x);
            assertTrue(error <= (Math.abs(x) >= 0x1p-14 ? Half.ROUNDOFF * Math.abs(x) : Half.UNDERFLOW), "of " + x + ": "
                    + error);
        }
    }
}
