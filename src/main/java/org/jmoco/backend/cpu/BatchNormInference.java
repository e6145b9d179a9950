package org.jmoco.backend.cpu;

import org.jmoco.backend.BatchNormGeometry;
import org.jmoco.backend.Buffer;

/** Batch norm with the running statistics: 4 bytes read (8 with a residual) and 4 written per element. */
final class BatchNormInference extends NormWork {
    // Constant arrays.
    private static final int MEAN = 0;
    private static final int SCALE = 1;
    private static final int OFFSET = 2;

    private final Buffer y;
    private final Buffer x;
    private final Buffer residual;
    private final Buffer gamma;
    private final Buffer beta;
    private final Buffer runningMean;
    private final Buffer runningVar;
    private final float floor;

    BatchNormInference(Workers workers, BatchNormGeometry g, Buffer y, Buffer x, Buffer residual, Buffer gamma, Buffer beta,
            Buffer runningMean, Buffer runningVar, boolean relu) {
        super(workers, g, NormLayout.ungrouped(g));
        this.y = y;
        this.x = x;
        this.residual = residual;
        this.gamma = gamma;
        this.beta = beta;
        this.runningMean = runningMean;
        this.runningVar = runningVar;
        this.floor = relu ? 0f : Float.NEGATIVE_INFINITY;
    }

    @Override
    public void run() {
        finishGroup(0, 0);
        runSecondPass();
    }

    @Override
    void sum(int group, int worker, long at, int rows, int period) {
        throw new AssertionError("no statistics in evaluation");
    }

    @Override
    void sumFew(int group, int worker, long at, int count, long column) {
        throw new AssertionError("no statistics in evaluation");
    }

    @Override
    void finishGroup(int group, int worker) {
        for (int c = 0; c < layout.channels; c++) {
            long o = (long) c * Float.BYTES;
            double invStd = 1 / Math.sqrt(Simd.get(runningVar.address() + o) + geometry.eps());
            setConstant(0, MEAN, c, Simd.get(runningMean.address() + o));
            setConstant(0, SCALE, c, (float) (Simd.get(gamma.address() + o) * invStd));
            setConstant(0, OFFSET, c, Simd.get(beta.address() + o));
        }
    }

    @Override
    void apply(int group, long at, int rows, int period) {
        if (residual == null) {
            NormKernels.normalize(y.address() + at, x.address() + at, rows, period, constant(0, MEAN), constant(0, SCALE),
                    constant(0, OFFSET), floor);
        } else {
            NormKernels.normalizeAdd(y.address() + at, x.address() + at, residual.address() + at, rows, period, constant(0, MEAN),
                    constant(0, SCALE), constant(0, OFFSET), floor);
        }
    }

    @Override
    void applyFew(int group, long at, int count, long column) {
        NormKernels.normalizeFew(y.address() + at, x.address() + at, residual == null ? 0 : residual.address() + at, count,
                constant(0, MEAN) + column, constant(0, SCALE) + column, constant(0, OFFSET) + column, floor);
    }
}
