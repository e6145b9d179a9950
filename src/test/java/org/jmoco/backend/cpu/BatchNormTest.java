package org.jmoco.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.jmoco.backend.BatchNormGeometry;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Batch norm of the CPU backend against its definition in f64, at awkward sizes. */
class BatchNormTest {
    private static final double EPS32 = 0x1p-24;

    /** Mean and inverse deviation of group and channel, from all its values. */
    private record Moments(double[] mean, double[] variance) {
        static Moments of(BatchNormGeometry g, float[] x) {
            int gc = g.splits() * g.c();
            double[] mean = new double[gc];
            double[] variance = new double[gc];
            for (int pass = 0; pass < 2; pass++) {
                for (int i = 0; i < x.length; i++) {
                    int at = index(g, i);
                    if (pass == 0) {
                        mean[at] += x[i] / (double) g.groupSize();
                    } else {
                        variance[at] += (x[i] - mean[at]) * (x[i] - mean[at]) / g.groupSize();
                    }
                }
            }
            return new Moments(mean, variance);
        }

        double invStd(BatchNormGeometry g, int at) {
            return 1 / Math.sqrt(variance[at] + g.eps());
        }
    }

    /** Group times C plus channel of element {@code i}. */
    private static int index(BatchNormGeometry g, int i) {
        int n = i / (g.h() * g.w() * g.c());
        return n % g.splits() * g.c() + i % g.c();
    }

    @ParameterizedTest
    @CsvSource({
        // n, h, w, c, splits, mean, residual, relu
        "4, 3, 5, 7, 2, 0, false, true",
        "4, 3, 5, 7, 1, 0, true, true",
        "1, 1, 1, 13, 1, 0, false, false",
        "6, 1, 1, 31, 6, 0, true, false",
        "8, 4, 4, 64, 8, 0, true, true",
        "16, 5, 5, 33, 4, 1000, false, false",
        "2, 37, 41, 16, 2, -3, true, true",
        "3, 70, 70, 10, 3, 100000, false, false",
        "4, 64, 64, 8, 1, 5, true, true",
        "12, 2, 3, 1, 3, 0, false, true",
    })
    void forward(int n, int h, int w, int c, int splits, double mean, boolean residual, boolean relu) {
        BatchNormGeometry g = new BatchNormGeometry(n, h, w, c, splits, 1e-5, 0.1);
        Rig rig = new Rig().random("x", g.x(), mean, 2).random("residual", g.x()).random("gamma", g.perChannel(), 1, 0.5)
                .random("beta", g.perChannel()).random("runningMean", g.perChannel()).random("runningVar", g.perChannel(), 4, 0.1)
                .poisoned("y", g.x()).poisoned("savedMean", g.saved()).poisoned("savedInvStd", g.saved());
        float[] x = rig.floats("x");
        Moments m = Moments.of(g, x);
        double[] y = new double[x.length];
        double[] runningMean = new double[c];
        double[] runningVar = new double[c];
        double[] invStd = new double[m.mean.length];
        for (int i = 0; i < x.length; i++) {
            int at = index(g, i);
            double z = (x[i] - m.mean[at]) * m.invStd(g, at) * rig.floats("gamma")[i % c] + rig.floats("beta")[i % c]
                    + (residual ? rig.floats("residual")[i] : 0);
            y[i] = relu ? Math.max(z, 0) : z;
        }
        double unbiased = g.groupSize() == 1 ? 1 : g.groupSize() / (g.groupSize() - 1.0);
        for (int i = 0; i < m.mean.length; i++) {
            invStd[i] = m.invStd(g, i);
            runningMean[i % c] += (0.9 * rig.floats("runningMean")[i % c] + 0.1 * m.mean[i]) / splits;
            runningVar[i % c] += (0.9 * rig.floats("runningVar")[i % c] + 0.1 * m.variance[i] * unbiased) / splits;
        }
        Map<String, HostTensor> out = rig.run((rec, b) -> rec.batchNormForward("bn", g, b.get("y"), b.get("x"),
                residual ? b.get("residual") : null, b.get("gamma"), b.get("beta"), b.get("runningMean"), b.get("runningVar"),
                b.get("savedMean"), b.get("savedInvStd"), relu));
        // Shifted f32 sums of 64 terms: relative error of the variance below 100 eps for these data, whatever the mean.
        Rig.assertClose("savedMean", m.mean, out.get("savedMean"), i -> EPS32 * (Math.abs(m.mean[i]) + 200));
        Rig.assertClose("savedInvStd", invStd, out.get("savedInvStd"), i -> 200 * EPS32 * invStd[i]);
        Rig.assertClose("y", y, out.get("y"), i -> 400 * EPS32 * (1 + Math.abs(x[i] - m.mean[index(g, i)]) * invStd[index(g, i)]
                * Math.abs(rig.floats("gamma")[i % c]) + Math.abs(y[i])));
        Rig.assertClose("runningMean", runningMean, out.get("runningMean"), i -> 20 * EPS32 * (10 + Math.abs(runningMean[i])));
        Rig.assertClose("runningVar", runningVar, out.get("runningVar"), i -> 200 * EPS32 * runningVar[i]);
    }

