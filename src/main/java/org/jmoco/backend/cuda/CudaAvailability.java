package org.jmoco.backend.cuda;

import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import org.jmoco.backend.cuda.natives.CudaLibrary;
import org.jmoco.backend.cuda.natives.JCudaNatives;

/**
 * Whether the CUDA backend can run here, and if not, why and what to do. Asking loads the libraries and initialises the driver
 * but takes no memory of the device.
 *
 * @param reason why not; null if it can
 * @param cure what to do about it; null if it can
 * @param device the device that would be taken; null if there is none
 */
public record CudaAvailability(boolean usable, String reason, String cure, GpuInfo device) {
    /** The oldest device for which kernels are shipped: kernels/ptx holds .sm_70 files. */
    private static final int OLDEST_CAPABILITY = 70;

    private static CudaAvailability probed;

    /** Asked once per process; never throws. */
    public static synchronized CudaAvailability probe() {
        if (probed == null) {
            probed = ask();
        }
        return probed;
    }

    private static CudaAvailability ask() {
        JCudaNatives natives = JCudaNatives.load();
        if (natives.failure() != null) {
            return no(natives.failure(), natives.cure());
        }
        try {
            int code = JCudaDriver.cuInit(0);
            if (code != CUresult.CUDA_SUCCESS) {
                return no("cuInit: " + CudaStatus.driverText(code), cure(code));
            }
            int[] count = new int[1];
            CudaStatus.driver(JCudaDriver.cuDeviceGetCount(count), "cuDeviceGetCount");
            if (count[0] == 0) {
                return no("the driver shows no device", cure(CUresult.CUDA_ERROR_NO_DEVICE));
            }
            GpuInfo device = CudaDevice.info(CudaDevice.first(), natives.version(CudaLibrary.CUBLAS).orElse("unknown"),
                    natives.version(CudaLibrary.CUDNN).orElse("unknown"));
            if (device.capability() < OLDEST_CAPABILITY) {
                return no(device.name() + " has compute capability " + device.capability() / 10.0
                        + "; jmoco's kernels need 7.0 (Volta) or newer",
                        "use --backend cpu");
            }
            return new CudaAvailability(true, null, null, device);
        } catch (GpuException e) {
            return no(e.getMessage(), "./jmoco doctor");
        }
    }

    private static CudaAvailability no(String reason, String cure) {
        return new CudaAvailability(false, reason, cure, null);
    }

    private static String cure(int code) {
        return switch (code) {
            case CUresult.CUDA_ERROR_NO_DEVICE -> "check that nvidia-smi lists a GPU and that CUDA_VISIBLE_DEVICES does not"
                    + " hide it; a container has to be started with its GPUs (docker run --gpus all)";
            case CUresult.CUDA_ERROR_SYSTEM_DRIVER_MISMATCH, CUresult.CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE ->
                    "libcuda and the kernel module are of different driver versions: restart the machine after a driver update,"
                            + " and keep cuda-compat folders out of LD_LIBRARY_PATH";
            default -> "check that nvidia-smi works";
        };
    }

    /** For the user: the device, or the reason on the first line and the cure on the second. */
    public String message() {
        return usable ? "cuda backend: " + device.name() : "cuda backend: " + reason + "\n  cure: " + cure;
    }
}
