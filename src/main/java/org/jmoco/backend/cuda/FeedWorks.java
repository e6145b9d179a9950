package org.jmoco.backend.cuda;

import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;

/** What advances from step to step: which kernels carry out which operation of {@link org.jmoco.backend.Ops}. */
final class FeedWorks {
    private final CudaContext cuda;

    FeedWorks(CudaContext cuda) {
        this.cuda = cuda;
    }

    Work selectRow(Buffer dst, Buffer table, Buffer index) {
        throw new UnsupportedOperationException("cuda selectRow");
    }

    Work store(Buffer log, Buffer index, Buffer value) {
        throw new UnsupportedOperationException("cuda store");
    }

    Work increment(Buffer counter) {
        throw new UnsupportedOperationException("cuda increment");
    }
}
