package org.jmoco.backend.cuda;

import java.util.List;
import org.jmoco.backend.BatchNormGeometry;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;
import org.jmoco.backend.cuda.Launch.Dim;

/**
 * Batch norm with splits: which kernels of {@code kernels/batch_norm.cu} and {@code kernels/batch_norm_backward.cu} carry out
 * which operation of {@link org.jmoco.backend.Ops}. Forward and backward are three launches each: chunks of the map, then groups
 * from their chunks, then the map again.
 */
final class BatchNormWorks {
    private static final String FORWARD = "batch_norm";
    private static final String BACKWARD = "batch_norm_backward";
    /** Blocks on a multiprocessor, by the launch bounds of the kernels. */
    private static final int RESIDENT_FORWARD = 4;
    private static final int RESIDENT_BACKWARD = 3;
    /** Rows that a thread takes at once; AHEAD in the kernels. */
    private static final int AHEAD_FORWARD = 6;
    private static final int AHEAD_BACKWARD = 2;
    /** What a chunk leaves of each channel: a mean in two numbers and the squares' sum; or two sums. */
    private static final int MOMENTS = 3;
    private static final int SUMS = 2;
    /** Of the kernels that combine chunks: 32 channels x 8 threads. */
    private static final Dim COMBINE = Dim.of(32, 8);
    /** A null pointer. */
    private static final long NONE = 0;

    private final CudaContext cuda;

    BatchNormWorks(CudaContext cuda) {
        this.cuda = cuda;
    }

    Work batchNormForward(BatchNormGeometry g, Buffer y, Buffer x, Buffer residual, Buffer gamma, Buffer beta,
            Buffer runningMean, Buffer runningVar, Buffer savedMean, Buffer savedInvStd, boolean relu) {
        long scratchBytes = Math.max(scratchForward(forward(g, x, true)), scratchForward(forward(g, x, false)));
        return new PreparedWork(cuda, scratchBytes, partial -> {
            RowTiling t = forward(g, x, vectors(y, x, residual, gamma, beta, savedMean, savedInvStd));
            long unbiasedVar = partial + t.partialBytes(MOMENTS); // [G][C]
            long origin = unbiasedVar + 4L * t.groups() * t.channels(); // [G][C]
            return List.of(
                    t.launch(cuda, FORWARD, "batch_norm_statistics", partial, origin, x.address()),
                    new Launch(cuda.kernel(FORWARD, "batch_norm_combine"), combineGrid(t), COMBINE, 0, savedMean.address(),
                            savedInvStd.address(), unbiasedVar, partial, origin, t.chunks(), t.groupSize(), t.perChunk(),
                            t.channels(), (float) g.eps()),
                    t.launch(cuda, FORWARD, "batch_norm_train", y.address(), x.address(), address(residual), gamma.address(),
                            beta.address(), runningMean.address(), runningVar.address(), savedMean.address(),
                            savedInvStd.address(), unbiasedVar, (float) g.momentum(), (float) (1 - g.momentum()), relu ? 1 : 0));
        });
    }

    Work batchNormInference(BatchNormGeometry g, Buffer y, Buffer x, Buffer residual, Buffer gamma, Buffer beta,
            Buffer runningMean, Buffer runningVar, boolean relu) {
        return new PreparedWork(cuda, 0, scratch -> {
            // One group: the running statistics serve all images.
            RowTiling t = tiling(1, g, x, vectors(y, x, residual, gamma, beta, runningMean, runningVar), RESIDENT_FORWARD,
                    AHEAD_FORWARD);
            return List.of(t.launch(cuda, FORWARD, "batch_norm_infer", y.address(), x.address(), address(residual),
                    gamma.address(), beta.address(), runningMean.address(), runningVar.address(), (float) g.eps(), relu ? 1 : 0));
        });
    }

    Work batchNormBackward(BatchNormGeometry g, Buffer dx, Buffer dResidual, Buffer dgamma, Buffer dbeta, Buffer dy, Buffer x,
            Buffer y, Buffer gamma, Buffer savedMean, Buffer savedInvStd, boolean relu, boolean accumulate) {
        // Who makes dx finds dz in dResidual, in dy as it is, or in dy with the signs of y.
        boolean signs = relu && dResidual == null;
        long scratchBytes = Math.max(scratchBackward(backward(g, x, true), signs), scratchBackward(backward(g, x, false), signs));
        return new PreparedWork(cuda, scratchBytes, partial -> {
            RowTiling t = backward(g, x, vectors(dx, dResidual, dy, x, y, gamma, savedMean, savedInvStd));
            long sums = partial + t.partialBytes(SUMS); // [G][2][C]
            long signsOf = signs ? sums + sumsBytes(t) : NONE;
            // Without a ReLU dz is dy: stored only where another buffer wants it.
            long storedDz = dResidual != null && (relu || dResidual.address() != dy.address()) ? dResidual.address() : NONE;
            return List.of(
                    t.launch(cuda, BACKWARD, "batch_norm_backward_sums", partial, storedDz, signsOf, dy.address(), x.address(),
                            address(y), savedMean.address()),
                    new Launch(cuda.kernel(BACKWARD, "batch_norm_backward_combine"), combineGrid(t), COMBINE, 0, sums, partial,
                            savedInvStd.address(), t.chunks(), t.channels()),
                    t.launch(cuda, BACKWARD, "batch_norm_backward_gradient", dx.address(), dgamma.address(), dbeta.address(),
                            dResidual != null ? dResidual.address() : dy.address(), signsOf, x.address(), gamma.address(),
                            savedMean.address(), savedInvStd.address(), sums, accumulate ? 1 : 0));
        });
    }

    private RowTiling forward(BatchNormGeometry g, Buffer x, boolean vectors) {
        return tiling(g.splits(), g, x, vectors, RESIDENT_FORWARD, AHEAD_FORWARD);
    }

    private RowTiling backward(BatchNormGeometry g, Buffer x, boolean vectors) {
        return tiling(g.splits(), g, x, vectors, RESIDENT_BACKWARD, AHEAD_BACKWARD);
    }

    private RowTiling tiling(int groups, BatchNormGeometry g, Buffer x, boolean vectors, int perMultiprocessor, int ahead) {
        return RowTiling.of(groups, g.n() / groups * g.h() * g.w(), g.h() * g.w(), g.c(), x.dtype(), vectors,
                perMultiprocessor * cuda.gpu().info().multiprocessors(), ahead);
    }

    private static Dim combineGrid(RowTiling t) {
        return Dim.of(Math.ceilDiv(t.channels(), COMBINE.x()), t.groups());
    }

    /** Chunks' statistics, unbiased variances, and what the means are counted from. */
    private static long scratchForward(RowTiling t) {
        return t.partialBytes(MOMENTS) + 8L * t.groups() * t.channels();
    }

    /** Chunks' sums, groups' sums, signs. */
    private static long scratchBackward(RowTiling t, boolean signs) {
        return t.partialBytes(SUMS) + sumsBytes(t) + (signs ? t.signBytes() : 0);
    }

    private static long sumsBytes(RowTiling t) {
        return 8L * t.groups() * t.channels();
    }

    /** True if packs of 16 bytes are aligned in all of these; absent ones do not matter. */
    private static boolean vectors(Buffer... operands) {
        long bits = 0;
        for (Buffer b : operands) {
            bits |= address(b);
        }
        return bits % 16 == 0;
    }

    private static long address(Buffer b) {
        return b == null ? NONE : b.address();
    }
}
