package org.jmoco.backend.cuda;

import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;

/** Elementwise operations: which kernels carry out which operation of {@link org.jmoco.backend.Ops}. */
final class ElementwiseWorks {
    private final CudaContext cuda;

    ElementwiseWorks(CudaContext cuda) {
        this.cuda = cuda;
    }

    Work reluForward(Buffer y, Buffer x) {
        throw new UnsupportedOperationException("cuda reluForward");
    }

    Work reluBackward(Buffer dx, Buffer dy, Buffer y) {
        throw new UnsupportedOperationException("cuda reluBackward");
    }

    Work fill(Buffer dst, double value) {
        throw new UnsupportedOperationException("cuda fill");
    }

    Work copy(Buffer dst, Buffer src) {
        throw new UnsupportedOperationException("cuda copy");
    }
}
