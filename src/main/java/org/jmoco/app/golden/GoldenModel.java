package org.jmoco.app.golden;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jmoco.encoder.ResNet18;
import org.jmoco.layer.ParameterSpec;
import org.jmoco.tensor.HostTensor;

/** Names and initial values of the golden network: a sequential container of 0 conv, 1 bn, 3-6 layers, 9 linear. */
final class GoldenModel {
    /** Whose output in evaluation mode each case records. */
    static final int EVAL_IMAGES = 4;

    static final int WIDTH = 64;

    private GoldenModel() {}

    /** @param config of a case; has {@code width} where that is not the golden files' 64 */
    static ResNet18.Config config(CaseConfig config) {
        return new ResNet18.Config(ResNet18.Stem.CIFAR, config.integer("width", WIDTH), config.count("dim"),
                config.count("bn_splits"));
    }

    /**
     * Weights in checkpoint layout; the stream's index runs through them in state_dict order.
     *
     * @param seed of the stream {@link GoldenStream#PARAM}
     */
    static Map<String, HostTensor> weights(ResNet18.Config config, long seed) {
        Map<String, HostTensor> out = new LinkedHashMap<>();
        long start = 0;
        for (ParameterSpec s : ResNet18.specs(config)) {
            double[] v = new double[Math.toIntExact(s.shape().size())];
            double scale = Math.sqrt(2.0 / s.fanIn());
            for (int i = 0; i < v.length; i++) {
                double u = GoldenStream.u(seed, start + i);
                v[i] = switch (s.kind()) {
                    case FILTER, LINEAR_WEIGHT -> u * scale;
                    case NORM_WEIGHT -> 1 + 0.1 * u;
                    default -> 0.1 * u;
                };
            }
            out.put(s.name(), HostTensor.of(s.checkpointShape(), v));
            start += v.length;
        }
        return out;
    }

    /** Running mean 0, running variance 1. */
    static Map<String, HostTensor> statistics(List<ParameterSpec> specs) {
        Map<String, HostTensor> out = new LinkedHashMap<>();
        for (ParameterSpec s : specs) {
            double[] v = new double[Math.toIntExact(s.shape().size())];
            java.util.Arrays.fill(v, s.kind() == ParameterSpec.Kind.RUNNING_VAR ? 1 : 0);
            out.put(s.name(), HostTensor.of(s.shape(), v));
        }
        return out;
    }

    /** {@code layer1.0.conv1.weight} to {@code net.3.0.conv1.weight}. */
    static String goldenName(String name) {
        if (name.startsWith("layer")) {
            int stage = name.charAt("layer".length()) - '0';
            return "net." + (stage + 2) + name.substring("layerN".length());
        }
        return name.replaceFirst("^conv1", "net.0").replaceFirst("^bn1", "net.1").replaceFirst("^fc", "net.9");
    }
}
