package org.jmoco.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import java.util.Set;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasStatus;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnStatus;
import org.jmoco.backend.cuda.natives.CudaLibrary;
import org.jmoco.backend.cuda.natives.JCudaNatives;

/**
 * Return codes as exceptions. The texts come from the libraries themselves: cuDNN 9 renumbered its codes, so the names in
 * JCudnn's classes, which are of cuDNN 8, would be wrong.
 */
final class CudaStatus {
    /** Faults of a kernel that runs: the context is lost and every later call returns the same code. */
    private static final Set<Integer> FAULTS = Set.of(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, CUresult.CUDA_ERROR_LAUNCH_TIMEOUT,
            CUresult.CUDA_ERROR_ASSERT, CUresult.CUDA_ERROR_HARDWARE_STACK_ERROR, CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION,
            CUresult.CUDA_ERROR_MISALIGNED_ADDRESS, CUresult.CUDA_ERROR_INVALID_ADDRESS_SPACE, CUresult.CUDA_ERROR_INVALID_PC,
            CUresult.CUDA_ERROR_LAUNCH_FAILED);
    private static final long CUDNN_MESSAGE_BYTES = 4096;
    private static final FunctionDescriptor CUDNN_LAST_ERROR = FunctionDescriptor.ofVoid(ValueLayout.ADDRESS,
            ValueLayout.JAVA_LONG);

    private CudaStatus() {
    }

    /** @param call the driver's function, and on what it worked */
    static void driver(int code, String call) {
        if (code != CUresult.CUDA_SUCCESS) {
            throw new GpuException(call + ": " + driverText(code));
        }
    }

    /** {@code CUDA_ERROR_NO_DEVICE (100): no CUDA-capable device is detected}. */
    static String driverText(int code) {
        String[] name = new String[1];
        String[] text = new String[1];
        JCudaDriver.cuGetErrorName(code, name);
        JCudaDriver.cuGetErrorString(code, text);
        String hint = FAULTS.contains(code)
                ? "; a kernel that was launched earlier failed: --no-graph with CUDA_LAUNCH_BLOCKING=1 stops at it,"
                + " compute-sanitizer shows its line" : "";
        return (name[0] == null ? "unknown error" : name[0]) + " (" + code + ")" + (text[0] == null ? "" : ": " + text[0]) + hint;
    }

    static void cublas(int status, String call) {
        if (status != cublasStatus.CUBLAS_STATUS_SUCCESS) {
            throw new GpuException(call + ": " + JCublas2.cublasGetStatusName(status) + " (" + status + "): "
                    + JCublas2.cublasGetStatusString(status));
        }
    }

    static void cudnn(int status, String call) {
        if (status != cudnnStatus.CUDNN_STATUS_SUCCESS) {
            throw new GpuException(call + ": " + cudnnText(status));
        }
    }

    /** {@code CUDNN_STATUS_BAD_PARAM (2000): ...}; what follows is cuDNN's last message, which only this thread sees. */
    static String cudnnText(int status) {
        String last = lastCudnnMessage();
        return JCudnn.cudnnGetErrorString(status) + " (" + status + ")" + (last.isEmpty() ? "" : ": " + last);
    }

    private static String lastCudnnMessage() {
        Optional<MethodHandle> function = JCudaNatives.load()
                .function(CudaLibrary.CUDNN, "cudnnGetLastErrorString", CUDNN_LAST_ERROR);
        if (function.isEmpty()) {
            return "";
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(CUDNN_MESSAGE_BYTES);
            function.get().invokeExact(text, CUDNN_MESSAGE_BYTES - 1);
            return text.getString(0).strip().replaceAll("\\s+", " ");
        } catch (Throwable e) {
            throw new IllegalStateException("cudnnGetLastErrorString could not be called", e);
        }
    }
}
