package org.jmoco.backend.cpu;

/**
 * Gradient of a convolution with respect to its filters: dw[k,r,s,c] = sum over n,p,q of dy[n,p,q,k]
 * x[n, p stride + r - pad, q stride + s - pad, c].
 *
 * <p>All f32: x is N x H x W x C, dy is N x P x Q x K, dw is K x R x S x C, dense. dw is overwritten, or added to when the
 * plan was made with {@code accumulate}. Prepared once for a problem and a team of workers; {@link #run} allocates nothing,
 * and the order of every sum is fixed by the problem, so that any number of workers gives the same bits.
 */
public final class ConvBackwardWeights implements AutoCloseable {
    private final ConvProblem problem;
    private final ConvKernel kernel;

    /**
     * @param accumulate whether {@link #run} adds to dw instead of overwriting it
     * @throws org.jmoco.tensor.UserError when oneDNN is not available on this platform
     */
    public ConvBackwardWeights(ConvProblem problem, boolean accumulate, Workers workers) {
        this(problem, accumulate, workers, ConvMethod.of(problem, true));
    }

    ConvBackwardWeights(ConvProblem problem, boolean accumulate, Workers workers, ConvMethod method) {
        this.problem = problem;
        kernel = method.backwardWeights(problem, accumulate, workers);
    }

    public ConvProblem problem() {
        return problem;
    }

    /**
     * Bytes of scratch memory. Its content need not survive between runs, so plans that run one after the other share it:
     * give each the same block, as large as the largest asks for. It grows with the number of workers.
     */
    public long scratchBytes() {
        return kernel.scratchBytes();
    }

    /** Sets the scratch memory, {@link #scratchBytes()} long, aligned to 64 bytes. Must precede the first run. */
    public ConvBackwardWeights bind(long scratchAddress) {
        kernel.bind(scratchAddress);
        return this;
    }

    /** Computes dw from x and dy, all raw addresses of 4-byte aligned memory that do not overlap. */
    public void run(long x, long dy, long dw) {
        kernel.run(x, dy, dw);
    }

    /** The method and its blocking, in words. */
    public String describe() {
        return kernel.describe();
    }

    /** Gives the native objects back (not the scratch memory, which is the caller's). */
    @Override
    public void close() {
        kernel.close();
    }
}
