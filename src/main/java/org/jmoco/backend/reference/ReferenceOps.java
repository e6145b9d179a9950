package org.jmoco.backend.reference;

import org.jmoco.backend.BatchNormGeometry;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.LossScaling;
import org.jmoco.backend.Ops;
import org.jmoco.backend.Work;
import org.jmoco.tensor.DType;

/** Hands each operation to its family with sizes and values. Buffers are opened when the work runs: then they have memory. */
final class ReferenceOps implements Ops {
    private final Convolution convolution;
    private final Pooling pooling;
    private final BatchNorm batchNorm;
    private final Linear linear;
    private final Losses losses;
    private final Optimisers optimisers;
    private final Memory memory;
    private final Neighbours neighbours;

    ReferenceOps(Workers workers) {
        convolution = new Convolution(workers);
        pooling = new Pooling(workers);
        batchNorm = new BatchNorm(workers);
        linear = new Linear(workers);
        losses = new Losses(workers);
        optimisers = new Optimisers(workers);
        memory = new Memory(workers);
        neighbours = new Neighbours(workers);
    }

    private static Reals real(Buffer b) {
        return new Reals(b);
    }

    private static Ints ints(Buffer b) {
        return new Ints(b);
    }

    // ---- convolution and pooling -------------------------------------------------------------------------------

    @Override
    public Work conv2dForward(ConvGeometry g, Buffer y, Buffer x, Buffer w) {
        return () -> convolution.forward(g, real(y), real(x), new Reals(w, x.dtype()));
    }

    @Override
    public Work conv2dBackwardData(ConvGeometry g, Buffer dx, Buffer dy, Buffer w, boolean accumulate) {
        return () -> convolution.backwardData(g, real(dx), real(dy), new Reals(w, dy.dtype()), accumulate);
    }

    @Override
    public Work conv2dBackwardWeights(ConvGeometry g, Buffer dw, Buffer x, Buffer dy, boolean accumulate) {
        return () -> convolution.backwardWeights(g, new Reals(dw, x.dtype()), real(x), real(dy), accumulate);
    }

    @Override
    public Work maxPoolForward(ConvGeometry g, Buffer y, Buffer argmax, Buffer x) {
        return () -> pooling.maxForward(g, real(y), ints(argmax), real(x));
    }

    @Override
    public Work maxPoolBackward(ConvGeometry g, Buffer dx, Buffer dy, Buffer argmax) {
        return () -> pooling.maxBackward(g, real(dx), real(dy), ints(argmax));
    }

    @Override
    public Work globalAvgPoolForward(Buffer y, Buffer x) {
        int pixels = x.shape().dim(1) * x.shape().dim(2);
        return () -> pooling.averageForward(x.shape().dim(0), pixels, x.shape().dim(3), real(y), real(x));
    }

    @Override
    public Work globalAvgPoolBackward(Buffer dx, Buffer dy) {
        int pixels = dx.shape().dim(1) * dx.shape().dim(2);
        return () -> pooling.averageBackward(dx.shape().dim(0), pixels, dx.shape().dim(3), real(dx), real(dy));
    }

    // ---- batch norm with splits --------------------------------------------------------------------------------

    @Override
    public Work batchNormForward(BatchNormGeometry g, Buffer y, Buffer x, Buffer residual, Buffer gamma, Buffer beta,
            Buffer runningMean, Buffer runningVar, Buffer savedMean, Buffer savedInvStd, boolean relu) {
        return () -> batchNorm.forward(g, real(y), real(x), Reals.orNull(residual), real(gamma), real(beta), real(runningMean),
                real(runningVar), real(savedMean), real(savedInvStd), relu);
    }

    @Override
    public Work batchNormInference(BatchNormGeometry g, Buffer y, Buffer x, Buffer residual, Buffer gamma, Buffer beta,
            Buffer runningMean, Buffer runningVar, boolean relu) {
        return () -> batchNorm.inference(g, real(y), real(x), Reals.orNull(residual), real(gamma), real(beta), real(runningMean),
                real(runningVar), relu);
    }

