package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.tensor.Bf16;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;
import org.junit.jupiter.api.Test;

/** What the backend asks of a device, in which order, and what it says when the device refuses. */
class CudaBackendTest {
    private static final ConvGeometry CONV = new ConvGeometry(2, 4, 4, 8, 8, 3, 3, 1, 1);

    private static CudaOptions f32() {
        return CudaOptions.of(Precision.F32);
    }

    /** Two convolutions of one problem and a linear layer. */
    private static Program record(CudaBackend b) {
        Buffer flat = b.declare(Region.PARAMETERS, "w", Shape.of(Math.toIntExact(CONV.filter().size())));
        Buffer x = b.declare(Region.INPUT, "x", CONV.x());
        Buffer fc = b.declare(Region.PARAMETERS, "fc", Shape.of(4, 8));
        Buffer bias = b.declare(Region.PARAMETERS, "bias", Shape.of(4));
        Buffer pooled = b.declare(Region.INPUT, "pooled", Shape.of(2, 8));
        Buffer y = b.declare(Region.OUTPUT, "y", Shape.of(2, 4));
        Recorder rec = b.record("three");
        Buffer a = rec.activation("a", CONV.y());
        Buffer c = rec.activation("c", CONV.y());
        rec.conv2dForward("first", CONV, a, x, flat.view("w1", 0, CONV.filter()));
        rec.conv2dForward("second", CONV, c, a, flat.view("w2", 0, CONV.filter()));
        rec.linearForward("fc", y, pooled, fc, bias);
        return rec.finish();
    }

    private static final String CONVOLUTION = "FORWARD ONLY " + CONV;
    private static final List<String> LINEAR = List.of("gemm m4 n2 k1", "gemm m4 n2 k8");

    private static List<String> concat(List<String> head, List<String> tail) {
        return java.util.stream.Stream.concat(head.stream(), tail.stream()).toList();
    }

    private static final List<String> STEPS = concat(List.of(CONVOLUTION, CONVOLUTION), LINEAR);

    @Test
    void aProgramIsOneGraphAndEveryLibraryCallIsMadeOnceBefore() {
        ScriptedGpu gpu = new ScriptedGpu(90);
        try (CudaBackend b = CudaBackend.open(gpu, f32())) {
            Program p = record(b);
            b.allocate();
            // The vector of ones is filled when the linear layer is bound; one convolution stands for both.
            assertEquals(concat(concat(List.of("fill", CONVOLUTION), LINEAR), List.of("capture three")), gpu.log);
            gpu.log.clear();
            p.run();
            assertEquals(concat(List.of("graph three"), STEPS), gpu.log);
            gpu.log.clear();
        }
        assertEquals(List.of("close graph three", "close FORWARD", "close device"), gpu.log);
    }

    @Test
    void withoutGraphsTheSameCallsAreMade() {
        ScriptedGpu gpu = new ScriptedGpu(90);
        try (CudaBackend b = CudaBackend.open(gpu, f32().withGraphs(false))) {
            Program p = record(b);
            b.allocate();
            assertEquals(List.of("fill"), gpu.log);
            gpu.log.clear();
            p.run();
            assertEquals(STEPS, gpu.log);
        }
    }

    // ---- branches ----------------------------------------------------------------------------------------------

    /** A convolution and a linear layer on a branch, the same beside it; sums of nothing, but in an order. */
    private static Program recordBranch(CudaBackend b) {
        Buffer filter = b.declare(Region.PARAMETERS, "w", CONV.filter());
        Buffer x = b.declare(Region.INPUT, "x", CONV.x());
        Buffer fc = b.declare(Region.PARAMETERS, "fc", Shape.of(4, 8));
        Buffer bias = b.declare(Region.PARAMETERS, "bias", Shape.of(4));
        Buffer pooled = b.declare(Region.INPUT, "pooled", Shape.of(2, 8));
        Buffer y = b.declare(Region.OUTPUT, "y", Shape.of(2, 4));
        Buffer z = b.declare(Region.OUTPUT, "z", Shape.of(2, 4));
        Recorder rec = b.record("two lines");
        Buffer key = rec.branch(() -> {
            Buffer k = rec.activation("k", CONV.y());
            rec.conv2dForward("k.conv", CONV, k, x, filter);
            rec.linearForward("k.fc", y, pooled, fc, bias);
            return k;
        });
        Buffer query = rec.activation("q", CONV.y());
        rec.conv2dForward("q.conv", CONV, query, x, filter);
        rec.join();
        rec.reluForward("both", query, key);
        rec.linearForward("q.fc", z, pooled, fc, bias);
        return rec.finish();
    }

