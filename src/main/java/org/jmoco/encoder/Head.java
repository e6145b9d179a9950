package org.jmoco.encoder;

import java.util.ArrayList;
import java.util.List;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Recorder;
import org.jmoco.layer.Linear;
import org.jmoco.layer.ParameterSpec;
import org.jmoco.layer.Parameters;

/**
 * What stands behind the average pool: one linear layer {@code fc}, or MoCo v2's perceptron of two (Chen et al. 2020, section 3;
 * facebookresearch/moco's {@code --mlp}): {@code fc.0} of as many outputs as features, ReLU, {@code fc.2}.
 */
final class Head {
    private final String name;
    private final Linear hidden; // null in a head of one layer
    private final Linear last;

    /** What backward needs. @param hidden N x 8 width, behind the ReLU; null in a head of one layer */
    record Saved(Buffer hidden, Buffer y) {}

    Head(boolean mlp, Parameters weights, Parameters gradients) {
        name = weights.flat().name() + ".fc";
        hidden = mlp ? new Linear("fc.0", weights, gradients) : null;
        last = new Linear(mlp ? "fc.2" : "fc", weights, gradients);
    }

    static List<ParameterSpec> specs(boolean mlp, int features, int dim) {
        List<ParameterSpec> s = new ArrayList<>();
        if (mlp) {
            s.addAll(Linear.specs("fc.0", features, features));
        }
        s.addAll(Linear.specs(mlp ? "fc.2" : "fc", features, dim));
        return s;
    }

    /** @param pooled N x 8 width */
    Saved forward(Recorder rec, Buffer pooled) {
        if (hidden == null) {
            return new Saved(null, last.forward(rec, pooled));
        }
        Buffer h = hidden.forward(rec, pooled);
        rec.reluForward(name + ".1", h, h);
        return new Saved(h, last.forward(rec, h));
    }

    /** @return gradient of the pooled features */
    Buffer backward(Recorder rec, Buffer pooled, Saved s, Buffer dy, boolean accumulate) {
        if (hidden == null) {
            return last.backward(rec, pooled, dy, accumulate);
        }
        Buffer dh = last.backward(rec, s.hidden, dy, accumulate);
        rec.reluBackward(name + ".1", dh, dh, s.hidden);
        return hidden.backward(rec, pooled, dh, accumulate);
    }
}
