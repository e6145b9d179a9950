package org.jmoco.backend.cpu;

import org.jmoco.backend.BatchNormGeometry;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;

/**
 * Batch norm backward. With a gradient for the residual, the first pass reads dy, y and x and writes dz, the second reads dz
 * and x and writes dx: 20 bytes read, 8 written per element. Without one, dz is not stored but formed twice: 24 read, 4
 * written (16 and 4 without a ReLU). The second reading comes from cache where a group fits there.
 */
final class BatchNormBackward extends NormWork {
    // Constant arrays, in the order of BackwardLoops.
    private static final int MEAN = 0;
    private static final int SCALE = 1;
    private static final int SLOPE = 2;
    private static final int OFFSET = 3;

    private final Buffer dgamma;
    private final Buffer dbeta;
    private final Buffer gamma;
    private final Buffer savedMean;
    private final Buffer savedInvStd;
    private final boolean accumulate;
    private final Work copyForResidual; // null unless dResidual is a plain copy of dy

    /** @param y null without a ReLU */
    BatchNormBackward(Workers workers, BatchNormGeometry g, Buffer dx, Buffer dResidual, Buffer dgamma, Buffer dbeta, Buffer dy,
            Buffer x, Buffer y, Buffer gamma, Buffer savedMean, Buffer savedInvStd, boolean accumulate) {
        this(workers, g, new NormLayout(g), dx, dResidual, dgamma, dbeta, dy, x, y, gamma, savedMean, savedInvStd, accumulate);
    }

    private BatchNormBackward(Workers workers, BatchNormGeometry g, NormLayout layout, Buffer dx, Buffer dResidual, Buffer dgamma,
            Buffer dbeta, Buffer dy, Buffer x, Buffer y, Buffer gamma, Buffer savedMean, Buffer savedInvStd, boolean accumulate) {
        super(workers, g, layout, firstPass(layout, dResidual, dy, y, x), secondPass(layout, dx, dResidual, dy, y, x));
        this.dgamma = dgamma;
        this.dbeta = dbeta;
        this.gamma = gamma;
        this.savedMean = savedMean;
        this.savedInvStd = savedInvStd;
        this.accumulate = accumulate;
        this.copyForResidual =
                y == null && dResidual != null && dResidual != dy ? new Elementwise.Copy(workers, dResidual, dy) : null;
    }

    private static RowLoop firstPass(NormLayout layout, Buffer dResidual, Buffer dy, Buffer y, Buffer x) {
        if (y == null) {
            return new BackwardLoops.Moments(layout, dy, x);
        }
        return dResidual == null
                ? new BackwardLoops.GatedMoments(layout, dy, y, x)
                : new BackwardLoops.StoredMoments(layout, dResidual, dy, y, x);
    }

    private static RowLoop secondPass(NormLayout layout, Buffer dx, Buffer dResidual, Buffer dy, Buffer y, Buffer x) {
        if (y == null) {
            return new BackwardLoops.Gradient(layout, dx, dy, x);
        }
        return dResidual == null
                ? new BackwardLoops.GatedGradient(layout, dx, dy, y, x)
                : new BackwardLoops.Gradient(layout, dx, dResidual, x);
    }

    @Override
    public void run() {
        runBothPasses();
        if (copyForResidual != null) {
            copyForResidual.run();
        }
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
    void prepareGroup(int group) {
        for (int c = 0; c < layout.channels; c++) {
            setConstant(group, MEAN, c, Simd.get(savedMean.address() + ((long) group * layout.channels + c) * Float.BYTES));
        }
    }

    /** dx = gamma invStd (dz - mean(dz) - (x - mean) invStd^2 mean(dz (x - mean))). */
    @Override
    void finishGroup(int group) {
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
}
