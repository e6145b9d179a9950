package org.jmoco.backend.cuda;

import java.util.ArrayList;
import java.util.List;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;
import org.jmoco.backend.cuda.Launch.Dim;
import org.jmoco.tensor.UserError;

/**
 * The most similar rows of a bank, by {@code kernels/knn.cu}: similarities of some queries, then the selection from each of them.
 */
final class NeighbourWorks {
    private static final String MODULE = "knn";
    private static final int THREADS = 256;
    /** Queries, and rows of the bank, of a block of similarities. */
    private static final int TILE = 64;
    /** Neighbours that the selection can sort: with 12 bytes each and its histogram they fit into 64 KiB of shared memory. */
    static final int MOST = 4096;
    /**
     * Of similarities at a time: large enough that a launch has work for every multiprocessor, and hardly more than other steps
     * need.
     */
    private static final long WORKSPACE_BYTES = 64L << 20;

    private final CudaContext cuda;

    NeighbourWorks(CudaContext cuda) {
        this.cuda = cuda;
    }

    Work topK(Buffer index, Buffer similarity, Buffer queries, Buffer bank) {
        int n = queries.shape().dim(0);
        int d = queries.shape().dim(1);
        int m = bank.shape().dim(0);
        int k = index.shape().dim(1);
        if (k > MOST) {
            throw UserError.usage("cuda backend: " + k + " neighbours; the GPU ranks at most " + MOST + ". Choose --knn-k " + MOST
                    + " or less.");
        }
        int padded = Integer.highestOneBit(2 * k - 1);
        int atOnce = queriesAtOnce(n, m);
        return new PreparedWork(cuda, (long) atOnce * m * Long.BYTES, keys -> {
            List<Launch> launches = new ArrayList<>();
            for (int first = 0; first < n; first += atOnce) {
                int some = Math.min(atOnce, n - first);
                launches.add(new Launch(cuda.kernel(MODULE, "knn_similarities"),
                        Dim.of(Math.ceilDiv(m, TILE), Math.ceilDiv(some, TILE)), Dim.of(THREADS), 0, keys, row(queries, first),
                        bank.address(), some, m, d));
                launches.add(new Launch(cuda.kernel(MODULE, "knn_select"), Dim.of(some), Dim.of(THREADS),
                        padded * (Long.BYTES + Integer.BYTES), row(index, first), row(similarity, first), keys, m, k, padded));
            }
            return launches;
        });
    }

    /** Whole tiles of queries, as many as the workspace holds, at least one. */
    static int queriesAtOnce(int n, int m) {
        long tiles = Math.max(1, WORKSPACE_BYTES / ((long) m * Long.BYTES * TILE));
        return (int) Math.min(n, tiles * TILE);
    }

    private static long row(Buffer matrix, int row) {
        return matrix.address() + (long) row * matrix.shape().dim(1) * matrix.dtype().bytes;
    }
}
