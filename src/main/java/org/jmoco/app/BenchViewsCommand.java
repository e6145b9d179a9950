package org.jmoco.app;

import java.util.concurrent.Callable;
import org.jmoco.bench.ResultTable;
import org.jmoco.bench.ViewBench;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code jmoco bench views}: what random views cost on the CPU. */
@Command(name = "views", description = "Time pairs of random views: the renderer on one thread, and the loader with one thread and with all.")
final class BenchViewsCommand implements Callable<Integer> {
    @Mixin
    private BenchOptions options;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        ResultTable table = options.table("views", spec.commandLine().getParseResult().originalArgs(), null);
        for (ViewBench.Case c : ViewBench.CASES) {
            table.add(ViewBench.render(c, options.samples()));
        }
        int threads = options.backend.threads();
        for (int t = 1; t <= threads; t += Math.max(1, threads - 1)) {
            table.add(ViewBench.load(ViewBench.CASES.getFirst(), t, options.samples()));
        }
        options.print(table, spec.commandLine().getOut());
        return 0;
    }
}
