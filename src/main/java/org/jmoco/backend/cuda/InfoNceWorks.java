package org.jmoco.backend.cuda;

import java.util.List;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;
import org.jmoco.backend.cuda.InfoNceTiles.Cut;
import org.jmoco.backend.cuda.Launch.Dim;

/**
 * InfoNCE, by {@code kernels/info_nce.cu} and {@code info_nce_tensor.cu}: blocks of queries against parts of the queue, the parts
 * put together, the mean over the queries. In TF32 and BF16 the queries, the keys and the softmax's weights are rounded to that
 * type where they are multiplied; everything in memory, and every sum, is f32.
 */
final class InfoNceWorks {
    private static final String MODULE = "info_nce";
    private static final int MERGE_THREADS = 128;
    private static final int TOTAL_THREADS = 256;
    private static final int NAIVE_THREADS = 128;
    private static final double LOG2_E = 1 / Math.log(2);

    private final CudaContext cuda;

    InfoNceWorks(CudaContext cuda) {
        this.cuda = cuda;
    }

    Work infoNce(Buffer loss, Buffer correct, Buffer dq, Buffer q, Buffer k, Buffer queue, double temperature,
            boolean accumulate) {
        Contrast c = new Contrast(loss, correct, dq, q, k, queue, temperature, accumulate);
        InfoNceTiles tiles = InfoNceTiles.choose(cuda.precision(), c.d(), cuda.gpu().info());
        return tiles == null ? naive(c) : tiled(c, tiles, tiles.cut(c.n(), c.m(), cuda.gpu().info()));
    }

    /** By parts of the queue; the fast way. Workspace: the rows' results, then the parts' sums [3, S, N] and [S, N, width]. */
    Work tiled(Contrast c, InfoNceTiles tiles, Cut cut) {
        long stats = c.rowBytes();
        long mixed = stats + aligned(3L * cut.parts() * c.n() * Float.BYTES);
        long bytes = mixed + (long) cut.parts() * c.n() * tiles.width() * Float.BYTES;
        return new PreparedWork(cuda, bytes, scratch -> List.of(
                new Launch(cuda.kernel(tiles.module(), tiles.entry()), Dim.of(cut.parts(), tiles.queryTiles(c.n())),
                        Dim.of(tiles.threads()), tiles.sharedBytes(), scratch + stats, scratch + mixed, c.q().address(),
                        c.queue().address(), c.n(), c.d(), c.m(), cut.keysPerPart(), c.scale()),
                new Launch(cuda.kernel(tiles.module(), tiles.merge()), Dim.of(c.n()), Dim.of(MERGE_THREADS), 0,
                        c.rowLoss(scratch), c.rowCorrect(scratch), c.dq().address(), c.q().address(), c.k().address(),
                        scratch + stats, scratch + mixed, c.n(), c.d(), tiles.width(), cut.parts(), c.scale(), c.inverse()),
                total(c, scratch)));
    }

    /** One block a query: for features wider than any tile. */
    Work naive(Contrast c) {
        int shared = 2 * c.d() * Float.BYTES;
        return new PreparedWork(cuda, c.rowBytes(), scratch -> List.of(
                new Launch(cuda.kernel(MODULE, "info_nce_naive"), Dim.of(c.n()), Dim.of(NAIVE_THREADS), shared,
                        c.rowLoss(scratch), c.rowCorrect(scratch), c.dq().address(), c.q().address(), c.k().address(),
                        c.queue().address(), c.n(), c.d(), c.m(), c.scale(), c.inverse()),
                total(c, scratch)));
    }

    /** The mean over the rows, with which each way ends. */
    Launch total(Contrast c, long scratch) {
        return new Launch(cuda.kernel(MODULE, "info_nce_total"), Dim.of(1), Dim.of(TOTAL_THREADS), 0, c.loss().address(),
                c.correct().address(), c.rowLoss(scratch), c.rowCorrect(scratch), c.n(), c.accumulate() ? 1 : 0);
    }

    /** The operands, as in {@link org.jmoco.backend.Ops#infoNce}, and what all kernels take of them. */
    record Contrast(Buffer loss, Buffer correct, Buffer dq, Buffer q, Buffer k, Buffer queue, double temperature,
            boolean accumulate) {
        int n() {
            return q.shape().dim(0);
        }

        int d() {
            return q.shape().dim(1);
        }

        int m() {
            return queue.shape().dim(0);
        }

        /** From a dot product to a logit in units of log2. */
        float scale() {
            return (float) (LOG2_E / temperature);
        }

        /** From the difference of two keys to a gradient. */
        float inverse() {
            return (float) (1 / (temperature * n()));
        }

        /** Bytes at the start of the workspace: each row's loss, f32, and whether its positive wins, I32. */
        long rowBytes() {
            return 2 * aligned((long) n() * Float.BYTES);
        }

        long rowLoss(long scratch) {
            return scratch;
        }

        long rowCorrect(long scratch) {
            return scratch + rowBytes() / 2;
        }
    }

    /** Rounded up to the alignment of a float4. */
    static long aligned(long bytes) {
        return (bytes + 15) & -16;
    }
}
