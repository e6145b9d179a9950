package org.jmoco.backend.cpu;

/**
 * Convolution forward, y[n,p,q,k] = sum over r,s,c of w[k,r,s,c] x[n, p stride + r - pad, q stride + s - pad, c].
 *
 * <p>All f32: x is N x H x W x C, w is K x R x S x C, y is N x P x Q x K, dense. y is overwritten. Prepared once for a
 * problem and a team of workers; {@link #run} allocates nothing and gives the same bits for any number of workers.
 * Source: torch.nn.functional.conv2d without bias (its weights are K x C x R x S).
 */
public final class ConvForward implements AutoCloseable {
    private final ConvProblem problem;
    private final ConvKernel kernel;

    /** @throws org.jmoco.tensor.UserError when oneDNN is not available on this platform */
    public ConvForward(ConvProblem problem, Workers workers) {
        this(problem, workers, ConvMethod.of(problem, false));
    }

    ConvForward(ConvProblem problem, Workers workers, ConvMethod method) {
        this.problem = problem;
        kernel = method.forward(problem, workers);
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
    public ConvForward bind(long scratchAddress) {
        kernel.bind(scratchAddress);
        return this;
    }

    /** Computes y from x and w, all raw addresses of 4-byte aligned memory that do not overlap. */
    public void run(long x, long w, long y) {
        kernel.run(x, w, y);
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