    @ParameterizedTest
    @CsvSource({
        // n, h, w, c, splits, residual (0 none, 1 own buffer, 2 in place of dy), relu, accumulate
        "4, 3, 5, 7, 2, 0, true, false",
        "4, 3, 5, 7, 1, 1, true, true",
        "1, 1, 1, 13, 1, 0, false, false",
        "6, 1, 1, 31, 6, 1, false, false",
        "8, 4, 4, 64, 8, 2, true, true",
        "16, 5, 5, 33, 4, 0, false, false",
        "2, 37, 41, 16, 2, 2, true, false",
        "3, 70, 70, 10, 3, 0, true, false",
        "4, 64, 64, 8, 1, 1, true, true",
        "12, 2, 3, 1, 3, 2, false, true",
    })
    void backward(int n, int h, int w, int c, int splits, int residual, boolean relu, boolean accumulate) {
        BatchNormGeometry g = new BatchNormGeometry(n, h, w, c, splits, 1e-5, 0.1);
        Rig rig = new Rig().random("x", g.x(), 3, 2).random("dy", g.x()).random("y", g.x())
                .random("gamma", g.perChannel(), 1, 0.5)
                .poisoned("dx", g.x()).poisoned("dResidual", g.x());
        if (accumulate) {
            rig.random("dgamma", g.perChannel()).random("dbeta", g.perChannel());
        } else {
            rig.poisoned("dgamma", g.perChannel()).poisoned("dbeta", g.perChannel());
        }
        float[] x = rig.floats("x");
        Moments m = Moments.of(g, x);
        float[] mean = new float[m.mean.length];
        float[] invStd = new float[m.mean.length];
        for (int i = 0; i < mean.length; i++) {
            mean[i] = (float) m.mean[i];
            invStd[i] = (float) m.invStd(g, i);
        }
        rig.with("savedMean", g.saved(), mean).with("savedInvStd", g.saved(), invStd);
        double[] dz = new double[x.length];
        double[] sum = new double[mean.length];
        double[] products = new double[mean.length];
        double[] magnitude = new double[mean.length];
        for (int i = 0; i < x.length; i++) {
            int at = index(g, i);
            dz[i] = !relu || rig.floats("y")[i] > 0 ? rig.floats("dy")[i] : 0;
            double xhat = (x[i] - (double) mean[at]) * invStd[at];
            sum[at] += dz[i];
            products[at] += dz[i] * xhat;
            magnitude[at] += Math.abs(dz[i]) * (1 + Math.abs(xhat));
        }
        double[] dx = new double[x.length];
        double[] dgamma = new double[c];
        double[] dbeta = new double[c];
        double[] total = new double[c];
        for (int i = 0; i < x.length; i++) {
            int at = index(g, i);
            double xhat = (x[i] - (double) mean[at]) * invStd[at];
            dx[i] = rig.floats("gamma")[i % c] * invStd[at]
                    * (dz[i] - sum[at] / g.groupSize() - xhat * products[at] / g.groupSize());
        }
        for (int i = 0; i < mean.length; i++) {
            dgamma[i % c] += products[i];
            dbeta[i % c] += sum[i];
            total[i % c] += magnitude[i];
        }
        for (int i = 0; accumulate && i < c; i++) {
            dgamma[i] += rig.floats("dgamma")[i];
            dbeta[i] += rig.floats("dbeta")[i];
        }
        Map<String, HostTensor> out = rig.run((rec, b) -> rec.batchNormBackward("bn", g, b.get("dx"),
                residual == 0 ? null : b.get(residual == 1 ? "dResidual" : "dy"), b.get("dgamma"), b.get("dbeta"), b.get("dy"),
                b.get("x"), relu ? b.get("y") : null, b.get("gamma"), b.get("savedMean"), b.get("savedInvStd"), relu,
                accumulate));
        Rig.assertClose("dx", dx, out.get("dx"), i -> {
            int at = index(g, i);
            double xhat = Math.abs((x[i] - (double) mean[at]) * invStd[at]);
            return 200 * EPS32 * Math.abs(rig.floats("gamma")[i % c]) * invStd[at]
                    * (Math.abs(dz[i]) + magnitude[at] / g.groupSize() * (1 + xhat));
        });
        Rig.assertClose("dgamma", dgamma, out.get("dgamma"), i -> 100 * EPS32 * (total[i] + Math.abs(dgamma[i])));
        Rig.assertClose("dbeta", dbeta, out.get("dbeta"), i -> 100 * EPS32 * (total[i] + Math.abs(dbeta[i])));
        if (residual > 0) {
            Rig.assertClose("dResidual", dz, out.get(residual == 1 ? "dResidual" : "dy"), 0);
        } else {
            assertEquals(Float.NaN, out.get("dResidual").floats()[0]);
        }
    }

