package org.jmoco.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import org.jmoco.backend.cuda.GpuException;
import org.jmoco.backend.cuda.GpuGraph;
import org.jmoco.backend.cuda.GpuOutOfMemoryException;
import org.jmoco.backend.cuda.Launch.Dim;
import org.junit.jupiter.api.Test;

/** The device's calls: memory, launch, capture, and what it refuses. */
class EmulatedGpuTest {
    private static final String SAXPY = """
            .version 8.0
            .target sm_70
            .address_size 64
            .visible .entry saxpy(
                .param .u64 y, .param .u64 x, .param .f32 a, .param .u32 n
            )
            {
                .reg .pred %p<2>; .reg .f32 %f<5>; .reg .b32 %r<6>; .reg .b64 %rd<8>;
                ld.param.u64 %rd1, [y];
                ld.param.u64 %rd2, [x];
                ld.param.f32 %f1, [a];
                ld.param.u32 %r2, [n];
                mov.u32 %r3, %ctaid.x;
                mov.u32 %r4, %ntid.x;
                mov.u32 %r5, %tid.x;
                mad.lo.s32 %r1, %r3, %r4, %r5;
                setp.ge.s32 %p1, %r1, %r2;
                @%p1 bra DONE;
                cvta.to.global.u64 %rd3, %rd1;
                cvta.to.global.u64 %rd4, %rd2;
                mul.wide.s32 %rd5, %r1, 4;
                add.s64 %rd6, %rd4, %rd5;
                add.s64 %rd7, %rd3, %rd5;
                ld.global.f32 %f2, [%rd7];
                ld.global.nc.f32 %f3, [%rd6];
                fma.rn.f32 %f4, %f1, %f3, %f2;
                st.global.f32 [%rd7], %f4;
            DONE:
                ret;
            }
            """;

    private final EmulatedGpu gpu = new EmulatedGpu(70, 1 << 20);
    private final long saxpy = gpu.load("saxpy.ptx", SAXPY).function("saxpy");
    private final long x = upload(1, 2, 3, 4, 5);
    private final long y = upload(10, 20, 30, 40, 50);

    private long upload(float... values) {
        long at = gpu.allocate(4L * values.length, "floats");
        gpu.upload(at, MemorySegment.ofArray(values));
        return at;
    }

    private float[] download(long at, int n) {
        float[] values = new float[n];
        gpu.download(MemorySegment.ofArray(values), at);
        return values;
    }

    @Test
    void launchComputes() {
        gpu.launch(saxpy, Dim.of(2), Dim.of(3), 0, y, x, 2f, 5);
        assertArrayEquals(new float[] {12, 24, 36, 48, 60}, download(y, 5));
        LaunchCounts c = gpu.counts("saxpy");
        assertEquals(5, c.of(InstructionClass.FLOAT32));
        assertEquals(40, c.globalBytesRead());
        assertEquals(20, c.globalBytesWritten());
    }

    @Test
    void captureRunsNothingAndReplayEverything() {
        long z = upload(new float[5]);
        GpuGraph graph = gpu.capture("twice", () -> {
            gpu.launch(saxpy, Dim.of(1), Dim.of(32), 0, y, x, 1f, 5);
            gpu.copy(z, y, 20);
            gpu.fill(y, 0, 5);
        });
        assertArrayEquals(new float[] {10, 20, 30, 40, 50}, download(y, 5), "nothing runs while it is captured");
        graph.launch();
        assertArrayEquals(new float[] {11, 22, 33, 44, 55}, download(z, 5));
        graph.launch();
        assertArrayEquals(new float[] {1, 2, 3, 4, 5}, download(z, 5));
        graph.close();
        assertThrows(GpuException.class, graph::launch);
    }

    @Test
    void synchronousCallsAreRefusedWhileCapturing() {
        assertRefused("cuMemcpyHtoD", () -> gpu.upload(x, MemorySegment.ofArray(new float[5])));
        assertRefused("cuMemcpyDtoH", () -> download(x, 5));
        assertRefused("cuStreamSynchronize", gpu::synchronize);
        assertRefused("cuMemAlloc", () -> gpu.allocate(4, "more"));
        gpu.launch(saxpy, Dim.of(1), Dim.of(32), 0, y, x, 1f, 5);
        assertArrayEquals(new float[] {11, 22, 33, 44, 55}, download(y, 5), "the stream is usable after a failed capture");
    }

    private void assertRefused(String call, Runnable body) {
        String message = assertThrows(GpuException.class, () -> gpu.capture("bad", body)).getMessage();
        assertTrue(message.contains(call) && message.contains("CAPTURE"), message);
    }

    @Test
    void wrongLaunchesAreRefused() {
        assertFault("4 parameters", () -> gpu.launch(saxpy, Dim.of(1), Dim.of(32), 0, y, x, 1f));
        assertFault("parameter 3", () -> gpu.launch(saxpy, Dim.of(1), Dim.of(32), 0, y, x, 1f, 5L));
        assertFault("1024 threads", () -> gpu.launch(saxpy, Dim.of(1), Dim.of(1025), 0, y, x, 1f, 5));
        assertFault("shared memory", () -> gpu.launch(saxpy, Dim.of(1), Dim.of(32), 1 << 20, y, x, 1f, 5));
        assertFault("INVALID_HANDLE", () -> gpu.launch(7, Dim.of(1), Dim.of(32), 0));
        assertFault("no entry nothing", () -> gpu.load("saxpy.ptx", SAXPY).function("nothing"));
        assertFault("is for sm_80", () -> gpu.load("saxpy.ptx", SAXPY.replace("sm_70", "sm_80")));
    }

    private static void assertFault(String part, Runnable body) {
        String message = assertThrows(PtxFault.class, body::run).getMessage();
        assertTrue(message.contains(part), message);
    }

    @Test
    void memoryEnds() {
        GpuOutOfMemoryException e = assertThrows(GpuOutOfMemoryException.class, () -> gpu.allocate(1 << 20, "arena"));
        assertEquals((1 << 20) - 40, e.freeBytes());
        gpu.free(x);
        assertEquals((1 << 20) - 20, assertThrows(GpuOutOfMemoryException.class, () ->
                gpu.allocate(1 << 20, "arena")).freeBytes());
    }

    @Test
    void anIndexTooFarNamesWhereItWent() {
        String message = assertThrows(PtxFault.class, () -> gpu.launch(saxpy, Dim.of(2), Dim.of(3), 0, y, x, 2f, 6)).getMessage();
        assertEquals("kernel saxpy, saxpy.ptx:24: ld.global.f32 %f2, [%rd7]; block (1,0,0) thread (2,0,0): out of bounds: "
                + "4 bytes at 0x7f1000100114, directly behind the end of 'floats' (20 bytes at 0x7f1000100100)", message);
    }
}
