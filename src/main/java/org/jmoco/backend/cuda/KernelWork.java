package org.jmoco.backend.cuda;

import java.util.List;
import org.jmoco.backend.Work;

/** A step that consists of kernel launches over fixed addresses. */
abstract class KernelWork implements Work {
    protected final CudaContext cuda;
    private List<Launch> launches;

    protected KernelWork(CudaContext cuda) {
        this.cuda = cuda;
    }

    /** The launches in order. Called once, when every buffer has its address. */
    protected abstract List<Launch> prepare(long scratch);

    @Override
    public final void bind(long scratch) {
        launches = prepare(scratch);
    }

    @Override
    public final void run() {
        for (Launch l : launches) {
            cuda.gpu().launch(l);
        }
    }
}
