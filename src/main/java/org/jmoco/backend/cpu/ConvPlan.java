package org.jmoco.backend.cpu;

/**
 * One direction of a convolution, prepared once for a problem and a team of workers. {@link #run} allocates nothing, and gives
 * the same bits for any number of workers.
 *
 * <p>All tensors are f32 and dense: x is N x H x W x C, w is K x R x S x C, y is N x P x Q x K, and gradients lie as what they
 * belong to.
 */
public abstract sealed class ConvPlan implements AutoCloseable permits ConvForward, ConvBackwardData, ConvBackwardWeights {
    private final ConvProblem problem;
    private final ConvKernel kernel;

    ConvPlan(ConvProblem problem, ConvKernel kernel) {
        this.problem = problem;
        this.kernel = kernel;
    }

    public final ConvProblem problem() {
        return problem;
    }

    /**
     * Bytes of scratch memory. Its content need not survive between runs, so plans that run one after the other share it:
     * give each the same block, as large as the largest asks for. It grows with the number of workers.
     */
    public final long scratchBytes() {
        return kernel.scratchBytes();
    }

    /** Sets the scratch memory, {@link #scratchBytes()} long, aligned to 64 bytes. Must precede the first run. */
    public final ConvPlan bind(long scratchAddress) {
        kernel.bind(scratchAddress);
        return this;
    }

    /**
     * Computes {@code result} from {@code a} and {@code b}; which tensors these are, the subclass says.
     * All are raw addresses of 4-byte aligned memory that does not overlap.
     */
    public final void run(long a, long b, long result) {
        kernel.run(a, b, result);
    }

    /** The method and its blocking, in words. */
    public final String describe() {
        return kernel.describe();
    }

    /** Gives the native objects back (not the scratch memory, which is the caller's). */
    @Override
    public final void close() {
        kernel.close();
    }
}
