package org.jmoco.backend.cpu;

import org.jmoco.backend.BatchNormGeometry;
import org.jmoco.backend.Buffer;

/**
 * Batch norm backward. With a gradient for the residual, the first pass reads dy, y and x and writes dz, the second reads dz
 * and x and writes dx: 20 bytes read, 8 written per element. Without one, dz is not stored but formed twice: 24 read, 4
 * written (16 and 4 without a ReLU). The second reading comes from cache where a group fits there.
 */
final class BatchNormBackward extends NormWork {
    /** Floats that are gated, then summed while they are still in the L1 cache: 8 KiB each of dz and x. */
    private static final int GATED = 2048;

    // Constant arrays.
    private static final int MEAN = 0;
    private static final int SCALE = 1;
    private static final int SLOPE = 2;
    private static final int OFFSET = 3;

    private final Buffer dx;
    private final Buffer dResidual;
    private final Buffer dgamma;
    private final Buffer dbeta;
    private final Buffer dy;
    private final Buffer x;
    private final Buffer y;
    private final Buffer gamma;
    private final Buffer savedMean;
    private final Buffer savedInvStd;
    private final boolean accumulate;

    /** @param y null without a ReLU */
    BatchNormBackward(Workers workers, BatchNormGeometry g, Buffer dx, Buffer dResidual, Buffer dgamma, Buffer dbeta, Buffer dy,
            Buffer x, Buffer y, Buffer gamma, Buffer savedMean, Buffer savedInvStd, boolean accumulate) {
        super(workers, g, new NormLayout(g));
        this.dx = dx;
        this.dResidual = dResidual;
        this.dgamma = dgamma;
        this.dbeta = dbeta;
        this.dy = dy;
        this.x = x;
        this.y = y;
        this.gamma = gamma;
        this.savedMean = savedMean;
        this.savedInvStd = savedInvStd;
        this.accumulate = accumulate;
    }

    @Override
    public void run() {
        runBothPasses();
        for (int c = 0; c < layout.channels; c++) {
            store(dbeta, c, 0);
            store(dgamma, c, 1);
        }
    }

    private void store(Buffer to, int channel, int which) {
        long at = to.address() + (long) channel * Float.BYTES;
        double sum = accumulate ? Simd.get(at) : 0;
        for (int group = 0; group < layout.groups; group++) {
            sum += Simd.getDouble(groupSum(group, which, channel));
        }
        Simd.set(at, (float) sum);
    }

    @Override
    void prepareGroup(int group, int worker) {
        for (int c = 0; c < layout.channels; c++) {
            setConstant(group, MEAN, c, Simd.get(savedMean.address() + ((long) group * layout.channels + c) * Float.BYTES));
        }
    }

    @Override
    void sum(int group, int worker, long at, int rows, int period) {
        long mean = constant(group, MEAN);
        long first = firstSum(worker);
        long second = secondSum(worker);
        if (dResidual == null && y != null) {
            NormKernels.gatedMoments(dy.address() + at, y.address() + at, x.address() + at, rows, period, mean, first, second);
            return;
        }
        int step = Math.max(4, GATED / Math.max(1, period));
        for (int r = 0; r < rows; r += step) {
            int take = Math.min(step, rows - r);
            long o = at + (long) r * period * Float.BYTES;
            NormKernels.gradientMoments(residualGradient(o, take * period), x.address() + o, take, period, mean, first, second);
        }
    }

    /** Stores dz where it is wanted. @return its address */
    private long residualGradient(long at, int floats) {
        if (dResidual == null) {
            return dy.address() + at;
        }
        long dz = dResidual.address() + at;
        if (y != null) {
            NormKernels.gate(dz, dy.address() + at, y.address() + at, floats);
        } else if (dResidual != dy) {
            Simd.copy(dz, dy.address() + at, (long) floats * Float.BYTES);
        }
        return dz;
    }

    @Override
    void sumFew(int group, int worker, long at, int count, long column) {
        NormKernels.gradientMomentsOfFew(dResidual == null ? 0 : dResidual.address() + at, dy.address() + at,
                y == null ? 0 : y.address() + at, x.address() + at, count, constant(group, MEAN) + column,
                firstSum(worker) + column, secondSum(worker) + column);
    }

    /** dx = gamma invStd (dz - mean(dz) - (x - mean) invStd^2 mean(dz (x - mean))). */
    @Override
    void finishGroup(int group, int worker) {
        double size = layout.groupPixels;
        for (int c = 0; c < layout.channels; c++) {
            double invStd = Simd.get(savedInvStd.address() + ((long) group * layout.channels + c) * Float.BYTES);
            double sum = sumOfChunks(group, 0, c);
            double products = sumOfChunks(group, 1, c) * invStd;
            Simd.setDouble(groupSum(group, 0, c), sum);
            Simd.setDouble(groupSum(group, 1, c), products);
            double scale = Simd.get(gamma.address() + (long) c * Float.BYTES) * invStd;
            setConstant(group, SCALE, c, (float) scale);
            setConstant(group, SLOPE, c, (float) (-scale * invStd * products / size));
            setConstant(group, OFFSET, c, (float) (-scale * sum / size));
        }
    }

    @Override
    void apply(int group, long at, int rows, int period) {
        long mean = constant(group, MEAN);
        long scale = constant(group, SCALE);
        long slope = constant(group, SLOPE);
        long offset = constant(group, OFFSET);
        long to = dx.address() + at;
        if (dResidual == null && y != null) {
            NormKernels.gatedGradient(to, dy.address() + at, y.address() + at, x.address() + at, rows, period, mean, scale, slope,
                    offset);
        } else {
            Buffer dz = dResidual == null ? dy : dResidual;
            NormKernels.gradient(to, dz.address() + at, x.address() + at, rows, period, mean, scale, slope, offset);
        }
    }

    @Override
    void applyFew(int group, long at, int count, long column) {
        boolean gated = dResidual == null && y != null;
        Buffer dz = dResidual == null ? dy : dResidual;
        NormKernels.gradientOfFew(dx.address() + at, dz.address() + at, gated ? y.address() + at : 0, x.address() + at, count,
                constant(group, MEAN) + column, constant(group, SCALE) + column, constant(group, SLOPE) + column,
                constant(group, OFFSET) + column);
    }
}