    @ParameterizedTest
    @CsvSource({"4, 3, 5, 7, 2, true, true", "3, 1, 1, 31, 1, false, false", "2, 40, 40, 24, 2, true, false",
            "5, 7, 7, 64, 5, false, true"})
    void inference(int n, int h, int w, int c, int splits, boolean residual, boolean relu) {
        BatchNormGeometry g = new BatchNormGeometry(n, h, w, c, splits, 1e-5, 0.1);
        Rig rig = new Rig().random("x", g.x(), 1, 2).random("residual", g.x()).random("gamma", g.perChannel(), 1, 0.5)
                .random("beta", g.perChannel()).random("runningMean", g.perChannel()).random("runningVar", g.perChannel(), 4, 0.1)
                .poisoned("y", g.x());
        double[] y = new double[rig.floats("x").length];
        double[] size = new double[y.length];
        for (int i = 0; i < y.length; i++) {
            double xhat = (rig.floats("x")[i] - (double) rig.floats("runningMean")[i % c])
                    / Math.sqrt(rig.floats("runningVar")[i % c] + g.eps());
            double z = xhat * rig.floats("gamma")[i % c] + rig.floats("beta")[i % c] + (residual ? rig.floats("residual")[i] : 0);
            size[i] = Math.abs(xhat * rig.floats("gamma")[i % c]) + Math.abs(rig.floats("beta")[i % c])
                    + Math.abs(rig.floats("residual")[i]);
            y[i] = relu ? Math.max(z, 0) : z;
        }
        Map<String, HostTensor> out = rig.run((rec, b) -> rec.batchNormInference("bn", g, b.get("y"), b.get("x"),
                residual ? b.get("residual") : null, b.get("gamma"), b.get("beta"), b.get("runningMean"), b.get("runningVar"),
                relu));
        // Four roundings: of the difference, of the scale, of the fma, of the sum.
        Rig.assertClose("y", y, out.get("y"), i -> 8 * EPS32 * size[i]);
        Rig.assertClose("runningMean", toDouble(rig.floats("runningMean")), out.get("runningMean"), 0);
    }

    private static double[] toDouble(float[] v) {
        return HostTensor.of(Shape.of(v.length), v).toF64().doubles();
    }
}