    private static final List<String> ON_TWO_STREAMS = List.of("fork", CONVOLUTION, LINEAR.get(0), LINEAR.get(1), "main line",
            CONVOLUTION, "join", "relu_forward_f32", LINEAR.get(0), LINEAR.get(1));

    @Test
    void aBranchIsForkedAndJoinedInTheGraph() {
        ScriptedGpu gpu = new ScriptedGpu(90);
        try (CudaBackend b = CudaBackend.open(gpu, f32().withBranches(true))) {
            assertTrue(b.describe().contains("one graph per program, branches on a second stream, driver"), b.describe());
            Program p = recordBranch(b);
            b.allocate();
            // Each stream has its own handles, so each kind of library call is made on both.
            assertEquals(List.of("prepare branch", "fill", "load elementwise.sm_80.ptx", "fork", CONVOLUTION, "join", "fork",
                    LINEAR.get(0), LINEAR.get(1), "join", CONVOLUTION, LINEAR.get(0), LINEAR.get(1), "capture two lines"),
                    gpu.log);
            gpu.log.clear();
            p.run();
            assertEquals(concat(List.of("graph two lines"), ON_TWO_STREAMS), gpu.log);
        }
    }

    @Test
    void aBranchIsForkedAndJoinedStepByStep() {
        for (boolean branches : new boolean[] {true, false}) {
            ScriptedGpu gpu = new ScriptedGpu(90);
            try (CudaBackend b = CudaBackend.open(gpu, f32().withGraphs(false).withBranches(branches))) {
                Program p = recordBranch(b);
                b.allocate();
                gpu.log.clear();
                p.run();
                List<String> calls = new java.util.ArrayList<>(ON_TWO_STREAMS);
                if (!branches) {
                    calls.removeAll(List.of("fork", "main line", "join"));
                }
                assertEquals(calls, gpu.log);
            }
        }
    }

    @Test
    void theWorkspaceOfABranchIsItsOwn() {
        Dnn.Algorithm hungry = new Dnn.Algorithm(1, "HUNGRY", 1000, true);
        for (boolean branches : new boolean[] {true, false}) {
            ScriptedGpu gpu = new ScriptedGpu(90).convolution(Dnn.Direction.FORWARD, new ScriptedGpu.Script(hungry, 1000, null));
            try (CudaBackend b = CudaBackend.open(gpu, f32().withBranches(branches))) {
                recordBranch(b);
                b.allocate();
                long once = 1024; // 1000 bytes on whole cache lines, which are a multiple of 256 as well
                assertEquals(branches ? 2 * once : once, b.memory().bytes(Region.SCRATCH));
                long at = b.arena(Region.SCRATCH);
                assertEquals(branches ? List.of(at + once, at) : List.of(at), gpu.workspaces.stream().distinct().toList());
            }
        }
    }

    @Test
    void aFailingForkOrJoinIsNamedAndNothingStaysOnTheBranch() {
        for (String[] c : new String[][] {{"fork", "step 0 k.conv conv2d_fwd"}, {"FORWARD", "step 0 k.conv conv2d_fwd"},
                {"gemm", "step 1 k.fc linear_fwd"}, {"main line", "step 2 q.conv conv2d_fwd"},
                {"join", "step 3 both relu_fwd"}}) {
            ScriptedGpu gpu = new ScriptedGpu(90);
            try (CudaBackend b = CudaBackend.open(gpu, f32().withGraphs(false).withBranches(true))) {
                Program p = recordBranch(b);
                b.allocate();
                gpu.log.clear();
                gpu.fail(c[0]);
                String m = assertThrows(GpuException.class, p::run).getMessage();
                assertTrue(m.startsWith("program two lines, " + c[1]) && m.contains(" on Scripted 1: " + c[0])
                        && m.contains("CUDA_ERROR_SCRIPTED"), m);
                boolean joined = gpu.log.contains("fork") && !c[0].equals("join");
                assertEquals(joined, gpu.log.contains("join"), "a fork is joined: " + gpu.log);
            }
        }
    }

    // ---- memory, failures, descriptions ------------------------------------------------------------------------

    @Test
    void nothingIsAllocatedWhileAProgramRuns() {
        ScriptedGpu gpu = new ScriptedGpu(90);
        try (CudaBackend b = CudaBackend.open(gpu, f32())) {
            Program p = record(b);
            b.allocate();
            long used = gpu.usedBytes();
            long ones = 2 * 4;
            assertEquals(b.memory().totalBytes() + ones, used, "the plan is what is allocated");
            p.run();
            p.run();
            assertEquals(used, gpu.usedBytes());
        }
    }

