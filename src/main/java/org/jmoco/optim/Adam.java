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

/** Adam (Kingma and Ba 2015) as torch.optim.Adam, betas 0.9 and 0.999, eps 1e-8. */
public final class Adam implements Optimizer {
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.999;
    private static final double EPS = 1e-8;

    private final double weightDecay;
    private final Parameters first;
    private final Parameters second;
    private final Buffer learningRate; // scalar
    private final Buffer step; // scalar, I32

    public Adam(Backend backend, List<ParameterSpec> specs, double weightDecay) {
        this.weightDecay = weightDecay;
        this.first = Parameters.declare(backend, Region.OPTIMISER, "adam.m", specs);
        this.second = Parameters.declare(backend, Region.OPTIMISER, "adam.v", specs);
        this.learningRate = backend.declare(Region.INPUT, "learningRate", Shape.SCALAR);
        this.step = backend.memory().declare(Region.OPTIMISER, "adam.step", DType.I32, Shape.SCALAR);
    }

    @Override
    public void recordStep(Recorder rec, Parameters weights, Parameters gradients, LossScale scale) {
        if (scale == null) {
            rec.adam("adam", weights.flat(), gradients.flat(), first.flat(), second.flat(), learningRate, step, BETA1, BETA2, EPS,
                    weightDecay);
        } else {
            scale.recordUpdate(rec, gradients.flat(), () -> rec.adam("adam", weights.flat(), gradients.flat(), first.flat(),
                    second.flat(), learningRate, step, BETA1, BETA2, EPS, weightDecay, scale.exponent(), scale.nonFinite()));
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
