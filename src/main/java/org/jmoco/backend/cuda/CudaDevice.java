package org.jmoco.backend.cuda;

import java.nio.charset.StandardCharsets;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.JCudaDriver;
import org.jmoco.backend.cuda.natives.JCudaNatives;

/** What the driver tells of a device without a context on it. */
final class CudaDevice {
    private static final int NAME_BYTES = 256;

    private CudaDevice() {
    }

    /** The first that CUDA_VISIBLE_DEVICES shows; the driver is initialised and has one. */
    static CUdevice first() {
        CUdevice device = new CUdevice();
        CudaStatus.driver(JCudaDriver.cuDeviceGet(device, 0), "cuDeviceGet");
        return device;
    }

    static GpuInfo info(CUdevice device, String cublas, String cudnn) {
        byte[] name = new byte[NAME_BYTES];
        CudaStatus.driver(JCudaDriver.cuDeviceGetName(name, name.length, device), "cuDeviceGetName");
        long[] memory = new long[1];
        CudaStatus.driver(JCudaDriver.cuDeviceTotalMem(memory, device), "cuDeviceTotalMem");
        int[] version = new int[1];
        CudaStatus.driver(JCudaDriver.cuDriverGetVersion(version), "cuDriverGetVersion");
        String text = new String(name, StandardCharsets.UTF_8);
        return new GpuInfo(
                text.substring(0, text.indexOf('\0') < 0 ? text.length() : text.indexOf('\0')),
                attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) * 10
                        + attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
                attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT),
                memory[0],
                attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN),
                JCudaNatives.dotted(version[0], 1000, 10, false),
                cublas,
                cudnn);
    }

    private static int attribute(CUdevice device, int attribute) {
        int[] value = new int[1];
        CudaStatus.driver(JCudaDriver.cuDeviceGetAttribute(value, attribute, device), "cuDeviceGetAttribute " + attribute);
        return value[0];
    }
}
