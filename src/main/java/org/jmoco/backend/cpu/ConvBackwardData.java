package org.jmoco.backend.cpu;

/**
 * Gradient of a convolution with respect to its input: dx[n,h,w,c] = sum over all k,r,s and all (p,q) whose window
 * covers (h,w) of dy[n,p,q,k] w[k,r,s,c].
 *
 * <p>{@code run(dy, w, dx)}; dx is overwritten, or added to when the plan was made with {@code accumulate}.
 */
public final class ConvBackwardData extends ConvPlan {
    /**
     * @param accumulate whether {@link #run} adds to dx instead of overwriting it
     * @throws org.jmoco.tensor.UserError when oneDNN is not available on this platform
     */
    public ConvBackwardData(ConvProblem problem, boolean accumulate, Workers workers) {
        this(problem, accumulate, workers, ConvMethod.of(problem, true));
    }

    ConvBackwardData(ConvProblem problem, boolean accumulate, Workers workers, ConvMethod method) {
        super(problem, method.backwardData(problem, accumulate, workers));
    }
}
