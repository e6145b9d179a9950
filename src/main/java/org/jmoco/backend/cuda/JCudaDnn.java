package org.jmoco.backend.cuda;

import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnHandle;
import jcuda.runtime.cudaStream_t;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.cuda.natives.JCudaNatives;

/** {@link Dnn} by cuDNN: the handle; {@link JCudaConvolution} has the calls. */
final class JCudaDnn implements Dnn, AutoCloseable {
    private final JCudaGpu gpu;
    private final cudnnHandle handle = new cudnnHandle();

    JCudaDnn(JCudaGpu gpu, cudaStream_t stream) {
        this.gpu = gpu;
        CudaStatus.cudnn(JCudnn.cudnnCreate(handle), "cudnnCreate");
        CudaStatus.cudnn(JCudnn.cudnnSetStream(handle, stream), "cudnnSetStream");
    }

    cudnnHandle handle() {
        return handle;
    }

    String version() {
        return JCudaNatives.dotted(JCudnn.cudnnGetVersion(), 10000, 100, true);
    }

    @Override
    public Convolution convolution(Direction direction, ConvGeometry geometry, Precision precision) {
        gpu.enter();
        return new JCudaConvolution(gpu, direction, geometry, precision);
    }

    @Override
    public void close() {
        JCudnn.cudnnDestroy(handle);
    }
}
