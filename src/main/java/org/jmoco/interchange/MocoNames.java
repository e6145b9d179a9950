package org.jmoco.interchange;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;

/**
 * The state of a pretraining run under the names of facebookresearch/moco: {@code encoder_q.*}, {@code encoder_k.*},
 * {@code queue} (D x M there, a key is a column) and {@code queue_ptr} (one 64-bit integer).
 */
public final class MocoNames {
    /** As a run's checkpoint names them (org.jmoco.train.MocoTrainer). */
    static final String KEY = "key.";
    static final String QUEUE = "queue";
    static final String HEAD = "queue.head";
    private static final String VELOCITY = "velocity.";

    private MocoNames() {
    }

    /**
     * @param run tensors of a checkpoint of {@code jmoco pretrain}, or {@link TorchNames#training} of a foreign one
     * @throws UserError if they hold no queue or no key encoder: then it is no pretraining run's
     */
    public static LinkedHashMap<String, HostTensor> of(String source, Map<String, HostTensor> run) {
        HostTensor queue = run.get(QUEUE);
        if (queue == null || !run.containsKey(HEAD)) {
            throw UserError.failed(source + ": holds no queue, so it is no state of a pretraining, only a network; --format"
                    + " torchvision or onnx fit any network");
        }
        if (run.keySet().stream().noneMatch(name -> name.startsWith(KEY))) {
            throw UserError.failed(source + ": holds a queue but no key encoder, so it is no whole state of a pretraining;"
                    + " --format torchvision or onnx fit any network");
        }
        LinkedHashMap<String, HostTensor> out = new LinkedHashMap<>();
        run.forEach((name, t) -> {
            if (name.startsWith(KEY)) {
                out.put("encoder_k." + name.substring(KEY.length()), t);
            } else if (!name.equals(QUEUE) && !name.equals(HEAD) && !name.startsWith(VELOCITY)) {
                out.put("encoder_q." + name, t);
            }
        });
        out.put("queue", transposed(queue));
        out.put("queue_ptr", HostTensor.of(Shape.of(1), new long[] {(long) run.get(HEAD).get(0)}));
        return out;
    }

    static HostTensor transposed(HostTensor t) {
        int m = t.shape().dim(0);
        int d = t.shape().dim(1);
        float[] v = new float[m * d];
        for (int i = 0; i < v.length; i++) {
            v[i % d * m + i / d] = (float) t.get(i);
        }
        return HostTensor.of(Shape.of(d, m), v);
    }
}
