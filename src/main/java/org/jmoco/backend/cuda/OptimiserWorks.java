package org.jmoco.backend.cuda;

import java.util.ArrayList;
import java.util.List;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Work;
import org.jmoco.backend.cuda.Launch.Dim;

/**
 * Optimisers over flat arrays: which kernels of {@code kernels/optimiser.cu} carry out which operation of
 * {@link org.jmoco.backend.Ops}. Weights that have a copy in bf16 or f16 get it in the same pass.
 */
final class OptimiserWorks {
    private static final String MODULE = "optimiser";
    private static final int THREADS = 256;
    /** Parameters of one block. */
    private static final int TILE = 2048;
    /** Two f32: what adam_correct leaves for adam. */
    private static final long CORRECTIONS_BYTES = 8;

    private final CudaContext cuda;

    OptimiserWorks(CudaContext cuda) {
        this.cuda = cuda;
    }

    Work momentumUpdate(Buffer key, Buffer query, double m) {
        return new PreparedWork(cuda, 0, scratch -> List.of(update("momentum_update", key,
                List.of(key.address(), query.address()), List.of((float) m, (float) (1 - m)))));
    }

    Work sgd(Buffer w, Buffer dw, Buffer velocity, Buffer learningRate, double momentum, double weightDecay, Buffer exponent,
            Buffer nonFinite) {
        return new PreparedWork(cuda, 0, scratch -> List.of(update("sgd", w,
                List.of(w.address(), velocity.address(), dw.address()),
                List.of(learningRate.address(), (float) momentum, (float) weightDecay, addressOrNull(exponent),
                        addressOrNull(nonFinite)))));
    }

    Work adam(Buffer w, Buffer dw, Buffer m, Buffer v, Buffer learningRate, Buffer step, double beta1, double beta2, double eps,
            double weightDecay, Buffer exponent, Buffer nonFinite) {
        return new PreparedWork(cuda, CORRECTIONS_BYTES, scratch -> List.of(
                new Launch(cuda.kernel(MODULE, "adam_correct"), Dim.of(1), Dim.of(1), 0, scratch, step.address(),
                        learningRate.address(), beta1, beta2, addressOrNull(nonFinite)),
                update("adam", w, List.of(w.address(), m.address(), v.address(), dw.address()), List.of(scratch, (float) beta1,
                        (float) (1 - beta1), (float) beta2, (float) (1 - beta2), (float) eps, (float) weightDecay,
                        addressOrNull(exponent), addressOrNull(nonFinite)))));
    }

    Work adaptLossScale(Buffer exponent, Buffer finiteSteps, Buffer nonFinite, int interval) {
        return new PreparedWork(cuda, 0, scratch -> List.of(new Launch(cuda.kernel(MODULE, "adapt_loss_scale"), Dim.of(1),
                Dim.of(1), 0, exponent.address(), finiteSteps.address(), nonFinite.address(), interval)));
    }

    private static long addressOrNull(Buffer b) {
        return b == null ? 0 : b.address();
    }

    /** @param arrays of parameters, then the copy where {@code w} has one, then the constants, then the count */
    private Launch update(String kernel, Buffer w, List<Object> arrays, List<Object> constants) {
        boolean copy = cuda.hasComputeCopy(w);
        int count = ElementwiseWorks.count(w);
        List<Object> arguments = new ArrayList<>(arrays);
        if (copy) {
            arguments.add(cuda.computeAddress(w));
        }
        arguments.addAll(constants);
        arguments.add(count);
        String suffix = copy ? "_copy_" + cuda.precision().featureMaps() : "_f32";
        return new Launch(cuda.kernel(MODULE, kernel + suffix), Dim.of(Math.ceilDiv(count, TILE)), Dim.of(THREADS), 0,
                arguments.toArray());
    }
}
