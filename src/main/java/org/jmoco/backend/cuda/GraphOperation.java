package org.jmoco.backend.cuda;

import static jcuda.jcudnn.cudnnBackendAttributeName.*;
import static jcuda.jcudnn.cudnnBackendAttributeType.CUDNN_TYPE_CONVOLUTION_MODE;
import static jcuda.jcudnn.cudnnBackendAttributeType.CUDNN_TYPE_DATA_TYPE;
import static jcuda.jcudnn.cudnnBackendDescriptorType.*;

import java.util.ArrayList;
import java.util.List;
import jcuda.jcudnn.cudnnConvolutionMode;
import jcuda.jcudnn.cudnnDataType;
import org.jmoco.backend.ConvGeometry;

/**
 * A convolution as an operation of cuDNN's graph interface: its tensors, its geometry and the node that joins them. No device is
 * needed up to here. It owns its descriptors, and those that are made by it for the graph around it.
 */
final class GraphOperation implements AutoCloseable {
    /** By which a pack of operands names the tensors: x or dx, w or dw, y or dy. */
    static final long X = 1;

    static final long W = 2;
    static final long Y = 3;

    /** cuDNN's kernels load 16 bytes at once. */
    private static final long ALIGNMENT = 16;

    private final Dnn.Direction direction;
    private final ConvGeometry geometry;
    private final int type;
    private final List<GraphDescriptor> made = new ArrayList<>();
    private final GraphDescriptor descriptor;

    /**
     * @param accumulate out += result instead of out = result
     * @throws GpuException if cuDNN does not take the problem
     */
    GraphOperation(Dnn.Direction direction, ConvGeometry geometry, Precision precision, boolean accumulate) {
        this.direction = direction;
        this.geometry = geometry;
        this.type = type(precision);
        try {
            descriptor = operation(accumulate);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** The finished node. */
    GraphDescriptor descriptor() {
        return descriptor;
    }

    /** A new descriptor, which lives as long as this; errors name the problem. */
    GraphDescriptor make(String what, int type) {
        GraphDescriptor d = new GraphDescriptor(what + ", " + direction + " " + geometry, type);
        made.add(d);
        return d;
    }

    private static int type(Precision precision) {
        return switch (precision.featureMaps()) {
            case BF16 -> cudnnDataType.CUDNN_DATA_BFLOAT16;
            case F16 -> cudnnDataType.CUDNN_DATA_HALF;
            default -> cudnnDataType.CUDNN_DATA_FLOAT;
        };
    }

    /** Sizes go by N, C, H, W (of a filter K, C, R, S); the strides say that channels lie side by side. */
    private GraphDescriptor tensor(String what, long id, int n, int c, int h, int w) {
        return make(what, CUDNN_BACKEND_TENSOR_DESCRIPTOR)
                .setEnum(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, type)
                .setIntegers(CUDNN_ATTR_TENSOR_DIMENSIONS, n, c, h, w)
                .setIntegers(CUDNN_ATTR_TENSOR_STRIDES, (long) h * w * c, 1, (long) w * c, c)
                .setIntegers(CUDNN_ATTR_TENSOR_UNIQUE_ID, id)
                .setIntegers(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, ALIGNMENT)
                .finish();
    }

    private GraphDescriptor operation(boolean accumulate) {
        ConvGeometry g = geometry;
        GraphDescriptor x = tensor("x", X, g.n(), g.c(), g.h(), g.w());
        GraphDescriptor w = tensor("w", W, g.k(), g.c(), g.r(), g.s());
        GraphDescriptor y = tensor("y", Y, g.n(), g.k(), g.p(), g.q());
        GraphDescriptor convolution = make("the convolution", CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR)
                .setEnum(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, cudnnDataType.CUDNN_DATA_FLOAT)
                .setEnum(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE,
                        cudnnConvolutionMode.CUDNN_CROSS_CORRELATION)
                .setIntegers(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, 2)
                .setIntegers(CUDNN_ATTR_CONVOLUTION_DILATIONS, 1, 1)
                .setIntegers(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, g.stride(), g.stride())
                .setIntegers(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, g.pad(), g.pad())
                .setIntegers(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, g.pad(), g.pad())
                .finish();
        float beta = accumulate ? 1 : 0;
        return switch (direction) {
            case FORWARD -> make("the operation", CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR)
                    .setDescriptor(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, x)
                    .setDescriptor(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, w)
                    .setDescriptor(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, y)
                    .setDescriptor(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, convolution)
                    .setFloat(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, 1f)
                    .setFloat(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, beta)
                    .finish();
            case BACKWARD_DATA -> make("the operation", CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR)
                    .setDescriptor(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX, x)
                    .setDescriptor(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W, w)
                    .setDescriptor(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY, y)
                    .setDescriptor(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC, convolution)
                    .setFloat(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA, 1f)
                    .setFloat(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA, beta)
                    .finish();
            case BACKWARD_WEIGHTS -> make("the operation", CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR)
                    .setDescriptor(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X, x)
                    .setDescriptor(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW, w)
                    .setDescriptor(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY, y)
                    .setDescriptor(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC, convolution)
                    .setFloat(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA, 1f)
                    .setFloat(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA, beta)
                    .finish();
        };
    }

    /** Closes one that {@link #make} has made before the others. */
    void discard(GraphDescriptor descriptor) {
        made.remove(descriptor);
        descriptor.close();
    }

    @Override
    public void close() {
        made.reversed().forEach(GraphDescriptor::close);
        made.clear();
    }
}
