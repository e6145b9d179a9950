package org.jmoco.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SeedSummaryTest {
    /** t(0.975; 2) = 4.302652729749462; the ends computed by SciPy from the formula. */
    @Test
    void threeSeeds() {
        SeedSummary s = SeedSummary.of(0.70, 0.72, 0.74);
        assertEquals(0.72, s.mean(), 1e-15);
        assertEquals(0.02, s.deviation(), 1e-15);
        // The library solves for the quantile to 1e-9.
        assertEquals(0.6677484960398513, s.low(), 1e-8);
        assertEquals(0.7669026767036514, s.high(), 1e-8);
        assertEquals("0.7200 +- 0.0200 [0.6677, 0.7669] n 3", s.toString());
    }

    /** Seeds that differ as much as an F1 can: the plain t interval of these would be [-0.48, 1.13]. */
    @Test
    void theIntervalOfAShareStaysAShare() {
        SeedSummary s = SeedSummary.of(0, 0.32, 0.65);
        assertEquals(0.011789301823906475, s.low(), 1e-8);
        assertEquals(0.9503444077625712, s.high(), 1e-8);
        for (double[] v : new double[][] {{0, 0, 1}, {0, 1e-9, 0}, {1, 1, 0.999}, {0.5, 0.5}}) {
            SeedSummary t = SeedSummary.of(v);
            assertTrue(0 <= t.low() && t.low() <= t.mean() && t.mean() <= t.high() && t.high() <= 1, t.toString());
        }
        assertEquals(new SeedSummary(2, 1, 0, 1, 1), SeedSummary.of(1, 1));
    }

    @Test
    void whatIsNoShareIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> SeedSummary.of(0.5, 1.5));
        assertThrows(IllegalArgumentException.class, () -> SeedSummary.of(Double.NaN));
    }

    @Test
    void oneSeedHasNoDeviation() {
        SeedSummary s = SeedSummary.of(0.5);
        assertTrue(Double.isNaN(s.deviation()) && Double.isNaN(s.low()));
        assertEquals("0.5000 n 1", s.toString());
    }
}
