package org.jmoco.backend.cpu;

/**
 * One way to compute one direction of one convolution, everything made beforehand: {@link #bind} gives it scratch memory,
 * then {@link #run} allocates nothing. The operands of {@code run} are those of the public plan that owns it
 * ({@link ConvForward}, {@link ConvBackwardData}, {@link ConvBackwardWeights}), the result last.
 */
interface ConvKernel extends AutoCloseable {
    /** Bytes of scratch memory. Their content need not survive between runs, so plans that run in turn share it. */
    long scratchBytes();

    /** Sets the scratch memory, {@link #scratchBytes()} long, aligned to {@link NativeMemory#ALIGNMENT}. */
    void bind(long scratch);

    /** Computes; addresses of f32 tensors, aligned to 4 bytes at least. */
    void run(long a, long b, long result);

    /** The method and its blocking, for {@code --print-program} and benchmarks. */
    String describe();

    @Override
    void close();
}
