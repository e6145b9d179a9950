package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** {@link JCudaGpu} and the loading of libraries, on stand-ins of NVIDIA's libraries that compute on the processor. */
class JCudaGpuTest {
    @TempDir
    private Path folder;

    private List<DynamicTest> drills(int cuda) throws IOException, InterruptedException {
        Path libraries = FakeCuda.build(folder.resolve("cuda" + cuda), cuda);
        FakeCuda.Outcome o = FakeCuda.run(libraries, folder, Map.of(), JCudaGpuDrill.class.getName());
        return JCudaGpuDrill.NAMES.stream().map(name -> DynamicTest.dynamicTest("CUDA " + cuda + " " + name,
                () -> assertTrue(o.text().lines().anyMatch(l -> l.equals("PASS " + name)), o.text()))).toList();
    }

    @TestFactory
    Stream<DynamicTest> onCuda12() throws IOException, InterruptedException {
        return drills(12).stream();
    }

    /** The same through a retargeted copy of JCublas2's native half, which the loader accepts against versioned symbols. */
    @TestFactory
    Stream<DynamicTest> onCuda13() throws IOException, InterruptedException {
        Stream<DynamicTest> drills = drills(13).stream();
        assertTrue(Files.exists(folder.resolve("cache/jmoco/cuda/jcuda-12.6.0-cuda13/libJCublas2-12.6.0-linux-x86_64.so")));
        return drills;
    }

    private String probe(Path libraries, Map<String, String> environment) throws IOException, InterruptedException {
        FakeCuda.Outcome o = FakeCuda.run(libraries, folder, environment, Probe.class.getName());
        assertEquals(0, o.code(), o.text());
        return o.text().lines().filter(l -> !l.startsWith("WARNING: Using incubator")).collect(Collectors.joining("\n"));
    }

    @Test
    void whyThereIsNoGpu() throws IOException, InterruptedException {
        Path libraries = FakeCuda.build(folder.resolve("cuda12"), 12);
        assertEquals("cuda backend: Paper GPU", probe(libraries, Map.of()));
        String none = probe(libraries, Map.of("FAKE_CUDA_FAIL", "cuInit:100"));
        assertTrue(none.startsWith("cuda backend: cuInit: CUDA_ERROR_NO_DEVICE (100): no CUDA-capable device is detected\n  cure: check that nvidia-smi"), none);
        assertTrue(probe(libraries, Map.of("FAKE_CUDA_DEVICES", "0")).startsWith("cuda backend: the driver shows no device\n  cure: "));
        assertTrue(probe(libraries, Map.of("FAKE_CUDA_MAJOR", "6")).startsWith("cuda backend: Paper GPU has compute capability 6.0; jmoco's kernels need 7.0"));
        assertTrue(probe(folder.resolve("nowhere"), Map.of()).contains("nowhere is not a folder"));
        Files.write(libraries.resolve("libcublas.so.12"), new byte[] {1, 2, 3});
        String damaged = probe(libraries, Map.of());
        assertTrue(damaged.contains("libcublas.so.12 is not an ELF file") || damaged.equals("cuda backend: Paper GPU"), damaged); // a real one elsewhere
    }

    /** Prints {@link CudaAvailability#message()}. */
    static final class Probe {
        public static void main(String[] args) {
            System.out.println(CudaAvailability.probe().message());
        }
    }
}
