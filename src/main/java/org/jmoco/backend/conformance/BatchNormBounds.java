package org.jmoco.backend.conformance;

import java.util.function.IntConsumer;
import org.jmoco.backend.BatchNormGeometry;

/**
 * First-order rounding bounds for batch norm. L values x in a group and channel, mean mu, variance v, X = max |x|,
 * R = max |x - mu|; eps is half a unit in the last place of 1. Constants are rounded up; second-order terms are dropped.
 */
final class BatchNormBounds {
    private BatchNormBounds() {}

    private static void forGroup(BatchNormGeometry g, int group, int channel, IntConsumer element) {
        for (int n = group; n < g.n(); n += g.splits()) {
            for (int i = 0; i < g.h() * g.w(); i++) {
                element.accept((n * g.h() * g.w() + i) * g.c() + channel);
            }
        }
    }

    /** Index group C + channel of element i of x. */
    private static int saved(BatchNormGeometry g, int i) {
        return i / (g.h() * g.w() * g.c()) % g.splits() * g.c() + i % g.c();
    }

    /**
     * Mean: pairwise sums err by 2 (1 + log2 L) eps X, sums of x - shift with any shift among the data by (4 L + 4) eps R.
     * Variance: a sum of L squares of at most 2 R, or (error of mean)^2 off if taken about a wrong mean.
     */
    static final class Forward {
        private final OpCase c;
        private final BatchNormGeometry g;
        private final boolean residual;
        private double[] mean; // of each group and channel
        private double[] var;
        private double[] largest; // X
        private double[] reach; // R

        Forward(OpCase c, BatchNormGeometry g, boolean residual) {
            this.c = c;
            this.g = g;
            this.residual = residual;
        }

        private void prepare() {
            if (mean != null) {
                return;
            }
            double[] x = c.before("x");
            int L = g.groupSize();
            mean = new double[g.splits() * g.c()];
            var = new double[mean.length];
            largest = new double[mean.length];
            reach = new double[mean.length];
            for (int gc = 0; gc < mean.length; gc++) {
                int at = gc;
                forGroup(g, gc / g.c(), gc % g.c(), i -> mean[at] += x[i] / L);
                forGroup(g, gc / g.c(), gc % g.c(), i -> {
                    var[at] += (x[i] - mean[at]) * (x[i] - mean[at]) / L;
                    largest[at] = Math.max(largest[at], Math.abs(x[i]));
                    reach[at] = Math.max(reach[at], Math.abs(x[i] - mean[at]));
                });
            }
        }

        private double meanError(int gc, double eps) {
            int L = g.groupSize();
            return (2 * (1 + Math.log(L) / Math.log(2)) * largest[gc] + (4 * L + 4) * reach[gc]) * eps;
        }

        private double varError(int gc, double eps) {
            return (2 * g.groupSize() + 6) * eps * 4 * reach[gc] * reach[gc] + meanError(gc, eps) * meanError(gc, eps);
        }

        private double invStd(int gc) {
            return 1 / Math.sqrt(var[gc] + g.eps());
        }

        private double relativeInvStdError(int gc, double eps) {
            return varError(gc, eps) / (2 * (var[gc] + g.eps())) + 3 * eps;
        }

        double savedMean(String name, int i, Tolerance.Evidence e) {
            prepare();
            return meanError(i, e.eps());
        }

        double savedInvStd(String name, int i, Tolerance.Evidence e) {
            prepare();
            return invStd(i) * relativeInvStdError(i, e.eps());
        }

        double y(String name, int i, Tolerance.Evidence e) {
            prepare();
            int gc = saved(g, i);
            int channel = i % g.c();
            double xhat = Math.abs(e.before("x", i) - mean[gc]) * invStd(gc);
            double gamma = Math.abs(e.before("gamma", channel));
            double xhatError = (meanError(gc, e.eps()) + 2 * e.eps() * (Math.abs(e.before("x", i))
                    + Math.abs(mean[gc]))) * invStd(gc) + xhat * (relativeInvStdError(gc, e.eps()) + 2 * e.eps());
            return gamma * xhatError + 4 * e.eps() * (gamma * xhat + Math.abs(e.before("beta", channel))
                    + (residual ? Math.abs(e.before("residual", i)) : 0));
        }

        double runningMean(String name, int channel, Tolerance.Evidence e) {
            prepare();
            double allowed = 6 * e.eps() * Math.abs(e.before("runningMean", channel));
            for (int group = 0; group < g.splits(); group++) {
                int gc = group * g.c() + channel;
                allowed += g.momentum() * (meanError(gc, e.eps()) + 6 * e.eps() * Math.abs(mean[gc])) / g.splits();
            }
            return allowed;
        }

