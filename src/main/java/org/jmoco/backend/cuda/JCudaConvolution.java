package org.jmoco.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import jcuda.Pointer;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnConvolutionBwdDataAlgo;
import jcuda.jcudnn.cudnnConvolutionBwdDataAlgoPerf;
import jcuda.jcudnn.cudnnConvolutionBwdFilterAlgo;
import jcuda.jcudnn.cudnnConvolutionBwdFilterAlgoPerf;
import jcuda.jcudnn.cudnnConvolutionDescriptor;
import jcuda.jcudnn.cudnnConvolutionFwdAlgo;
import jcuda.jcudnn.cudnnConvolutionFwdAlgoPerf;
import jcuda.jcudnn.cudnnConvolutionMode;
import jcuda.jcudnn.cudnnDataType;
import jcuda.jcudnn.cudnnDeterminism;
import jcuda.jcudnn.cudnnFilterDescriptor;
import jcuda.jcudnn.cudnnHandle;
import jcuda.jcudnn.cudnnMathType;
import jcuda.jcudnn.cudnnStatus;
import jcuda.jcudnn.cudnnTensorDescriptor;
import jcuda.jcudnn.cudnnTensorFormat;
import org.jmoco.backend.ConvGeometry;

/**
 * One convolution by cuDNN's calls of version 7, which cuDNN 9 still answers: x and y N x H x W x C, the filter K x R x S x C,
 * cross-correlation, sums in f32.
 *
 * <p>Which units multiply is the descriptor's math type: FMA for f32 (exact products), DEFAULT for tf32, which permits
 * tensor cores and with them tf32, TENSOR_OP for bf16 and f16. ALLOW_CONVERSION would turn f32 into f16 and is never used. JCudnn
 * does not hand over which type each algorithm was offered with; a type permits and does not force, so one type serves all.
 */
final class JCudaConvolution implements Dnn.Convolution {
    /** cuDNN lists an algorithm at most once for each of two math types. */
    private static final int MOST_OFFERS = 2 * Math.max(cudnnConvolutionFwdAlgo.CUDNN_CONVOLUTION_FWD_ALGO_COUNT,
            cudnnConvolutionBwdFilterAlgo.CUDNN_CONVOLUTION_BWD_FILTER_ALGO_COUNT);

    private final JCudaGpu gpu;
    private final Dnn.Direction direction;
    private final ConvGeometry geometry;
    private final cudnnTensorDescriptor x = new cudnnTensorDescriptor();
    private final cudnnTensorDescriptor y = new cudnnTensorDescriptor();
    private final cudnnFilterDescriptor w = new cudnnFilterDescriptor();
    private final cudnnConvolutionDescriptor convolution = new cudnnConvolutionDescriptor();
    private final Arena arena = Arena.ofShared();
    private final Pointer one;
    private final Pointer zero;

