package org.jmoco.backend.cuda.natives;

/** The libraries of NVIDIA that jmoco loads, by what they are for. */
public enum CudaLibrary {
    /** Comes with the kernel driver, of its version; no toolkit or wheel has it. */
    DRIVER("CUDA driver", "libcuda.so", "the driver"),
    /** What cuBLAS and cuDNN call for matrix products. */
    CUBLAS_LT("cuBLASLt", "libcublasLt.so", "matrix products"),
    CUBLAS("cuBLAS", "libcublas.so", "matrix products"),
    /** cuDNN compiles some of its kernels at run time by this one; without it, it uses others. */
    NVRTC("NVRTC", "libnvrtc.so", "cuDNN's kernels that are compiled at run time"),
    CUDNN("cuDNN", "libcudnn.so", "convolutions");

    private final String title;
    private final String stem;
    private final String purpose;

    CudaLibrary(String title, String stem, String purpose) {
        this.title = title;
        this.stem = stem;
        this.purpose = purpose;
    }

    /** Name for people. */
    public String title() {
        return title;
    }

    /** File name without version: {@code libcublas.so}. */
    String stem() {
        return stem;
    }

    public String purpose() {
        return purpose;
    }

    /** {@code libcublas.so.12}. */
    String fileName(int version) {
        return stem + "." + version;
    }
}
