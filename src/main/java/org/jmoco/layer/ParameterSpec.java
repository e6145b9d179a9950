package org.jmoco.layer;

import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;

/**
 * Name, kind and shape of one weight tensor.
 *
 * @param name torchvision's name within the network, as in {@code layer1.0.conv1.weight}
 * @param shape the engine's shape: filters K x R x S x C, linear weights K x C, vectors C
 */
public record ParameterSpec(String name, Kind kind, Shape shape) {
    /** What the tensor is for; decides its initial values and its layout in a checkpoint. */
    public enum Kind {
        FILTER, NORM_WEIGHT, NORM_BIAS, LINEAR_WEIGHT, LINEAR_BIAS, RUNNING_MEAN, RUNNING_VAR
    }

    /** Shape in a checkpoint, which is PyTorch's: filters K x C x R x S, the rest as here. */
    public Shape checkpointShape() {
        return kind == Kind.FILTER ? Shape.of(shape.dim(0), shape.dim(3), shape.dim(1), shape.dim(2)) : shape;
    }

    /** Products that one output sums: R S C of a filter, C of a linear layer. */
    public int fanIn() {
        return Math.toIntExact(shape.size() / shape.dim(0));
    }

    /** Real values in the engine's layout, reordered to the checkpoint's. Shares the array where nothing moves. */
    public HostTensor toCheckpoint(HostTensor engine) {
        return kind == Kind.FILTER ? reorder(engine, true) : engine.reshape(shape);
    }

    /** The inverse of {@link #toCheckpoint}. @throws IllegalArgumentException if the size differs */
    public HostTensor fromCheckpoint(HostTensor stored) {
        return kind == Kind.FILTER ? reorder(stored, false) : stored.reshape(shape);
    }

    private HostTensor reorder(HostTensor source, boolean toCheckpoint) {
        HostTensor from = source.reshape(toCheckpoint ? shape : checkpointShape());
        HostTensor to = HostTensor.zeros(source.dtype(), toCheckpoint ? checkpointShape() : shape);
        int filters = shape.dim(0);
        int taps = shape.dim(1) * shape.dim(2);
        int channels = shape.dim(3);
        for (int k = 0; k < filters; k++) {
            for (int rs = 0; rs < taps; rs++) {
                for (int c = 0; c < channels; c++) {
                    int engine = (k * taps + rs) * channels + c;
                    int stored = (k * channels + c) * taps + rs;
                    move(from, toCheckpoint ? engine : stored, to, toCheckpoint ? stored : engine);
                }
            }
        }
        return to;
    }

    private static void move(HostTensor from, int i, HostTensor to, int j) {
        switch (from.dtype()) {
            case F32 -> to.floats()[j] = from.floats()[i];
            case F64 -> to.doubles()[j] = from.doubles()[i];
            default -> throw new IllegalArgumentException("parameters are f32 or f64, not " + from.dtype());
        }
    }
}
