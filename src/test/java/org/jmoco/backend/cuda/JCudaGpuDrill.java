package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.cuda.Launch.Dim;
import org.jmoco.backend.cuda.natives.CudaLibrary;
import org.jmoco.backend.cuda.natives.JCudaNatives;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Half;

/**
 * What {@link JCudaGpuTest} runs in a process of its own: {@link JCudaGpu} through JCuda on the stand-ins of NVIDIA's libraries.
 * Prints {@code PASS name} or {@code FAIL name: why} for each drill.
 */
final class JCudaGpuDrill {
    private static final String PTX = """
            .visible .entry axpy(.param .u64 y, .param .u64 x, .param .f32 a, .param .u32 n) { ret; }
            .visible .entry geometry(.param .u64 out) { ret; }
            .visible .entry sharing(.param .u64 out) { .shared .align 8 .b8 own[8192]; ret; }
            .visible .entry types(.param .u64 out, .param .u64 l, .param .s32 i, .param .f32 f, .param .f64 d) { ret; }
            .visible .entry fault() { ret; }
            """;

    final Gpu gpu;
    private final GpuModule module;

    private JCudaGpuDrill(Gpu gpu) {
        this.gpu = gpu;
        module = gpu.load("drill.sm_70.ptx", PTX);
    }

    @FunctionalInterface
    private interface Drill {
        void run(JCudaGpuDrill d) throws Throwable;
    }

    static final List<String> NAMES = List.of("info", "memory", "launches", "graphs", "branches", "brokenBranches", "time",
            "gemm", "convolutions", "graphConvolutions", "outOfMemory", "everyCodeIsLookedAt", "aFaultIsTold", "closing");

    public static void main(String[] args) {
        for (String name : NAMES) {
            Drill drill = switch (name) {
                case "info" -> JCudaGpuDrill::info;
                case "memory" -> JCudaGpuDrill::memory;
                case "launches" -> JCudaGpuDrill::launches;
                case "graphs" -> JCudaGpuDrill::graphs;
                case "branches" -> d -> new TwoStreamDrill(d).branches();
                case "brokenBranches" -> d -> new TwoStreamDrill(d).brokenBranches();
                case "time" -> JCudaGpuDrill::time;
                case "gemm" -> JCudaGpuDrill::gemm;
                case "convolutions" -> d -> new ConvolutionDrill(d).convolutions();
                case "graphConvolutions" -> d -> new ConvolutionDrill(d).graphConvolutions();
                case "outOfMemory" -> JCudaGpuDrill::outOfMemory;
                case "everyCodeIsLookedAt" -> JCudaGpuDrill::everyCodeIsLookedAt;
                case "aFaultIsTold" -> JCudaGpuDrill::aFaultIsTold;
                default -> JCudaGpuDrill::closing;
            };
            try (Gpu gpu = JCudaGpu.open()) {
                drill.run(new JCudaGpuDrill(gpu));
                System.out.println("PASS " + name);
            } catch (Throwable e) {
                System.out.println("FAIL " + name + ": " + String.valueOf(e).replace('\n', ' '));
                e.printStackTrace();
            }
            heal();
        }
    }

    // ---- the stand-in's controls -------------------------------------------------------------------------------

