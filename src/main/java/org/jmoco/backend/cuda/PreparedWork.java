package org.jmoco.backend.cuda;

import java.util.List;
import java.util.function.LongFunction;

/** A {@link KernelWork} whose launches are made by a function of the workspace's address. */
final class PreparedWork extends KernelWork {
    private final long scratchBytes;
    private final LongFunction<List<Launch>> prepare;

    PreparedWork(CudaContext cuda, long scratchBytes, LongFunction<List<Launch>> prepare) {
        super(cuda);
        this.scratchBytes = scratchBytes;
        this.prepare = prepare;
    }

    @Override
    public long scratchBytes() {
        return scratchBytes;
    }

    @Override
    protected List<Launch> prepare(long scratch) {
        return prepare.apply(scratch);
    }
}
