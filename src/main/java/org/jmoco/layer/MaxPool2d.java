package org.jmoco.layer;

import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.Recorder;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Shape;

/** Max pooling of square windows. x N x H x W x C, y N x P x Q x C. */
public final class MaxPool2d {
    private final String name;
    private final int size;
    private final int stride;
    private final int pad;

    /** What backward needs. */
    public record Saved(
            Shape x, // N x H x W x C
            Buffer y, // N x P x Q x C
            Buffer argmax) {} // N x P x Q x C, I32

    public MaxPool2d(String name, int size, int stride, int pad) {
        this.name = name;
        this.size = size;
        this.stride = stride;
        this.pad = pad;
    }

    public Saved forward(Recorder rec, Buffer x) {
        ConvGeometry g = geometry(x.shape());
        Saved s = new Saved(x.shape(), rec.activation(name + ".y", g.y()), rec.activation(name + ".argmax", DType.I32, g.y()));
        rec.maxPoolForward(name, g, s.y, s.argmax, x);
        return s;
    }

    /** @return dx */
    public Buffer backward(Recorder rec, Saved s, Buffer dy) {
        Buffer dx = rec.activation(name + ".dx", s.x);
        rec.maxPoolBackward(name, geometry(s.x), dx, dy, s.argmax);
        return dx;
    }

    private ConvGeometry geometry(Shape x) {
        return new ConvGeometry(x.dim(0), x.dim(1), x.dim(2), x.dim(3), x.dim(3), size, size, stride, pad);
    }
}