    @Override
    public Work batchNormBackward(BatchNormGeometry g, Buffer dx, Buffer dResidual, Buffer dgamma, Buffer dbeta, Buffer dy,
            Buffer x, Buffer y, Buffer gamma, Buffer savedMean, Buffer savedInvStd, boolean relu, boolean accumulate) {
        return () -> batchNorm.backward(g, real(dx), Reals.orNull(dResidual), real(dgamma), real(dbeta), real(dy), real(x),
                Reals.orNull(y), real(gamma), real(savedMean), real(savedInvStd), relu, accumulate);
    }

    // ---- linear, normalisation ---------------------------------------------------------------------------------

    @Override
    public Work linearForward(Buffer y, Buffer x, Buffer w, Buffer b) {
        return () -> linear.forward(x.shape().dim(0), x.shape().dim(1), w.shape().dim(0), real(y), real(x), real(w), real(b));
    }

    @Override
    public Work linearBackwardData(Buffer dx, Buffer dy, Buffer w) {
        return () -> linear.backwardData(dx.shape().dim(0), dx.shape().dim(1), w.shape().dim(0), real(dx), real(dy), real(w));
    }

    @Override
    public Work linearBackwardWeights(Buffer dw, Buffer db, Buffer x, Buffer dy, boolean accumulate) {
        return () -> linear.backwardWeights(x.shape().dim(0), x.shape().dim(1), dw.shape().dim(0), real(dw), real(db), real(x),
                real(dy), accumulate);
    }

    @Override
    public Work reluForward(Buffer y, Buffer x) {
        return () -> linear.reluForward(x.size(), real(y), real(x));
    }

    @Override
    public Work reluBackward(Buffer dx, Buffer dy, Buffer y) {
        return () -> linear.reluBackward(y.size(), real(dx), real(dy), real(y));
    }

    @Override
    public Work l2NormalizeForward(Buffer y, Buffer norm, Buffer x) {
        return () -> linear.l2NormalizeForward(x.shape().dim(0), x.shape().dim(1), real(y), real(norm), real(x));
    }

    @Override
    public Work l2NormalizeBackward(Buffer dx, Buffer dy, Buffer y, Buffer norm) {
        return () -> linear.l2NormalizeBackward(y.shape().dim(0), y.shape().dim(1), real(dx), real(dy), real(y), real(norm));
    }

    // ---- losses ------------------------------------------------------------------------------------------------

    @Override
    public Work infoNce(Buffer loss, Buffer correct, Buffer dq, Buffer q, Buffer k, Buffer queue, double temperature,
            boolean accumulate) {
        return () -> losses.infoNce(q.shape().dim(0), q.shape().dim(1), queue.shape().dim(0), real(loss), ints(correct), real(dq),
                real(q), real(k), real(queue), temperature, accumulate);
    }

    @Override
    public Work softmaxCrossEntropy(Buffer loss, Buffer correct, Buffer dlogits, Buffer logits, Buffer labels) {
        return () -> losses.softmaxCrossEntropy(logits.shape().dim(0), logits.shape().dim(1), real(loss), ints(correct),
                real(dlogits), real(logits), ints(labels));
    }

    @Override
    public Work softmax(Buffer p, Buffer logits) {
        return () -> losses.softmax(logits.shape().dim(0), logits.shape().dim(1), real(p), real(logits));
    }

    // ---- rows and queue ----------------------------------------------------------------------------------------

    @Override
    public Work gatherRows(Buffer dst, Buffer src, Buffer index) {
        int rows = dst.shape().dim(0);
        int sourceRows = src.shape().dim(0);
        return () -> memory.gatherRows(rows, sourceRows, Math.toIntExact(src.size() / sourceRows), real(dst), real(src),
                ints(index));
    }

    @Override
    public Work enqueue(Buffer queue, Buffer head, Buffer keys) {
        return () -> memory.enqueue(keys.shape().dim(0), queue.shape().dim(0), queue.shape().dim(1), real(queue), ints(head),
                real(keys));
    }

    @Override
    public Work topK(Buffer index, Buffer similarity, Buffer queries, Buffer bank) {
        return () -> neighbours.topK(queries.shape().dim(0), bank.shape().dim(0), bank.shape().dim(1), index.shape().dim(1),
                ints(index), real(similarity), real(queries), real(bank));
    }

