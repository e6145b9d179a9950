package org.jmoco.backend.cuda;

import java.util.List;
import org.jmoco.backend.BatchNormGeometry;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.Ops;
import org.jmoco.backend.ViewGeometry;
import org.jmoco.backend.Work;
import org.jmoco.tensor.Philox;

/** {@link Ops} on the GPU: which family of kernels carries out which operation. */
final class CudaOps implements Ops, AutoCloseable {
    private final CudaContext cuda;
    private final ConvolutionWorks convolutions;
    private final PoolWorks pools;
    private final BatchNormWorks batchNorms;
    private final LinearWorks linears;
    private final ElementwiseWorks elementwise;
    private final RowWorks rows;
    private final LossWorks losses;
    private final OptimiserWorks optimisers;
    private final NeighbourWorks neighbours;
    private final FeedWorks feeds;
    private final ViewWorks views;

    CudaOps(CudaContext cuda, CudaOptions options) {
        this.cuda = cuda;
        convolutions = new ConvolutionWorks(cuda, options);
        pools = new PoolWorks(cuda);
        batchNorms = new BatchNormWorks(cuda);
        linears = new LinearWorks(cuda);
        elementwise = new ElementwiseWorks(cuda);
        rows = new RowWorks(cuda);
        losses = new LossWorks(cuda);
        optimisers = new OptimiserWorks(cuda);
        neighbours = new NeighbourWorks(cuda);
        feeds = new FeedWorks(cuda);
        views = new ViewWorks(cuda);
    }

    /** Remembers on disk what was measured while programs were recorded. */
    void save() {
        convolutions.save();
    }

    @Override
    public void close() {
        convolutions.close();
    }

    /** Weights that change by anything but an optimiser: their copies follow. */
    private Work refreshed(Work work, Buffer dst) {
        return cuda.hasComputeCopy(dst) ? new RefreshedCopy(cuda, work, dst) : work;
    }

    @Override
    public Work conv2dForward(ConvGeometry g, Buffer y, Buffer x, Buffer w) {
        return convolutions.conv2dForward(g, y, x, w);
    }

    @Override
    public Work conv2dBackwardData(ConvGeometry g, Buffer dx, Buffer dy, Buffer w, boolean accumulate) {
        return convolutions.conv2dBackwardData(g, dx, dy, w, accumulate);
    }

    @Override
    public Work conv2dBackwardWeights(ConvGeometry g, Buffer dw, Buffer x, Buffer dy, boolean accumulate) {
        return convolutions.conv2dBackwardWeights(g, dw, x, dy, accumulate);
    }

    @Override
    public Work maxPoolForward(ConvGeometry g, Buffer y, Buffer argmax, Buffer x) {
        return pools.maxPoolForward(g, y, argmax, x);
    }

    @Override
    public Work maxPoolBackward(ConvGeometry g, Buffer dx, Buffer dy, Buffer argmax) {
        return pools.maxPoolBackward(g, dx, dy, argmax);
    }

    @Override
    public Work globalAvgPoolForward(Buffer y, Buffer x) {
        return pools.globalAvgPoolForward(y, x);
    }

    @Override
    public Work globalAvgPoolBackward(Buffer dx, Buffer dy) {
        return pools.globalAvgPoolBackward(dx, dy);
    }

    @Override
    public Work batchNormForward(BatchNormGeometry g, Buffer y, Buffer x, Buffer residual, Buffer gamma, Buffer beta,
            Buffer runningMean, Buffer runningVar, Buffer savedMean, Buffer savedInvStd, boolean relu) {
        return batchNorms.batchNormForward(g, y, x, residual, gamma, beta, runningMean, runningVar, savedMean, savedInvStd,
                relu);
    }

    @Override
    public Work batchNormInference(BatchNormGeometry g, Buffer y, Buffer x, Buffer residual, Buffer gamma, Buffer beta,
            Buffer runningMean, Buffer runningVar, boolean relu) {
        return batchNorms.batchNormInference(g, y, x, residual, gamma, beta, runningMean, runningVar, relu);
    }

    @Override
    public Work batchNormBackward(BatchNormGeometry g, Buffer dx, Buffer dResidual, Buffer dgamma, Buffer dbeta, Buffer dy,
            Buffer x, Buffer y, Buffer gamma, Buffer savedMean, Buffer savedInvStd, boolean relu, boolean accumulate) {
        return batchNorms.batchNormBackward(g, dx, dResidual, dgamma, dbeta, dy, x, y, gamma, savedMean, savedInvStd, relu,
                accumulate);
    }

