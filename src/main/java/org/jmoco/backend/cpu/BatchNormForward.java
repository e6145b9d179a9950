package org.jmoco.backend.cpu;

import org.jmoco.backend.BatchNormGeometry;
import org.jmoco.backend.Buffer;

/**
 * Batch norm, training forward: 8 bytes read and 4 written per element (4 more read with a residual), of which the second
 * reading comes from cache where a group fits there.
 *
 * <p>Moments are those of x - shift, with shift the mean of {@link #SAMPLES} pixels spread over the group. The relative error
 * of the variance is then about 64 eps (1 + (mean - shift)^2 / variance), with a last factor near 1, for any mean.
 */
final class BatchNormForward extends NormWork {
    private static final int SAMPLES = 32;

    // Constant arrays, in the order of ForwardLoops; the shift is needed no longer when the mean is known.
    private static final int SHIFT = 0;
    private static final int MEAN = 0;
    private static final int SCALE = 1;
    private static final int OFFSET = 2;

    private final Buffer x;
    private final Buffer gamma;
    private final Buffer beta;
    private final Buffer runningMean;
    private final Buffer runningVar;
    private final Buffer savedMean;
    private final Buffer savedInvStd;

    BatchNormForward(Workers workers, BatchNormGeometry g, Buffer y, Buffer x, Buffer residual, Buffer gamma, Buffer beta,
            Buffer runningMean, Buffer runningVar, Buffer savedMean, Buffer savedInvStd, boolean relu) {
        this(workers, g, new NormLayout(g), y, x, residual, gamma, beta, runningMean, runningVar, savedMean, savedInvStd,
                relu ? 0f : Float.NEGATIVE_INFINITY);
    }

    private BatchNormForward(Workers workers, BatchNormGeometry g, NormLayout layout, Buffer y, Buffer x, Buffer residual,
            Buffer gamma, Buffer beta, Buffer runningMean, Buffer runningVar, Buffer savedMean, Buffer savedInvStd, float floor) {
        super(workers, g, layout, new ForwardLoops.Moments(layout, x), secondPass(layout, y, x, residual, floor));
        this.x = x;
        this.gamma = gamma;
        this.beta = beta;
        this.runningMean = runningMean;
        this.runningVar = runningVar;
        this.savedMean = savedMean;
        this.savedInvStd = savedInvStd;
    }

    /** @param floor 0 for a ReLU, minus infinity for none */
    static RowLoop secondPass(NormLayout layout, Buffer y, Buffer x, Buffer residual, float floor) {
        return residual == null
                ? new ForwardLoops.Normalize(layout, y, x, floor)
                : new ForwardLoops.NormalizeAdd(layout, y, x, residual, floor);
    }

    @Override
    public void run() {
        runBothPasses();
        updateRunning();
    }

    @Override
    void prepareGroup(int group) {
        int channels = layout.channels;
        int samples = Math.min(SAMPLES, layout.groupPixels);
        for (int c = 0; c < channels; c++) {
            Simd.setDouble(groupSum(group, 0, c), 0);
        }
        for (int i = 0; i < samples; i++) {
            long at = x.address() + layout.offsetOfGroupPixel(group, (int) ((long) layout.groupPixels * i / samples));
            for (int c = 0; c < channels; c++) {
                long sum = groupSum(group, 0, c);
                Simd.setDouble(sum, Simd.getDouble(sum) + Simd.get(at + (long) c * Float.BYTES));
            }
        }
        for (int c = 0; c < channels; c++) {
            setConstant(group, SHIFT, c, (float) (Simd.getDouble(groupSum(group, 0, c)) / samples));
        }
    }

    @Override
    void finishGroup(int group) {
        double size = layout.groupPixels;
        for (int c = 0; c < layout.channels; c++) {
            double shift = constant(group, SHIFT, c);
            double distance = sumOfChunks(group, 0, c) / size;
            double mean = shift + distance;
            double variance = Math.max(0, sumOfChunks(group, 1, c) / size - distance * distance);
            double invStd = 1 / Math.sqrt(variance + geometry.eps());
            long saved = ((long) group * layout.channels + c) * Float.BYTES;
            Simd.set(savedMean.address() + saved, (float) mean);
            Simd.set(savedInvStd.address() + saved, (float) invStd);
            Simd.setDouble(groupSum(group, 0, c), mean);
            Simd.setDouble(groupSum(group, 1, c), variance);
            float scale = (float) (Simd.get(gamma.address() + (long) c * Float.BYTES) * invStd);
            // What rounding the mean to f32 takes away from every x - mean comes back through the offset.
            double lost = (float) mean - mean;
            setConstant(group, MEAN, c, (float) mean);
            setConstant(group, SCALE, c, scale);
            setConstant(group, OFFSET, c, (float) (Simd.get(beta.address() + (long) c * Float.BYTES) + lost * scale));
        }
    }

    /** r = mean over the groups of (1 - momentum) r + momentum s_g. */
    private void updateRunning() {
        double size = layout.groupPixels;
        double unbiased = size > 1 ? size / (size - 1) : 1;
        for (int c = 0; c < layout.channels; c++) {
            double mean = 0;
            double variance = 0;
            for (int group = 0; group < layout.groups; group++) {
                mean += Simd.getDouble(groupSum(group, 0, c));
                variance += Simd.getDouble(groupSum(group, 1, c)) * unbiased;
            }
            move(runningMean.address() + (long) c * Float.BYTES, mean / layout.groups);
            move(runningVar.address() + (long) c * Float.BYTES, variance / layout.groups);
        }
    }

    private void move(long running, double value) {
        double momentum = geometry.momentum();
        Simd.set(running, (float) ((1 - momentum) * Simd.get(running) + momentum * value));
    }
}
