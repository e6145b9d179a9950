package org.jmoco.backend.cuda;

import java.util.List;
import org.jmoco.backend.cuda.InfoNceWorks.Contrast;
import org.jmoco.backend.cuda.Launch.Dim;
import org.jmoco.tensor.DType;

/**
 * InfoNCE the plain way, the yardstick of {@link InfoNceWorks} in tests and benchmarks: all N x M dot products by cuBLAS into
 * memory, a softmax over each row in place, dq by a second product. 4 N M bytes of workspace, read and written six times over.
 */
final class InfoNceStored implements LibraryWork {
    private static final int THREADS = 256;
    private static final DType F32 = DType.F32;

    private final CudaContext cuda;
    private final Contrast c;
    private final InfoNceWorks works;
    private long logits; // N x M
    private List<Launch> launches; // softmax of the rows; their mean

    InfoNceStored(CudaContext cuda, Contrast c) {
        this.cuda = cuda;
        this.c = c;
        works = new InfoNceWorks(cuda);
    }

    @Override
    public long scratchBytes() {
        return c.rowBytes() + (long) c.n() * c.m() * Float.BYTES;
    }

    @Override
    public void bind(long scratch) {
        logits = scratch + c.rowBytes();
        launches = List.of(
                new Launch(cuda.kernel("info_nce", "info_nce_stored_rows"), Dim.of(c.n()), Dim.of(THREADS), 0, c.rowLoss(scratch),
                        c.rowCorrect(scratch), c.dq().address(), logits, c.q().address(), c.k().address(), c.d(), c.m(),
                        c.scale(), c.inverse()),
                works.total(c, scratch));
    }

    @Override
    public void run() {
        Blas blas = cuda.gpu().blas();
        // BF16 too: tf32 is the nearest that multiplies f32 in memory on tensor cores.
        Precision products = cuda.precision() == Precision.F32 ? Precision.F32 : Precision.TF32;
        int n = c.n();
        int d = c.d();
        int m = c.m();
        // Column-major, so transposes throughout: logits^T = queue q^T, dq^T += queue^T weights^T.
        blas.gemm(true, false, m, n, d, 1, c.queue().address(), F32, d, c.q().address(), F32, d, 0, logits, F32, m, products);
        cuda.gpu().launch(launches.get(0));
        blas.gemm(false, false, d, n, m, 1, c.queue().address(), F32, d, logits, F32, m, 1, c.dq().address(), F32, d, products);
        cuda.gpu().launch(launches.get(1));
    }
}
