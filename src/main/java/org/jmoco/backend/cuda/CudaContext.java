package org.jmoco.backend.cuda;

import org.jmoco.backend.Buffer;

/** What every operation of the CUDA backend needs: the device, its kernels, the precision. */
interface CudaContext {
    Gpu gpu();

    /**
     * A kernel of {@code kernels/ptx/<module>.<variant>.ptx}, of the best variant that the device runs; loaded at first use.
     *
     * @param module file name without variant, as in {@code batch_norm}
     * @param entry name of the entry, as in {@code batch_norm_stats_bf16}
     */
    Kernel kernel(String module, String entry);

    Precision precision();

    /**
     * Where a weight tensor lies in the type of the feature maps: its own address, or that of its copy in the second arena
     * of parameters. Valid once memory is placed.
     */
    long computeAddress(Buffer weights);

    /** True if parameters have a copy in the type of the feature maps, which whoever writes parameters has to write too. */
    boolean hasComputeCopy(Buffer parameters);
}
