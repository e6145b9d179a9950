package org.jmoco.backend.cuda;

/**
 * A device and its libraries, for the first line of every main, reports and the choice of kernels.
 *
 * @param name as the driver says it: {@code NVIDIA H200}
 * @param capability compute capability, major times 10 plus minor: 90
 * @param multiprocessors number of SMs
 * @param memoryBytes total device memory
 * @param sharedBytesPerBlock largest shared memory of a block, opt-in included
 * @param driver version of CUDA that the driver supports: {@code 13.0}
 * @param cublas version of cuBLAS in use
 * @param cudnn version of cuDNN in use
 */
public record GpuInfo(
        String name,
        int capability,
        int multiprocessors,
        long memoryBytes,
        int sharedBytesPerBlock,
        String driver,
        String cublas,
        String cudnn) {
}
