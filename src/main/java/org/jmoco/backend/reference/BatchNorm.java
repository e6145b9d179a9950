package org.jmoco.backend.reference;

import org.jmoco.backend.BatchNormGeometry;

/**
 * Batch norm with splits: sample n belongs to group n mod G, and a group is normalised by its own statistics. x, y
 * N x H x W x C; gamma, beta and running statistics C; saved statistics G x C. See docs/maths/batch-norm-with-splits.md.
 *
 * <p>Channels do not know of each other, so a task of the workers is one channel, and loops below are of that alone. Element
 * (n, h, w, c) is number (n H W + pixel) C + c of x.
 */
final class BatchNorm {
    private final Workers workers;

    BatchNorm(Workers workers) {
        this.workers = workers;
    }

    /** Training forward: y, saved statistics, running statistics. */
    void forward(BatchNormGeometry g, Reals y, Reals x, Reals residual, Reals gamma, Reals beta, Reals runningMean,
            Reals runningVar, Reals savedMean, Reals savedInvStd, boolean relu) {
        int L = g.groupSize();
        int pixels = g.h() * g.w();
        double unbiased = L == 1 ? 1 : L / (L - 1.0);
        workers.forEach(g.c(), c -> {
            double newMean = 0; // sum over the groups of what each moves the running statistics to
            double newVar = 0;
            for (int group = 0; group < g.splits(); group++) {
                double sum = 0;
                for (int n = group; n < g.n(); n += g.splits()) {
                    for (int p = 0; p < pixels; p++) {
                        sum += x.get((n * pixels + p) * g.c() + c);
                    }
                }
                double mean = sum / L;
                // A second pass for the variance: E[x^2] - mean^2 would cancel where the mean is far from 0.
                double squares = 0;
                for (int n = group; n < g.n(); n += g.splits()) {
                    for (int p = 0; p < pixels; p++) {
                        double d = x.get((n * pixels + p) * g.c() + c) - mean;
                        squares += d * d;
                    }
                }
                double var = squares / L;
                double invStd = 1 / Math.sqrt(var + g.eps());
                for (int n = group; n < g.n(); n += g.splits()) {
                    for (int p = 0; p < pixels; p++) {
                        int i = (n * pixels + p) * g.c() + c;
                        double z = gamma.get(c) * ((x.get(i) - mean) * invStd) + beta.get(c);
                        y.set(i, activated(z, residual, i, relu));
                    }
                }
                savedMean.set(group * g.c() + c, mean);
                savedInvStd.set(group * g.c() + c, invStd);
                newMean += (1 - g.momentum()) * runningMean.get(c) + g.momentum() * mean;
                newVar += (1 - g.momentum()) * runningVar.get(c) + g.momentum() * var * unbiased;
            }
            runningMean.set(c, newMean / g.splits());
            runningVar.set(c, newVar / g.splits());
        });
    }

    /** Evaluation forward, by the running statistics; splits do not matter. */
    void inference(BatchNormGeometry g, Reals y, Reals x, Reals residual, Reals gamma, Reals beta, Reals runningMean,
            Reals runningVar, boolean relu) {
        workers.forEach(g.c(), c -> {
            double invStd = 1 / Math.sqrt(runningVar.get(c) + g.eps());
            for (int i = c; i < g.n() * g.h() * g.w() * g.c(); i += g.c()) {
                double z = gamma.get(c) * ((x.get(i) - runningMean.get(c)) * invStd) + beta.get(c);
                y.set(i, activated(z, residual, i, relu));
            }
        });
    }

    private static double activated(double z, Reals residual, int i, boolean relu) {
        double sum = residual == null ? z : z + residual.get(i);
        return relu ? Math.max(sum, 0) : sum;
    }

    /** Backward of the training forward: dx, dgamma, dbeta and, for a residual, dResidual, which may be dy itself. */
    void backward(BatchNormGeometry g, Reals dx, Reals dResidual, Reals dgamma, Reals dbeta, Reals dy, Reals x, Reals y,
            Reals gamma, Reals savedMean, Reals savedInvStd, boolean relu, boolean accumulate) {
        int L = g.groupSize();
        int pixels = g.h() * g.w();
        workers.forEach(g.c(), c -> {
            double allDz = 0; // sums over the groups
            double allDzXhat = 0;
            for (int group = 0; group < g.splits(); group++) {
                double mean = savedMean.get(group * g.c() + c);
                double invStd = savedInvStd.get(group * g.c() + c);
                double sumDz = 0;
                double sumDzXhat = 0;
                for (int n = group; n < g.n(); n += g.splits()) {
                    for (int p = 0; p < pixels; p++) {
                        int i = (n * pixels + p) * g.c() + c;
                        double dz = relu && !(y.get(i) > 0) ? 0 : dy.get(i);
                        sumDz += dz;
                        sumDzXhat += dz * ((x.get(i) - mean) * invStd);
                    }
                }
                for (int n = group; n < g.n(); n += g.splits()) {
                    for (int p = 0; p < pixels; p++) {
                        int i = (n * pixels + p) * g.c() + c;
                        double dz = relu && !(y.get(i) > 0) ? 0 : dy.get(i);
                        double xhat = (x.get(i) - mean) * invStd;
                        dx.set(i, gamma.get(c) * invStd * (dz - sumDz / L - xhat * sumDzXhat / L));
                        if (dResidual != null) {
                            dResidual.set(i, dz);
                        }
                    }
                }
                allDz += sumDz;
                allDzXhat += sumDzXhat;
            }
            dgamma.put(c, allDzXhat, accumulate);
            dbeta.put(c, allDz, accumulate);
        });
    }
}
