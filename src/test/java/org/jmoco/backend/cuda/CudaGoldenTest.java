package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jmoco.app.golden.GoldenRun;
import org.jmoco.ptx.EmulatedGpu;
import org.jmoco.tensor.DType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The golden files at full size on the emulated device: minutes each, so only where it is asked for. The build runs the same
 * steps at a reduced size.
 */
class CudaGoldenTest {
    private static final String WANTED = "jmoco.golden.device";
    private static final Path GOLDEN = Path.of(System.getProperty("jmoco.shared", "../shared"), "golden");

    @ParameterizedTest
    @ValueSource(strings = {"finetune_splits8_dim2.json", "moco_splits1_asym.json", "moco_splits1_sym.json",
            "moco_splits8_asym.json", "moco_splits8_sym.json"})
    void withinTheBoundsOfF32(String name) {
        assumeTrue(Boolean.getBoolean(WANTED), "skipped: takes minutes; -D" + WANTED + "=true runs it");
        Path file = GOLDEN.resolve(name);
        assumeTrue(Files.exists(file), "skipped: " + file + " is not here (set -Djmoco.shared=DIR)");
        EmulatedGpu gpu = new EmulatedGpu(80, 4L << 30);
        gpu.countTraffic(false);
        StringWriter out = new StringWriter();
        boolean passed = GoldenRun.run(file, () -> CudaBackend.open(gpu, CudaOptions.of(Precision.F32)), DType.F32,
                new PrintWriter(out));
        System.out.println(out); // whoever asked for it wants the figures
        assertTrue(passed, out::toString);
    }
}
