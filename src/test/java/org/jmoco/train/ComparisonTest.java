package org.jmoco.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.jmoco.tensor.Philox;
import org.junit.jupiter.api.Test;

class ComparisonTest {
    private static final Metrics.Bootstrap BOOTSTRAP = Metrics.Bootstrap.ofSeed(3);
    private static final int N = 400;

    /** Scores of N images, every second one positive, shifted apart by {@code distance} deviations. */
    private static Outcome outcome(int seed, double distance) {
        Philox random = new Philox(seed, Philox.Purpose.TEST, 1, 0);
        int[] labels = new int[N];
        int[] predicted = new int[N];
        double[][] p = new double[N][2];
        for (int i = 0; i < N; i++) {
            labels[i] = i % 2;
            double x = random.nextGaussian() + (labels[i] == 1 ? distance / 2 : -distance / 2);
            p[i][1] = 1 / (1 + Math.exp(-x));
            p[i][0] = 1 - p[i][1];
            predicted[i] = p[i][1] > 0.5 ? 1 : 0;
        }
        return new Outcome(labels, predicted, p);
    }

    @Test
    void oneSeedHasTheIntervalOfItsMetrics() {
        Outcome o = outcome(1, 1);
        Metrics one = o.metrics(1, BOOTSTRAP);
        for (List<Outcome> seeds : List.of(List.of(o), List.of(o, o, o))) {
            SeedMetrics row = SeedMetrics.of(1, seeds, BOOTSTRAP);
            for (Metrics.Metric m : one.values()) {
                SeedMetrics.Value v = row.get(m.name());
                // Means of equal numbers are equal up to one rounding.
                assertEquals(m.value(), v.seeds().mean(), 1e-15);
                assertEquals(m.low(), v.low(), 1e-15);
                assertEquals(m.high(), v.high(), 1e-15);
            }
        }
    }

    /** Seeds that differ widen the interval beyond what the images alone give. */
    @Test
    void theIntervalHoldsTheChanceOfSeedsToo() {
        Outcome poor = outcome(1, 0);
        Outcome good = outcome(2, 3);
        SeedMetrics.Value mixed = SeedMetrics.of(1, List.of(poor, good), BOOTSTRAP).get("AUC");
        assertTrue(mixed.low() < poor.auc(1) + 0.1 && mixed.high() > good.auc(1) - 0.1, mixed.toString());
        assertTrue(mixed.low() >= 0 && mixed.high() <= 1);
        assertArrayEquals(new double[] {poor.auc(1), good.auc(1)}, mixed.bySeed());
    }

    @Test
    void theOtherClassAsPositiveHasItsOwnF1AndTheSameAccuracy() {
        Outcome o = outcome(1, 1);
        SeedMetrics ours = SeedMetrics.of(1, List.of(o), BOOTSTRAP);
        SeedMetrics theirs = SeedMetrics.of(0, List.of(o), BOOTSTRAP);
        assertEquals(ours.get("accuracy").seeds(), theirs.get("accuracy").seeds());
        assertEquals(o.metrics(0, BOOTSTRAP).get("F1").value(), theirs.get("F1").seeds().mean());
        assertTrue(ours.get("F1").seeds().mean() != theirs.get("F1").seeds().mean());
    }

    /** The paired bootstrap of accuracy has the deviation that theory gives: sqrt(b + c - (b - c)^2 / n) / n. */
    @Test
    void theBootstrapOfAPairedDifferenceIsAsWideAsTheorySays() {
        Outcome a = outcome(1, 1);
        Outcome b = outcome(2, 2);
        Comparison c = Comparison.of(1, List.of(a), List.of(b), BOOTSTRAP);
        McNemar m = c.accuracy();
        Comparison.Difference d = c.get("accuracy");
        assertEquals((m.onlySecond() - m.onlyFirst()) / (double) N, d.value(), 1e-15);
        double deviation = Math.sqrt(m.onlyFirst() + m.onlySecond() - Math.pow(m.onlyFirst() - m.onlySecond(), 2) / N) / N;
        // An end is uncertain by 0.06 deviations (Metrics.RESAMPLES), differences move in steps of 1/N: four of the first, one of
        // the second.
        double tolerance = 4 * 0.06 * deviation + 1.0 / N;
        assertEquals(d.value() - 1.96 * deviation, d.low(), tolerance);
        assertEquals(d.value() + 1.96 * deviation, d.high(), tolerance);
        assertEquals(b.auc(1) - a.auc(1), c.auc().difference(), 1e-12);
        // DeLong and bootstrap estimate the same error.
        assertEquals(c.auc().low(), c.get("AUC").low(), 0.3 * c.auc().error());
        assertEquals(c.auc().high(), c.get("AUC").high(), 0.3 * c.auc().error());
        assertTrue(c.get("AUC").p() < 0.05 && c.auc().p() < 0.05 && m.p() < 0.05, c.toString());
    }

    @Test
    void aRowIsNoBetterThanItself() {
        List<Outcome> row = List.of(outcome(1, 1));
        Comparison c = Comparison.of(1, row, row, BOOTSTRAP);
        assertEquals(new Comparison.Difference("AUC", 0, 0, 0, 1), c.get("AUC"));
        assertEquals(new McNemar(0, 0, 1), c.accuracy());
        assertEquals(1, c.auc().p());
    }

    @Test
    void theMajorityOfSeedsAndItsTies() {
        int[] labels = {0, 1, 1};
        Outcome a = new Outcome(labels, new int[] {0, 1, 1}, new double[][] {{.9, .1}, {.4, .6}, {.2, .8}});
        Outcome b = new Outcome(labels, new int[] {1, 1, 0}, new double[][] {{.2, .8}, {.4, .6}, {.6, .4}});
        assertArrayEquals(new int[] {0, 1, 1}, Comparison.majority(List.of(a, b)));
        assertArrayEquals(new int[] {1, 1, 0}, Comparison.majority(List.of(a, b, b)));
    }

    @Test
    void moreThanTwoClassesHaveNoDeLong() {
        int[] labels = {0, 1, 2, 0, 1, 2};
        double[][] p = {{.6, .2, .2}, {.1, .8, .1}, {.3, .3, .4}, {.5, .3, .2}, {.5, .3, .2}, {.2, .2, .6}};
        List<Outcome> row = List.of(new Outcome(labels, new int[] {0, 1, 2, 0, 0, 2}, p));
        Comparison c = Comparison.of(-1, row, row, BOOTSTRAP);
        assertNull(c.auc());
        assertEquals(5 / 6.0, SeedMetrics.of(-1, row, BOOTSTRAP).get("accuracy").seeds().mean());
    }

    @Test
    void rowsOfDifferentImagesAreNotCompared() {
        Outcome a = outcome(1, 1);
        Outcome b = new Outcome(new int[] {1, 0}, new int[] {1, 0}, new double[][] {{0, 1}, {1, 0}});
        assertThrows(IllegalArgumentException.class, () -> Comparison.of(1, List.of(a), List.of(b), BOOTSTRAP));
        assertThrows(IllegalArgumentException.class, () -> SeedMetrics.of(1, List.of(a, b), BOOTSTRAP));
    }
}
