package org.jmoco.layer;

import org.jmoco.backend.Buffer;
import org.jmoco.backend.Recorder;
import org.jmoco.tensor.Shape;

/** Rows scaled to unit length. x, y N x D. */
public final class L2Normalize {
    private final String name;

    /** What backward needs. */
    public record Saved(
            Buffer y, // N x D
            Buffer norm) {} // N

    public L2Normalize(String name) {
        this.name = name;
    }

    public Saved forward(Recorder rec, Buffer x) {
        Saved s = new Saved(rec.activation(name + ".y", x.shape()), rec.activation(name + ".norm", Shape.of(x.shape().dim(0))));
        rec.l2NormalizeForward(name, s.y, s.norm, x);
        return s;
    }

    /** @return dx */
    public Buffer backward(Recorder rec, Saved s, Buffer dy) {
        Buffer dx = rec.activation(name + ".dx", dy.shape());
        rec.l2NormalizeBackward(name, dx, dy, s.y, s.norm);
        return dx;
    }
}
