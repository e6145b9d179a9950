package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.cuda.Launch.Dim;
import org.jmoco.tensor.DType;

/**
 * The drills of {@link JCudaGpuDrill} that need two streams. The stand-in of the driver does a stream's work when somebody waits
 * for that stream, so what has no event between comes in the wrong order.
 */
final class TwoStreamDrill {
    private final JCudaGpuDrill drill;
    private final Gpu gpu;

    TwoStreamDrill(JCudaGpuDrill drill) {
        this.drill = drill;
        this.gpu = drill.gpu;
    }

    /**
     * Kernel, product, convolution by either interface of cuDNN, copy and fill on the second stream, between what it waits for
     * and what waits for it.
     */
    void branches() {
        gpu.prepareBranch();
        ConvGeometry one = new ConvGeometry(1, 1, 2, 1, 1, 1, 1, 1, 0);
        branches(gpu.dnn().convolution(Dnn.Direction.FORWARD, one, Precision.F32));
        branches(gpu.dnn().graphConvolution(Dnn.Direction.FORWARD, one, Precision.F32, false));
    }

    /** @param opened is closed here */
    private void branches(Dnn.Convolution opened) {
        long x = drill.device(1, 2);
        long y = drill.device(0, 0);
        long z = drill.device(0, 0);
        long u = drill.device(0, 0);
        long v = drill.device(0, 0);
        long weight = drill.device(3);
        try (Dnn.Convolution conv = opened) {
            Dnn.Algorithm algorithm = conv.algorithms().getLast();
            Runnable step = () -> {
                gpu.launch(axpy(x, x)); // x doubles
                gpu.fork();
                gpu.launch(axpy(y, x)); // y = x
                times(z, y, weight, 0); // z = 3 y
                conv.run(algorithm, y, z, weight, 0, 0, 0); // y = 3 z
                gpu.copy(v, y, 8);
                gpu.fill(y, 0, 2);
                gpu.mainLine();
                gpu.fill(u, 0, 2);
                gpu.launch(axpy(u, x));
                times(u, x, weight, 1); // u = 4 x
                gpu.join();
                gpu.launch(axpy(u, v)); // u = 13 x
            };
            step.run();
            assertArrayEquals(new float[] {26, 52}, drill.floats(u, 2));
            step.run();
            assertArrayEquals(new float[] {52, 104}, drill.floats(u, 2));
            gpu.upload(x, MemorySegment.ofArray(new float[] {1, 2}));
            try (GpuGraph graph = gpu.capture("two lines", step)) {
                assertArrayEquals(new float[] {52, 104}, drill.floats(u, 2), "what is captured is not carried out");
                graph.launch();
                assertArrayEquals(new float[] {26, 52}, drill.floats(u, 2));
                graph.launch();
                assertArrayEquals(new float[] {52, 104}, drill.floats(u, 2));
            }
            step.run();
            assertArrayEquals(new float[] {104, 208}, drill.floats(u, 2), "after a capture the branch is a stream as before");
            assertArrayEquals(new float[] {72, 144}, drill.floats(v, 2));
        }
    }

    /** to = from weight + beta to. */
    private void times(long to, long from, long weight, float beta) {
        gpu.blas().gemm(false, false, 2, 1, 1, 1, from, DType.F32, 2, weight, DType.F32, 1, beta, to, DType.F32, 2,
                Precision.F32);
    }

    private Launch axpy(long y, long x) {
        return new Launch(drill.kernel("axpy"), Dim.of(1), Dim.of(32), 0, y, x, 1f, 2);
    }

    void brokenBranches() {
        assertThrows(IllegalStateException.class, gpu::fork);
        for (String symbol : new String[] {"cuStreamCreate", "cublasCreate_v2", "cudnnCreate"}) {
            JCudaGpuDrill.failAt(symbol + ":1");
            assertThrows(GpuException.class, gpu::prepareBranch);
            JCudaGpuDrill.heal();
        }
        gpu.prepareBranch();
        assertThrows(IllegalStateException.class, gpu::join);
        assertThrows(IllegalStateException.class, gpu::mainLine);
        long x = drill.device(1, 2);
        long y = drill.device(0, 0);
        for (String symbol : new String[] {"cuEventRecord", "cuStreamWaitEvent"}) {
            JCudaGpuDrill.failAt(symbol + ":999");
            String e = assertThrows(GpuException.class, gpu::fork).getMessage();
            assertEquals(symbol + " for a fork: CUDA_ERROR_UNKNOWN (999): text of the driver", e);
            JCudaGpuDrill.heal();
            gpu.launch(axpy(y, x));
            assertThrows(IllegalStateException.class, gpu::join);
            gpu.fork();
            assertThrows(IllegalStateException.class, gpu::fork);
            JCudaGpuDrill.failAt(symbol + ":999");
            e = assertThrows(GpuException.class, gpu::join).getMessage();
            assertEquals(symbol + " for a join: CUDA_ERROR_UNKNOWN (999): text of the driver", e);
            JCudaGpuDrill.heal();
            gpu.launch(axpy(y, x));
        }
        assertArrayEquals(new float[] {4, 8}, drill.floats(y, 2), "calls go to the stream");
        String e = assertThrows(GpuException.class, () -> gpu.capture("open", gpu::fork)).getMessage();
        assertTrue(e.startsWith("cuStreamEndCapture of open: CUDA_ERROR_STREAM_CAPTURE_UNJOINED (904)"), e);
        assertThrows(GpuException.class, () -> gpu.capture("bad", () -> {
            gpu.fork();
            throw new GpuException("in the middle");
        }));
        gpu.fork();
        gpu.launch(axpy(y, x));
        gpu.join();
        assertArrayEquals(new float[] {5, 10}, drill.floats(y, 2), "a capture that failed leaves both streams usable");
        gpu.fork();
        gpu.launch(axpy(y, x));
        gpu.synchronize();
        gpu.mainLine();
        gpu.launch(axpy(y, y)); // ordered by the wait alone
        gpu.join();
        assertArrayEquals(new float[] {12, 24}, drill.floats(y, 2));
        gpu.fork();
        gpu.launch(new Launch(drill.kernel("fault"), Dim.of(1), Dim.of(1), 0));
        e = assertThrows(GpuException.class, gpu::synchronize).getMessage();
        assertTrue(e.startsWith("cuStreamSynchronize of the branch: CUDA_ERROR_ILLEGAL_ADDRESS (700)"), e);
    }
}
