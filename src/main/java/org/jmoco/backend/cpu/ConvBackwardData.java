package org.jmoco.backend.cpu;

/**
 * Gradient of a convolution with respect to its input: dx[n,h,w,c] = sum over all k,r,s and all (p,q) whose window
 * covers (h,w) of dy[n,p,q,k] w[k,r,s,c].
 *
 * <p>All f32: dy is N x P x Q x K, w is K x R x S x C, dx is N x H x W x C, dense. dx is overwritten, or added to when the
 * plan was made with {@code accumulate}. Prepared once for a problem and a team of workers; {@link #run} allocates nothing
 * and gives the same bits for any number of workers.
 */
public final class ConvBackwardData implements AutoCloseable {
    private final ConvProblem problem;
    private final ConvKernel kernel;

    /**
     * @param accumulate whether {@link #run} adds to dx instead of overwriting it
     * @throws org.jmoco.tensor.UserError when oneDNN is not available on this platform
     */
    public ConvBackwardData(ConvProblem problem, boolean accumulate, Workers workers) {
        this(problem, accumulate, workers, ConvMethod.of(problem, true));
    }

    ConvBackwardData(ConvProblem problem, boolean accumulate, Workers workers, ConvMethod method) {
        this.problem = problem;
        kernel = method.backwardData(problem, accumulate, workers);
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
    public ConvBackwardData bind(long scratchAddress) {
        kernel.bind(scratchAddress);
        return this;
    }

    /** Computes dx from dy and w, all raw addresses of 4-byte aligned memory that do not overlap. */
    public void run(long dy, long w, long dx) {
        kernel.run(dy, w, dx);
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