    @Test
    void aFailingStepIsNamed() {
        ScriptedGpu gpu = new ScriptedGpu(90);
        try (CudaBackend b = CudaBackend.open(gpu, f32().withGraphs(false))) {
            Program p = record(b);
            b.allocate();
            gpu.fail("gemm m4 n2 k8");
            String m = assertThrows(GpuException.class, p::run).getMessage();
            assertTrue(m.startsWith("program three, step 2 fc linear_fwd n2 c8 k4 on Scripted 1: gemm m4 n2 k8:"
                    + " CUDA_ERROR_SCRIPTED"), m);
            assertTrue(m.contains("--check-steps"), m);
        }
    }

    @Test
    void aFailingGraphAndAFaultThatShowsLaterSayHowToFindTheStep() {
        ScriptedGpu gpu = new ScriptedGpu(90);
        try (CudaBackend b = CudaBackend.open(gpu, f32())) {
            Program p = record(b);
            b.allocate();
            p.run();
            gpu.failAtWait("CUDA_ERROR_ILLEGAL_ADDRESS");
            Buffer y = p.steps().getLast().writes().getFirst();
            String later = assertThrows(GpuException.class, () -> b.download(y)).getMessage();
            assertTrue(later.startsWith("after program three on Scripted 1: cuStreamSynchronize: CUDA_ERROR_ILLEGAL_ADDRESS")
                    && later.contains("--check-steps"), later);
            gpu.fail("graph");
            String m = assertThrows(GpuException.class, p::run).getMessage();
            assertTrue(m.startsWith("program three on Scripted 1: graph three") && m.contains("--check-steps"), m);
        }
    }

    @Test
    void checkedStepsNameTheCulprit() {
        ScriptedGpu gpu = new ScriptedGpu(90);
        try (CudaBackend b = CudaBackend.open(gpu, f32().withCheckedSteps())) {
            Program p = record(b);
            b.allocate();
            gpu.failAtWait("CUDA_ERROR_ILLEGAL_ADDRESS");
            String m = assertThrows(GpuException.class, p::run).getMessage();
            assertTrue(m.startsWith("program three, step 0 first conv2d_fwd " + CONV) && !m.contains("--check-steps"), m);
            assertEquals(1, gpu.log.stream().filter(CONVOLUTION::equals).count(), "no later step was started");
        }
    }

    @Test
    void outOfMemorySaysWhoNeedsHowMuchAndWhatLowersIt() {
        ScriptedGpu gpu = new ScriptedGpu(90);
        try (CudaBackend b = CudaBackend.open(gpu, f32())) {
            b.declare(Region.STATE, "queue", Shape.of(1024, 128));
            b.declare(Region.INPUT, "images", Shape.of(512, 64, 64, 3));
            String m = assertThrows(UserError.class, b::allocate).getMessage();
            assertTrue(m.startsWith("cuda backend: out of device memory. The arena input (batches, labels, learning rate) needs"
                    + " 25.2 MB, but 16.3 MB are free on Scripted 1 after 0.5 MB of this run."), m);
            assertTrue(m.contains("queue, counters") && m.contains("total"), m);
            assertTrue(m.endsWith("Lower it by --batch, --image, --precision bf16 or --width."), m);
        }
    }

    @Test
    void theCureFitsTheLargestArena() {
        for (Object[] c : new Object[][] {{Region.STATE, "--queue or --dim."}, {Region.PARAMETERS, "--width."},
                {Region.DATA, "--feed host, which keeps the images in the host's memory."}}) {
            try (CudaBackend b = CudaBackend.open(new ScriptedGpu(90), f32())) {
                b.declare((Region) c[0], "large", Shape.of(8 << 20));
                String m = assertThrows(UserError.class, b::allocate).getMessage();
                assertTrue(m.endsWith("Lower it by " + c[1]), m);
            }
        }
    }

    /** Branches keep feature maps apart: without them the same step takes less. */
    @Test
    void leavingOutBranchesIsACureForActivations() {
        for (boolean branches : new boolean[] {true, false}) {
            try (CudaBackend b = CudaBackend.open(new ScriptedGpu(90), f32().withBranches(branches))) {
                Recorder rec = b.record("large");
                Buffer small = rec.activation("small", Shape.of(1));
                rec.branch(() -> {
                    rec.fill("k", rec.activation("large", Shape.of(8 << 20)), 1);
                    return null;
                });
                rec.fill("q", small, 1);
                rec.join();
                rec.finish();
                String m = assertThrows(UserError.class, b::allocate).getMessage();
                assertTrue(m.endsWith("Lower it by --batch, --image, --precision bf16 or --width"
                        + (branches ? ", or leave out --branches." : ".")), m);
            }
        }
    }

