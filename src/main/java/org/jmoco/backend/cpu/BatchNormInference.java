package org.jmoco.backend.cpu;

import org.jmoco.backend.BatchNormGeometry;
import org.jmoco.backend.Buffer;

/** Batch norm with the running statistics: 4 bytes read (8 with a residual) and 4 written per element. */
final class BatchNormInference extends NormWork {
    // Constant arrays, in the order of ForwardLoops.
    private static final int MEAN = 0;
    private static final int SCALE = 1;
    private static final int OFFSET = 2;

    private final Buffer gamma;
    private final Buffer beta;
    private final Buffer runningMean;
    private final Buffer runningVar;

    BatchNormInference(Workers workers, BatchNormGeometry g, Buffer y, Buffer x, Buffer residual, Buffer gamma, Buffer beta,
            Buffer runningMean, Buffer runningVar, boolean relu) {
        this(workers, g, NormLayout.ungrouped(g), y, x, residual, gamma, beta, runningMean, runningVar,
                relu ? 0f : Float.NEGATIVE_INFINITY);
    }

    private BatchNormInference(Workers workers, BatchNormGeometry g, NormLayout layout, Buffer y, Buffer x, Buffer residual,
            Buffer gamma, Buffer beta, Buffer runningMean, Buffer runningVar, float floor) {
        super(workers, g, layout, null, BatchNormForward.secondPass(layout, y, x, residual, floor));
        this.gamma = gamma;
        this.beta = beta;
        this.runningMean = runningMean;
        this.runningVar = runningVar;
    }

    @Override
    public void run() {
        finishGroup(0);
        runSecondPass();
    }

    @Override
    void finishGroup(int group) {
        for (int c = 0; c < layout.channels; c++) {
            long o = (long) c * Float.BYTES;
            double invStd = 1 / Math.sqrt(Simd.get(runningVar.address() + o) + geometry.eps());
            setConstant(0, MEAN, c, Simd.get(runningMean.address() + o));
            setConstant(0, SCALE, c, (float) (Simd.get(gamma.address() + o) * invStd));
            setConstant(0, OFFSET, c, Simd.get(beta.address() + o));
        }
    }
}
