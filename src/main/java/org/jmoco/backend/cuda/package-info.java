/**
 * The CUDA backend: the same operations as launches on an NVIDIA GPU, by cuDNN (convolutions), cuBLAS (matrix products) and
 * jmoco's own kernels (kernels/*.cu, shipped as PTX) for everything else.
 *
 * <p>In: buffers with device addresses and PTX texts. Out: prepared launches on one stream, captured as one CUDA graph per
 * program. Every call of JCuda, JCublas and JCudnn is made behind {@link org.jmoco.backend.cuda.Gpu}.
 *
 * <p>Read first: {@link org.jmoco.backend.cuda.Gpu}, then {@code CudaOps} and one family, as {@code BatchNormWorks}, with the
 * kernel source that it names.
 */
package org.jmoco.backend.cuda;
