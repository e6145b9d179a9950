package org.jmoco.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.inference.MannWhitneyUTest;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;

class MetricsTest {
    private static final List<String> NAMES = List.of("well", "ill");
    private static final Metrics.Bootstrap BOOTSTRAP = Metrics.Bootstrap.ofSeed(7);

    /** tp 3 fp 1 tn 4 fn 2, so each figure is a fraction that can be done by hand. */
    private static final int[] LABELS = {1, 1, 1, 1, 1, 0, 0, 0, 0, 0};
    private static final int[] PREDICTED = {1, 1, 1, 0, 0, 1, 0, 0, 0, 0};
    private static final double[] SCORE = {.9, .8, .7, .4, .2, .6, .4, .3, .1, .1};

    @Test
    void figuresDoneByHand() {
        Metrics m = Metrics.binary(1, LABELS, PREDICTED, SCORE, BOOTSTRAP);
        assertEquals(new Confusion(3, 1, 4, 2), m.confusion().getFirst());
        assertEquals(7 / 10.0, m.get("accuracy").value());
        assertEquals(3 / 4.0, m.get("precision").value());
        assertEquals(3 / 5.0, m.get("recall").value());
        assertEquals(6 / 9.0, m.get("F1").value());
        // Pairs in the right order: .9 .8 .7 beat 5 each; .4 beats .3 .1 .1 and ties .4; .2 beats .1 .1: 15 + 3.5 + 2.
        assertEquals(20.5 / 25, m.get("AUC").value());
    }

    @Test
    void theOtherClassAsPositive() {
        double[] turned = java.util.Arrays.stream(SCORE).map(s -> 1 - s).toArray();
        Metrics m = Metrics.binary(0, LABELS, PREDICTED, turned, BOOTSTRAP);
        assertEquals(new Confusion(4, 2, 3, 1), m.confusion().getFirst());
        assertEquals(20.5 / 25, m.get("AUC").value(), 0x1p-52);
        assertEquals(8 / 11.0, m.get("F1").value());
    }

    @Test
    void linesReadAsScriptsExpectThem() {
        Metrics m = new Metrics(
                203,
                List.of(new Metrics.Metric("AUC", 0.81234, 0.751, 0.86904)),
                List.of(1),
                List.of(new Confusion(90, 12, 86, 15)),
                List.of("said"));
        assertEquals(List.of("AUC 0.8123 [0.7510, 0.8690]", "confusion tp 90 fp 12 tn 86 fn 15", "note: said"), m.lines(NAMES));
        List<String> all = Metrics.binary(1, LABELS, PREDICTED, SCORE, BOOTSTRAP).lines(NAMES);
        for (String name : List.of("accuracy", "precision", "recall", "F1", "AUC")) {
            assertEquals(
                    1, all.stream().filter(l -> l.matches(name + " \\d\\.\\d{4} \\[\\d\\.\\d{4}, \\d\\.\\d{4}]")).count(),
                    all.toString());
        }
        assertTrue(all.contains("confusion tp 3 fp 1 tn 4 fn 2"), all.toString());
    }

    /** Against the U statistic of Commons Math, with many ties. */
    @Test
    void aucIsTheMannWhitneyStatistic() {
        for (int n : new int[] {2, 7, 33, 500}) {
            Philox p = new Philox(1, Philox.Purpose.TEST, n, 0);
            boolean[] positive = new boolean[n];
            double[] score = new double[n];
            for (int i = 0; i < n; i++) {
                positive[i] = i % 2 == 0;
                score[i] = p.nextInt(10) + (positive[i] ? 1 : 0);
            }
            double[] x = IntStream.range(0, n).filter(i -> positive[i]).mapToDouble(i -> score[i]).toArray();
            double[] y = IntStream.range(0, n).filter(i -> !positive[i]).mapToDouble(i -> score[i]).toArray();
            double auc = new Auc(score, positive).of(null);
            // The library gives the larger of U and its counterpart.
            double u = new MannWhitneyUTest().mannWhitneyU(x, y) / ((double) x.length * y.length);
            assertEquals(u, Math.max(auc, 1 - auc), 4 * Math.ulp(1.0), "n " + n);
        }
    }

