package org.jmoco.app;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jmoco.backend.Backend;
import org.jmoco.moco.MocoStep;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code jmoco bench step}: one MoCo training step, timed.
 *
 * <p>Which seconds count: {@code program.run()} alone, that is both encoder passes, loss, backward, SGD, momentum update and
 * enqueue. The images are random numbers that lie on the device; no view is made. The first {@value StepOptions#WARM_UP} steps are not
 * counted: in them the JIT compiles.
 */
@Command(name = "step", description = "Time one MoCo training step on random images: forward of both encoders, loss, backward, SGD, queue.")
final class BenchStepCommand implements Callable<Integer> {
    @Mixin
    private BackendOptions backendOptions;

    @Mixin
    private StepOptions sizes;

    @Option(names = "--steps", description = "Steps that count (default: ${DEFAULT-VALUE}).", defaultValue = "10")
    private int steps;

    @Option(names = "--json", description = "Print one JSON object instead of text.")
    private boolean json;

    @Option(names = "--print-program", description = "List the steps of the program with sizes, operations and bytes.")
    private boolean printProgram;

    @Option(names = "--time-steps", description = "List the steps of the program with times, GB/s and GFLOP/s.")
    private boolean timeSteps;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (steps < 1) {
            throw UserError.usage("--steps " + steps + ": at least one step must count.");
        }
        PrintWriter out = spec.commandLine().getOut();
        try (Backend backend = Backends.open(backendOptions)) {
            MocoStep step = new MocoStep(backend, sizes.config());
            backend.allocate();
            if (!json) {
                out.println("backend " + backend.headline());
                out.print(backend.memory().table());
            }
            if (printProgram) {
                step.program().print(System.out);
            }
            sizes.fill(backend, step);
            double[] millis = sizes.time(backend, step, steps);
            print(out, backend, step, millis);
            if (timeSteps) {
                step.program().printTimes(System.out, step.program().time(backend, steps));
            }
        }
        return 0;
    }

    private void print(PrintWriter out, Backend backend, MocoStep step, double[] millis) {
        double median = (millis[(steps - 1) / 2] + millis[steps / 2]) / 2;
        Map<String, Object> r = new LinkedHashMap<>();
        r.put("backend", backend.name());
        r.put("device", backend.describe());
        r.put("batch", sizes.batch);
        r.put("image", sizes.image);
        r.put("width", sizes.width);
        r.put("splits", sizes.splits);
        r.put("queue", sizes.queue);
        r.put("dim", sizes.dim);
        r.put("symmetric", sizes.symmetric);
        r.put("steps", steps);
        r.put("images_per_s", rounded(sizes.batch / median * 1e3));
        r.put("ms_median", rounded(median));
        r.put("ms_min", rounded(millis[0]));
        r.put("ms_max", rounded(millis[steps - 1]));
        r.put("gflop_per_step", rounded(step.program().flops() * 1e-9));
        r.put("planned_mb", rounded(backend.memory().totalBytes() * 1e-6));
        peakResidentMb(r);
        if (json) {
            try {
                out.println(new ObjectMapper().writeValueAsString(r));
            } catch (JsonProcessingException e) {
                throw new IllegalStateException(e);
            }
        } else {
            out.printf(Locale.ROOT, "%s images/s; step %s ms (median of %d, %s to %s), %s GFLOP%n", r.get("images_per_s"),
                    r.get("ms_median"), steps, r.get("ms_min"), r.get("ms_max"), r.get("gflop_per_step"));
            out.printf(Locale.ROOT, "memory %s MB planned%s%n", r.get("planned_mb"),
                    r.containsKey("peak_resident_mb") ? ", " + r.get("peak_resident_mb") + " MB peak resident" : "");
        }
    }

    /** The process's largest resident size so far, where the system tells it (Linux). */
    private static void peakResidentMb(Map<String, Object> r) {
        Path status = Path.of("/proc/self/status");
        if (!Files.isReadable(status)) {
            return;
        }
        try {
            for (String line : Files.readAllLines(status)) {
                if (line.startsWith("VmHWM:")) {
                    r.put("peak_resident_mb", rounded(Long.parseLong(line.replaceAll("\\D", "")) * 1024e-6));
                }
            }
        } catch (IOException e) {
            // Without it the line is left out: the figure is an extra, not a result.
            return;
        }
    }

    private static double rounded(double x) {
        return Math.round(x * 100) / 100.0;
    }
}
