package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jmoco.backend.cuda.FakeCuda;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorTest {
    @Test
    void whatIsMissingHasACure() {
        for (Doctor.Finding f : Doctor.examine()) {
            if (f.status() == Doctor.Status.MISSING) {
                assertNotNull(f.cure(), f.toString());
            }
        }
    }

    @Test
    void aHeapBelowOneGibibyteIsNotZero() {
        assertEquals("16 MiB", Doctor.size(16 << 20));
        assertEquals("1023 MiB", Doctor.size((1L << 30) - 1));
        assertEquals("1.0 GiB", Doctor.size(1L << 30));
        String memory = Doctor.examine().stream().filter(f -> f.subject().equals("memory")).findFirst().orElseThrow().text();
        assertTrue(memory.endsWith("Java heap up to " + Doctor.size(Runtime.getRuntime().maxMemory()) + " (JMOCO_HEAP)"), memory);
    }

    @Test
    void hugePagesAreJudgedByTheBracketedMode() {
        assertEquals(Doctor.Status.OK, Doctor.hugePages("always [madvise] never").status());
        assertEquals(Doctor.Status.OK, Doctor.hugePages("[always] madvise never").status());
        assertNull(Doctor.hugePages("always [madvise] never").cure());
        Doctor.Finding never = Doctor.hugePages("always madvise [never]");
        assertEquals(Doctor.Status.NOTE, never.status());
        assertNotNull(never.cure());
    }

    /** In a process of its own, with stand-ins of NVIDIA's libraries: CUDA 13 is named, CUDA 12 lies on the loader's path. */
    @Test
    void cudaIsToldWithPathsVersionsAndWhatIsShadowed(@TempDir Path folder) throws Exception {
        Path taken = FakeCuda.build(folder.resolve("thirteen"), 13);
        Path other = FakeCuda.build(folder.resolve("twelve"), 12);
        FakeCuda.Outcome o = FakeCuda.run(taken, folder, Map.of("LD_LIBRARY_PATH", other.toString(), "NVIDIA_TF32_OVERRIDE", "1"),
                Main.class.getName(), "doctor");
        assertEquals(0, o.code(), o.text());
        String text = o.text().replaceAll(" +", " ");
        assertTrue(text.contains("ok CUDA driver CUDA 13.0, " + taken + "/libcuda.so.1 (--cuda-libs or JMOCO_CUDA_LIBS)"), text);
        assertTrue(text.contains("ok CUDA device Paper GPU, compute capability 9.0, 7 multiprocessors, 0.3 GiB, 227 KiB shared"),
                text);
        assertTrue(text.contains("ok cuBLAS 13.3.4, " + taken + "/libcublas.so.13 (--cuda-libs or JMOCO_CUDA_LIBS)"), text);
        assertTrue(text.contains("; shadows") && text.contains(other + "/libcublas.so.12 (LD_LIBRARY_PATH)"), text);
        assertTrue(text.contains("ok cuDNN 9.5.1, for CUDA 13, " + taken + "/libcudnn.so.9"), text);
        assertTrue(text.contains("note tf32 override"), text);
        assertTrue(text.contains("ok --backend auto takes cuda: Paper GPU"), text);
        Files.delete(taken.resolve("libcudnn_ops.so.9"));
        Files.delete(other.resolve("libcudnn_ops.so.9"));
        String without = FakeCuda.run(taken, folder, Map.of("LD_LIBRARY_PATH", other.toString()), Main.class.getName(), "doctor")
                .text().replaceAll(" +", " ");
        // a real one elsewhere
        assertTrue(without.contains("libcudnn.so.9 lacks libcudnn_ops.so.9 beside it") || without.contains("ok cuDNN"), without);
    }
}
