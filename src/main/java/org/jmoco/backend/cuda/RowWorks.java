package org.jmoco.backend.cuda;

import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;

/** Operations on rows of matrices: which kernels carry out which operation of {@link org.jmoco.backend.Ops}. */
final class RowWorks {
    private final CudaContext cuda;

    RowWorks(CudaContext cuda) {
        this.cuda = cuda;
    }

    Work l2NormalizeForward(Buffer y, Buffer norm, Buffer x) {
        throw new UnsupportedOperationException("cuda l2NormalizeForward");
    }

    Work l2NormalizeBackward(Buffer dx, Buffer dy, Buffer y, Buffer norm) {
        throw new UnsupportedOperationException("cuda l2NormalizeBackward");
    }

    Work softmax(Buffer p, Buffer logits) {
        throw new UnsupportedOperationException("cuda softmax");
    }

    Work gatherRows(Buffer dst, Buffer src, Buffer index) {
        throw new UnsupportedOperationException("cuda gatherRows");
    }

    Work enqueue(Buffer queue, Buffer head, Buffer keys) {
        throw new UnsupportedOperationException("cuda enqueue");
    }
}