    @Test
    void aDeviceWithoutRoomForASecondStreamIsClosed() {
        ScriptedGpu gpu = new ScriptedGpu(90);
        gpu.fail("prepare branch");
        assertThrows(GpuOutOfMemoryException.class, () -> CudaBackend.open(gpu, f32().withBranches(true)));
        assertEquals(List.of("close device"), gpu.log);
        assertEquals(List.of("prepare branch"), opened(f32().withBranches(true)));
        assertEquals(List.of(), opened(f32()));
    }

    private static List<String> opened(CudaOptions options) {
        ScriptedGpu gpu = new ScriptedGpu(90);
        CudaBackend.open(gpu, options);
        return List.copyOf(gpu.log);
    }

    @Test
    void tooOldADeviceIsRefusedAndClosed() {
        ScriptedGpu pascal = new ScriptedGpu(61);
        assertTrue(assertThrows(UserError.class, () -> CudaBackend.open(pascal, f32())).getMessage()
                .contains("has compute capability 6.1, but jmoco needs compute capability 7.0"));
        assertEquals(List.of("close device"), pascal.log);
        for (Precision p : List.of(Precision.TF32, Precision.BF16)) {
            String m = assertThrows(UserError.class, () -> CudaBackend.open(new ScriptedGpu(75), CudaOptions.of(p))).getMessage();
            assertTrue(m.contains("--precision " + p + " needs 8.0") && m.contains("--precision f32"), m);
        }
    }

    @Test
    void describesDeviceAndChoices() {
        try (CudaBackend b = CudaBackend.open(new ScriptedGpu(90), CudaOptions.of(Precision.BF16).withDeterministic(false))) {
            assertEquals("cuda: Scripted 1 (9.0, 2 SMs, 0.0 GB), bf16, one graph per program, not deterministic, driver 13.0,"
                    + " cuBLAS 12.6.4, cuDNN 9.5.1", b.describe());
            assertEquals("cuda bf16", b.arithmetic());
        }
    }

    // ---- copies ------------------------------------------------------------------------------------------------

    /** More than one piece of the staging block. */
    private static final int LONG = (4 << 20) / 4 + 13;

    @Test
    void valuesComeBackAsTheyWere() {
        try (CudaBackend b = CudaBackend.open(new ScriptedGpu(90), f32())) {
            Buffer floats = b.declare(Region.STATE, "floats", Shape.of(LONG));
            Buffer ints = b.memory().declare(Region.STATE, "ints", DType.I32, Shape.of(7));
            Buffer bytes = b.memory().declare(Region.DATA, "bytes", DType.U8, Shape.of(1 << 20));
            b.allocate();
            float[] f = new float[LONG];
            for (int i = 0; i < LONG; i++) {
                f[i] = i * 0.37f;
            }
            b.upload(floats, HostTensor.of(Shape.of(LONG), f));
            assertArrayEquals(f, b.download(floats).floats());
            int[] i = {1, -2, Integer.MIN_VALUE, 4, 5, 6, Integer.MAX_VALUE};
            b.upload(ints, HostTensor.of(Shape.of(7), i));
            assertArrayEquals(i, b.download(ints).ints());
            byte[] u = {7, -1, 0, 127, -128};
            b.upload(bytes.view("some", 12345, Shape.of(5)), HostTensor.of(Shape.of(5), u));
            assertArrayEquals(u, b.download(bytes.view("again", 12345, Shape.of(5))).bytes());
            assertEquals(0, b.download(bytes).bytes()[12344]);
            b.upload(floats.view("one", 3, Shape.SCALAR), HostTensor.scalar(0.1));
            assertEquals(0.1f, b.download(floats).floats()[3], "f64 is rounded to f32");
            assertThrows(IllegalArgumentException.class, () -> b.upload(ints, HostTensor.of(Shape.of(7), new float[7])));
            assertThrows(IllegalArgumentException.class, () -> b.upload(floats, HostTensor.scalar(1)));
        }
    }

