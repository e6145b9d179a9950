package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Program;
import org.jmoco.backend.cuda.Gpu;
import org.jmoco.ptx.EmulatedGpu;
import org.jmoco.tensor.DType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands with {@code --backend cuda}, as they are typed on a GPU server, on the emulated device. */
class CudaCommandsTest {
    private static final String[] TINY = {"--batch", "4", "--image", "8", "--width", "4", "--splits", "2", "--queue", "9",
            "--dim", "8"};

    @TempDir
    private Path home;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final List<EmulatedGpu> devices = new ArrayList<>();
    private boolean branchLast;
    private Supplier<Gpu> device;
    private String user;

    @BeforeEach
    void emulate() {
        device = Backends.exchangeDevice(() -> {
            EmulatedGpu gpu = new EmulatedGpu(80);
            gpu.countTraffic(false);
            gpu.branchLast(branchLast);
            devices.add(gpu);
            return gpu;
        });
        user = System.setProperty("user.home", home.toString()); // choices of algorithms are kept below it
    }

    @AfterEach
    void restore() {
        Backends.exchangeDevice(device);
        System.setProperty("user.home", user);
    }

    private int run(String[] more, String... args) {
        String[] all = java.util.stream.Stream.of(args, more).flatMap(java.util.Arrays::stream).toArray(String[]::new);
        return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), all);
    }

    @Test
    void benchStep() throws Exception {
        for (String precision : new String[] {"f32", "bf16"}) {
            out.getBuffer().setLength(0);
            devices.clear();
            assertEquals(0, run(TINY, "bench", "step", "--backend", "cuda", "--precision", precision, "--steps", "3",
                    "--no-peaks", "--json"), err.toString());
            assertEquals(1, devices.size(), "to open a device and record a step on it takes seconds");
            JsonNode row = new ObjectMapper().readTree(out.toString());
            assertTrue(row.get("device").asText().contains("PTX machine sm_80"), row.toString());
            for (String name : new String[] {"images_per_s", "ms_median", "ms_min", "ms_max"}) { // scripts read them at the top
                assertTrue(row.get(name).asDouble() > 0, name + " in " + row);
            }
            assertTrue(row.get("rows").get(0).get("images_per_s").asDouble() > 0, row.toString());
        }
    }

    @Test
    void benchStepWithBranches() {
        assertEquals(0, run(TINY, "bench", "step", "--backend", "cuda", "--branches", "--steps", "3", "--no-peaks",
                "--time-steps"), err.toString());
        assertTrue(out.toString().contains("one graph per program, branches on a second stream"), out.toString());
        assertTrue(out.toString().contains("steps: " + Program.TIMED_IN_ORDER + System.lineSeparator()), out.toString());
        String keys = "(?s).*\n +1  k\\.conv1 .*";
        String queries = "(?s).*\n +-  q\\.conv1 .*";
        assertTrue(out.toString().matches(keys) && out.toString().matches(queries), out.toString());
    }

    @Test
    void benchStepWithEnginesOfCudnnsGraphInterface() {
        assertEquals(0, run(TINY, "bench", "step", "--backend", "cuda", "--cudnn-graph", "--steps", "3", "--no-peaks"),
                err.toString());
        assertTrue(out.toString().contains("one graph per program, convolutions also by cuDNN's graph interface"),
                out.toString());
        for (String other : new String[] {"cpu", "reference"}) {
            assertEquals(2, run(TINY, "bench", "step", "--backend", other, "--cudnn-graph"));
            String m = err.toString();
            assertTrue(m.contains(other + " backend: --cudnn-graph is the cuda backend's; leave it out"), m);
        }
    }

    @Test
    void benchStepByStepOfTheProgram() {
        assertEquals(0, run(TINY, "bench", "step", "--backend", "cuda", "--precision", "bf16", "--steps", "3", "--no-peaks",
                "--time-steps", "--no-graph"), err.toString());
        assertTrue(out.toString().startsWith("backend cuda: PTX machine sm_80"), out.toString());
        assertTrue(out.toString().contains("conv2d_bwd_w") && out.toString().contains("info_nce"), out.toString());
        assertFalse(out.toString().contains("branch"), out.toString());
    }

    /** All of it, on devices that hold a branch's work back until the join. */
    @Test
    void theQuickSelftestWithBranches() {
        branchLast = true;
        assertEquals(0, run(new String[0], "selftest", "--backend", "cuda", "--branches", "--quick"), out + err.toString());
        assertTrue(out.toString().contains("one graph per program, branches on a second stream"), out.toString());
        try (Backend cuda = Backends.open(BackendOptions.Name.CUDA, 1, DType.F32)) {
            SelftestCommandTest.assertQuickOnePassed(out.toString(), cuda);
        }
        assertTrue(out.toString().contains("PASS step: without graph and branches, the same bits"), out.toString());
        // 4 steps with branches, 1, 4, 2 and 2, 4; and 4 in order, to compare with. A fork for each library call that is loaded.
        List<Integer> forks = devices.stream().map(EmulatedGpu::forks).filter(n -> n > 0).toList();
        int loads = forks.get(1) - 1;
        assertEquals(List.of(4, 1, 4, 2, 2, 4), forks.stream().map(n -> n - loads).toList());
    }

    @Test
    void selftestOfSomeCases() {
        assertEquals(0, run(new String[0], "selftest", "--backend", "cuda", "--precision", "bf16", "--case",
                "sgd,enqueue,l2_norm", "--quick"), out + err.toString());
        assertTrue(out.toString().contains("4 of 4 parts passed"), out.toString());
    }
}
