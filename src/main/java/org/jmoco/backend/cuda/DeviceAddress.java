package org.jmoco.backend.cuda;

import java.lang.foreign.MemorySegment;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;

/** An address as JCuda's pointers take it: they know numbers only as an offset from null. */
final class DeviceAddress extends CUdeviceptr {
    private static final CUdeviceptr NULL = new CUdeviceptr();
    private static final Pointer HOST_NULL = new Pointer();

    /** What cuMemAlloc has written into this object. */
    long value() {
        return getNativePointer();
    }

    static CUdeviceptr of(long address) {
        return NULL.withByteOffset(address);
    }

    /** Native memory of this process; it must stay alive as long as the pointer is used. */
    static Pointer host(MemorySegment segment) {
        return HOST_NULL.withByteOffset(segment.address());
    }
}
