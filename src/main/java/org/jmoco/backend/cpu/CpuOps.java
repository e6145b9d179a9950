package org.jmoco.backend.cpu;

import java.util.ArrayList;
import java.util.List;
import org.jmoco.backend.BatchNormGeometry;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.Ops;
import org.jmoco.backend.Work;
import org.jmoco.tensor.DType;

/** {@link Ops} on the CPU: which class carries out which operation. */
final class CpuOps implements Ops, AutoCloseable {
    private final Workers workers;
    private final List<ConvWork> convolutions = new ArrayList<>();

    CpuOps(Workers workers) {
        this.workers = workers;
    }

    private Work keep(ConvWork work) {
        convolutions.add(work);
        return work;
    }

    /** Gives the native objects of the convolutions back. */
    @Override
    public void close() {
        convolutions.forEach(ConvWork::close);
        convolutions.clear();
    }

    @Override
    public Work conv2dForward(ConvGeometry g, Buffer y, Buffer x, Buffer w) {
        return keep(ConvWork.forward(workers, g, y, x, w));
    }

    @Override
    public Work conv2dBackwardData(ConvGeometry g, Buffer dx, Buffer dy, Buffer w, boolean accumulate) {
        return keep(ConvWork.backwardData(workers, g, dx, dy, w, accumulate));
    }

    @Override
    public Work conv2dBackwardWeights(ConvGeometry g, Buffer dw, Buffer x, Buffer dy, boolean accumulate) {
        return keep(ConvWork.backwardWeights(workers, g, dw, x, dy, accumulate));
    }

    @Override
    public Work maxPoolForward(ConvGeometry g, Buffer y, Buffer argmax, Buffer x) {
        return new MaxPool.Forward(workers, g, y, argmax, x);
    }

    @Override
    public Work maxPoolBackward(ConvGeometry g, Buffer dx, Buffer dy, Buffer argmax) {
        return new MaxPool.Backward(workers, g, dx, dy, argmax);
    }

    @Override
    public Work globalAvgPoolForward(Buffer y, Buffer x) {
        return new AveragePool.Forward(workers, y, x);
    }

    @Override
    public Work globalAvgPoolBackward(Buffer dx, Buffer dy) {
        return new AveragePool.Backward(workers, dx, dy);
    }

    @Override
    public Work batchNormForward(BatchNormGeometry g, Buffer y, Buffer x, Buffer residual, Buffer gamma, Buffer beta,
            Buffer runningMean, Buffer runningVar, Buffer savedMean, Buffer savedInvStd, boolean relu) {
        return new BatchNormForward(workers, g, y, x, residual, gamma, beta, runningMean, runningVar, savedMean, savedInvStd,
                relu);
    }

    @Override
    public Work batchNormInference(BatchNormGeometry g, Buffer y, Buffer x, Buffer residual, Buffer gamma, Buffer beta,
            Buffer runningMean, Buffer runningVar, boolean relu) {
        return new BatchNormInference(workers, g, y, x, residual, gamma, beta, runningMean, runningVar, relu);
    }

    @Override
    public Work batchNormBackward(BatchNormGeometry g, Buffer dx, Buffer dResidual, Buffer dgamma, Buffer dbeta, Buffer dy,
            Buffer x, Buffer y, Buffer gamma, Buffer savedMean, Buffer savedInvStd, boolean relu, boolean accumulate) {
        return new BatchNormBackward(workers, g, dx, dResidual, dgamma, dbeta, dy, x, relu ? y : null, gamma, savedMean,
                savedInvStd, accumulate);
    }

    @Override
    public Work linearForward(Buffer y, Buffer x, Buffer w, Buffer b) {
        return new LinearWork.Forward(workers, y, x, w, b);
    }

    @Override
    public Work linearBackwardData(Buffer dx, Buffer dy, Buffer w) {
        return new LinearWork.BackwardData(workers, dx, dy, w);
    }

