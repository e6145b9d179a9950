package org.jmoco.app;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jmoco.bench.Caches;
import org.jmoco.bench.Ceilings;
import org.jmoco.bench.OpBench;
import org.jmoco.bench.Problem;
import org.jmoco.bench.ResultTable;
import org.jmoco.bench.ShapeLists;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code jmoco bench kernels}: single operations, each checked, timed and compared with its floor. */
@Command(name = "kernels", description = {"Time single operations.",
        "Each is checked, warmed up until steady and timed; its floor comes from its fewest bytes and operations and from the"
                + " copy bandwidth and matrix product measured in the same run."})
final class BenchKernelsCommand implements Callable<Integer> {
    @Parameters(arity = "0..*", paramLabel = "PROBLEM",
            description = "Problem strings, each quoted, as \"conv2d_fwd n128 h32 w32 c64 k64 r3 s3 st1 pd1\"; instead of lists.")
    private List<String> problems = List.of();

    @Option(names = "--shapes", split = ",", paramLabel = "LIST", defaultValue = "resnet18-32,info-nce,optimiser",
            description = "Lists of problems: resnet18-32, resnet18-64, resnet18-224, info-nce, optimiser, or files (default:"
                    + " ${DEFAULT-VALUE}).")
    private List<String> shapes;

    @Option(names = "--caches", paramLabel = "STATE", defaultValue = "warm",
            description = "What the last-level cache holds when a run begins: ${COMPLETION-CANDIDATES}; cold: nothing of the"
                    + " operands, each run is timed alone (default: ${DEFAULT-VALUE}).")
    private Caches caches;

    @Mixin
    private BenchSamples samples;

    @Mixin
    private BenchOptions options;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        List<Problem> chosen = chosen();
        int count = samples.count();
        Ceilings ceilings = options.ceilings(out);
        OpBench bench = new OpBench(options::open, ceilings, caches, count, 1, options.warmUps);
        ResultTable table = options.table("kernels", spec, ceilings);
        for (Problem p : chosen) {
            options.progress(spec, table.rows().size(), chosen.size(), p);
            table.add(bench.measure(p).toMap());
        }
        options.print(table, out);
        return 0;
    }

    private List<Problem> chosen() {
        List<Problem> all = new ArrayList<>();
        if (problems.isEmpty()) {
            shapes.forEach(list -> all.addAll(ShapeLists.load(list)));
        } else {
            problems.forEach(p -> all.add(Problem.parse(p)));
        }
        all.removeIf(p -> !options.filter.wants(p));
        options.filter.requireAny(!all.isEmpty(), "problem of " + (problems.isEmpty() ? shapes : problems));
        all.forEach(OpBench::require);
        return all;
    }
}
