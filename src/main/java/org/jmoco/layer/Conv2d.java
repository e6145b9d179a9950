package org.jmoco.layer;

import java.util.List;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.Recorder;
import org.jmoco.tensor.Shape;

/** Convolution without bias. x N x H x W x C, w K x R x S x C, y N x P x Q x K. See docs/maths/convolution.md. */
public final class Conv2d {
    private final String name;
    private final Buffer w; // K x R x S x C
    private final Buffer dw; // K x R x S x C, null in an encoder that is not trained
    private final int stride;
    private final int pad;

    /**
     * @param weights where {@code path + ".weight"} is found
     * @param gradients the same for its gradient, or null for a forward-only layer
     */
    public Conv2d(String path, Parameters weights, Parameters gradients, int stride, int pad) {
        this.w = weights.get(path + ".weight");
        this.dw = gradients == null ? null : gradients.get(path + ".weight");
        this.name = weights.flat().name() + "." + path;
        this.stride = stride;
        this.pad = pad;
    }

    /** The weight tensor that a layer of these sizes needs. */
    public static List<ParameterSpec> specs(String path, int in, int out, int size) {
        return List.of(new ParameterSpec(path + ".weight", ParameterSpec.Kind.FILTER, Shape.of(out, size, size, in)));
    }

    /** @return y, N x P x Q x K */
    public Buffer forward(Recorder rec, Buffer x) {
        ConvGeometry g = geometry(x.shape());
        Buffer y = rec.activation(name + ".y", g.y());
        rec.conv2dForward(name, g, y, x, w);
        return y;
    }

    /** dw from forward's x and dy. */
    public void backwardWeights(Recorder rec, Buffer x, Buffer dy, boolean accumulate) {
        rec.conv2dBackwardWeights(name, geometry(x.shape()), dw, x, dy, accumulate);
    }

    /** dx from dy. @param accumulate add to dx instead of overwriting it */
    public void backwardData(Recorder rec, Buffer dx, Buffer dy, boolean accumulate) {
        rec.conv2dBackwardData(name, geometry(dx.shape()), dx, dy, w, accumulate);
    }

    private ConvGeometry geometry(Shape x) {
        return new ConvGeometry(x.dim(0), x.dim(1), x.dim(2), x.dim(3), w.shape().dim(0), w.shape().dim(1), w.shape().dim(2),
                stride, pad);
    }
}
