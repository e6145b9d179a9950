package org.jmoco.optim;

import java.util.List;
import java.util.Map;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.layer.ParameterSpec;
import org.jmoco.layer.Parameters;
import org.jmoco.tensor.Shape;

/** Stochastic gradient descent with momentum and weight decay, as torch.optim.SGD without dampening or Nesterov. */
public final class Sgd implements Optimizer {
    private final double momentum;
    private final double weightDecay;
    private final Parameters velocity;
    private final Buffer learningRate; // scalar

    public Sgd(Backend backend, List<ParameterSpec> specs, double momentum, double weightDecay) {
        this.momentum = momentum;
        this.weightDecay = weightDecay;
        this.velocity = Parameters.declare(backend, Region.OPTIMISER, "velocity", specs);
        this.learningRate = backend.declare(Region.INPUT, "learningRate", Shape.SCALAR);
    }

    @Override
    public void recordStep(Recorder rec, Parameters weights, Parameters gradients, LossScale scale) {
        if (scale == null) {
            rec.sgd("sgd", weights.flat(), gradients.flat(), velocity.flat(), learningRate, momentum, weightDecay);
        } else {
            scale.recordUpdate(rec, gradients.flat(), () -> rec.sgd("sgd", weights.flat(), gradients.flat(), velocity.flat(),
                    learningRate, momentum, weightDecay, scale.exponent(), scale.nonFinite()));
        }
    }

    @Override
    public Buffer learningRate() {
        return learningRate;
    }

    @Override
    public Map<String, Parameters> moments() {
        return Map.of("velocity", velocity);
    }

    @Override
    public Buffer stepCount() {
        return null;
    }
}
