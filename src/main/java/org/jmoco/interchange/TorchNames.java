package org.jmoco.interchange;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jmoco.checkpoint.Checkpoint;
import org.jmoco.tensor.HostTensor;

/**
 * Finds a ResNet among the tensors of a foreign checkpoint and gives it torchvision's names.
 *
 * <p>Known are: a plain state_dict; one inside a training state ({@code state_dict.}); DistributedDataParallel ({@code module.});
 * facebookresearch/moco ({@code encoder_q.}, whose key encoder, queue and pointer are left out); its CIFAR demo, whose encoder is a
 * sequence with numbers for names ({@code net.0.weight}); and backbones saved as {@code backbone.} or {@code encoder.}.
 */
public final class TorchNames {
    /** Wrappers around a network, outermost first; each may be there or not. */
    private static final List<String> WRAPPERS =
            List.of("state_dict.", "model.", "model_state_dict.", "module.", "encoder_q.", "base_encoder.", "backbone.", "encoder.", "net.");

    /** The CIFAR demo's sequence: conv, bn, relu, four stages, pool, flatten, linear. */
    private static final Map<String, String> SEQUENCE = Map.of("0", "conv1", "1", "bn1", "3", "layer1", "4", "layer2", "5", "layer3", "6",
            "layer4", "9", "fc");
    private static final Pattern NUMBERED = Pattern.compile("(\\d)\\.(.*)");

    private TorchNames() {
    }

    /** The network's tensors under torchvision's names, in the file's order; everything else is dropped. Empty if there is none. */
    public static Checkpoint network(Checkpoint foreign) {
        LinkedHashMap<String, HostTensor> out = new LinkedHashMap<>();
        foreign.tensors().forEach((name, t) -> {
            String bare = name;
            for (String wrapper : WRAPPERS) {
                bare = bare.startsWith(wrapper) ? bare.substring(wrapper.length()) : bare;
            }
            Matcher numbered = NUMBERED.matcher(bare);
            if (numbered.matches() && SEQUENCE.containsKey(numbered.group(1))) {
                bare = SEQUENCE.get(numbered.group(1)) + "." + numbered.group(2);
            }
            if (bare.matches("(conv1|bn1|layer[1-4]|fc)\\..*")) {
                out.putIfAbsent(bare, t);
            }
        });
        return new Checkpoint(foreign.file(), out, foreign.metadata());
    }
}
