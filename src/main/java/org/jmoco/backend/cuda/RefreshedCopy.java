package org.jmoco.backend.cuda;

import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;

/** A step that writes weights, and then their copy in the feature maps' type. */
final class RefreshedCopy implements Work {
    private final CudaContext cuda;
    private final Work work;
    private final Buffer weights;
    private Launch narrow;

    RefreshedCopy(CudaContext cuda, Work work, Buffer weights) {
        this.cuda = cuda;
        this.work = work;
        this.weights = weights;
    }

    @Override
    public long scratchBytes() {
        return work.scratchBytes();
    }

    @Override
    public void bind(long scratch) {
        work.bind(scratch);
        narrow = Conversions.narrow(cuda, cuda.computeAddress(weights), weights.address(), weights.size());
    }

    @Override
    public void run() {
        work.run();
        cuda.gpu().launch(narrow);
    }
}
