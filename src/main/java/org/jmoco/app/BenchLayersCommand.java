package org.jmoco.app;

import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.jmoco.backend.Backend;
import org.jmoco.bench.Ceilings;
import org.jmoco.bench.LayerBench;
import org.jmoco.bench.LayerBench.Share;
import org.jmoco.bench.ResultTable;
import org.jmoco.moco.MocoStep;
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
    private BenchOptions options;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        Ceilings ceilings = options.ceilings(out);
        ResultTable table = options.table("layers", spec.commandLine().getParseResult().originalArgs(), ceilings);
        try (Backend backend = options.open()) {
            MocoStep moco = new MocoStep(backend, step.config());
            backend.allocate();
            step.fill(backend, moco);
            List<Share> shares = LayerBench.measure(backend, moco.program(), options.samples());
            double total = shares.stream().mapToDouble(Share::nanos).sum();
            shares.forEach(s -> table.add(s.toMap(ceilings, total)));
            options.print(table, out);
            if (options.isText()) {
                out.printf(java.util.Locale.ROOT, "step %.1f ms, %.1f images/s%n", total * 1e-6, moco.config().batch() / total * 1e9);
            }
        }
        return 0;
    }
}
