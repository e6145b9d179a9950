package org.jmoco.backend.cuda;

import java.util.List;
import java.util.function.Supplier;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;
import org.jmoco.backend.cuda.Launch.Dim;

/** What advances from step to step: which kernels of kernels/feed.cu carry out which of {@link org.jmoco.backend.Ops}. */
final class FeedWorks {
    private static final String MODULE = "feed";
    private static final int THREADS = 256;

    private final CudaContext cuda;

    FeedWorks(CudaContext cuda) {
        this.cuda = cuda;
    }

    /** One launch, made once addresses are known. */
    private final class One extends KernelWork {
        private final Supplier<Launch> launch;

        One(Supplier<Launch> launch) {
            super(FeedWorks.this.cuda);
            this.launch = launch;
        }

        @Override
        protected List<Launch> prepare(long scratch) {
            return List.of(launch.get());
        }
    }

    /** Real and I32 elements are 32-bit words alike. */
    Work selectRow(Buffer dst, Buffer table, Buffer index) {
        int words = Math.toIntExact(dst.bytes() / Integer.BYTES);
        Dim grid = Dim.of(Math.ceilDiv(Math.max(words, 1), THREADS));
        return new One(() -> new Launch(cuda.kernel(MODULE, "select_row"), grid, Dim.of(THREADS), 0, dst.address(),
                table.address(), index.address(), table.shape().dim(0), words));
    }

    Work store(Buffer log, Buffer index, Buffer value) {
        return new One(() -> new Launch(cuda.kernel(MODULE, "store"), Dim.of(1), Dim.of(1), 0, log.address(), index.address(),
                value.address(), log.shape().dim(0)));
    }

    Work increment(Buffer counter) {
        return new One(() -> new Launch(cuda.kernel(MODULE, "increment"), Dim.of(1), Dim.of(1), 0, counter.address()));
    }
}
