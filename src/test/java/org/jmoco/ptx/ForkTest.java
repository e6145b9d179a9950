package org.jmoco.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import org.jmoco.backend.cuda.GpuGraph;
import org.jmoco.backend.cuda.Launch.Dim;
import org.jmoco.backend.cuda.Precision;
import org.jmoco.tensor.DType;
import org.junit.jupiter.api.Test;

/** Two streams: what is ordered, what is a race, and what the device refuses. */
class ForkTest {
    /** More than a warp: the first one finds out where memory is, the others go the short way. */
    private static final int N = 40;
    /** y[i] = x[i] + 1 by one thread for each element. */
    private static final String INCREMENT = """
            .version 8.0
            .target sm_70
            .address_size 64
            .visible .entry increment(
                .param .u64 y, .param .u64 x
            )
            {
                .reg .f32 %f<3>; .reg .b32 %r<2>; .reg .b64 %rd<6>;
                ld.param.u64 %rd1, [y];
                ld.param.u64 %rd2, [x];
                mov.u32 %r1, %tid.x;
                mul.wide.s32 %rd3, %r1, 4;
                add.s64 %rd4, %rd1, %rd3;
                add.s64 %rd5, %rd2, %rd3;
                ld.global.f32 %f1, [%rd5];
                add.rn.f32 %f2, %f1, 0f3F800000;
                st.global.f32 [%rd4], %f2;
                ret;
            }
            """;

    private final EmulatedGpu gpu = new EmulatedGpu(70, 1 << 20);
    private final long increment = gpu.load("increment.ptx", INCREMENT).function("increment");
    private final long a = floats("a", from(1));
    private final long b = floats("b", new float[N]);
    private final long c = floats("c", new float[N]);
    private final long d = floats("d", new float[N]);

    ForkTest() {
        gpu.prepareBranch();
    }

    /** first, first + 1, ... */
    private static float[] from(int first) {
        float[] v = new float[N];
        for (int i = 0; i < N; i++) {
            v[i] = first + i;
        }
        return v;
    }

    private long floats(String name, float... values) {
        long at = gpu.allocate(4L * values.length, name);
        gpu.upload(at, MemorySegment.ofArray(values));
        return at;
    }

    private float[] values(long at) {
        float[] v = new float[N];
        gpu.download(MemorySegment.ofArray(v), at);
        return v;
    }

    private void increment(long y, long x) {
        gpu.launch(increment, Dim.of(1), Dim.of(N), 0, y, x);
    }

    private void beside(Runnable branch, Runnable main) {
        gpu.fork();
        gpu.step("left");
        branch.run();
        gpu.mainLine();
        gpu.step("right");
        main.run();
        gpu.join();
    }

    /** As steps and as a graph, with the branch first and last; the device is usable afterwards. */
    private void assertRace(String does, String did, Runnable branch, Runnable main) {
        for (boolean late : new boolean[] {false, true}) {
            gpu.branchLast(late);
            String second = late ? "left" : "right";
            String first = late ? "right" : "left";
            GpuGraph graph = gpu.capture("race", () -> beside(branch, main));
            for (int i = 0; i < 2; i++) {
                assertMessage("race between streams: step " + second, "step " + first, late ? did : does, late ? does : did,
                        graph::launch);
            }
            assertMessage("race between streams: step " + second, "step " + first, late ? did : does, late ? does : did, () -> {
                try {
                    beside(branch, main);
                } catch (PtxFault e) {
                    if (!late) {
                        gpu.join();
                    }
                    throw e;
                }
            });
        }
        gpu.branchLast(false);
        increment(b, a);
        increment(a, b);
    }

    private static void assertMessage(String start, String other, String does, String did, Runnable run) {
        String m = assertThrows(PtxFault.class, run::run).getMessage();
        boolean both = m.contains(" " + does + " what " + other) && m.contains(" " + did + ", and no join");
        assertTrue(m.startsWith(start) && both, m);
    }

    @Test
    void oneWritesWhatTheOtherTouches() {
        assertRace("reads", "writes", () -> increment(b, a), () -> increment(c, b));
        assertRace("writes", "reads", () -> increment(c, b), () -> increment(b, a));
        assertRace("writes", "writes", () -> increment(c, a), () -> increment(c, b));
        assertRace("writes", "writes", () -> gpu.fill(b, 0, N), () -> gpu.copy(b, a, 4));
        assertRace("reads", "writes", () -> gpu.fill(a + 4, 0, 1), () -> gpu.copy(b, a, 8));
        Runnable product = () -> gpu.blas().gemm(false, false, 2, 2, 1, 1, a, DType.F32, 2, b, DType.F32, 1, 0, c, DType.F32, 2,
                Precision.F32);
        assertRace("writes", "reads", product, () -> increment(b, a));
        assertRace("reads", "writes", product, () -> gpu.copy(d, c + 8, 4));
        long last = 4L * (N - 1);
        assertRace("reads", "writes", () -> increment(b, a), () -> gpu.copy(d, b + last, 4));
        assertRace("writes", "reads", () -> increment(b, a), () -> gpu.fill(a + last, 0, 1));
        assertRace("writes", "reads", () -> increment(b, a), () -> gpu.fill(a, 0, 1)); // the first warp's
    }

    @Test
    void bothMayReadAndWhatIsBeforeAndBehindIsOrdered() {
        for (boolean late : new boolean[] {false, true}) {
            gpu.branchLast(late);
            gpu.fill(b, 0, N);
            GpuGraph graph = gpu.capture("fine", () -> {
                increment(a, a);
                beside(() -> increment(b, a), () -> increment(c, a));
                increment(a, b);
                beside(() -> increment(c, a), () -> gpu.copy(b, a, 8));
            });
            gpu.upload(a, MemorySegment.ofArray(from(1)));
            graph.launch();
            assertArrayEquals(from(4), values(a));
            float[] copied = from(3);
            System.arraycopy(from(4), 0, copied, 0, 2);
            assertArrayEquals(copied, values(b));
            assertArrayEquals(from(5), values(c));
        }
    }

    @Test
    void aBranchThatIsHeldBackRunsAtTheJoinOrWhenSomebodyWaits() {
        gpu.branchLast(true);
        gpu.fork();
        increment(b, a);
        assertEquals(0, values(b)[0]);
        gpu.synchronize();
        assertEquals(2, values(b)[0]);
        increment(c, a);
        gpu.mainLine();
        assertEquals(0, values(c)[0]);
        gpu.join();
        assertEquals(2, values(c)[0]);
    }

    @Test
    void forksAreInOrder() {
        assertRefused("fork: within a fork", () -> {
            gpu.fork();
            gpu.fork();
        });
        gpu.join();
        assertRefused("join: without a fork", gpu::join);
        assertRefused("mainLine: without a fork", gpu::mainLine);
        assertRefused("CUDA_ERROR_STREAM_CAPTURE_UNJOINED", () -> gpu.capture("open", gpu::fork));
        assertRefused("cuStreamCreate: not permitted while the stream is captured",
                () -> gpu.capture("prepare", gpu::prepareBranch));
        gpu.fork();
        gpu.join();
        assertRefused("fork: before prepareBranch", new EmulatedGpu(70, 1 << 20)::fork);
    }

    private static void assertRefused(String part, Runnable run) {
        String m = assertThrows(PtxFault.class, run::run).getMessage();
        assertTrue(m.contains(part), m);
    }
}
