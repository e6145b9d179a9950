package org.jmoco.backend.cuda;

import jcuda.driver.CUstream;
import jcuda.runtime.cudaStream_t;

/**
 * A stream and the handles of cuBLAS and cuDNN that work on it. Each stream has handles of its own: cublasSetStream takes a
 * handle's workspace away, and what a handle keeps on the device, a workspace above all, must not be used by two streams at once.
 */
final class JCudaLine implements AutoCloseable {
    private final CUstream stream;
    private final JCudaBlas blas;
    private final JCudaDnn dnn;

    JCudaLine(JCudaGpu gpu, CUstream stream) {
        this.stream = stream;
        blas = new JCudaBlas(gpu, new cudaStream_t(stream));
        try {
            dnn = new JCudaDnn(gpu, new cudaStream_t(stream));
        } catch (RuntimeException e) {
            blas.close();
            throw e;
        }
    }

    CUstream stream() {
        return stream;
    }

    JCudaBlas blas() {
        return blas;
    }

    JCudaDnn dnn() {
        return dnn;
    }

    /** The stream is its owner's to destroy. */
    @Override
    public void close() {
        dnn.close();
        blas.close();
    }
}
