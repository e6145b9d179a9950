package org.jmoco.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.cuda.Dnn;
import org.jmoco.backend.cuda.GpuException;
import org.jmoco.backend.cuda.Precision;
import org.jmoco.tensor.DType;
import org.junit.jupiter.api.Test;

/** The stand-ins of cuBLAS and cuDNN compute, and refuse what the libraries' documentation forbids: each demand broken once. */
class EmulatedLibrariesTest {
    private static final int BYTES = 1 << 16;

    private final EmulatedGpu gpu = new EmulatedGpu(80, 1 << 20);
    private final long a = gpu.allocate(BYTES, "a");
    private final long b = gpu.allocate(BYTES, "b");
    private final long c = gpu.allocate(BYTES, "c");
    private final long workspace = gpu.allocate(BYTES, "workspace");

    private static void refused(String part, Runnable call) {
        String message = assertThrows(GpuException.class, call::run, part).getMessage();
        assertTrue(message.contains(part), () -> "expected '" + part + "' in: " + message);
    }

    // ---- cublasGemmEx --------------------------------------------------------------------------------------------

    /** C = A B of 2 x 3 and 3 x 2, with something to change. */
    private final class Gemm {
        int m = 2;
        int lda = 2;
        int ldb = 3;
        int ldc = 2;
        float beta;
        long out = c;
        DType bType = DType.F32;
        DType cType = DType.F32;

        void run() {
            gpu.blas().gemm(false, false, m, 2, 3, 1, a, DType.F32, lda, b, bType, ldb, beta, out, cType, ldc, Precision.F32);
        }
    }

    private float[] download(long at, int n) {
        float[] v = new float[n];
        gpu.download(MemorySegment.ofArray(v), at);
        return v;
    }

    private void fill() {
        gpu.upload(a, MemorySegment.ofArray(new float[] {1, 4, 2, 5, 3, 6})); // column after column
        gpu.upload(b, MemorySegment.ofArray(new float[] {1, 0, 2, 0, 1, 1}));
    }

    @Test
    void productsAreColumnMajor() {
        fill();
        new Gemm().run();
        assertArrayEquals(new float[] {7, 16, 5, 11}, download(c, 4));
        Gemm more = new Gemm();
        more.beta = 1;
        more.run();
        assertArrayEquals(new float[] {14, 32, 10, 22}, download(c, 4));
    }

    @Test
    void whatIsThereDoesNotCountIfBetaIsZero() {
        fill();
        gpu.memory().poison(c, 16);
        assertDoesNotThrow(() -> new Gemm().run());
        gpu.memory().poison(c, 16);
        Gemm more = new Gemm();
        more.beta = 1;
        refused("nothing wrote", more::run);
    }

    @Test
    void productsRefuse() {
        fill();
        refused("sizes must be positive", () -> with(g -> g.m = 0));
        refused("lda 1 is less", () -> with(g -> g.lda = 1));
        refused("ldb 2 is less", () -> with(g -> g.ldb = 2));
        refused("ldc 1 is less", () -> with(g -> g.ldc = 1));
        refused("overlaps", () -> with(g -> g.out = a + 8));
        refused("A is f32 and B is bf16", () -> with(g -> g.bType = DType.BF16));
        refused("C is bf16 for operands of f32", () -> with(g -> g.cType = DType.BF16));
        refused("is not inside an allocation", () -> with(g -> g.out = c + BYTES - 8));
        refused("is not aligned to 4", () -> with(g -> g.out = c + 2));
        gpu.memory().poison(b + 8, 4);
        refused("nothing wrote", () -> with(g -> { }));
    }

    private void with(java.util.function.Consumer<Gemm> change) {
        Gemm g = new Gemm();
        change.accept(g);
        g.run();
    }

    // ---- cuDNN ---------------------------------------------------------------------------------------------------

    private static final ConvGeometry ONE = new ConvGeometry(1, 3, 3, 1, 1, 3, 3, 1, 1);

    private void run(Dnn.Direction direction, long out, long first, long second, float beta, long space, long bytes) {
        try (Dnn.Convolution conv = gpu.dnn().convolution(direction, ONE, Precision.F32)) {
            conv.run(conv.algorithms().getLast(), out, first, second, beta, space, bytes);
        }
    }

    @Test
    void convolutionsOfOneChannel() {
        gpu.upload(a, MemorySegment.ofArray(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9}));
        gpu.upload(b, MemorySegment.ofArray(new float[] {0, 0, 0, 0, 1, 0, 0, 0, 10})); // the pixel, and that below on the right
        run(Dnn.Direction.FORWARD, c, a, b, 0, workspace, BYTES);
        assertArrayEquals(new float[] {51, 62, 3, 84, 95, 6, 7, 8, 9}, download(c, 9));
        run(Dnn.Direction.BACKWARD_DATA, c, a, b, 0, workspace, BYTES);
        assertArrayEquals(new float[] {1, 2, 3, 4, 15, 26, 7, 48, 59}, download(c, 9));
        run(Dnn.Direction.BACKWARD_WEIGHTS, c, a, a, 0, workspace, BYTES);
        assertArrayEquals(new float[] {94, 154, 106, 186, 285, 186, 106, 154, 94}, download(c, 9));
        // What a call leaves in its workspace means nothing.
        refused("nothing wrote", () -> download(workspace, 1));
    }

    @Test
    void convolutionsRefuse() {
        gpu.upload(a, MemorySegment.ofArray(new float[9]));
        gpu.upload(b, MemorySegment.ofArray(new float[9]));
        Dnn.Direction forward = Dnn.Direction.FORWARD;
        refused("y is at 0x", () -> run(forward, c + 8, a, b, 0, workspace, BYTES));
        refused("x is at 0x", () -> run(forward, c, a + 4, b, 0, workspace, BYTES));
        refused("w is at 0x", () -> run(forward, c, a, b + 8, 0, workspace, BYTES));
        refused("the workspace is at 0x", () -> run(forward, c, a, b, 0, workspace + 128, BYTES - 128));
        refused("needs more", () -> run(forward, c, a, b, 0, workspace, 13));
        refused("workspace 0x0", () -> run(forward, c, a, b, 0, 0, BYTES));
        refused("beta is 0.5", () -> run(forward, c, a, b, 0.5f, workspace, BYTES));
        refused("y overlaps an input", () -> run(forward, a, a, b, 0, workspace, BYTES));
        refused("of y, FORWARD n32768 h32 w32 c3 k64", () -> gpu.dnn().convolution(Dnn.Direction.FORWARD,
                new ConvGeometry(32768, 32, 32, 3, 64, 3, 3, 1, 1), Precision.F32));
        refused("nothing wrote", () -> {
            gpu.memory().poison(c, 36);
            run(forward, c, a, b, 1, workspace, BYTES);
        });
        Dnn.Convolution gone = gpu.dnn().convolution(forward, ONE, Precision.F32);
        Dnn.Algorithm algorithm = gone.algorithms().getFirst();
        gone.close();
        refused("descriptors were destroyed", () -> gone.run(algorithm, c, a, b, 0, workspace, BYTES));
        refused("is none of this problem's", () -> {
            try (Dnn.Convolution conv = gpu.dnn().convolution(Dnn.Direction.BACKWARD_DATA, ONE, Precision.F32)) {
                conv.run(algorithm, c, a, b, 0, workspace, BYTES);
            }
        });
    }
}
