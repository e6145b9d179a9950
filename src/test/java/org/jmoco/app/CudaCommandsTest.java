package org.jmoco.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.jmoco.backend.cuda.Gpu;
import org.jmoco.ptx.EmulatedGpu;
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
    private Supplier<Gpu> device;
    private String user;

    @BeforeEach
    void emulate() {
        device = Backends.exchangeDevice(() -> {
            EmulatedGpu gpu = new EmulatedGpu(80);
            gpu.countTraffic(false);
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
            assertEquals(0, run(TINY, "bench", "step", "--backend", "cuda", "--precision", precision, "--steps", "3",
                    "--no-peaks", "--json"), err.toString());
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
        assertEquals(0, run(TINY, "bench", "step", "--backend", "cuda", "--branches", "--steps", "3", "--no-peaks"),
                err.toString());
        assertTrue(out.toString().contains("one graph per program, branches on a second stream"), out.toString());
        for (String other : new String[] {"cpu", "reference"}) {
            assertEquals(2, run(TINY, "bench", "step", "--backend", other, "--branches"));
            String m = err.toString();
            assertTrue(m.contains(other + " backend: --branches is the cuda backend's; leave it out"), m);
        }
    }

    @Test
    void benchStepWithEnginesOfCudnnsGraphInterface() {
        assertEquals(0, run(TINY, "bench", "step", "--backend", "cuda", "--cudnn-graph", "--steps", "3", "--no-peaks"), err.toString());
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
    }

    @Test
    void selftestOfSomeCases() {
        assertEquals(0, run(new String[0], "selftest", "--backend", "cuda", "--precision", "bf16", "--case",
                "sgd,enqueue,l2_norm", "--quick"), out + err.toString());
        assertTrue(out.toString().contains("4 of 4 parts passed"), out.toString());
    }
}