    @Override
    public Work linearBackwardWeights(Buffer dw, Buffer db, Buffer x, Buffer dy, boolean accumulate) {
        return new LinearWork.BackwardWeights(workers, dw, db, x, dy, accumulate);
    }

    @Override
    public Work reluForward(Buffer y, Buffer x) {
        return new Activation.Forward(workers, y, x);
    }

    @Override
    public Work reluBackward(Buffer dx, Buffer dy, Buffer y) {
        return new Activation.Backward(workers, dx, dy, y);
    }

    @Override
    public Work l2NormalizeForward(Buffer y, Buffer norm, Buffer x) {
        return new RowWork.L2NormalizeForward(workers, y, norm, x);
    }

    @Override
    public Work l2NormalizeBackward(Buffer dx, Buffer dy, Buffer y, Buffer norm) {
        return new RowWork.L2NormalizeBackward(workers, dx, dy, y, norm);
    }

    @Override
    public Work infoNce(Buffer loss, Buffer correct, Buffer dq, Buffer q, Buffer k, Buffer queue, double temperature,
            boolean accumulate) {
        return new InfoNce(workers, loss, correct, dq, q, k, queue, temperature, accumulate);
    }

    @Override
    public Work softmaxCrossEntropy(Buffer loss, Buffer correct, Buffer dlogits, Buffer logits, Buffer labels) {
        return new CrossEntropy(workers, loss, correct, dlogits, logits, labels);
    }

    @Override
    public Work softmax(Buffer p, Buffer logits) {
        return new RowWork.Softmax(workers, p, logits);
    }

    @Override
    public Work gatherRows(Buffer dst, Buffer src, Buffer index) {
        return new RowWork.Gather(workers, dst, src, index);
    }

    @Override
    public Work enqueue(Buffer queue, Buffer head, Buffer keys) {
        return new Enqueue(queue, head, keys);
    }

    @Override
    public Work momentumUpdate(Buffer key, Buffer query, double m) {
        return new OptimizerSteps.MomentumUpdate(workers, key, query, m);
    }

    @Override
    public Work sgd(Buffer w, Buffer dw, Buffer velocity, Buffer learningRate, double momentum, double weightDecay,
            Buffer exponent, Buffer nonFinite) {
        return new OptimizerSteps.Sgd(workers, w, dw, velocity, learningRate, momentum, weightDecay,
                new LossScale(exponent, nonFinite));
    }

    @Override
    public Work adam(Buffer w, Buffer dw, Buffer m, Buffer v, Buffer learningRate, Buffer step, double beta1, double beta2,
            double eps, double weightDecay, Buffer exponent, Buffer nonFinite) {
        return new OptimizerSteps.Adam(workers, w, dw, m, v, learningRate, step, beta1, beta2, eps, weightDecay,
                new LossScale(exponent, nonFinite));
    }

    @Override
    public Work scaleLoss(Buffer x, Buffer exponent) {
        return new LossScale.Multiply(workers, x, exponent);
    }

    @Override
    public Work adaptLossScale(Buffer exponent, Buffer finiteSteps, Buffer nonFinite, int interval) {
        return LossScale.adapt(exponent, finiteSteps, nonFinite, interval);
    }

    @Override
    public Work flagNonFinite(Buffer flag, Buffer x) {
        return new Elementwise.FlagNonFinite(workers, flag, x);
    }

    @Override
    public Work selectRow(Buffer dst, Buffer table, Buffer index) {
        return Counters.selectRow(dst, table, index);
    }

    @Override
    public Work store(Buffer log, Buffer index, Buffer value) {
        return Counters.store(log, index, value);
    }

    @Override
    public Work increment(Buffer counter) {
        return Counters.increment(counter);
    }

    @Override
    public Work fill(Buffer dst, double value) {
        return new Elementwise.Fill(workers, dst,
                dst.dtype() == DType.I32 ? (int) value : Float.floatToRawIntBits((float) value));
    }

    @Override
    public Work copy(Buffer dst, Buffer src) {
        return new Elementwise.Copy(workers, dst, src);
    }
}
