package org.jmoco.ptx;

import org.jmoco.backend.cuda.GpuException;

/** Something that the emulated device refuses: a fault of a kernel, a wrong PTX text or a wrong call. */
public class PtxFault extends GpuException {
    PtxFault(String message) {
        super(message);
    }
}
