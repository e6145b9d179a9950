package org.jmoco.backend.cuda;

import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;

/** Losses: which kernels carry out which operation of {@link org.jmoco.backend.Ops}. */
final class LossWorks {
    private final CudaContext cuda;
    private final CrossEntropyWorks crossEntropy;

    LossWorks(CudaContext cuda) {
        this.cuda = cuda;
        crossEntropy = new CrossEntropyWorks(cuda);
    }

    Work infoNce(Buffer loss, Buffer correct, Buffer dq, Buffer q, Buffer k, Buffer queue, double temperature,
            boolean accumulate) {
        throw new UnsupportedOperationException("cuda infoNce");
    }

    Work softmaxCrossEntropy(Buffer loss, Buffer correct, Buffer dlogits, Buffer logits, Buffer labels) {
        return crossEntropy.softmaxCrossEntropy(loss, correct, dlogits, logits, labels);
    }
}
