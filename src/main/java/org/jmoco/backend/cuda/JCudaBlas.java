package org.jmoco.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jcuda.Pointer;
import jcuda.cudaDataType;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasAtomicsMode;
import jcuda.jcublas.cublasComputeType;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasMath;
import jcuda.jcublas.cublasOperation;
import jcuda.runtime.cudaStream_t;
import org.jmoco.backend.cuda.natives.JCudaNatives;
import org.jmoco.tensor.DType;

/**
 * {@link Blas} by cuBLAS.
 *
 * <p>The workspace is ours: cuBLAS would allocate its own at the first product, which a stream capture forbids, and results are
 * the same in every run only with one workspace for one stream (cuBLAS, "Results reproducibility").
 */
final class JCudaBlas implements Blas, AutoCloseable {
    /** What cuBLAS's documentation recommends for Hopper; 4 MiB for the others. The larger one serves all. */
    private static final long WORKSPACE_BYTES = 32L << 20;
    /** cublasGemmAlgo_t; JCublas2 has no name for it in this version. */
    private static final int CUBLAS_GEMM_DEFAULT = -1;

    private final JCudaGpu gpu;
    private final cublasHandle handle = new cublasHandle();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment scalars = arena.allocate(ValueLayout.JAVA_FLOAT, 2);
    private final Pointer alphaAt = DeviceAddress.host(scalars);
    private final Pointer betaAt = DeviceAddress.host(scalars.asSlice(Float.BYTES));
    private final String version;

    JCudaBlas(JCudaGpu gpu, cudaStream_t stream) {
        this.gpu = gpu;
        CudaStatus.cublas(JCublas2.cublasCreate(handle), "cublasCreate");
        CudaStatus.cublas(JCublas2.cublasSetStream(handle, stream), "cublasSetStream");
        // After the stream, which resets the workspace.
        long workspace = gpu.allocate(WORKSPACE_BYTES, "workspace of cuBLAS");
        CudaStatus.cublas(JCublas2.cublasSetWorkspace(handle, DeviceAddress.of(workspace), WORKSPACE_BYTES),
                "cublasSetWorkspace");
        // bf16 products that are split over K are added in f32, not in bf16.
        CudaStatus.cublas(JCublas2.cublasSetMathMode(handle, cublasMath.CUBLAS_DEFAULT_MATH
                | cublasMath.CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION), "cublasSetMathMode");
        CudaStatus.cublas(JCublas2.cublasSetAtomicsMode(handle, cublasAtomicsMode.CUBLAS_ATOMICS_NOT_ALLOWED),
                "cublasSetAtomicsMode");
        int[] number = new int[1];
        CudaStatus.cublas(JCublas2.cublasGetVersion(handle, number), "cublasGetVersion");
        version = JCudaNatives.dotted(number[0], 10000, 100, true);
    }

    String version() {
        return version;
    }

    @Override
    public void gemm(boolean transposeA, boolean transposeB, int m, int n, int k, float alpha, long a, DType aType, int lda,
            long b, DType bType, int ldb, float beta, long c, DType cType, int ldc, Precision precision) {
        gpu.enter();
        if (aType != bType || cType != DType.F32 && cType != aType) {
            throw new IllegalArgumentException("gemm: A is " + aType + " and B is " + bType + ", C is " + cType
                    + "; A and B must be of one type, and C f32 or of that type");
        }
        if (aType == DType.F32 && precision != Precision.F32 && precision != Precision.TF32) {
            throw new IllegalArgumentException("gemm: f32 operands are multiplied in f32 or tf32, not in " + precision);
        }
        // cuBLAS reads both numbers before it returns (pointer mode host).
        scalars.setAtIndex(ValueLayout.JAVA_FLOAT, 0, alpha);
        scalars.setAtIndex(ValueLayout.JAVA_FLOAT, 1, beta);
        int status = JCublas2.cublasGemmEx_new(handle, operation(transposeA), operation(transposeB), m, n, k, alphaAt,
                DeviceAddress.of(a), type(aType), lda, DeviceAddress.of(b), type(bType), ldb, betaAt, DeviceAddress.of(c),
                type(cType), ldc, computeType(aType, precision), CUBLAS_GEMM_DEFAULT);
        if (status != 0) {
            CudaStatus.cublas(status, "cublasGemmEx " + m + " x " + n + " x " + k + ", " + aType + " to " + cType + ", "
                    + precision);
        }
    }

    /** Every kind adds in f32. Without TF32, f32 operands are multiplied as they are. */
    private static int computeType(DType operands, Precision precision) {
        return operands == DType.F32 && precision == Precision.TF32 ? cublasComputeType.CUBLAS_COMPUTE_32F_FAST_TF32
                : cublasComputeType.CUBLAS_COMPUTE_32F;
    }

    private static int operation(boolean transpose) {
        return transpose ? cublasOperation.CUBLAS_OP_T : cublasOperation.CUBLAS_OP_N;
    }

    private static int type(DType t) {
        return switch (t) {
            case F32 -> cudaDataType.CUDA_R_32F;
            case BF16 -> cudaDataType.CUDA_R_16BF;
            default -> throw new IllegalArgumentException("gemm: operands are f32 or bf16, not " + t);
        };
    }

    /** The workspace goes with the device's memory. */
    @Override
    public void close() {
        JCublas2.cublasDestroy(handle);
        arena.close();
    }
}
