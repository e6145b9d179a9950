package org.jmoco.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SeedSummaryTest {
    /** t(0.975; 2) = 4.302652729911275 (tables); deviation of 1, 2, 3 is 1. */
    @Test
    void threeSeeds() {
        SeedSummary s = SeedSummary.of(1, 2, 3);
        assertEquals(2, s.mean());
        assertEquals(1, s.deviation());
        // The library solves for the quantile to 1e-9.
        assertEquals(2 - 4.302652729911275 / Math.sqrt(3), s.low(), 1e-8);
        assertEquals("2.0000 +- 1.0000 [-0.4841, 4.4841] n 3", s.toString());
    }

    @Test
    void oneSeedHasNoDeviation() {
        SeedSummary s = SeedSummary.of(0.5);
        assertTrue(Double.isNaN(s.deviation()) && Double.isNaN(s.low()));
        assertEquals("0.5000 n 1", s.toString());
    }
}
