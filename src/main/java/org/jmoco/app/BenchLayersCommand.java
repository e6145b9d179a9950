package org.jmoco.app;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Program;
import org.jmoco.bench.Ceilings;
import org.jmoco.bench.LayerBench;
import org.jmoco.bench.LayerBench.Share;
import org.jmoco.bench.ResultTable;
import org.jmoco.bench.StepSizes;
import org.jmoco.bench.StepTrial;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code jmoco bench layers}: where the time of one MoCo step goes. */
@Command(name = "layers", description = "Time one MoCo step by layer and operation, beside the floor of each.")
final class BenchLayersCommand implements Callable<Integer> {
    @Mixin
    private StepOptions step;

    @Mixin
    private BenchSamples samples;

    @Mixin
    private BenchOptions options;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        int repeats = samples.count();
        StepSizes sizes = step.sizes();
        options.requireAny(sizes, program -> LayerBench.names(program).stream(), "layer and operation");
        Ceilings ceilings = options.ceilings(out);
        try (Backend backend = options.open()) {
            ResultTable table = options.table("layers", spec, ceilings, backend.describe());
            table.head("problem", sizes.toString());
            StepTrial trial = new StepTrial(backend, sizes);
            List<Share> shares = LayerBench.measure(backend, trial, repeats, options.warmUps);
            double total = shares.stream().mapToDouble(Share::nanos).sum();
            List<Share> wanted = shares.stream().filter(options.filter::wants).toList();
            wanted.forEach(s -> table.add(s.toMap(ceilings, total, sizes.batch())));
            boolean branched = backend.runsBranches() && !trial.program().branches().isEmpty();
            if (branched) {
                table.head("steps", Program.TIMED_IN_ORDER);
            }
            table.head("step_ms", total * 1e-6);
            table.head("images_per_s", sizes.batch() / total * 1e9);
            table.head("memory_mb", trial.memoryBytes() * 1e-6);
            options.print(table, out);
            if (options.isText()) {
                out.printf(Locale.ROOT, "step %.1f ms, %.1f images/s, %.1f MB planned%n", total * 1e-6,
                        sizes.batch() / total * 1e9, trial.memoryBytes() * 1e-6);
                if (branched) {
                    out.println("steps: " + Program.TIMED_IN_ORDER);
                }
            }
        }
        return 0;
    }
}
