package org.jmoco.interchange;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jmoco.checkpoint.Checkpoint;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;

/**
 * Finds a ResNet among the tensors of a foreign checkpoint and gives it torchvision's names.
 *
 * <p>Known are: a plain state_dict; one inside a training state ({@code state_dict.}); DistributedDataParallel ({@code module.});
 * facebookresearch/moco ({@code encoder_q.}, with or without key encoder, queue and pointer); its CIFAR demo, whose encoder is a
 * sequence with numbers for names ({@code net.0.weight}); and backbones saved as {@code backbone.} or {@code encoder.}.
 */
public final class TorchNames {
    /** Wrappers around a network, outermost first; each may be there or not. */
    private static final List<String> WRAPPERS =
            List.of("state_dict.", "model.", "model_state_dict.", "module.", "encoder_q.", "base_encoder.", "backbone.",
                    "encoder.", "net.");

    /** The CIFAR demo's sequence: conv, bn, relu, four stages, pool, flatten, linear. */
    private static final Map<String, String> SEQUENCE = Map.of("0", "conv1", "1", "bn1", "3", "layer1", "4", "layer2",
            "5", "layer3", "6", "layer4", "9", "fc");
    private static final String KEY_ENCODER = "encoder_k.";
    private static final Pattern NETWORK = Pattern.compile("(conv1|bn1|layer[1-4]|fc)\\..*");
    private static final Pattern NUMBERED = Pattern.compile("(\\d)\\.(.*)");

    private TorchNames() {
    }

    /**
     * The network's tensors under torchvision's names, in the file's order; everything else is dropped. Empty if there is none.
     */
    public static Checkpoint network(Checkpoint foreign) {
        LinkedHashMap<String, HostTensor> out = new LinkedHashMap<>();
        foreign.tensors().forEach((name, t) -> {
            String bare = bare(name);
            if (NETWORK.matcher(bare).matches()) {
                out.putIfAbsent(bare, t);
            }
        });
        return new Checkpoint(foreign.file(), out, foreign.metadata());
    }

    /**
     * The {@link #network}, and behind it what else facebookresearch/moco keeps of a pretraining, under the names of a run's
     * checkpoint: the key encoder, the queue and its pointer, each where the file has it.
     */
    public static Checkpoint training(Checkpoint foreign) {
        LinkedHashMap<String, HostTensor> out = new LinkedHashMap<>(network(foreign).tensors());
        if (!out.isEmpty()) {
            foreign.tensors().forEach((name, t) -> {
                String bare = bare(name);
                String key = bare.startsWith(KEY_ENCODER) ? bare(bare.substring(KEY_ENCODER.length())) : "";
                if (NETWORK.matcher(key).matches()) {
                    out.putIfAbsent(MocoNames.KEY + key, t);
                } else if (bare.equals("queue") && t.shape().rank() == 2) {
                    out.putIfAbsent(MocoNames.QUEUE, MocoNames.transposed(t));
                } else if (bare.equals("queue_ptr") && t.size() == 1) {
                    out.putIfAbsent(MocoNames.HEAD, HostTensor.of(Shape.SCALAR, new int[] {Math.toIntExact((long) t.get(0))}));
                }
            });
        }
        return new Checkpoint(foreign.file(), out, foreign.metadata());
    }

    /** Without the wrappers, and with torchvision's name for a number of the CIFAR demo's sequence. */
    private static String bare(String name) {
        String bare = name;
        for (String wrapper : WRAPPERS) {
            bare = bare.startsWith(wrapper) ? bare.substring(wrapper.length()) : bare;
        }
        Matcher numbered = NUMBERED.matcher(bare);
        return numbered.matches() && SEQUENCE.containsKey(numbered.group(1))
                ? SEQUENCE.get(numbered.group(1)) + "." + numbered.group(2) : bare;
    }
}