    @Test
    void weightsAreRepetitions() {
        Auc auc = new Auc(new double[] {.1, .5, .5, .9}, new boolean[] {false, true, false, true});
        Auc repeated = new Auc(new double[] {.1, .1, .1, .5, .5, .5, .5},
                new boolean[] {false, false, false, true, false, false, false});
        // Thrice the first, once the second, thrice the third, never the last.
        assertEquals(repeated.of(null), auc.of(new int[] {3, 1, 3, 0}));
    }

    /** For a share of 400 images the bootstrap interval is that of the normal distribution, 1.96 sqrt(p (1 - p) / n). */
    @Test
    void theIntervalHasTheWidthThatTheoryGives() {
        int n = 400;
        int[] labels = new int[n];
        int[] predicted = new int[n];
        double[] score = new double[n];
        for (int i = 0; i < n; i++) {
            labels[i] = i % 2;
            predicted[i] = i % 5 == 0 ? 1 - labels[i] : labels[i];
        }
        Metrics.Metric accuracy = Metrics.binary(1, labels, predicted, score, BOOTSTRAP).get("accuracy");
        double half = 1.96 * Math.sqrt(0.8 * 0.2 / n);
        // An end is uncertain by 0.06 deviations (see RESAMPLES), accuracies move in steps of 1/n: four of the first, one of the
        // second.
        double tolerance = 4 * 0.06 * half / 1.96 + 1.0 / n;
        assertEquals(0.8 - half, accuracy.low(), tolerance);
        assertEquals(0.8 + half, accuracy.high(), tolerance);
    }

    @Test
    void theSameSeedGivesTheSameIntervals() {
        Metrics a = Metrics.binary(1, LABELS, PREDICTED, SCORE, BOOTSTRAP);
        assertEquals(a, Metrics.binary(1, LABELS, PREDICTED, SCORE, BOOTSTRAP));
        Metrics other = Metrics.binary(1, LABELS, PREDICTED, SCORE, Metrics.Bootstrap.ofSeed(8));
        assertEquals(a.get("AUC").value(), other.get("AUC").value());
    }

    /** One positive image of five: it is missing from (4/5)^5 = 33 % of the resamples. */
    @Test
    void resamplesWithoutAClassAreLeftOutAndCounted() {
        int[] labels = {1, 0, 0, 0, 0};
        Metrics m = Metrics.binary(1, labels, labels, new double[] {.9, .1, .2, .3, .4}, BOOTSTRAP);
        assertEquals(new Metrics.Metric("recall", 1, 1, 1), m.get("recall"));
        assertEquals(new Metrics.Metric("AUC", 1, 1, 1), m.get("AUC"));
        assertEquals(4, m.notes().size(), m.notes().toString());
        int missing = Integer.parseInt(m.notes().get(1).replaceAll("recall: (\\d+) of 2000 resamples lack .*", "$1"));
        assertEquals(2000 * Math.pow(0.8, 5), missing, 5 * Math.sqrt(2000 * 0.33 * 0.67));
    }

    @Test
    void aTestSetOfOneClassSaysWhatIsUndefined() {
        Metrics m = Metrics.binary(1, new int[] {1, 1}, new int[] {1, 0}, new double[] {1, 0}, BOOTSTRAP);
        assertTrue(m.lines(NAMES).contains("AUC undefined: the test set lacks a class that it needs"), m.lines(NAMES).toString());
        assertEquals(0.5, m.get("recall").value());
        assertTrue(Double.isNaN(Metrics.binary(0, new int[] {1}, new int[] {1}, new double[1], BOOTSTRAP).get("F1").value()));
    }

