package org.jmoco.optim;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.layer.ParameterSpec;
import org.jmoco.layer.Parameters;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Shape;

/** Adam (Kingma and Ba 2015) as torch.optim.Adam. */
public final class Adam implements Optimizer {
    /**
     * @param beta1 share of its old value that the first moment keeps in a step
     * @param beta2 the same of the second moment
     * @param eps added to the root of the second moment, outside the root
     */
    public record Coefficients(double beta1, double beta2, double eps) {
        /** Of the paper and of PyTorch. */
        public static final Coefficients USUAL = new Coefficients(0.9, 0.999, 1e-8);

        public Coefficients {
            if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1 && eps >= 0)) {
                throw new IllegalArgumentException("Adam with betas " + beta1 + ", " + beta2 + " and eps " + eps
                        + ": betas must lie in 0 .. 1, below 1, and eps must not be negative");
            }
        }
    }

    private final Coefficients coefficients;
    private final double weightDecay;
    private final Parameters first;
    private final Parameters second;
    private final Buffer learningRate; // scalar
    private final Buffer step; // scalar, I32

    public Adam(Backend backend, List<ParameterSpec> specs, Coefficients coefficients, double weightDecay) {
        this.coefficients = coefficients;
        this.weightDecay = weightDecay;
        this.first = Parameters.declare(backend, Region.OPTIMISER, "adam.m", specs);
        this.second = Parameters.declare(backend, Region.OPTIMISER, "adam.v", specs);
        this.learningRate = backend.declare(Region.INPUT, "learningRate", Shape.SCALAR);
        this.step = backend.memory().declare(Region.OPTIMISER, "adam.step", DType.I32, Shape.SCALAR);
    }

    @Override
    public void recordStep(Recorder rec, Parameters weights, Parameters gradients, LossScale scale) {
        Coefficients c = coefficients;
        if (scale == null) {
            rec.adam("adam", weights.flat(), gradients.flat(), first.flat(), second.flat(), learningRate, step, c.beta1, c.beta2,
                    c.eps, weightDecay);
        } else {
            scale.recordUpdate(rec, gradients.flat(), () -> rec.adam("adam", weights.flat(), gradients.flat(), first.flat(),
                    second.flat(), learningRate, step, c.beta1, c.beta2, c.eps, weightDecay, scale.exponent(),
                    scale.nonFinite()));
        }
    }

    @Override
    public Buffer learningRate() {
        return learningRate;
    }

    @Override
    public Map<String, Parameters> moments() {
        return new TreeMap<>(Map.of("adam.m", first, "adam.v", second));
    }

    @Override
    public Buffer stepCount() {
        return step;
    }
}
