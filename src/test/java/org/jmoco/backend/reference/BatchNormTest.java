package org.jmoco.backend.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.apache.commons.math3.stat.StatUtils;
import org.jmoco.backend.BatchNormGeometry;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Batch norm with splits against one group and channel at a time, with mean and variances by Commons Math. */
class BatchNormTest {
    /** Sums of up to 60 values of order 1 in f64, in another order: 2 L 2^-53, some of them divided by a deviation near 0.5. */
    private static final double ROUNDING = 1e-13;

    @ParameterizedTest
    @CsvSource({"8, 3, 2, 5, 1", "8, 3, 2, 5, 2", "8, 3, 2, 5, 4", "8, 3, 2, 5, 8", "6, 1, 1, 3, 3", "7, 2, 3, 1, 1"})
    void statisticsAndOutputOfEachGroup(int n, int h, int w, int c, int splits) {
        double momentum = 0.3;
        double eps = 1e-3;
        BatchNormGeometry g = new BatchNormGeometry(n, h, w, c, splits, eps, momentum);
        try (Rig rig = new Rig(DType.F64)) {
            Buffer x = rig.uniform("x", g.x());
            Buffer gamma = rig.uniform("gamma", g.perChannel());
            Buffer beta = rig.uniform("beta", g.perChannel());
            Buffer residual = rig.uniform("residual", g.x());
            Buffer runningMean = rig.uniform("runningMean", g.perChannel());
            Buffer runningVar = rig.uniform("runningVar", g.perChannel());
            Buffer mean = rig.result("savedMean", g.saved());
            Buffer invStd = rig.result("savedInvStd", g.saved());
            Buffer y = rig.result("y", g.x());
            Program p = rig.record(rec -> rec.batchNormForward("bn", g, y, x, residual, gamma, beta, runningMean, runningVar,
                    mean, invStd, true));
            rig.start();
            double[] meanBefore = rig.get(runningMean);
            double[] varBefore = rig.get(runningVar);
            p.run();
            for (int channel = 0; channel < c; channel++) {
                double newMean = 0;
                double newVar = 0;
                for (int group = 0; group < splits; group++) {
                    double[] values = ofGroup(rig.get(x), g, group, channel);
                    double[] outputs = ofGroup(rig.get(y), g, group, channel);
                    double[] added = ofGroup(rig.get(residual), g, group, channel);
                    double deviation = Math.sqrt(StatUtils.populationVariance(values) + eps);
                    assertEquals(StatUtils.mean(values), rig.get(mean)[group * c + channel], ROUNDING);
                    assertEquals(1 / deviation, rig.get(invStd)[group * c + channel], ROUNDING / (2 * Math.pow(deviation, 3)));
                    for (int i = 0; i < values.length; i++) {
                        double z = rig.get(gamma)[channel] * (values[i] - StatUtils.mean(values)) / deviation
                                + rig.get(beta)[channel] + added[i];
                        assertEquals(z > 0 ? z : 0, outputs[i], 10 * ROUNDING);
                    }
                    // What torch.nn.BatchNorm2d would do to this group's own copy of the running statistics.
                    double unbiased = values.length == 1 ? StatUtils.populationVariance(values) : StatUtils.variance(values);
                    newMean += (0.7 * meanBefore[channel] + 0.3 * StatUtils.mean(values)) / splits;
                    newVar += (0.7 * varBefore[channel] + 0.3 * unbiased) / splits;
                }
                assertEquals(newMean, rig.get(runningMean)[channel], ROUNDING);
                assertEquals(newVar, rig.get(runningVar)[channel], ROUNDING);
            }
        }
    }

    /** The samples group, group + G, group + 2 G ... */
    private static double[] ofGroup(double[] values, BatchNormGeometry g, int group, int channel) {
        List<Double> v = new ArrayList<>();
        for (int i = 0; i < values.length; i++) {
            int sample = i / (g.h() * g.w() * g.c());
            if (sample % g.splits() == group && i % g.c() == channel) {
                v.add(values[i]);
            }
        }
        return v.stream().mapToDouble(Double::doubleValue).toArray();
    }