    @Override
    public Work linearForward(Buffer y, Buffer x, Buffer w, Buffer b) {
        return linears.linearForward(y, x, w, b);
    }

    @Override
    public Work linearBackwardData(Buffer dx, Buffer dy, Buffer w) {
        return linears.linearBackwardData(dx, dy, w);
    }

    @Override
    public Work linearBackwardWeights(Buffer dw, Buffer db, Buffer x, Buffer dy, boolean accumulate) {
        return linears.linearBackwardWeights(dw, db, x, dy, accumulate);
    }

    @Override
    public Work reluForward(Buffer y, Buffer x) {
        return elementwise.reluForward(y, x);
    }

    @Override
    public Work reluBackward(Buffer dx, Buffer dy, Buffer y) {
        return elementwise.reluBackward(dx, dy, y);
    }

    @Override
    public Work l2NormalizeForward(Buffer y, Buffer norm, Buffer x) {
        return rows.l2NormalizeForward(y, norm, x);
    }

    @Override
    public Work l2NormalizeBackward(Buffer dx, Buffer dy, Buffer y, Buffer norm) {
        return rows.l2NormalizeBackward(dx, dy, y, norm);
    }

    @Override
    public Work infoNce(Buffer loss, Buffer correct, Buffer dq, Buffer q, Buffer k, Buffer queue, double temperature,
            boolean accumulate) {
        return losses.infoNce(loss, correct, dq, q, k, queue, temperature, accumulate);
    }

    @Override
    public Work softmaxCrossEntropy(Buffer loss, Buffer correct, Buffer dlogits, Buffer logits, Buffer labels) {
        return losses.softmaxCrossEntropy(loss, correct, dlogits, logits, labels);
    }

    @Override
    public Work softmax(Buffer p, Buffer logits) {
        return rows.softmax(p, logits);
    }

    @Override
    public Work gatherRows(Buffer dst, Buffer src, Buffer index) {
        return rows.gatherRows(dst, src, index);
    }

    @Override
    public Work enqueue(Buffer queue, Buffer head, Buffer keys) {
        return rows.enqueue(queue, head, keys);
    }

    @Override
    public Work topK(Buffer index, Buffer similarity, Buffer queries, Buffer bank) {
        return neighbours.topK(index, similarity, queries, bank);
    }

    @Override
    public Work momentumUpdate(Buffer key, Buffer query, double m) {
        return optimisers.momentumUpdate(key, query, m);
    }

    @Override
    public Work sgd(Buffer w, Buffer dw, Buffer velocity, Buffer learningRate, double momentum, double weightDecay,
            Buffer exponent, Buffer nonFinite) {
        return optimisers.sgd(w, dw, velocity, learningRate, momentum, weightDecay, exponent, nonFinite);
    }

    @Override
    public Work adam(Buffer w, Buffer dw, Buffer m, Buffer v, Buffer learningRate, Buffer step, double beta1, double beta2,
            double eps, double weightDecay, Buffer exponent, Buffer nonFinite) {
        return optimisers.adam(w, dw, m, v, learningRate, step, beta1, beta2, eps, weightDecay, exponent, nonFinite);
    }

    @Override
    public Work scaleLoss(Buffer x, Buffer exponent) {
        return elementwise.scaleLoss(x, exponent);
    }

    @Override
    public Work adaptLossScale(Buffer exponent, Buffer finiteSteps, Buffer nonFinite, int interval) {
        return optimisers.adaptLossScale(exponent, finiteSteps, nonFinite, interval);
    }

    @Override
    public Work flagNonFinite(Buffer flag, Buffer x) {
        return elementwise.flagNonFinite(flag, x);
    }

    @Override
    public Work selectRow(Buffer dst, Buffer table, Buffer index) {
        return feeds.selectRow(dst, table, index);
    }

    @Override
    public Work store(Buffer log, Buffer index, Buffer value) {
        return feeds.store(log, index, value);
    }

    @Override
    public Work increment(Buffer counter) {
        return feeds.increment(counter);
    }

    @Override
    public Work randomViews(ViewGeometry g, long seed, List<Philox.Purpose> purposes, List<Buffer> views, Buffer pixels,
            Buffer images, Buffer chosen, Buffer epoch) {
        return this.views.randomViews(g, seed, purposes, views, pixels, images, chosen, epoch);
    }

    @Override
    public Work fill(Buffer dst, double value) {
        return refreshed(elementwise.fill(dst, value), dst);
    }

    @Override
    public Work copy(Buffer dst, Buffer src) {
        return refreshed(elementwise.copy(dst, src), dst);
    }
}
