package org.jmoco.backend.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jmoco.backend.Buffer;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LossesTest {
    /** Sums of some hundred terms of order 1, divided by temperatures of order 0.1, in f64. */
    private static final double ROUNDING = 1e-12;

    /**
     * InfoNCE is softmax cross-entropy with label 0 over stored logits [q.k, q.queue] / T, and dq the chain rule through them.
     */
    @ParameterizedTest
    @CsvSource({"7, 13, 5, 0.1", "1, 1, 1, 1", "13, 31, 33, 0.07"})
    void infoNceAgainstStoredLogits(int n, int m, int d, double temperature) {
        try (Rig rig = new Rig(DType.F64)) {
            Buffer q = rig.uniform("q", Shape.of(n, d));
            Buffer k = rig.uniform("k", Shape.of(n, d));
            Buffer queue = rig.uniform("queue", Shape.of(m, d));
            Buffer loss = rig.result("loss", Shape.SCALAR);
            Buffer correct = rig.ints("correct", Shape.SCALAR, -1);
            Buffer dq = rig.result("dq", q.shape());
            rig.run(rec -> rec.infoNce("loss", loss, correct, dq, q, k, queue, temperature, false));

            double[] qs = rig.get(q);
            double[][] keys = new double[1 + m][d];
            double expectedLoss = 0;
            int expectedCorrect = 0;
            double[] expectedDq = new double[n * d];
            for (int row = 0; row < n; row++) {
                System.arraycopy(rig.get(k), row * d, keys[0], 0, d);
                for (int j = 0; j < m; j++) {
                    System.arraycopy(rig.get(queue), j * d, keys[1 + j], 0, d);
                }
                double[] exp = new double[1 + m];
                double sum = 0;
                double largestNegative = Double.NEGATIVE_INFINITY;
                for (int j = 0; j <= m; j++) {
                    double logit = 0;
                    for (int i = 0; i < d; i++) {
                        logit += qs[row * d + i] * keys[j][i];
                    }
                    exp[j] = Math.exp(logit / temperature);
                    sum += exp[j];
                    largestNegative = j == 0 ? largestNegative : Math.max(largestNegative, exp[j]);
                }
                expectedLoss -= Math.log(exp[0] / sum) / n;
                expectedCorrect += exp[0] >= largestNegative ? 1 : 0;
                for (int j = 0; j <= m; j++) {
                    double dlogit = (exp[j] / sum - (j == 0 ? 1 : 0)) / n;
                    for (int i = 0; i < d; i++) {
                        expectedDq[row * d + i] += dlogit * keys[j][i] / temperature;
                    }
                }
            }
            assertEquals(expectedLoss, rig.get(loss)[0], ROUNDING);
            assertEquals(expectedCorrect, rig.getInts(correct)[0]);
            assertArrayEquals(expectedDq, rig.get(dq), ROUNDING);
        }
    }

    @Test
    void aNegativeAsGoodAsThePositiveIsNotAnError() {
        try (Rig rig = new Rig(DType.F64)) {
            Buffer q = rig.real("q", Shape.of(2, 2), 1, 0, 0, 1);
            Buffer k = rig.real("k", Shape.of(2, 2), 1, 0, 1, 0);
            Buffer queue = rig.real("queue", Shape.of(2, 2), 1, 0, 0, 1); // ties with row 0's key, beats row 1's
            Buffer loss = rig.result("loss", Shape.SCALAR);
            Buffer correct = rig.ints("correct", Shape.SCALAR, -1);
            Buffer dq = rig.result("dq", q.shape());
            rig.run(rec -> rec.infoNce("loss", loss, correct, dq, q, k, queue, 1, false));
            assertEquals(1, rig.getInts(correct)[0]);
            // Row 0: logits 1, 1, 0; row 1: 0, 0, 1.
            double e = Math.E;
            assertEquals((Math.log(2 * e + 1) - 1 + Math.log(2 + e)) / 2, rig.get(loss)[0], ROUNDING);
        }
    }

    @Test
    void crossEntropyByHand() {
        try (Rig rig = new Rig(DType.F64)) {
            Buffer logits = rig.real("logits", Shape.of(2, 2), Math.log(3), 0, 5, 5);
            Buffer labels = rig.ints("labels", Shape.of(2), 1, 1);
            Buffer loss = rig.result("loss", Shape.SCALAR);
            Buffer correct = rig.ints("correct", Shape.SCALAR, -1);
            Buffer dlogits = rig.result("dlogits", logits.shape());
            Buffer p = rig.result("p", logits.shape());
            rig.run(rec -> {
                rec.softmaxCrossEntropy("loss", loss, correct, dlogits, logits, labels);
                rec.softmax("p", p, logits);
            });
            assertEquals((Math.log(4) + Math.log(2)) / 2, rig.get(loss)[0], ROUNDING);
            assertEquals(0, rig.getInts(correct)[0], "the first among equals is class 0");
            assertArrayEquals(new double[] {0.75 / 2, -0.75 / 2, 0.25, -0.25}, rig.get(dlogits), ROUNDING);
            assertArrayEquals(new double[] {0.75, 0.25, 0.5, 0.5}, rig.get(p), ROUNDING);
        }
    }

    @Test
    void hugeLogitsDoNotOverflow() {
        try (Rig rig = new Rig(DType.F32)) {
            Buffer logits = rig.real("logits", Shape.of(1, 2), 1e30, 0);
            Buffer labels = rig.ints("labels", Shape.of(1), 0);
            Buffer loss = rig.result("loss", Shape.SCALAR);
            Buffer correct = rig.ints("correct", Shape.SCALAR, -1);
            Buffer dlogits = rig.result("dlogits", logits.shape());
            rig.run(rec -> rec.softmaxCrossEntropy("loss", loss, correct, dlogits, logits, labels));
            assertEquals(0, rig.get(loss)[0]);
            assertEquals(1, rig.getInts(correct)[0]);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 2, Integer.MIN_VALUE, Integer.MAX_VALUE})
    void aLabelThatIsNoClassGivesALossThatIsNotFinite(int label) {
        try (Rig rig = new Rig(DType.F64)) {
            Buffer logits = rig.uniform("logits", Shape.of(3, 2));
            Buffer labels = rig.ints("labels", Shape.of(3), 0, label, 1);
            Buffer loss = rig.result("loss", Shape.SCALAR);
            Buffer correct = rig.ints("correct", Shape.SCALAR, -1);
            Buffer dlogits = rig.result("dlogits", logits.shape());
            rig.run(rec -> rec.softmaxCrossEntropy("loss", loss, correct, dlogits, logits, labels));
            assertFalse(Double.isFinite(rig.get(loss)[0]));
            for (int i = 0; i < 6; i++) {
                assertEquals(i / 2 != 1, Double.isFinite(rig.get(dlogits)[i]), "dlogits element " + i);
            }
            assertTrue(rig.getInts(correct)[0] <= 2);
        }
    }
}
