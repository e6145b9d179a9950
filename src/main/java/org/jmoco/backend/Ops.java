package org.jmoco.backend;

import java.util.List;
import org.jmoco.tensor.Philox;

/**
 * The mathematics of jmoco: one method per operation and direction. A backend implements all of them; each call prepares
 * one launch over the given buffers and returns it, nothing is computed yet. Operands have been checked by the
 * {@link Recorder}, the only caller, whose methods have the same names.
 *
 * <p>Notation (docs/notation.md): N batch, H x W image, C channels in, K filters, P x Q image out, D features, M queue
 * length, G splits. All images are N x H x W x C. "Real" is the backend's {@link Backend#real() real type}. An operand
 * that is written is overwritten unless the text says that it is accumulated into. No two operands overlap unless the
 * text allows it.
 *
 * <p>Error bounds. The reference backend sums in f64 and, as f32, rounds once when it stores. Another backend in f32 may
 * differ from it, for a result that is a sum of L products, by at most 2 L eps times the sum of the absolute products
 * (Higham, Accuracy and Stability, section 3.1, with eps = 2^-24), and is exact where all partial sums are integers below
 * 2^24.
 */
public interface Ops {
    // ---- convolution and pooling -------------------------------------------------------------------------------

    /**
     * y[n,p,q,k] = sum over r,s,c of x[n, p st + r - pad, q st + s - pad, c] w[k,r,s,c]; outside the image x is 0.
     * Cross-correlation, as torch.nn.functional.conv2d, without bias.
     */
    Work conv2dForward(ConvGeometry g, Buffer y, Buffer x, Buffer w);

    /**
     * dx[n,h,w,c] = sum over k and over all (p,r) with p st + r - pad = h, (q,s) likewise, of dy[n,p,q,k] w[k,r,s,c].
     *
     * @param accumulate add to dx instead of overwriting it
     */
    Work conv2dBackwardData(ConvGeometry g, Buffer dx, Buffer dy, Buffer w, boolean accumulate);

    /**
     * dw[k,r,s,c] = sum over n,p,q of dy[n,p,q,k] x[n, p st + r - pad, q st + s - pad, c].
     *
     * @param accumulate add to dw instead of overwriting it
     */
    Work conv2dBackwardWeights(ConvGeometry g, Buffer dw, Buffer x, Buffer dy, boolean accumulate);

    /**
     * y[n,p,q,c] = the largest x in the window; padding never wins. {@code argmax} [N,P,Q,C] I32 gets the winner's h W + w,
     * the first in row-major order among equals, which backward needs. A NaN wins. As torch.nn.functional.max_pool2d.
     */
    Work maxPoolForward(ConvGeometry g, Buffer y, Buffer argmax, Buffer x);

    /** dx = 0 except that each dy is added at its window's winner. */
    Work maxPoolBackward(ConvGeometry g, Buffer dx, Buffer dy, Buffer argmax);

    /** y[n,c] = mean over h,w of x[n,h,w,c]; x N x H x W x C, y N x C. */
    Work globalAvgPoolForward(Buffer y, Buffer x);

    /** dx[n,h,w,c] = dy[n,c] / (H W). */
    Work globalAvgPoolBackward(Buffer dx, Buffer dy);

    // ---- batch norm with splits --------------------------------------------------------------------------------

    /**
     * Training forward. Sample n is in group g = n mod G; per group and channel, over its N/G x H x W values: mean mu and
     * population variance v; xhat = (x - mu) / sqrt(v + eps); z = gamma xhat + beta (+ residual); y = relu ? max(z, 0) : z.
     *
     * <p>Writes y, savedMean [G,C] = mu and savedInvStd [G,C] = 1 / sqrt(v + eps), which backward needs, and updates the
     * running statistics [C]: each group moves its own copy, r_g = (1 - momentum) r + momentum s_g with s the mean, or the
     * unbiased variance v L / (L - 1), L = N/G H W; the stored value becomes the mean of the r_g. (Where L = 1 the
     * factor L / (L - 1) is taken as 1.) Sums in f32 are taken as shifted or pairwise sums: no cancellation for a mean far
     * from 0. Source: Ioffe and Szegedy 2015, algorithm 1; facebookresearch/moco's SplitBatchNorm for the groups.
     *
     * @param residual added before the ReLU, shape of x, or null
     */
    Work batchNormForward(
            BatchNormGeometry g,
            Buffer y,
            Buffer x,
            Buffer residual,
            Buffer gamma,
            Buffer beta,
            Buffer runningMean,
            Buffer runningVar,
            Buffer savedMean,
            Buffer savedInvStd,
            boolean relu);

    /** Evaluation forward: as above with the running statistics in place of mu and v; they are not changed. */
    Work batchNormInference(
            BatchNormGeometry g,
            Buffer y,
            Buffer x,
            Buffer residual,
            Buffer gamma,
            Buffer beta,
            Buffer runningMean,
            Buffer runningVar,
            boolean relu);