        double runningVar(String name, int channel, Tolerance.Evidence e) {
            prepare();
            int L = g.groupSize();
            double unbiased = L == 1 ? 1 : L / (L - 1.0);
            double allowed = 6 * e.eps() * e.before("runningVar", channel);
            for (int group = 0; group < g.splits(); group++) {
                int gc = group * g.c() + channel;
                allowed += g.momentum() * unbiased * (varError(gc, e.eps()) + 6 * e.eps() * var[gc]) / g.splits();
            }
            return allowed;
        }
    }

    /**
     * xhat errs by 2 eps (|x| + |mean|) invStd + 2 eps |xhat|; the sums over L values by 2 L eps times their absolute sums, plus
     * what xhat's error makes of them. dx takes some 10 roundings of its three terms.
     */
    static final class Backward {
        private final OpCase c;
        private final BatchNormGeometry g;
        private final boolean relu;
        private final boolean accumulate;
        private double[] absDz; // sum of |dz| of each group and channel
        private double[] absDzXhat; // sum of |dz xhat|
        private double[] dzXhatError; // error of sum of dz xhat, in units of eps

        Backward(OpCase c, BatchNormGeometry g, boolean relu, boolean accumulate) {
            this.c = c;
            this.g = g;
            this.relu = relu;
            this.accumulate = accumulate;
        }

        private double dz(int i) {
            return relu && !(c.before("y")[i] > 0) ? 0 : Math.abs(c.before("dy")[i]);
        }

        private double xhat(int i) {
            int gc = saved(g, i);
            return Math.abs(c.before("x")[i] - c.before("savedMean")[gc]) * c.before("savedInvStd")[gc];
        }

        /** In units of eps. */
        private double xhatError(int i) {
            int gc = saved(g, i);
            return 2 * (Math.abs(c.before("x")[i]) + Math.abs(c.before("savedMean")[gc])) * c.before("savedInvStd")[gc]
                    + 2 * xhat(i);
        }

        private void prepare() {
            if (absDz != null) {
                return;
            }
            int L = g.groupSize();
            absDz = new double[g.splits() * g.c()];
            absDzXhat = new double[absDz.length];
            dzXhatError = new double[absDz.length];
            for (int gc = 0; gc < absDz.length; gc++) {
                int at = gc;
                forGroup(g, gc / g.c(), gc % g.c(), i -> {
                    absDz[at] += dz(i);
                    absDzXhat[at] += dz(i) * xhat(i);
                    dzXhatError[at] += dz(i) * xhatError(i);
                });
                dzXhatError[gc] += (2 * L + 4) * absDzXhat[gc];
            }
        }

        double dx(String name, int i, Tolerance.Evidence e) {
            prepare();
            int L = g.groupSize();
            int gc = saved(g, i);
            double scale = Math.abs(e.before("gamma", i % g.c())) * e.before("savedInvStd", gc);
            double sums = (2 * L * absDz[gc] + xhat(i) * dzXhatError[gc] + xhatError(i) * absDzXhat[gc]) / L;
            double terms = dz(i) + absDz[gc] / L + xhat(i) * absDzXhat[gc] / L;
            return scale * e.eps() * (sums + 10 * terms);
        }

        double dgamma(String name, int channel, Tolerance.Evidence e) {
            prepare();
            return e.eps() * overGroups(dzXhatError, absDzXhat, channel, e.before("dgamma"));
        }

        double dbeta(String name, int channel, Tolerance.Evidence e) {
            prepare();
            double[] errors = new double[absDz.length];
            for (int gc = 0; gc < errors.length; gc++) {
                errors[gc] = 2 * g.groupSize() * absDz[gc];
            }
            return e.eps() * overGroups(errors, absDz, channel, e.before("dbeta"));
        }

        /** Errors of the groups' sums, and of adding them to each other and to what was there. In units of eps. */
        private double overGroups(double[] errors, double[] magnitudes, int channel, double[] before) {
            double error = 0;
            double magnitude = accumulate ? Math.abs(before[channel]) : 0;
            for (int group = 0; group < g.splits(); group++) {
                error += errors[group * g.c() + channel];
                magnitude += magnitudes[group * g.c() + channel];
            }
            return error + 2 * (g.splits() + 1) * magnitude;
        }
    }
}
