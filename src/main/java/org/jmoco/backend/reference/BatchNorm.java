package org.jmoco.backend.reference;

import java.util.function.IntConsumer;
import org.jmoco.backend.BatchNormGeometry;

/**
 * Batch norm with splits: sample n belongs to group n mod G, and a group is normalised by its own statistics. x, y
 * N x H x W x C; gamma, beta and running statistics C; saved statistics G x C. See docs/maths/batch-norm-with-splits.md.
 *
 * <p>Channels do not know of each other; a task is a block of them. The innermost loop runs over the block, along memory.
 */
final class BatchNorm {
    /** Channels of one task: two cache lines of doubles, and 64 channels still make four tasks. */
    private static final int CHANNELS = 16;

    private final Workers workers;

    BatchNorm(Workers workers) {
        this.workers = workers;
    }

    /** Training forward: y, saved statistics, running statistics. */
    void forward(BatchNormGeometry g, Reals y, Reals x, Reals residual, Reals gamma, Reals beta, Reals runningMean,
            Reals runningVar, Reals savedMean, Reals savedInvStd, boolean relu) {
        int L = g.groupSize();
        double unbiased = L == 1 ? 1 : L / (L - 1.0);
        double[] newMean = new double[g.c()]; // sum over the groups of what each moves the running statistics to
        double[] newVar = new double[g.c()];
        forChannels(g.c(), (from, to) -> {
            for (int group = 0; group < g.splits(); group++) {
                double[] sum = new double[to];
                forPixels(g, group, i -> {
                    for (int c = from; c < to; c++) {
                        sum[c] += x.get(i + c);
                    }
                });
                // A second pass for the variance: E[x^2] - mean^2 would cancel where the mean is far from 0.
                double[] squares = new double[to];
                forPixels(g, group, i -> {
                    for (int c = from; c < to; c++) {
                        double d = x.get(i + c) - sum[c] / L;
                        squares[c] += d * d;
                    }
                });
                double[] mean = new double[to];
                double[] invStd = new double[to];
                for (int c = from; c < to; c++) {
                    mean[c] = sum[c] / L;
                    double var = squares[c] / L;
                    invStd[c] = 1 / Math.sqrt(var + g.eps());
                    savedMean.set(group * g.c() + c, mean[c]);
                    savedInvStd.set(group * g.c() + c, invStd[c]);
                    newMean[c] += (1 - g.momentum()) * runningMean.get(c) + g.momentum() * mean[c];
                    newVar[c] += (1 - g.momentum()) * runningVar.get(c) + g.momentum() * var * unbiased;
                }
                forPixels(g, group, i -> {
                    for (int c = from; c < to; c++) {
                        double z = gamma.get(c) * ((x.get(i + c) - mean[c]) * invStd[c]) + beta.get(c);
                        y.set(i + c, activated(z, residual, i + c, relu));
                    }
                });
            }
            for (int c = from; c < to; c++) {
                runningMean.set(c, newMean[c] / g.splits());
                runningVar.set(c, newVar[c] / g.splits());
            }
        });
    }

    /** Evaluation forward, by the running statistics; splits do not matter. */
    void inference(BatchNormGeometry g, Reals y, Reals x, Reals residual, Reals gamma, Reals beta, Reals runningMean,
            Reals runningVar, boolean relu) {
        forChannels(g.c(), (from, to) -> {
            for (int group = 0; group < g.splits(); group++) {
                forPixels(g, group, i -> {
                    for (int c = from; c < to; c++) {
                        double invStd = 1 / Math.sqrt(runningVar.get(c) + g.eps());
                        double z = gamma.get(c) * ((x.get(i + c) - runningMean.get(c)) * invStd) + beta.get(c);
                        y.set(i + c, activated(z, residual, i + c, relu));
                    }
                });
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
        double[] allDz = new double[g.c()];
        double[] allDzXhat = new double[g.c()];
        forChannels(g.c(), (from, to) -> {
            for (int group = 0; group < g.splits(); group++) {
                int saved = group * g.c();
                double[] sumDz = new double[to];
                double[] sumDzXhat = new double[to];
                forPixels(g, group, i -> {
                    for (int c = from; c < to; c++) {
                        double dz = relu && !(y.get(i + c) > 0) ? 0 : dy.get(i + c);
                        double xhat = (x.get(i + c) - savedMean.get(saved + c)) * savedInvStd.get(saved + c);
                        sumDz[c] += dz;
                        sumDzXhat[c] += dz * xhat;
                    }
                });
                forPixels(g, group, i -> {
                    for (int c = from; c < to; c++) {
                        double dz = relu && !(y.get(i + c) > 0) ? 0 : dy.get(i + c);
                        double xhat = (x.get(i + c) - savedMean.get(saved + c)) * savedInvStd.get(saved + c);
                        dx.set(i + c, gamma.get(c) * savedInvStd.get(saved + c) * (dz - sumDz[c] / L - xhat * sumDzXhat[c] / L));
                        if (dResidual != null) {
                            dResidual.set(i + c, dz);
                        }
                    }
                });
                for (int c = from; c < to; c++) {
                    allDz[c] += sumDz[c];
                    allDzXhat[c] += sumDzXhat[c];
                }
            }
            for (int c = from; c < to; c++) {
                dgamma.put(c, allDzXhat[c], accumulate);
                dbeta.put(c, allDz[c], accumulate);
            }
        });
    }

    private void forChannels(int C, Workers.Range task) {
        workers.forEach(Math.ceilDiv(C, CHANNELS), i -> task.run(i * CHANNELS, Math.min(C, (i + 1) * CHANNELS)));
    }

    /** Calls {@code pixel} with the index of channel 0 of each pixel of each sample of the group. */
    private static void forPixels(BatchNormGeometry g, int group, IntConsumer pixel) {
        int pixels = g.h() * g.w();
        for (int n = group; n < g.n(); n += g.splits()) {
            for (int i = 0; i < pixels; i++) {
                pixel.accept((n * pixels + i) * g.c());
            }
        }
    }
}
