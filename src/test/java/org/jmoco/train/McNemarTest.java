package org.jmoco.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class McNemarTest {
    /**
     * 150 and 86: the approval ratings of Agresti, Categorical Data Analysis (1990), as in R's help of mcnemar.test. The exact p
     * values are those of scipy.stats.binomtest.
     */
    @Test
    void publishedCountsAndExactProbabilities() {
        assertEquals(3.7159361395713866e-05, McNemar.of(150, 86).p(), 1e-15);
        assertEquals(3.7159361395713866e-05, McNemar.of(86, 150).p(), 1e-15);
        assertEquals(0.03857421875, McNemar.of(10, 2).p(), 1e-14); // 158 / 4096
        assertEquals(0.016673847800120715, McNemar.of(25, 10).p(), 1e-14);
        assertEquals(1, McNemar.of(5, 5).p());
        assertEquals(1, McNemar.of(1, 0).p(), 1e-14);
        assertEquals(1, McNemar.of(0, 0).p());
    }

    @Test
    void onlyImagesCountThatOneAloneGetsRight() {
        int[] labels = {0, 0, 0, 1, 1, 1, 2};
        int[] first = {0, 0, 1, 1, 1, 0, 2};
        int[] second = {0, 1, 1, 0, 1, 1, 0};
        assertEquals(new McNemar(3, 1, 0.625), McNemar.test(labels, first, second)); // 2 (1 + 4) / 16
    }
}