    static void heal() {
        try {
            JCudaNatives.load().function(CudaLibrary.DRIVER, "fake_heal", FunctionDescriptor.ofVoid()).orElseThrow()
                    .invokeExact();
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    static void failAt(String list) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocateFrom(list);
            JCudaNatives.load().function(CudaLibrary.DRIVER, "fake_fail", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS))
                    .orElseThrow().invokeExact(text);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private static long used() {
        try {
            return (long) JCudaNatives.load().function(CudaLibrary.DRIVER, "fake_used",
                    FunctionDescriptor.of(ValueLayout.JAVA_LONG)).orElseThrow().invokeExact();
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    // ---- small things ------------------------------------------------------------------------------------------

    Kernel kernel(String entry) {
        return new Kernel(module.function(entry), PtxSignature.parse("drill", PTX, entry));
    }

    long device(float... values) {
        long address = gpu.allocate(4L * values.length, "floats");
        gpu.upload(address, MemorySegment.ofArray(values));
        return address;
    }

    float[] floats(long address, int n) {
        float[] values = new float[n];
        gpu.download(MemorySegment.ofArray(values), address);
        return values;
    }

    private static short[] bf16(float... values) {
        short[] bits = new short[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = (short) (Float.floatToRawIntBits(values[i]) >>> 16);
        }
        return bits;
    }

    long device(DType type, float... values) {
        return switch (type) {
            case BF16 -> deviceBf16(values);
            case F16 -> {
                short[] bits = new short[values.length];
                for (int i = 0; i < bits.length; i++) {
                    bits[i] = Half.bits(values[i]);
                }
                long address = gpu.allocate(2L * bits.length, "f16");
                gpu.upload(address, MemorySegment.ofArray(bits));
                yield address;
            }
            default -> device(values);
        };
    }

    float[] floats(DType type, long address, int n) {
        return switch (type) {
            case BF16 -> floatsOfBf16(address, n);
            case F16 -> {
                short[] bits = new short[n];
                gpu.download(MemorySegment.ofArray(bits), address);
                float[] values = new float[n];
                for (int i = 0; i < n; i++) {
                    values[i] = Half.value(bits[i]);
                }
                yield values;
            }
            default -> floats(address, n);
        };
    }

    private long deviceBf16(float... values) {
        long address = gpu.allocate(2L * values.length, "bf16");
        gpu.upload(address, MemorySegment.ofArray(bf16(values)));
        return address;
    }

    private float[] floatsOfBf16(long address, int n) {
        short[] bits = new short[n];
        gpu.download(MemorySegment.ofArray(bits), address);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = Float.intBitsToFloat(bits[i] << 16);
        }
        return values;
    }

    // ---- drills ------------------------------------------------------------------------------------------------

    private void info() {
        GpuInfo i = gpu.info();
        assertEquals("Paper GPU", i.name());
        assertEquals(90, i.capability());
        assertEquals(7, i.multiprocessors());
        assertEquals(232448, i.sharedBytesPerBlock());
        assertEquals("13.0", i.driver());
        assertTrue(i.cublas().matches("1[23]\\.3\\.4"), i.cublas());
        assertEquals("9.5.1", i.cudnn());
        assertEquals(256L << 20, i.memoryBytes());
    }

    private void memory() {
        long a = gpu.allocate(1000, "a");
        assertEquals(0, a % 256);
        assertArrayEquals(new float[250], floats(a, 250), "fresh memory is zero");
        int n = (20 << 20) / 4 + 3; // more than one piece of the staging buffer
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = i;
        }
        long big = gpu.allocate(4L * n, "big");
        gpu.upload(big, MemorySegment.ofArray(values));
        assertArrayEquals(values, floats(big, n));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 2, 3);
            gpu.upload(a, host);
            host.setAtIndex(ValueLayout.JAVA_FLOAT, 0, 99); // the copy is done when upload returns
            MemorySegment back = arena.allocate(12);
            gpu.download(back, a);
            assertArrayEquals(new float[] {1, 2, 3}, back.toArray(ValueLayout.JAVA_FLOAT));
        }
        gpu.copy(a + 16, a, 12);
        gpu.fill(a + 32, Float.floatToRawIntBits(0.5f), 2);
        gpu.copy(a, a + 40, 0);
        gpu.fill(a, 7, 0);
        assertArrayEquals(new float[] {1, 2, 3, 0, 1, 2, 3, 0, 0.5f, 0.5f, 0}, floats(a, 11));
        gpu.upload(a, MemorySegment.ofArray(new float[0]));
        gpu.free(a);
        assertThrows(IllegalArgumentException.class, () -> gpu.free(a));
        assertThrows(IllegalArgumentException.class, () -> gpu.free(big + 4));
    }

    private void launches() {
        long y = device(1, 2, 3);
        long x = device(10, 20, 30);
        Launch axpy = new Launch(kernel("axpy"), Dim.of(1), Dim.of(32), 0, y, x, 0.5f, 3);
        gpu.launch(axpy);
        gpu.launch(axpy);
        assertArrayEquals(new float[] {11, 22, 33}, floats(y, 3));
        long out = gpu.allocate(64, "out");
        for (String entry : new String[] {"geometry", "sharing"}) {
            for (int shared : new int[] {0, 40 << 10, (40 << 10) + 4, 48 << 10, (48 << 10) + 4, 200_000, 100_000}) {
                gpu.launch(new Launch(kernel(entry), new Dim(2, 3, 4), new Dim(8, 4, 2), shared, out));
                int[] got = new int[7];
                gpu.download(MemorySegment.ofArray(got), out);
                assertArrayEquals(new int[] {2, 3, 4, 8, 4, 2, shared}, got);
            }
        }
        String tooMuch = assertThrows(GpuException.class, () -> gpu.launch(new Launch(kernel("sharing"), Dim.of(1), Dim.of(1),
                (219 << 10) + 4, out))).getMessage();
        assertTrue(tooMuch.startsWith("cuFuncSetAttribute of sharing to 224260 bytes"), tooMuch);
        gpu.launch(new Launch(kernel("types"), Dim.of(1), Dim.of(1), 0, out, -(1L << 40), -7, 0.25f, Math.PI));
        double[] types = new double[4];
        gpu.download(MemorySegment.ofArray(types), out);
        assertArrayEquals(new double[] {-(1L << 40), -7, 0.25, Math.PI}, types);
        for (int i = 0; i < 70_000; i++) { // more than are kept packed
            gpu.launch(new Launch(kernel("axpy"), Dim.of(1), Dim.of(1), 0, y, x, 1f, 0));
        }
        gpu.launch(axpy);
        assertArrayEquals(new float[] {16, 32, 48}, floats(y, 3));
        assertEquals("kernel nothing: drill.sm_70.ptx has no such entry",
                assertThrows(GpuException.class, () -> module.function("nothing")).getMessage());
        String broken = assertThrows(GpuException.class, () -> gpu.load("broken.ptx", "SYNTAX ERROR")).getMessage();
        assertTrue(broken.startsWith("cuModuleLoadDataEx of broken.ptx: CUDA_ERROR_INVALID_PTX (218)")
                && broken.contains("Parsing error near 'SYNTAX'"), broken);
    }

    private void graphs() {
        long y = device(0, 0);
        long x = device(1, 2);
        Launch axpy = new Launch(kernel("axpy"), Dim.of(1), Dim.of(32), 0, y, x, 1f, 2);
        try (GpuGraph graph = gpu.capture("step", () -> {
            gpu.launch(axpy);
            gpu.copy(x, y, 4);
            gpu.blas().gemm(false, false, 1, 1, 1, 1, x, DType.F32, 1, x, DType.F32, 1, 0, y + 4, DType.F32, 1, Precision.F32);
        })) {
            assertArrayEquals(new float[] {0, 0}, floats(y, 2), "what is captured is not carried out");
            graph.launch(); // y 1 2, x 1 2, y 1 1
            assertArrayEquals(new float[] {1, 1}, floats(y, 2));
            graph.launch(); // y 2 3, x 2 2, y 2 4
            assertArrayEquals(new float[] {2, 4}, floats(y, 2));
        }
        GpuException e = assertThrows(GpuException.class, () -> gpu.capture("bad", () -> {
            throw new GpuException("in the middle");
        }));
        assertEquals("in the middle", e.getMessage());
        gpu.launch(axpy);
        assertArrayEquals(new float[] {4, 6}, floats(y, 2), "a capture that failed leaves the stream usable");
    }

    private void time() {
        long y = device(0);
        Launch axpy = new Launch(kernel("axpy"), Dim.of(1), Dim.of(1), 0, y, y, 1f, 1);
        assertEquals(750_000, gpu.time(() -> {
            for (int i = 0; i < 3; i++) {
                gpu.launch(axpy);
            }
        }));
    }

    private void gemm() {
        // Column-major: A 2 x 3, B 3 x 2.
        long a = device(1, 4, 2, 5, 3, 6);
        long at = device(1, 2, 3, 4, 5, 6);
        long b = device(7, 9, 11, 8, 10, 12);
        long bt = device(7, 8, 9, 10, 11, 12);
        float[] product = {58, 139, 64, 154};
        for (boolean ta : new boolean[] {false, true}) {
            for (boolean tb : new boolean[] {false, true}) {
                long c = device(1, 1, 1, 1);
                gpu.blas().gemm(ta, tb, 2, 2, 3, 2, ta ? at : a, DType.F32, ta ? 3 : 2, tb ? bt : b, DType.F32, tb ? 2 : 3, 3, c,
                        DType.F32, 2, Precision.F32);
                assertArrayEquals(new float[] {2 * 58 + 3, 2 * 139 + 3, 2 * 64 + 3, 2 * 154 + 3}, floats(c, 4));
            }
        }
        long ab = deviceBf16(1, 4, 2, 5, 3, 6);
        long bb = deviceBf16(7, 9, 11, 8, 10, 12);
        long c = device(Float.NaN, Float.NaN, Float.NaN, Float.NaN);
        gpu.blas().gemm(false, false, 2, 2, 3, 1, ab, DType.BF16, 2, bb, DType.BF16, 3, 0, c, DType.F32, 2, Precision.BF16);
        assertArrayEquals(product, floats(c, 4));
        long cb = deviceBf16(0, 0, 0, 0);
        gpu.blas().gemm(false, false, 2, 2, 3, 1, ab, DType.BF16, 2, bb, DType.BF16, 3, 0, cb, DType.BF16, 2, Precision.BF16);
        assertArrayEquals(product, floatsOfBf16(cb, 4));
        float fine = 1 + 0x1p-12f; // tf32 has 10 bits behind the point
        long f = device(fine);
        long one = device(1);
        long r = device(0);
        gpu.blas().gemm(false, false, 1, 1, 1, 1, f, DType.F32, 1, one, DType.F32, 1, 0, r, DType.F32, 1, Precision.F32);
        assertArrayEquals(new float[] {fine}, floats(r, 1));
        gpu.blas().gemm(false, false, 1, 1, 1, 1, f, DType.F32, 1, one, DType.F32, 1, 0, r, DType.F32, 1, Precision.TF32);
        assertArrayEquals(new float[] {1}, floats(r, 1));
        assertThrows(IllegalArgumentException.class, () -> gpu.blas()
                .gemm(false, false, 1, 1, 1, 1, f, DType.F32, 1, ab, DType.BF16, 1, 0, r, DType.F32, 1,
                Precision.BF16));
    }

    private void outOfMemory() {
        long before = used();
        GpuOutOfMemoryException e = assertThrows(GpuOutOfMemoryException.class, () -> gpu.allocate(1L << 30, "feature maps"));
        assertEquals(1L << 30, e.wantedBytes());
        assertEquals((256L << 20) - before, e.freeBytes());
        assertTrue(e.getMessage().contains("feature maps"), e.getMessage());
        long a = gpu.allocate(1 << 20, "still works");
        gpu.free(a);
        assertEquals(before, used());
    }

    /** Every call that can fail is made to fail once, and must be named in the error with the library's own text. */
    private void everyCodeIsLookedAt() {
        long y = device(0);
        Launch axpy = new Launch(kernel("axpy"), Dim.of(1), Dim.of(1), 0, y, y, 1f, 1);
        ConvGeometry g = new ConvGeometry(1, 3, 3, 1, 1, 3, 3, 1, 1);
        List<String> missed = new ArrayList<>();
        record Call(String symbol, Runnable use) {
        }
        float[] one = new float[1];
        List<Call> calls = new ArrayList<>(List.of(
                new Call("cuMemAlloc_v2", () -> gpu.allocate(4, "x")),
                new Call("cuMemsetD8Async", () -> gpu.allocate(4, "x")),
                new Call("cuMemcpyHtoDAsync_v2", () -> gpu.upload(y, MemorySegment.ofArray(one))),
                new Call("cuMemcpyDtoHAsync_v2", () -> gpu.download(MemorySegment.ofArray(one), y)),
                new Call("cuMemcpyDtoDAsync_v2", () -> gpu.copy(y + 8, y, 4)),
                new Call("cuMemsetD32Async", () -> gpu.fill(y, 0, 1)),
                new Call("cuStreamSynchronize", gpu::synchronize),
                new Call("cuModuleLoadDataEx", () -> gpu.load("x", PTX)),
                new Call("cuModuleGetFunction", () -> gpu.load("x", PTX).function("fault")),
                new Call("cuFuncGetAttribute", () -> gpu.load("x", PTX).function("fault")),
                new Call("cuFuncSetAttribute", () -> gpu.launch(new Launch(kernel("geometry"), Dim.of(1), Dim.of(1), 60_000, y))),
                new Call("cuLaunchKernel", () -> gpu.launch(axpy)),
                new Call("cuStreamBeginCapture_v2", () -> gpu.capture("c", () -> { })),
                new Call("cuStreamEndCapture", () -> gpu.capture("c", () -> { })),
                new Call("cuGraphInstantiateWithFlags", () -> gpu.capture("c", () -> { })),
                new Call("cuGraphLaunch", () -> gpu.capture("c", () -> { }).launch()),
                new Call("cuEventRecord", () -> gpu.time(() -> { })),
                new Call("cuEventSynchronize", () -> gpu.time(() -> { })),
                new Call("cuEventElapsedTime", () -> gpu.time(() -> { })),
                new Call("cublasGemmEx", () -> gpu.blas().gemm(false, false, 1, 1, 1, 1, y, DType.F32, 1, y, DType.F32, 1, 0, y,
                        DType.F32, 1, Precision.F32))));
        for (String symbol : new String[] {"cuDevicePrimaryCtxRetain", "cuStreamCreate", "cuEventCreate", "cublasCreate_v2",
                "cublasSetStream_v2", "cublasSetWorkspace_v2", "cublasSetMathMode", "cublasSetAtomicsMode", "cublasGetVersion_v2",
                "cudnnCreate", "cudnnSetStream"}) {
            calls.add(new Call(symbol, () -> JCudaGpu.open().close()));
        }
        for (String symbol : new String[] {"cudnnCreateTensorDescriptor", "cudnnCreateFilterDescriptor",
                "cudnnCreateConvolutionDescriptor", "cudnnSetTensor4dDescriptor", "cudnnSetFilter4dDescriptor",
                "cudnnSetConvolution2dDescriptor", "cudnnSetConvolutionMathType"}) {
            calls.add(new Call(symbol, () -> gpu.dnn().convolution(Dnn.Direction.FORWARD, g, Precision.F32).close()));
        }
        for (Dnn.Direction d : Dnn.Direction.values()) {
            String name = switch (d) {
                case FORWARD -> "Forward";
                case BACKWARD_DATA -> "BackwardData";
                case BACKWARD_WEIGHTS -> "BackwardFilter";
            };
            Dnn.Convolution c = gpu.dnn().convolution(d, g, Precision.F32);
            Dnn.Algorithm algorithm = c.algorithms().getLast();
            calls.add(new Call("cudnnGetConvolution" + name + "Algorithm_v7", c::algorithms));
            calls.add(new Call("cudnnConvolution" + name, () -> c.run(algorithm, y, y, y, 0, 0, 0)));
        }
        for (String symbol : new String[] {"CreateDescriptor", "SetAttribute", "Finalize", "GetAttribute"}) {
            calls.add(new Call("cudnnBackend" + symbol,
                    () -> gpu.dnn().graphConvolution(Dnn.Direction.FORWARD, g, Precision.F32, false)));
        }
        Dnn.Convolution graph = gpu.dnn().graphConvolution(Dnn.Direction.FORWARD, g, Precision.F32, false);
        calls.add(new Call("cudnnBackendExecute", () -> graph.run(graph.algorithms().getLast(), y, y, y, 0, 0, 0)));
        for (Call call : calls) {
            boolean cuda = call.symbol().startsWith("cu") && !call.symbol().startsWith("cublas")
                    && !call.symbol().startsWith("cudnn");
            failAt(call.symbol() + ":" + (cuda ? 999 : call.symbol().startsWith("cublas") ? 13 : 5000));
            try {
                call.use().run();
                missed.add(call.symbol() + " was not looked at");
            } catch (GpuException e) {
                String text = cuda ? "CUDA_ERROR_UNKNOWN (999): text of the driver"
                        : call.symbol().startsWith("cublas") ? "CUBLAS_STATUS_EXECUTION_FAILED (13): text of cuBLAS"
                        : "CUDNN_STATUS_EXECUTION_FAILED (5000)";
                String name = call.symbol().replaceFirst("_v2$", "").replaceFirst("WithFlags$", "");
                boolean named = e.getMessage().startsWith(name) || call.symbol().matches("cudnnConvolution.*|cudnnBackendExecute")
                        && e.getMessage().startsWith("convolution by");
                // JCudnn copies an arbitrary number of results where this call has written none; that ends in a message of its
                // own.
                boolean arbitrary = call.symbol().endsWith("_v7") && e.getMessage().contains("cuDNN knows no algorithm");
                if (!arbitrary && (!named || !e.getMessage().contains(text))) {
                    missed.add(call.symbol() + " says: " + e.getMessage());
                }
            } finally {
                heal();
            }
        }
        assertEquals(List.of(), missed);
    }

    private void aFaultIsTold() {
        gpu.launch(new Launch(kernel("fault"), Dim.of(1), Dim.of(1), 0));
        String e = assertThrows(GpuException.class, gpu::synchronize).getMessage();
        assertTrue(e.startsWith("cuStreamSynchronize: CUDA_ERROR_ILLEGAL_ADDRESS (700)") && e.contains("CUDA_LAUNCH_BLOCKING=1"),
                e);
        gpu.close(); // with every call failing from now on
    }

    private void closing() throws InterruptedException {
        long before = used();
        Gpu other = JCudaGpu.open();
        other.allocate(1 << 20, "not freed");
        List<Throwable> wrong = new ArrayList<>();
        Thread t = new Thread(() -> { // the context becomes that of whichever thread calls
            long a = other.allocate(4, "from another thread");
            other.free(a);
            other.close();
        });
        t.setUncaughtExceptionHandler((x, e) -> wrong.add(e));
        t.start();
        t.join();
        assertEquals(List.of(), wrong);
        assertEquals(before, used(), "memory is given back");
        other.close();
        assertThrows(IllegalStateException.class, other::synchronize);
        assertFalse(gpu.info().name().isEmpty());
    }
}
