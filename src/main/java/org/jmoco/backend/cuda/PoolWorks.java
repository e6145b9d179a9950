package org.jmoco.backend.cuda;

import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.Work;

/** Pooling: which kernels carry out which operation of {@link org.jmoco.backend.Ops}. */
final class PoolWorks {
    private final CudaContext cuda;

    PoolWorks(CudaContext cuda) {
        this.cuda = cuda;
    }

    Work maxPoolForward(ConvGeometry g, Buffer y, Buffer argmax, Buffer x) {
        throw new UnsupportedOperationException("cuda maxPoolForward");
    }

    Work maxPoolBackward(ConvGeometry g, Buffer dx, Buffer dy, Buffer argmax) {
        throw new UnsupportedOperationException("cuda maxPoolBackward");
    }

    Work globalAvgPoolForward(Buffer y, Buffer x) {
        throw new UnsupportedOperationException("cuda globalAvgPoolForward");
    }

    Work globalAvgPoolBackward(Buffer dx, Buffer dy) {
        throw new UnsupportedOperationException("cuda globalAvgPoolBackward");
    }
}
