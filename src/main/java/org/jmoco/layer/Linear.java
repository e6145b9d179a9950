package org.jmoco.layer;

import java.util.List;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Recorder;
import org.jmoco.tensor.Shape;

/** y = x w^T + b. x N x C, w K x C, b K, y N x K, as torch.nn.Linear. */
public final class Linear {
    private final String name;
    private final Buffer w; // K x C
    private final Buffer b; // K
    private final Buffer dw; // K x C, null in an encoder that is not trained
    private final Buffer db; // K, likewise

    public Linear(String path, Parameters weights, Parameters gradients) {
        this.name = weights.flat().name() + "." + path;
        this.w = weights.get(path + ".weight");
        this.b = weights.get(path + ".bias");
        this.dw = gradients == null ? null : gradients.get(path + ".weight");
        this.db = gradients == null ? null : gradients.get(path + ".bias");
    }

    public static List<ParameterSpec> specs(String path, int in, int out) {
        return List.of(new ParameterSpec(path + ".weight", ParameterSpec.Kind.LINEAR_WEIGHT, Shape.of(out, in)),
                new ParameterSpec(path + ".bias", ParameterSpec.Kind.LINEAR_BIAS, Shape.of(out)));
    }

    public Buffer forward(Recorder rec, Buffer x) {
        Buffer y = rec.activation(name + ".y", Shape.of(x.shape().dim(0), w.shape().dim(0)));
        rec.linearForward(name, y, x, w, b);
        return y;
    }

    /** dw and db; @return dx */
    public Buffer backward(Recorder rec, Buffer x, Buffer dy, boolean accumulate) {
        backwardWeights(rec, x, dy, accumulate);
        Buffer dx = rec.activation(name + ".dx", x.shape());
        rec.linearBackwardData(name, dx, dy, w);
        return dx;
    }

    /** dw and db alone, where nobody needs dx. */
    public void backwardWeights(Recorder rec, Buffer x, Buffer dy, boolean accumulate) {
        rec.linearBackwardWeights(name, dw, db, x, dy, accumulate);
    }
}
