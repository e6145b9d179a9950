package org.jmoco.backend.cpu;

/**
 * Gradient of a convolution with respect to its filters: dw[k,r,s,c] = sum over n,p,q of dy[n,p,q,k]
 * x[n, p stride + r - pad, q stride + s - pad, c].
 *
 * <p>{@code run(x, dy, dw)}; dw is overwritten, or added to when the plan was made with {@code accumulate}. The order of every
 * sum is fixed by the problem.
 */
public final class ConvBackwardWeights extends ConvPlan {
    /**
     * @param accumulate whether {@link #run} adds to dw instead of overwriting it
     * @throws org.jmoco.tensor.UserError when oneDNN is not available on this platform
     */
    public ConvBackwardWeights(ConvProblem problem, boolean accumulate, Workers workers) {
        this(problem, accumulate, workers, ConvMethod.of(problem, true));
    }

    ConvBackwardWeights(ConvProblem problem, boolean accumulate, Workers workers, ConvMethod method) {
        super(problem, method.backwardWeights(problem, accumulate, workers));
    }
}
