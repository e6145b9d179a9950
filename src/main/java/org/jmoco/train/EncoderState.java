package org.jmoco.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jmoco.backend.Backend;
import org.jmoco.encoder.ResNet18;
import org.jmoco.layer.ParameterSpec;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;

/**
 * An encoder's weights and running statistics as tensors of a checkpoint: names, order and layout of torchvision's
 * {@code resnet18().state_dict()}, {@code num_batches_tracked} included.
 *
 * <p>That counter is kept here, on the host, since nothing in a step reads it: with splits 1 it counts training passes as
 * torch.nn.BatchNorm2d does; the split batch norm of the published code leaves it alone.
 */
final class EncoderState {
    private static final String MEAN = ".running_mean";
    private static final String COUNTER = ".num_batches_tracked";

    private final ResNet18 encoder;
    private final String prefix;
    private long tracked;

    /** @param prefix stands before every name: empty for the query encoder, {@code key.} for the key encoder */
    EncoderState(ResNet18 encoder, String prefix) {
        this.encoder = encoder;
        this.prefix = prefix;
    }

    /** Tells of {@code passes} training forward passes. */
    void countPasses(int passes) {
        tracked += encoder.config().splits() == 1 ? passes : 0;
    }

    long tracked() {
        return tracked;
    }

    void setTracked(long value) {
        tracked = value;
    }

    void save(Backend backend, Map<String, HostTensor> out) {
        Map<String, HostTensor> all = encoder.weights().download(backend);
        all.putAll(encoder.statistics().download(backend));
        for (String name : names(encoder.config())) {
            out.put(prefix + name, name.endsWith(COUNTER) ? HostTensor.of(Shape.SCALAR, new long[] {tracked}) : all.get(name));
        }
    }

    /** Takes weights, statistics and counter from a checkpoint that is known to fit. A missing counter counts as 0. */
    void load(Backend backend, Map<String, HostTensor> tensors) {
        Map<String, HostTensor> own = new LinkedHashMap<>();
        tensors.forEach((name, t) -> {
            if (name.startsWith(prefix)) {
                own.put(name.substring(prefix.length()), t);
            }
        });
        encoder.weights().upload(backend, own);
        encoder.statistics().upload(backend, own);
        HostTensor counter = own.get("bn1" + COUNTER);
        tracked = counter == null ? 0 : (long) counter.get(0);
    }

    /** Shapes of all tensors of an encoder, in the order of torchvision's state_dict. */
    static LinkedHashMap<String, Shape> shapes(ResNet18.Config config) {
        Map<String, Shape> all = new LinkedHashMap<>();
        for (ParameterSpec s : ResNet18.specs(config)) {
            all.put(s.name(), s.checkpointShape());
        }
        for (ParameterSpec s : ResNet18.statisticsSpecs(config)) {
            all.put(s.name(), s.checkpointShape());
        }
        LinkedHashMap<String, Shape> out = new LinkedHashMap<>();
        for (String name : names(config)) {
            out.put(name, name.endsWith(COUNTER) ? Shape.SCALAR : all.get(name));
        }
        return out;
    }

    /** The statistics of a batch norm stand behind its bias. */
    private static List<String> names(ResNet18.Config config) {
        List<String> statistics = ResNet18.statisticsSpecs(config).stream().map(ParameterSpec::name).toList();
        List<String> out = new ArrayList<>();
        for (ParameterSpec s : ResNet18.specs(config)) {
            out.add(s.name());
            String norm = s.name().substring(0, s.name().lastIndexOf('.'));
            if (s.kind() == ParameterSpec.Kind.NORM_BIAS && statistics.contains(norm + MEAN)) {
                out.add(norm + MEAN);
                out.add(norm + ".running_var");
                out.add(norm + COUNTER);
            }
        }
        return out;
    }
}