    /**
     * Backward of the training forward. dz = relu ? dy where y > 0, else 0 : dy; per group and channel over L values:
     * dx = gamma invStd (dz - mean(dz) - xhat mean(dz xhat)); dgamma = sum over groups of sum(dz xhat),
     * dbeta = sum over groups of sum(dz); dResidual = dz.
     *
     * @param dResidual gets dz; may be the very buffer dy (then dz replaces it); null if forward had no residual
     * @param y forward's output, null if not {@code relu}
     * @param accumulate add to dgamma and dbeta instead of overwriting them
     */
    Work batchNormBackward(
            BatchNormGeometry g,
            Buffer dx,
            Buffer dResidual,
            Buffer dgamma,
            Buffer dbeta,
            Buffer dy,
            Buffer x,
            Buffer y,
            Buffer gamma,
            Buffer savedMean,
            Buffer savedInvStd,
            boolean relu,
            boolean accumulate);

    // ---- linear, normalisation ---------------------------------------------------------------------------------

    /** y[n,k] = b[k] + sum over c of x[n,c] w[k,c]; w K x C as torch.nn.Linear. */
    Work linearForward(Buffer y, Buffer x, Buffer w, Buffer b);

    /** dx[n,c] = sum over k of dy[n,k] w[k,c]. */
    Work linearBackwardData(Buffer dx, Buffer dy, Buffer w);

    /** dw[k,c] = sum over n of dy[n,k] x[n,c]; db[k] = sum over n of dy[n,k]. */
    Work linearBackwardWeights(Buffer dw, Buffer db, Buffer x, Buffer dy, boolean accumulate);

    /** y = max(x, 0), any shape. y may be the very buffer x. */
    Work reluForward(Buffer y, Buffer x);

    /** dx = dy where y > 0, else 0. dx may be the very buffer dy. */
    Work reluBackward(Buffer dx, Buffer dy, Buffer y);

    /**
     * y[n,:] = x[n,:] / norm[n], norm[n] = max(|x[n,:]|, 1e-12); x, y N x D, norm N. As torch.nn.functional.normalize.
     */
    Work l2NormalizeForward(Buffer y, Buffer norm, Buffer x);

    /** dx[n,:] = (dy[n,:] - y[n,:] (y[n,:] . dy[n,:])) / norm[n]. */
    Work l2NormalizeBackward(Buffer dx, Buffer dy, Buffer y, Buffer norm);

    // ---- losses ------------------------------------------------------------------------------------------------

    /**
     * InfoNCE of queries against one positive key and a queue of negatives, forward and backward in one: logits
     * l[n,0] = q[n].k[n] / T, l[n,1+m] = q[n].queue[m] / T; loss = mean over n of (logsumexp l[n,:] - l[n,0]);
     * dq[n] = (sum over j of p[n,j] key_j - k[n]) / (T N) with p the softmax of l[n,:]; keys get no gradient.
     * {@code correct} += or = number of rows where no negative's logit is greater than l[n,0].
     * The N x (M+1) logits need not be stored. Source: van den Oord 2018; He et al. 2020 (MoCo), equation 1.
     *
     * @param loss real scalar
     * @param correct I32 scalar
     * @param dq N x D
     * @param q N x D, @param k N x D, both of unit rows
     * @param queue M x D
     * @param accumulate add to loss and correct (dq is always overwritten)
     */
    Work infoNce(Buffer loss, Buffer correct, Buffer dq, Buffer q, Buffer k, Buffer queue, double temperature,
            boolean accumulate);

    /**
     * Softmax cross-entropy, mean over the batch, forward and backward: loss = mean of (logsumexp l[n,:] - l[n,label]);
     * dlogits = (softmax - onehot) / N; correct = rows whose largest logit (the first among equals) is the label's.
     *
     * @param labels N I32, each in 0 .. K-1; another value makes the loss and its row of dlogits NaN, never a read
     *     outside the row
     */
    Work softmaxCrossEntropy(Buffer loss, Buffer correct, Buffer dlogits, Buffer logits, Buffer labels);

    /** p[n,:] = softmax of logits[n,:], shifted by the row's maximum. */
    Work softmax(Buffer p, Buffer logits);

    // ---- rows and queue ----------------------------------------------------------------------------------------

    /** dst[i,...] = src[index[i],...]; a row is everything behind the first axis; index I32. */
    Work gatherRows(Buffer dst, Buffer src, Buffer index);

    /**
     * queue[(head + i) mod M, :] = keys[i, :] for i = 0 .. N-1, then head = (head + N) mod M. M need not be a multiple of N,
     * but is at least N.
     *
     * @param head I32 scalar in 0 .. M-1
     */
    Work enqueue(Buffer queue, Buffer head, Buffer keys);

    /**
     * The K rows of a bank that are most similar to each query: index[n,:] by falling dot product queries[n] . bank[index], equal
     * ones by rising index; similarity[n,:] those products. Each is a chain of fused multiply-adds in f64 in the order of the
     * features, rounded once when it is stored: all backends agree bit for bit.
     *
     * <p>Only for a backend that {@linkplain Backend#ranksRows() ranks rows}. NaN has no place in an order: what a backend makes
     * of one is not defined.
     *
     * @param index I32, N x K, K at most M
     * @param similarity N x K
     * @param queries N x D
     * @param bank M x D
     * @throws org.jmoco.tensor.UserError if K is more than the backend ranks
     */
    default Work topK(Buffer index, Buffer similarity, Buffer queries, Buffer bank) {
        throw new UnsupportedOperationException("top k: this backend leaves neighbours to the host");
    }