    // ---- optimisers --------------------------------------------------------------------------------------------

    @Override
    public Work momentumUpdate(Buffer key, Buffer query, double m) {
        return () -> optimisers.momentumUpdate(key.size(), real(key), real(query), m);
    }

    @Override
    public Work sgd(Buffer w, Buffer dw, Buffer velocity, Buffer learningRate, double momentum, double weightDecay,
            Buffer exponent, Buffer nonFinite) {
        return unlessFlagged(nonFinite, () -> optimisers.sgd(w.size(), real(w), real(dw), lossScale(exponent), real(velocity),
                real(learningRate), momentum, weightDecay));
    }

    @Override
    public Work adam(Buffer w, Buffer dw, Buffer m, Buffer v, Buffer learningRate, Buffer step, double beta1, double beta2,
            double eps, double weightDecay, Buffer exponent, Buffer nonFinite) {
        return unlessFlagged(nonFinite, () -> optimisers.adam(w.size(), real(w), real(dw), lossScale(exponent), real(m), real(v),
                real(learningRate), ints(step), beta1, beta2, eps, weightDecay));
    }

    private static Work unlessFlagged(Buffer flag, Runnable update) {
        return () -> {
            if (flag == null || ints(flag).get(0) == 0) {
                update.run();
            }
        };
    }

    /** By what gradients have been multiplied. @param exponent null if by nothing */
    private static double lossScale(Buffer exponent) {
        return exponent == null ? 1 : LossScaling.scale(ints(exponent).get(0));
    }

    @Override
    public Work scaleLoss(Buffer x, Buffer exponent) {
        return () -> {
            Reals values = real(x);
            for (int i = 0; i < x.size(); i++) {
                values.set(i, values.get(i) * lossScale(exponent));
            }
        };
    }

    @Override
    public Work adaptLossScale(Buffer exponent, Buffer finiteSteps, Buffer nonFinite, int interval) {
        return () -> {
            boolean finite = ints(nonFinite).get(0) == 0;
            int steps = finite ? ints(finiteSteps).get(0) + 1 : 0;
            ints(exponent).set(0, LossScaling.next(ints(exponent).get(0), finite, steps, interval));
            ints(finiteSteps).set(0, steps >= interval ? 0 : steps);
            ints(nonFinite).set(0, 0);
        };
    }

    // ---- what advances from step to step -----------------------------------------------------------------------

    @Override
    public Work flagNonFinite(Buffer flag, Buffer x) {
        return () -> {
            Reals values = real(x);
            for (int i = 0; i < x.size(); i++) {
                if (!Double.isFinite(values.get(i))) {
                    ints(flag).set(0, 1);
                }
            }
        };
    }

    @Override
    public Work selectRow(Buffer dst, Buffer table, Buffer index) {
        int rows = table.shape().dim(0);
        return dst.dtype() == DType.I32
                ? () -> memory.selectRow(rows, dst.size(), ints(dst), ints(table), ints(index))
                : () -> memory.selectRow(rows, dst.size(), real(dst), real(table), ints(index));
    }

    @Override
    public Work store(Buffer log, Buffer index, Buffer value) {
        int length = log.shape().dim(0);
        return log.dtype() == DType.I32
                ? () -> ints(log).set(Math.floorMod(ints(index).get(0), length), ints(value).get(0))
                : () -> real(log).set(Math.floorMod(ints(index).get(0), length), real(value).get(0));
    }

    @Override
    public Work increment(Buffer counter) {
        return () -> ints(counter).set(0, ints(counter).get(0) + 1);
    }

    // ---- plain memory ------------------------------------------------------------------------------------------

    @Override
    public Work fill(Buffer dst, double value) {
        return dst.dtype() == DType.I32
                ? () -> memory.fill(dst.size(), ints(dst), (int) value)
                : () -> memory.fill(dst.size(), real(dst), value);
    }

    @Override
    public Work copy(Buffer dst, Buffer src) {
        return dst.dtype() == DType.I32
                ? () -> memory.copy(dst.size(), ints(dst), ints(src))
                : () -> memory.copy(dst.size(), real(dst), real(src));
    }
}
