package org.jmoco.backend.cuda;

import org.jmoco.backend.BatchNormGeometry;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;

/** Batch norm with splits: which kernels carry out which operation of {@link org.jmoco.backend.Ops}. */
final class BatchNormWorks {
    private final CudaContext cuda;

    BatchNormWorks(CudaContext cuda) {
        this.cuda = cuda;
    }

    Work batchNormForward(BatchNormGeometry g, Buffer y, Buffer x, Buffer residual, Buffer gamma, Buffer beta,
            Buffer runningMean, Buffer runningVar, Buffer savedMean, Buffer savedInvStd, boolean relu) {
        throw new UnsupportedOperationException("cuda batchNormForward");
    }

    Work batchNormInference(BatchNormGeometry g, Buffer y, Buffer x, Buffer residual, Buffer gamma, Buffer beta,
            Buffer runningMean, Buffer runningVar, boolean relu) {
        throw new UnsupportedOperationException("cuda batchNormInference");
    }

    Work batchNormBackward(BatchNormGeometry g, Buffer dx, Buffer dResidual, Buffer dgamma, Buffer dbeta, Buffer dy, Buffer x,
            Buffer y, Buffer gamma, Buffer savedMean, Buffer savedInvStd, boolean relu, boolean accumulate) {
        throw new UnsupportedOperationException("cuda batchNormBackward");
    }
}
