package org.jmoco.backend.cpu;

/**
 * Convolution forward, y[n,p,q,k] = sum over r,s,c of w[k,r,s,c] x[n, p stride + r - pad, q stride + s - pad, c].
 *
 * <p>{@code run(x, w, y)}; y is overwritten. Source: torch.nn.functional.conv2d without bias (its weights are K x C x R x S).
 */
public final class ConvForward extends ConvPlan {
    /** @throws org.jmoco.tensor.UserError when oneDNN is not available on this platform */
    public ConvForward(ConvProblem problem, Workers workers) {
        this(problem, workers, ConvMethod.of(problem, false));
    }

    ConvForward(ConvProblem problem, Workers workers, ConvMethod method) {
        super(problem, method.forward(problem, workers));
    }
}
