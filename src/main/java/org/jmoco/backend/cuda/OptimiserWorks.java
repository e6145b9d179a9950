package org.jmoco.backend.cuda;

import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;

/** Optimisers over flat arrays: which kernels carry out which operation of {@link org.jmoco.backend.Ops}. */
final class OptimiserWorks {
    private final CudaContext cuda;

    OptimiserWorks(CudaContext cuda) {
        this.cuda = cuda;
    }

    Work momentumUpdate(Buffer key, Buffer query, double m) {
        throw new UnsupportedOperationException("cuda momentumUpdate");
    }

    Work sgd(Buffer w, Buffer dw, Buffer velocity, Buffer learningRate, double momentum, double weightDecay) {
        throw new UnsupportedOperationException("cuda sgd");
    }

    Work adam(Buffer w, Buffer dw, Buffer m, Buffer v, Buffer learningRate, Buffer step, double beta1, double beta2,
            double eps, double weightDecay) {
        throw new UnsupportedOperationException("cuda adam");
    }
}