    @Test
    void inBf16FeatureMapsAreRoundedAndWeightsHaveACopy() {
        ScriptedGpu gpu = new ScriptedGpu(90);
        try (CudaBackend b = CudaBackend.open(gpu, CudaOptions.of(Precision.BF16))) {
            Buffer images = b.declare(Region.INPUT, "images", Shape.of(1, 2, 2, 3));
            Buffer features = b.declare(Region.INPUT, "features", Shape.of(3, 4));
            Buffer other = b.declare(Region.PARAMETERS, "other", Shape.of(5));
            Buffer weights = b.declare(Region.PARAMETERS, "weights", Shape.of(40));
            assertEquals(DType.BF16, images.dtype());
            assertEquals(DType.F32, features.dtype());
            b.allocate();
            float[] v = new float[12];
            for (int i = 0; i < v.length; i++) {
                v[i] = 1 + i * 0x1p-9f;
            }
            b.upload(images, HostTensor.of(images.shape(), v));
            b.upload(features, HostTensor.of(features.shape(), v));
            assertArrayEquals(v, b.download(features).floats());
            float[] rounded = b.download(images).floats();
            Buffer part = weights.view("part", 16, Shape.of(12));
            b.upload(part, HostTensor.of(Shape.of(12), v));
            assertArrayEquals(v, b.download(part).floats());
            short[] copy = bf16(gpu, b.computeAddress(part), 12);
            for (int i = 0; i < v.length; i++) {
                assertEquals(Bf16.round(v[i]), rounded[i]);
                assertEquals(Bf16.bits(v[i]), copy[i]);
            }
            assertEquals(b.memory().bytes(Region.PARAMETERS), 2 * b.memory().bytes(Region.WEIGHT_COPIES));
            assertEquals(0, b.computeAddress(weights) % 32);
            assertEquals(0, bf16(gpu, b.computeAddress(other), 1)[0], "the rest stays as it was");
        }
    }

    private static short[] bf16(ScriptedGpu gpu, long address, int n) {
        try (var arena = java.lang.foreign.Arena.ofConfined()) {
            var segment = arena.allocate(2L * n);
            gpu.download(segment, address);
            return segment.toArray(java.lang.foreign.ValueLayout.JAVA_SHORT);
        }
    }

    @Test
    void inBf16FiltersMustBeWhereCopiesAre() {
        try (CudaBackend b = CudaBackend.open(new ScriptedGpu(90), CudaOptions.of(Precision.BF16))) {
            Buffer w = b.declare(Region.STATE, "flat", Shape.of(Math.toIntExact(CONV.filter().size())))
                    .view("w", 0, CONV.filter());
            Buffer x = b.declare(Region.INPUT, "x", CONV.x());
            Recorder rec = b.record("p");
            String m = assertThrows(IllegalArgumentException.class,
                    () -> rec.conv2dForward("c", CONV, rec.activation("y", CONV.y()), x, w)).getMessage();
            assertTrue(m.contains("region PARAMETERS"), m);
        }
    }

    @Test
    void inBf16FilterGradientsGoThroughScratch() {
        ScriptedGpu gpu = new ScriptedGpu(90);
        try (CudaBackend b = CudaBackend.open(gpu, CudaOptions.of(Precision.BF16).withGraphs(false))) {
            Buffer dw = b.declare(Region.GRADIENTS, "dw", Shape.of(Math.toIntExact(CONV.filter().size())))
                    .view("dw", 0, CONV.filter());
            Buffer x = b.declare(Region.INPUT, "x", CONV.x());
            Buffer dy = b.declare(Region.INPUT, "dy", CONV.y());
            Recorder rec = b.record("p");
            rec.conv2dBackwardWeights("c", CONV, dw, x, dy, false);
            rec.conv2dBackwardWeights("c", CONV, dw, x, dy, true);
            Program p = rec.finish();
            b.allocate();
            assertTrue(b.memory().bytes(Region.SCRATCH) >= 2 * CONV.filter().size());
            p.run();
            assertEquals(List.of("load elementwise.sm_80.ptx", "BACKWARD_WEIGHTS ONLY " + CONV, "convert_bf16_f32",
                    "BACKWARD_WEIGHTS ONLY " + CONV, "add_bf16_f32"), gpu.log);
        }
    }

    @Test
    void aClosedBackendIsUnusable() {
        CudaBackend b = CudaBackend.open(new ScriptedGpu(90), f32());
        Program p = record(b);
        Buffer x = p.steps().getFirst().reads().getFirst();
        b.allocate();
        b.close();
        b.close();
        assertThrows(IllegalStateException.class, p::run);
        assertThrows(IllegalStateException.class, () -> b.download(x));
        assertFalse(b.describe().isEmpty());
    }
}
