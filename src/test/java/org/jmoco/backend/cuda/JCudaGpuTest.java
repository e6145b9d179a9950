package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** {@link JCudaGpu} and the loading of libraries, on stand-ins of NVIDIA's libraries that compute on the processor. */
class JCudaGpuTest {
    /** The stand-ins, compiled once. */
    @TempDir
    private static Path standIns;

    private static final Map<Integer, Path> BUILT = new HashMap<>(); // by version of CUDA

    @TempDir
    private Path folder;

    private static synchronized Path libraries(int cuda) throws IOException, InterruptedException {
        if (!BUILT.containsKey(cuda)) {
            BUILT.put(cuda, FakeCuda.build(standIns.resolve("cuda" + cuda), cuda));
        }
        return BUILT.get(cuda);
    }

    private List<DynamicTest> drills(int cuda) throws IOException, InterruptedException {
        FakeCuda.Outcome o = FakeCuda.run(libraries(cuda), folder, Map.of(), JCudaGpuDrill.class.getName());
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

    /** A process for each reason, since libraries stay loaded for the life of one. */
    @TestFactory
    Stream<DynamicTest> whyThereIsNoGpu() throws IOException, InterruptedException {
        Path libraries = libraries(12);
        return Stream.of(
                why("nothing is wrong", libraries, Map.of(), text -> assertEquals("cuda backend: Paper GPU", text)),
                why("no device", libraries, Map.of("FAKE_CUDA_FAIL", "cuInit:100"), text ->
                        assertTrue(text.startsWith("cuda backend: cuInit: CUDA_ERROR_NO_DEVICE (100): no CUDA-capable device is"
                                + " detected\n  cure: check that nvidia-smi"), text)),
                why("none is shown", libraries, Map.of("FAKE_CUDA_DEVICES", "0"), text ->
                        assertTrue(text.startsWith("cuda backend: the driver shows no device\n  cure: "), text)),
                why("too old", libraries, Map.of("FAKE_CUDA_MAJOR", "6"), text -> assertTrue(text.startsWith(
                        "cuda backend: Paper GPU has compute capability 6.0; jmoco's kernels need 7.0"), text)),
                why("no such folder", folder.resolve("nowhere"), Map.of(), text ->
                        assertTrue(text.contains("nowhere is not a folder"), text)),
                DynamicTest.dynamicTest("a damaged library", () -> {
                    Path damaged = FakeCuda.build(folder.resolve("damaged"), 12);
                    Files.write(damaged.resolve("libcublas.so.12"), new byte[] {1, 2, 3});
                    String text = probe(damaged, Map.of());
                    assertTrue(text.contains("libcublas.so.12 is not an ELF file") || text.equals("cuda backend: Paper GPU"),
                            text); // a real one elsewhere
                }));
    }

    private DynamicTest why(String name, Path libraries, Map<String, String> environment, Consumer<String> check) {
        return DynamicTest.dynamicTest(name, () -> check.accept(probe(libraries, environment)));
    }

    /** Prints {@link CudaAvailability#message()}. */
    static final class Probe {
        public static void main(String[] args) {
            System.out.println(CudaAvailability.probe().message());
        }
    }
}
