package org.jmoco.backend.cpu;

import static org.jmoco.backend.cpu.Dnnl.ARG_DST;
import static org.jmoco.backend.cpu.Dnnl.ARG_SRC;
import static org.jmoco.backend.cpu.Dnnl.ARG_WEIGHTS;
import static org.jmoco.backend.cpu.Dnnl.QUERY_DST_MD;
import static org.jmoco.backend.cpu.Dnnl.QUERY_SRC_MD;
import static org.jmoco.backend.cpu.Dnnl.QUERY_WEIGHTS_MD;

/** A matrix product by oneDNN, prepared for several workers: C = A B or C += A B, perhaps a batch of them. */
final class WinogradGemm implements AutoCloseable {
    private final DnnlPrimitive primitive;
    private final DnnlCall[] calls;
    private final long[] scratchOffsets;

    /** Takes over the descriptors. */
    WinogradGemm(long a, long b, long c, boolean accumulate, Workers workers, Scratch layout) {
        primitive = new DnnlPrimitive(Dnnl.matmulDescriptor(a, b, c, accumulate));
        Dnnl.destroyDescriptor(a);
        Dnnl.destroyDescriptor(b);
        Dnnl.destroyDescriptor(c);
        calls = new DnnlCall[workers.count()];
        scratchOffsets = new long[workers.count()];
        for (int worker = 0; worker < calls.length; worker++) {
            calls[worker] = new DnnlCall(primitive, Dnnl.stream(),
                    ARG_SRC, QUERY_SRC_MD, ARG_WEIGHTS, QUERY_WEIGHTS_MD, ARG_DST, QUERY_DST_MD);
            scratchOffsets[worker] = layout.region(primitive.scratchBytes());
        }
    }

    void bind(long scratch) {
        for (int worker = 0; worker < calls.length; worker++) {
            calls[worker].scratch(scratch + scratchOffsets[worker]);
        }
    }

    void run(int worker, long a, long b, long c) {
        DnnlCall call = calls[worker];
        call.set(0, a);
        call.set(1, b);
        call.set(2, c);
        call.run();
    }

    @Override
    public void close() {
        for (DnnlCall call : calls) {
            call.close();
        }
        primitive.close();
    }
}
