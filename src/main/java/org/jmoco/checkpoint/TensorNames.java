package org.jmoco.checkpoint;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;

/** Are the tensors of a checkpoint those that a model asks for? */
public final class TensorNames {
    /** Enough to see the pattern (another width, another head) without filling the screen. */
    private static final int SHOWN = 3;

    private TensorNames() {}

    /** Names and shapes of tensors, in the same order. */
    public static LinkedHashMap<String, Shape> shapes(Map<String, HostTensor> tensors) {
        LinkedHashMap<String, Shape> out = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> out.put(name, tensor.shape()));
        return out;
    }

    /**
     * @param source   what was read, for the message: {@code runs/a/checkpoint-00000012.safetensors}
     * @param expected what the model asks for
     * @param found    what the source holds
     * @param hint     what to do: {@code the checkpoint was made with --width 64, this run has --width 16: pass --width 64}
     * @throws UserError listing the first missing, unexpected and differently shaped tensors
     */
    public static void requireSame(String source, Map<String, Shape> expected, Map<String, Shape> found, String hint) {
        List<String> missing = new ArrayList<>();
        List<String> reshaped = new ArrayList<>();
        List<String> unexpected = new ArrayList<>();
        expected.forEach((name, shape) -> {
            Shape other = found.get(name);
            if (other == null) {
                missing.add(name + " " + shape);
            } else if (!other.equals(shape)) {
                reshaped.add(name + " is " + other + ", expected " + shape);
            }
        });
        found.forEach((name, shape) -> {
            if (!expected.containsKey(name)) {
                unexpected.add(name + " " + shape);
            }
        });
        List<String> parts = new ArrayList<>();
        describe(parts, reshaped, "of another shape");
        describe(parts, missing, "missing");
        describe(parts, unexpected, "unexpected");
        if (!parts.isEmpty()) {
            throw UserError.failed(source + ": its tensors do not fit this model: " + String.join("; ", parts) + ".\n" + hint);
        }
    }

    private static void describe(List<String> parts, List<String> names, String kind) {
        if (!names.isEmpty()) {
            List<String> first = names.subList(0, Math.min(SHOWN, names.size()));
            parts.add(names.size() + " " + kind + " (" + String.join("; ", first)
                    + (names.size() > SHOWN ? "; ..." : "") + ")");
        }
    }
}
