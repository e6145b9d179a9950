package org.jmoco.backend.cuda;

import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;

/** Linear layers, by cuBLAS: which kernels carry out which operation of {@link org.jmoco.backend.Ops}. */
final class LinearWorks {
    private final CudaContext cuda;

    LinearWorks(CudaContext cuda) {
        this.cuda = cuda;
    }

    Work linearForward(Buffer y, Buffer x, Buffer w, Buffer b) {
        throw new UnsupportedOperationException("cuda linearForward");
    }

    Work linearBackwardData(Buffer dx, Buffer dy, Buffer w) {
        throw new UnsupportedOperationException("cuda linearBackwardData");
    }

    Work linearBackwardWeights(Buffer dw, Buffer db, Buffer x, Buffer dy, boolean accumulate) {
        throw new UnsupportedOperationException("cuda linearBackwardWeights");
    }
}
