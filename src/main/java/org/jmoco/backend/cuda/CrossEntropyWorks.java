package org.jmoco.backend.cuda;

import java.util.List;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;
import org.jmoco.backend.cuda.Launch.Dim;

/** Softmax cross-entropy, by {@code kernels/cross_entropy.cu}: each row by itself, then their mean. */
final class CrossEntropyWorks {
    private static final String MODULE = "cross_entropy";
    private static final int THREADS = 256;

    private final CudaContext cuda;

    CrossEntropyWorks(CudaContext cuda) {
        this.cuda = cuda;
    }

    /** Workspace: loss (f32) and whether it is won (I32), of each row. */
    Work softmaxCrossEntropy(Buffer loss, Buffer correct, Buffer dlogits, Buffer logits, Buffer labels) {
        int rows = logits.shape().dim(0);
        int classes = logits.shape().dim(1);
        return new PreparedWork(cuda, 8L * rows, rowLoss -> {
            long rowCorrect = rowLoss + 4L * rows;
            return List.of(
                    new Launch(cuda.kernel(MODULE, "cross_entropy_rows"), Dim.of(Math.ceilDiv(rows, RowWorks.WARPS)),
                            Dim.of(THREADS), 0, rowLoss, rowCorrect, dlogits.address(), logits.address(), labels.address(), rows,
                            classes),
                    new Launch(cuda.kernel(MODULE, "cross_entropy_mean"), Dim.of(1), Dim.of(THREADS), 0, loss.address(),
                            correct.address(), rowLoss, rowCorrect, rows));
        });
    }
}
