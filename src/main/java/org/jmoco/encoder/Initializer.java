package org.jmoco.encoder;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jmoco.layer.ParameterSpec;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;

/**
 * Initial weights as torchvision 0.x's ResNet: filters normal with deviation sqrt(2 / fan_out), fan_out = K R S (He et al. 2015,
 * mode fan_out); batch norm 1 and 0; linear weight and bias uniform on +-1 / sqrt(fan_in), torch.nn.Linear's default. Tensor
 * number i draws from Philox (seed, WEIGHTS, 0, i), so one tensor's values do not depend on the others.
 */
public final class Initializer {
    private Initializer() {}

    /** f32 values in checkpoint layout, by name. */
    public static Map<String, HostTensor> weights(List<ParameterSpec> specs, long seed) {
        Map<String, HostTensor> out = new LinkedHashMap<>();
        int fanIn = 1;
        for (int i = 0; i < specs.size(); i++) {
            ParameterSpec s = specs.get(i);
            Philox random = new Philox(seed, Philox.Purpose.WEIGHTS, 0, i);
            float[] v = new float[Math.toIntExact(s.shape().size())];
            switch (s.kind()) {
                case FILTER -> {
                    double deviation = Math.sqrt(2.0 / (s.shape().dim(0) * s.shape().dim(1) * s.shape().dim(2)));
                    for (int j = 0; j < v.length; j++) {
                        v[j] = (float) (deviation * random.nextGaussian());
                    }
                }
                case NORM_WEIGHT, RUNNING_VAR -> java.util.Arrays.fill(v, 1f);
                case NORM_BIAS, RUNNING_MEAN -> {}
                case LINEAR_WEIGHT, LINEAR_BIAS -> {
                    // The bias stands behind its weight and shares the weight's fan-in.
                    fanIn = s.kind() == ParameterSpec.Kind.LINEAR_WEIGHT ? s.fanIn() : fanIn;
                    double bound = 1 / Math.sqrt(fanIn);
                    for (int j = 0; j < v.length; j++) {
                        v[j] = (float) random.nextDouble(-bound, bound);
                    }
                }
            }
            out.put(s.name(), HostTensor.of(s.checkpointShape(), v));
        }
        return out;
    }
}
