package org.jmoco.backend.cuda;

/** A call of the driver, cuBLAS or cuDNN failed. The message names the call and the library's own text for the code. */
public class GpuException extends RuntimeException {
    public GpuException(String message) {
        super(message);
    }

    public GpuException(String message, Throwable cause) {
        super(message, cause);
    }
}
