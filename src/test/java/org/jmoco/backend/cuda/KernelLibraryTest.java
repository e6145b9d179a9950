package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class KernelLibraryTest {
    @Test
    void theNewestVariantThatTheDeviceRuns() {
        for (int[] c : new int[][] {{70, 70}, {75, 70}, {80, 80}, {86, 80}, {90, 80}, {120, 80}}) {
            ScriptedGpu gpu = new ScriptedGpu(c[0]);
            new KernelLibrary(gpu).kernel("elementwise", "relu_forward_f32");
            assertEquals(List.of("load elementwise.sm_" + c[1] + ".ptx"), gpu.log, "compute capability " + c[0]);
        }
    }

    @Test
    void modulesAreLoadedOnceAndKernelsKept() {
        ScriptedGpu gpu = new ScriptedGpu(90);
        KernelLibrary library = new KernelLibrary(gpu);
        Kernel k = library.kernel("elementwise", "relu_forward_f32");
        assertSame(k, library.kernel("elementwise", "relu_forward_f32"));
        library.kernel("elementwise", "relu_backward_f32");
        assertEquals(1, gpu.log.size());
        assertEquals(List.of("u64", "u64", "u32"), k.signature().parameters());
    }

    @Test
    void whatIsMissingIsNamed() {
        KernelLibrary old = new KernelLibrary(new ScriptedGpu(75));
        String m = assertThrows(GpuException.class, () -> old.kernel("elementwise", "convert_f32_bf16")).getMessage();
        assertTrue(m.contains("kernel convert_f32_bf16: none of elementwise.sm_70.ptx has it for a device of compute capability"
                + " 7.5"), m);
        m = assertThrows(GpuException.class, () -> old.kernel("nonsense", "x")).getMessage();
        assertTrue(m.contains("no kernels/ptx/nonsense.sm_*.ptx"), m);
        assertThrows(GpuException.class, () -> old.kernel("elementwise", "relu_forward_f3"),
                "an entry is found by its whole name");
    }
}
