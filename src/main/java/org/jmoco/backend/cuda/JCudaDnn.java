package org.jmoco.backend.cuda;

import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnHandle;
import jcuda.runtime.cudaStream_t;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.cuda.natives.JCudaNatives;

/** {@link Dnn} by cuDNN: the handle; {@link JCudaConvolution} and {@link JCudaGraphConvolution} have the calls. */
final class JCudaDnn implements Dnn, AutoCloseable {
    /** Whose address can be read, which attributes of the graph interface are given. */
    static final class Handle extends cudnnHandle {
        long address() {
            return getNativePointer();
        }
    }

    private final JCudaGpu gpu;
    private final Handle handle = new Handle();

    JCudaDnn(JCudaGpu gpu, cudaStream_t stream) {
        this.gpu = gpu;
        CudaStatus.cudnn(JCudnn.cudnnCreate(handle), "cudnnCreate");
        CudaStatus.cudnn(JCudnn.cudnnSetStream(handle, stream), "cudnnSetStream");
    }

    Handle handle() {
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
    public Convolution graphConvolution(Direction direction, ConvGeometry geometry, Precision precision, boolean accumulate) {
        gpu.enter();
        return new JCudaGraphConvolution(gpu, direction, geometry, precision, accumulate);
    }

    @Override
    public void close() {
        JCudnn.cudnnDestroy(handle);
    }
}
