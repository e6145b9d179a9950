package org.jmoco.backend.cuda;

import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;

/** Losses: which kernels carry out which operation of {@link org.jmoco.backend.Ops}. */
final class LossWorks {
    private final InfoNceWorks contrasts;
    private final CrossEntropyWorks crossEntropy;

    LossWorks(CudaContext cuda) {
        contrasts = new InfoNceWorks(cuda);
        crossEntropy = new CrossEntropyWorks(cuda);
    }

    Work infoNce(Buffer loss, Buffer correct, Buffer dq, Buffer q, Buffer k, Buffer queue, double temperature,
            boolean accumulate) {
        return contrasts.infoNce(loss, correct, dq, q, k, queue, temperature, accumulate);
    }

    Work softmaxCrossEntropy(Buffer loss, Buffer correct, Buffer dlogits, Buffer logits, Buffer labels) {
        return crossEntropy.softmaxCrossEntropy(loss, correct, dlogits, logits, labels);
    }
}
