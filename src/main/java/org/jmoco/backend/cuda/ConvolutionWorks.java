package org.jmoco.backend.cuda;

import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.Work;

/** Convolutions, by cuDNN: which kernels carry out which operation of {@link org.jmoco.backend.Ops}. */
final class ConvolutionWorks {
    private final CudaContext cuda;

    ConvolutionWorks(CudaContext cuda) {
        this.cuda = cuda;
    }

    Work conv2dForward(ConvGeometry g, Buffer y, Buffer x, Buffer w) {
        throw new UnsupportedOperationException("cuda conv2dForward");
    }

    Work conv2dBackwardData(ConvGeometry g, Buffer dx, Buffer dy, Buffer w, boolean accumulate) {
        throw new UnsupportedOperationException("cuda conv2dBackwardData");
    }

    Work conv2dBackwardWeights(ConvGeometry g, Buffer dw, Buffer x, Buffer dy, boolean accumulate) {
        throw new UnsupportedOperationException("cuda conv2dBackwardWeights");
    }
}