    JCudaConvolution(JCudaGpu gpu, Dnn.Direction direction, ConvGeometry g, Precision precision) {
        this.gpu = gpu;
        this.direction = direction;
        this.geometry = g;
        MemorySegment scalars = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1f, 0f);
        one = DeviceAddress.host(scalars);
        zero = DeviceAddress.host(scalars.asSlice(Float.BYTES));
        int type = switch (precision.featureMaps()) {
            case BF16 -> cudnnDataType.CUDNN_DATA_BFLOAT16;
            case F16 -> cudnnDataType.CUDNN_DATA_HALF;
            default -> cudnnDataType.CUDNN_DATA_FLOAT;
        };
        int math = switch (precision) {
            case F32 -> cudnnMathType.CUDNN_FMA_MATH;
            case TF32 -> cudnnMathType.CUDNN_DEFAULT_MATH;
            case BF16, F16 -> cudnnMathType.CUDNN_TENSOR_OP_MATH;
        };
        check(JCudnn.cudnnCreateTensorDescriptor(x), "cudnnCreateTensorDescriptor");
        check(JCudnn.cudnnCreateTensorDescriptor(y), "cudnnCreateTensorDescriptor");
        check(JCudnn.cudnnCreateFilterDescriptor(w), "cudnnCreateFilterDescriptor");
        check(JCudnn.cudnnCreateConvolutionDescriptor(convolution), "cudnnCreateConvolutionDescriptor");
        try {
            describe(g, type, math);
        } catch (GpuException e) {
            close();
            throw e;
        }
    }

    private void describe(ConvGeometry g, int type, int math) {
        int nhwc = cudnnTensorFormat.CUDNN_TENSOR_NHWC;
        // Sizes are given as N, C, H, W and K, C, R, S; the format says how they lie.
        check(JCudnn.cudnnSetTensor4dDescriptor(x, nhwc, type, g.n(), g.c(), g.h(), g.w()), "cudnnSetTensor4dDescriptor of x");
        check(JCudnn.cudnnSetTensor4dDescriptor(y, nhwc, type, g.n(), g.k(), g.p(), g.q()), "cudnnSetTensor4dDescriptor of y");
        check(JCudnn.cudnnSetFilter4dDescriptor(w, type, nhwc, g.k(), g.c(), g.r(), g.s()), "cudnnSetFilter4dDescriptor");
        check(JCudnn.cudnnSetConvolution2dDescriptor(convolution, g.pad(), g.pad(), g.stride(), g.stride(), 1, 1,
                cudnnConvolutionMode.CUDNN_CROSS_CORRELATION, cudnnDataType.CUDNN_DATA_FLOAT), "cudnnSetConvolution2dDescriptor");
        check(JCudnn.cudnnSetConvolutionMathType(convolution, math),
                "cudnnSetConvolutionMathType " + cudnnMathType.stringFor(math));
    }

    /** Of the stream that calls go to now. */
    private cudnnHandle handle() {
        return gpu.line().dnn().handle();
    }

    /** What cuDNN returns for one algorithm, of whichever direction. */
    private record Offer(int algorithm, int status, int determinism) {
    }

    @Override
    public List<Dnn.Algorithm> algorithms() {
        gpu.enter();
        Map<Integer, Dnn.Algorithm> algorithms = new LinkedHashMap<>();
        for (Offer o : offers()) {
            long[] bytes = new long[1];
            if (o.status() == cudnnStatus.CUDNN_STATUS_SUCCESS
                    && workspaceBytes(o.algorithm(), bytes) == cudnnStatus.CUDNN_STATUS_SUCCESS) {
                algorithms.putIfAbsent(o.algorithm(), new Dnn.Algorithm(o.algorithm(), name(o.algorithm()), bytes[0],
                        o.determinism() == cudnnDeterminism.CUDNN_DETERMINISTIC));
            }
        }
        return List.copyOf(algorithms.values());
    }

    private List<Offer> offers() {
        int[] count = new int[1];
        cudnnHandle handle = handle();
        try {
            return switch (direction) {
                case FORWARD -> {
                    cudnnConvolutionFwdAlgoPerf[] found = new cudnnConvolutionFwdAlgoPerf[MOST_OFFERS];
                    check(JCudnn.cudnnGetConvolutionForwardAlgorithm_v7(handle, x, w, convolution, y, MOST_OFFERS, count, found),
                            "cudnnGetConvolutionForwardAlgorithm_v7");
                    yield Arrays.stream(found, 0, count[0]).map(f -> new Offer(f.algo, f.status, f.determinism)).toList();
                }
                case BACKWARD_DATA -> {
                    cudnnConvolutionBwdDataAlgoPerf[] found = new cudnnConvolutionBwdDataAlgoPerf[MOST_OFFERS];
                    check(JCudnn.cudnnGetConvolutionBackwardDataAlgorithm_v7(handle, w, y, convolution, x, MOST_OFFERS, count,
                            found), "cudnnGetConvolutionBackwardDataAlgorithm_v7");
                    yield Arrays.stream(found, 0, count[0]).map(f -> new Offer(f.algo, f.status, f.determinism)).toList();
                }
                case BACKWARD_WEIGHTS -> {
                    cudnnConvolutionBwdFilterAlgoPerf[] found = new cudnnConvolutionBwdFilterAlgoPerf[MOST_OFFERS];
                    check(JCudnn.cudnnGetConvolutionBackwardFilterAlgorithm_v7(handle, x, y, convolution, w, MOST_OFFERS, count,
                            found), "cudnnGetConvolutionBackwardFilterAlgorithm_v7");
                    yield Arrays.stream(found, 0, count[0]).map(f -> new Offer(f.algo, f.status, f.determinism)).toList();
                }
            };
        } catch (ArrayIndexOutOfBoundsException e) {
            // JCudnn copies as many results as the call has written; where it fails and writes nothing, that number is arbitrary.
            throw new GpuException("cudnnGetConvolution*Algorithm_v7, " + direction + " " + geometry
                    + ": cuDNN knows no algorithm", e);
        }
    }

    private int workspaceBytes(int algorithm, long[] bytes) {
        cudnnHandle handle = handle();
        return switch (direction) {
            case FORWARD -> JCudnn.cudnnGetConvolutionForwardWorkspaceSize(handle, x, w, convolution, y, algorithm, bytes);
            case BACKWARD_DATA -> JCudnn.cudnnGetConvolutionBackwardDataWorkspaceSize(handle, w, y, convolution, x, algorithm,
                    bytes);
            case BACKWARD_WEIGHTS -> JCudnn.cudnnGetConvolutionBackwardFilterWorkspaceSize(handle, x, y, convolution, w,
                    algorithm, bytes);
        };
    }

    private String name(int algorithm) {
        String name = switch (direction) {
            case FORWARD -> cudnnConvolutionFwdAlgo.stringFor(algorithm);
            case BACKWARD_DATA -> cudnnConvolutionBwdDataAlgo.stringFor(algorithm);
            case BACKWARD_WEIGHTS -> cudnnConvolutionBwdFilterAlgo.stringFor(algorithm);
        };
        return name.replaceFirst("CUDNN_CONVOLUTION_", "");
    }

    @Override
    public void run(Dnn.Algorithm algorithm, long out, long first, long second, float beta, long workspace, long workspaceBytes) {
        gpu.enter();
        cudnnHandle handle = handle();
        int number = algorithm.id();
        Pointer scale = scale(beta);
        Pointer o = DeviceAddress.of(out);
        Pointer a = DeviceAddress.of(first);
        Pointer b = DeviceAddress.of(second);
        Pointer space = DeviceAddress.of(workspace);
        int status = switch (direction) {
            case FORWARD -> JCudnn.cudnnConvolutionForward(handle, one, x, a, w, b, convolution, number, space, workspaceBytes,
                    scale, y, o);
            case BACKWARD_DATA -> JCudnn.cudnnConvolutionBackwardData(handle, one, w, b, y, a, convolution, number, space,
                    workspaceBytes, scale, x, o);
            case BACKWARD_WEIGHTS -> JCudnn.cudnnConvolutionBackwardFilter(handle, one, x, a, y, b, convolution, number, space,
                    workspaceBytes, scale, w, o);
        };
        if (status != cudnnStatus.CUDNN_STATUS_SUCCESS) {
            check(status, "convolution by " + algorithm.name() + " with " + workspaceBytes + " bytes of workspace");
        }
    }

    private Pointer scale(float beta) {
        if (beta != 0 && beta != 1) {
            throw new IllegalArgumentException("convolution: beta is " + beta + " but must be 0 or 1");
        }
        return beta == 0 ? zero : one;
    }

    private void check(int status, String call) {
        if (status != cudnnStatus.CUDNN_STATUS_SUCCESS) {
            CudaStatus.cudnn(status, call + ", " + direction + " " + geometry);
        }
    }

    @Override
    public void close() {
        JCudnn.cudnnDestroyConvolutionDescriptor(convolution);
        JCudnn.cudnnDestroyFilterDescriptor(w);
        JCudnn.cudnnDestroyTensorDescriptor(y);
        JCudnn.cudnnDestroyTensorDescriptor(x);
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