    @Test
    void splitsAreSeparateBatches() {
        // A batch of two groups gives what each group gives alone: samples 0, 2, 4 and samples 1, 3, 5.
        int[] groupOf = {0, 1, 0, 1, 0, 1};
        Shape sample = Shape.of(3, 2, 2, 4);
        try (Rig rig = new Rig(DType.F64)) {
            BatchNormGeometry both = new BatchNormGeometry(6, 2, 2, 4, 2, 1e-5, 0.1);
            BatchNormGeometry one = new BatchNormGeometry(3, 2, 2, 4, 1, 1e-5, 0.1);
            Buffer x = rig.uniform("x", both.x());
            Buffer y = rig.result("y", both.x());
            Buffer[] parts = {rig.result("x0", sample), rig.result("x1", sample)};
            Buffer[] outputs = {rig.result("y0", sample), rig.result("y1", sample)};
            Buffer[] indices = {rig.ints("i0", Shape.of(3), 0, 2, 4), rig.ints("i1", Shape.of(3), 1, 3, 5)};
            Buffer gamma = rig.uniform("gamma", both.perChannel());
            Buffer beta = rig.uniform("beta", both.perChannel());
            Buffer mean = rig.uniform("mean", both.perChannel());
            Buffer var = rig.uniform("var", both.perChannel());
            Buffer saved2 = rig.result("saved mean of two", both.saved());
            Buffer invStd2 = rig.result("saved invStd of two", both.saved());
            Buffer saved1 = rig.result("saved mean of one", one.saved());
            Buffer invStd1 = rig.result("saved invStd of one", one.saved());
            rig.run(rec -> {
                rec.batchNormForward("both", both, y, x, null, gamma, beta, mean, var, saved2, invStd2, false);
                for (int i = 0; i < 2; i++) {
                    rec.gatherRows("part", parts[i], x, indices[i]);
                    rec.batchNormForward("one", one, outputs[i], parts[i], null, gamma, beta, mean, var, saved1, invStd1,
                            false);
                }
            });
            int size = 2 * 2 * 4;
            for (int n = 0; n < 6; n++) {
                double[] inBatch = java.util.Arrays.copyOfRange(rig.get(y), n * size, (n + 1) * size);
                double[] alone = java.util.Arrays.copyOfRange(rig.get(outputs[groupOf[n]]), n / 2 * size, (n / 2 + 1) * size);
                assertArrayEquals(alone, inBatch, "sample " + n);
            }
        }
    }

    @Test
    void evaluationUsesRunningStatisticsAndLeavesThem() {
        BatchNormGeometry g = new BatchNormGeometry(2, 1, 1, 1, 1, 0.25, 0.1);
        try (Rig rig = new Rig(DType.F64)) {
            Buffer x = rig.real("x", g.x(), 5, -3);
            Buffer residual = rig.real("residual", g.x(), 1, 1);
            Buffer gamma = rig.real("gamma", g.perChannel(), 3);
            Buffer beta = rig.real("beta", g.perChannel(), 0.5);
            Buffer mean = rig.real("mean", g.perChannel(), 1);
            Buffer var = rig.real("var", g.perChannel(), 3.75); // deviation 2 with eps
            Buffer y = rig.result("y", g.x());
            Buffer rectified = rig.result("rectified", g.x());
            rig.run(rec -> {
                rec.batchNormInference("bn", g, y, x, residual, gamma, beta, mean, var, false);
                rec.batchNormInference("bn", g, rectified, x, null, gamma, beta, mean, var, true);
            });
            assertArrayEquals(new double[] {7.5, -4.5}, rig.get(y));
            assertArrayEquals(new double[] {6.5, 0}, rig.get(rectified));
            assertArrayEquals(new double[] {1}, rig.get(mean));
            assertArrayEquals(new double[] {3.75}, rig.get(var));
        }
    }
}