    // ---- optimisers, over flat arrays --------------------------------------------------------------------------

    /**
     * k = m k + (1 - m) q, elementwise (He et al. 2020, equation 2). In f32 evaluated in this form, so that m = 1 keeps k bit
     * for bit and m = 0 copies q.
     */
    Work momentumUpdate(Buffer key, Buffer query, double m);

    /**
     * SGD as torch.optim.SGD: g = dw + weightDecay w; v = momentum v + g; w = w - lr v. Velocity starts at 0. The learning
     * rate is outside the momentum; weight decay applies to every parameter.
     *
     * @param learningRate real scalar in device memory, so that a schedule does not change the program
     * @param exponent I32 scalar of {@link LossScaling}, by whose scale dw is divided first; null if gradients are not scaled
     * @param nonFinite I32 scalar: unless it is 0, nothing changes; null with {@code exponent}
     */
    Work sgd(Buffer w, Buffer dw, Buffer velocity, Buffer learningRate, double momentum, double weightDecay, Buffer exponent,
            Buffer nonFinite);

    /**
     * Adam as torch.optim.Adam: t = step + 1; g = dw + weightDecay w; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
     * w = w - lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps). Afterwards step = t.
     *
     * @param step I32 scalar, the number of updates done so far
     * @param exponent as in {@link #sgd}
     * @param nonFinite as in {@link #sgd}; the step is not counted either
     */
    Work adam(Buffer w, Buffer dw, Buffer m, Buffer v, Buffer learningRate, Buffer step, double beta1, double beta2, double eps,
            double weightDecay, Buffer exponent, Buffer nonFinite);

    /**
     * x = x 2^(16 + exponent), elementwise: the gradient with which a scaled backward pass begins ({@link LossScaling}).
     *
     * @param x real, any shape
     * @param exponent I32 scalar
     */
    Work scaleLoss(Buffer x, Buffer exponent);

    /**
     * After a step: exponent as {@link LossScaling#next} says; finiteSteps counts, and starts anew when the exponent moves or a
     * step was not finite; nonFinite = 0.
     *
     * @param exponent I32 scalar, @param finiteSteps I32 scalar, @param nonFinite I32 scalar, all changed
     */
    Work adaptLossScale(Buffer exponent, Buffer finiteSteps, Buffer nonFinite, int interval);

    /**
     * flag = 1 if any element of x is NaN or infinite, else it stays as it is: over gradients, for the host to read now and then
     * instead of each step's loss.
     *
     * @param flag I32 scalar
     * @param x real, any shape
     */
    Work flagNonFinite(Buffer flag, Buffer x);

    // ---- what advances from step to step -----------------------------------------------------------------------

    /**
     * dst = table[index mod rows, ...]; a row is everything behind the first axis. Real or I32. With a counter as index, each
     * run of a program takes the next row: of the order of images, of permutations, of learning rates.
     *
     * @param index I32 scalar; the modulus is never negative, so no value reads outside of the table
     */
    Work selectRow(Buffer dst, Buffer table, Buffer index);

    /** log[index mod L] = value, the other elements stay; log of L elements, real or I32; index as for {@link #selectRow}. */
    Work store(Buffer log, Buffer index, Buffer value);

    /** counter = counter + 1; I32 scalar. */
    Work increment(Buffer counter);

    // ---- images ------------------------------------------------------------------------------------------------

    /**
     * Random views of a batch, straight from the images: views[v][n] is one of image chosen[n], drawn from the Philox stream
     * (seed; purposes[v], epoch, chosen[n]), rendered and normalised as docs/maths/views.md says, bit for bit equal to
     * org.jmoco.augment in f32; in bf16 those values rounded to nearest even. An index outside of the set gives a view of NaN.
     *
     * <p>Only for a backend that {@linkplain Backend#rendersViews() renders views}.
     *
     * @param views one or two, each N x S x S x 3
     * @param purposes of the streams, one for each of views
     * @param pixels U8, all images one after the other, each H x W x 3
     * @param images I32, one row an image: low and high 32 bits of its first byte's index in pixels, H, W
     * @param chosen I32, N
     * @param epoch I32 scalar
     * @throws org.jmoco.tensor.UserError if the device has too little memory on chip for views of this size
     */
    default Work randomViews(ViewGeometry g, long seed, List<Philox.Purpose> purposes, List<Buffer> views, Buffer pixels,
            Buffer images, Buffer chosen, Buffer epoch) {
        throw new UnsupportedOperationException("random views: this backend takes views that the host has rendered");
    }

    // ---- plain memory ------------------------------------------------------------------------------------------

    /** dst = value, everywhere; dst real or I32. */
    Work fill(Buffer dst, double value);

    /** dst = src; same type and size. */
    Work copy(Buffer dst, Buffer src);
}
