package org.jmoco.backend.reference;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jmoco.backend.BatchNormGeometry;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every backward operation by finite differences. */
class GradientsTest {
    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, 1, 1, 1, 1, 1, 0",
        "2, 5, 4, 3, 2, 3, 3, 1, 1",
        "1, 7, 7, 2, 3, 3, 3, 2, 1",
        "2, 6, 5, 3, 5, 1, 1, 2, 0",
        "1, 9, 8, 1, 2, 7, 7, 2, 3",
        "1, 6, 7, 2, 3, 2, 4, 1, 0",
        "1, 8, 7, 2, 2, 2, 3, 3, 1",
    })
    void convolution(int n, int h, int w, int c, int k, int r, int s, int stride, int pad) {
        ConvGeometry g = new ConvGeometry(n, h, w, c, k, r, s, stride, pad);
        try (Rig rig = GradientCheck.rig()) {
            Buffer x = rig.uniform("x", g.x());
            Buffer weights = rig.uniform("w", g.filter());
            Buffer y = rig.result("y", g.y());
            Buffer dy = rig.uniform("dy", g.y());
            Buffer dx = rig.result("dx", g.x());
            Buffer dw = rig.result("dw", g.filter());
            GradientCheck check = new GradientCheck(rig, rec -> rec.conv2dForward("conv", g, y, x, weights), rec -> {
                rec.conv2dBackwardData("conv", g, dx, dy, weights, false);
                rec.conv2dBackwardWeights("conv", g, dw, x, dy, false);
            });
            check.check(x, dx, y, dy, 0, r * s * c);
            check.check(weights, dw, y, dy, 0, r * s * c);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "7, 3, 5", "2, 13, 1", "3, 1, 7"})
    void linear(int n, int c, int k) {
        try (Rig rig = GradientCheck.rig()) {
            Buffer x = rig.uniform("x", Shape.of(n, c));
            Buffer w = rig.uniform("w", Shape.of(k, c));
            Buffer b = rig.uniform("b", Shape.of(k));
            Buffer y = rig.result("y", Shape.of(n, k));
            Buffer dy = rig.uniform("dy", Shape.of(n, k));
            Buffer dx = rig.result("dx", x.shape());
            Buffer dw = rig.result("dw", w.shape());
            Buffer db = rig.result("db", b.shape());
            GradientCheck check = new GradientCheck(rig, rec -> rec.linearForward("fc", y, x, w, b), rec -> {
                rec.linearBackwardData("fc", dx, dy, w);
                rec.linearBackwardWeights("fc", dw, db, x, dy, false);
            });
            check.check(x, dx, y, dy, 0, c + 1);
            check.check(w, dw, y, dy, 0, c + 1);
            check.check(b, db, y, dy, 0, c + 1);
        }
    }

    @Test
    void reluAwayFromItsKink() {
        Shape shape = Shape.of(7, 13);
        try (Rig rig = GradientCheck.rig()) {
            Buffer x = rig.real("x", shape, apart(shape));
            Buffer y = rig.result("y", shape);
            Buffer dy = rig.uniform("dy", shape);
            Buffer dx = rig.result("dx", shape);
            GradientCheck check = new GradientCheck(rig, rec -> rec.reluForward("relu", y, x),
                    rec -> rec.reluBackward("relu", dx, dy, y));
            check.check(x, dx, y, dy, 0, 1);
        }
    }

    @ParameterizedTest
    @CsvSource({"2, 7, 7, 3, 3, 3, 2, 1", "1, 5, 6, 2, 2, 2, 2, 0", "2, 4, 5, 1, 3, 2, 1, 1", "1, 7, 7, 2, 2, 2, 3, 0"})
    void maxPoolAwayFromTies(int n, int h, int w, int c, int r, int s, int stride, int pad) {
        ConvGeometry g = new ConvGeometry(n, h, w, c, c, r, s, stride, pad);
        try (Rig rig = GradientCheck.rig()) {
            Buffer x = rig.real("x", g.x(), apart(g.x()));
            Buffer y = rig.result("y", g.y());
            Buffer argmax = rig.ints("argmax", g.y(), new int[(int) g.y().size()]);
            Buffer dy = rig.uniform("dy", g.y());
            Buffer dx = rig.result("dx", g.x());
            GradientCheck check = new GradientCheck(rig, rec -> rec.maxPoolForward("pool", g, y, argmax, x),
                    rec -> rec.maxPoolBackward("pool", g, dx, dy, argmax));
            check.check(x, dx, y, dy, 0, 1);
        }
    }

    /** Distinct values in random order, none nearer than 0.005 to 0 or than 0.01 to another: some 600 steps of differences. */
    private static double[] apart(Shape shape) {
        int[] order = new Philox(5, Philox.Purpose.TEST, 1, 0).permutation((int) shape.size());
        double[] v = new double[order.length];
        for (int i = 0; i < v.length; i++) {
            v[i] = 0.01 * (order[i] - order.length / 2) + 0.005;
        }
        return v;
    }

    @Test
    void globalAveragePool() {
        Shape image = Shape.of(2, 3, 5, 7);
        Shape means = Shape.of(2, 7);
        try (Rig rig = GradientCheck.rig()) {
            Buffer x = rig.uniform("x", image);
            Buffer y = rig.result("y", means);
            Buffer dy = rig.uniform("dy", means);
            Buffer dx = rig.result("dx", image);
            GradientCheck check = new GradientCheck(rig, rec -> rec.globalAvgPoolForward("pool", y, x),
                    rec -> rec.globalAvgPoolBackward("pool", dx, dy));
            check.check(x, dx, y, dy, 0, 15);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "4, 3, 2, 3, 1, false, false",
        "4, 3, 2, 3, 2, false, true",
        "6, 2, 2, 1, 3, true, false",
        "4, 3, 3, 2, 2, true, true",
        "7, 1, 3, 2, 1, true, true",
    })
    void batchNorm(int n, int h, int w, int c, int splits, boolean residual, boolean relu) {
        BatchNormGeometry g = new BatchNormGeometry(n, h, w, c, splits, 1e-5, 0.1);
        try (Rig rig = GradientCheck.rig()) {
            Buffer x = rig.uniform("x", g.x());
            Buffer added = residual ? rig.uniform("residual", g.x()) : null;
            Buffer gamma = rig.uniform("gamma", g.perChannel());
            Buffer beta = rig.uniform("beta", g.perChannel());
            Buffer runningMean = rig.uniform("runningMean", g.perChannel());
            Buffer runningVar = rig.uniform("runningVar", g.perChannel());
            Buffer mean = rig.result("savedMean", g.saved());
            Buffer invStd = rig.result("savedInvStd", g.saved());
            Buffer y = rig.result("y", g.x());
            Buffer z = rig.result("z", g.x()); // y before the ReLU, to see that no value lies at its kink
            Buffer dy = rig.uniform("dy", g.x());
            Buffer dx = rig.result("dx", g.x());
            Buffer dAdded = residual ? rig.result("dResidual", g.x()) : null;
            Buffer dgamma = rig.result("dgamma", g.perChannel());
            Buffer dbeta = rig.result("dbeta", g.perChannel());
            GradientCheck check = new GradientCheck(rig, rec -> {
                rec.batchNormForward("bn", g, z, x, added, gamma, beta, runningMean, runningVar, mean, invStd, false);
                rec.batchNormForward("bn", g, y, x, added, gamma, beta, runningMean, runningVar, mean, invStd, relu);
            }, rec -> rec.batchNormBackward("bn", g, dx, dAdded, dgamma, dbeta, dy, x, relu ? y : null, gamma, mean, invStd, relu,
                    false));
            for (double v : rig.get(z)) {
                assertTrue(Math.abs(v) > 1e-4, "choose other data: a value lies at the kink of the ReLU");
            }
            // Deviations are near 1/sqrt(3): invStd^3 = 5, and a third derivative has a handful of such terms.
            check.check(x, dx, y, dy, 50, 4 * g.groupSize());
            check.check(gamma, dgamma, y, dy, 0, 4 * g.groupSize());
            check.check(beta, dbeta, y, dy, 0, 4 * g.groupSize());
            if (residual) {
                check.check(added, dAdded, y, dy, 0, 4 * g.groupSize());
            }
        }
    }

    @Test
    void l2Normalize() {
        Shape shape = Shape.of(7, 5);
        try (Rig rig = GradientCheck.rig()) {
            Buffer x = rig.uniform("x", shape);
            Buffer y = rig.result("y", shape);
            Buffer norm = rig.result("norm", Shape.of(7));
            Buffer dy = rig.uniform("dy", shape);
            Buffer dx = rig.result("dx", shape);
            GradientCheck check = new GradientCheck(rig, rec -> rec.l2NormalizeForward("norm", y, norm, x),
                    rec -> rec.l2NormalizeBackward("norm", dx, dy, y, norm));
            double shortest = java.util.Arrays.stream(rig.get(norm)).min().orElseThrow();
            check.check(x, dx, y, dy, 3 / Math.pow(shortest, 3), 7); // d3y/dx3 = at most some 15 |y| / |x|^3
        }
    }

    @ParameterizedTest
    @CsvSource({"7, 5, 3, 0.5", "1, 1, 1, 0.3", "3, 13, 7, 0.2"})
    void infoNce(int n, int m, int d, double temperature) {
        try (Rig rig = GradientCheck.rig()) {
            Buffer q = rig.uniform("q", Shape.of(n, d));
            Buffer k = rig.uniform("k", Shape.of(n, d));
            Buffer queue = rig.uniform("queue", Shape.of(m, d));
            Buffer loss = rig.result("loss", Shape.SCALAR);
            Buffer correct = rig.ints("correct", Shape.SCALAR, 0);
            Buffer dq = rig.result("dq", q.shape());
            GradientCheck check = new GradientCheck(rig,
                    rec -> rec.infoNce("loss", loss, correct, dq, q, k, queue, temperature, false), rec -> {});
            // A logit's derivative is at most 1 / T; the third cumulant of a softmax over values that far apart at most 1 / T^3.
            check.check(q, dq, loss, null, 1 / Math.pow(temperature, 3), n * (m + d));
        }
    }

    @ParameterizedTest
    @CsvSource({"7, 5", "1, 1", "13, 2"})
    void softmaxCrossEntropy(int n, int k) {
        try (Rig rig = GradientCheck.rig()) {
            Buffer logits = rig.uniform("logits", Shape.of(n, k));
            int[] classes = new int[n];
            for (int i = 0; i < n; i++) {
                classes[i] = 3 * i % k;
            }
            Buffer labels = rig.ints("labels", Shape.of(n), classes);
            Buffer loss = rig.result("loss", Shape.SCALAR);
            Buffer correct = rig.ints("correct", Shape.SCALAR, 0);
            Buffer dlogits = rig.result("dlogits", logits.shape());
            GradientCheck check = new GradientCheck(rig,
                    rec -> rec.softmaxCrossEntropy("loss", loss, correct, dlogits, logits, labels), rec -> {});
            check.check(logits, dlogits, loss, null, 1, n * k);
        }
    }
}