    @Test
    void aModelThatNeverSaysPositiveHasPrecisionZeroAndANote() {
        Metrics m = Metrics.binary(1, new int[] {1, 0, 1}, new int[3], new double[3], BOOTSTRAP);
        assertEquals(0, m.get("precision").value());
        assertEquals(0, m.get("F1").value());
        assertEquals(0.5, m.get("AUC").value());
        assertEquals("note: precision: no image is predicted to be of class \"ill\", which counts as 0",
                m.lines(NAMES).getLast());
    }

    @Test
    void severalClassesAreMeansOverThem() {
        int[] labels = {0, 0, 1, 1, 2, 2};
        int[] predicted = {0, 1, 1, 1, 2, 0};
        double[][] probability = {{.8, .1, .1}, {.3, .4, .3}, {.1, .8, .1}, {.2, .7, .1}, {.1, .1, .8}, {.5, .1, .4}};
        Metrics m = Metrics.multiclass(labels, predicted, probability, BOOTSTRAP);
        assertEquals(4 / 6.0, m.get("accuracy").value());
        assertEquals((1 / 2.0 + 2 / 3.0 + 1) / 3, m.get("precision").value(), Math.ulp(1.0));
        assertEquals((1 / 2.0 + 1 + 1 / 2.0) / 3, m.get("recall").value(), Math.ulp(1.0));
        assertEquals((1 / 2.0 + 4 / 5.0 + 2 / 3.0) / 3, m.get("F1").value(), Math.ulp(1.0));
        // Class 0: .8 beats four, .3 beats .1 .2 .1: 7 of 8. Classes 1 and 2: all pairs.
        assertEquals((7 / 8.0 + 1 + 1) / 3, m.get("AUC").value(), Math.ulp(1.0));
        assertEquals(3, m.confusion().size());
        List<String> lines = m.lines(List.of("oak", "elm", "ash"));
        assertTrue(lines.contains("confusion elm against the rest: tp 2 fp 1 tn 3 fn 0"), lines.toString());
        assertTrue(lines.get(0).startsWith("accuracy 0.6667 ["), lines.toString());
        for (int i = 1; i < 5; i++) {
            assertTrue(lines.get(i).startsWith("mean over classes: "), lines.get(i));
        }
    }

    @Test
    void aClassWithoutImagesOrPredictionsIsNamed() {
        List<String> lines = Metrics.multiclass(new int[] {0, 0, 1}, new int[] {0, 0, 0},
                new double[][] {{.8, .1, .1}, {.5, .4, .1}, {.6, .3, .1}}, BOOTSTRAP).lines(List.of("oak", "elm", "ash"));
        assertTrue(lines.contains("note: precision: no image is predicted to be of class \"elm\", which counts as 0"),
                lines.toString());
        assertTrue(lines.contains("note: class \"ash\" has no image and is left out of the means over classes"),
                lines.toString());
    }

    @Test
    void refusesWhatCannotBe() {
        UserError e = assertThrows(
                UserError.class, () -> Metrics.binary(1, new int[0], new int[0], new double[0], BOOTSTRAP));
        assertTrue(e.getMessage().contains("no image"), e.getMessage());
        e = assertThrows(
                UserError.class,
                () -> Metrics.binary(1, new int[] {0, 1}, new int[2], new double[] {0, Double.NaN}, BOOTSTRAP));
        assertTrue(e.getMessage().contains("the score of image 1 is NaN"), e.getMessage());
        assertThrows(
                IllegalArgumentException.class, () -> Metrics.binary(1, LABELS, PREDICTED, new double[3], BOOTSTRAP));
        assertThrows(
                IllegalArgumentException.class, () -> Metrics.binary(1, new int[] {2}, new int[1], new double[1], BOOTSTRAP));
        assertThrows(UserError.class, () -> new Metrics.Bootstrap(1, 0));
    }
}
