package org.jmoco.app;

import java.io.PrintWriter;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jmoco.backend.Backend;
import org.jmoco.bench.Ceilings;
import org.jmoco.bench.ResultTable;
import org.jmoco.bench.ViewBench;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code jmoco bench views}: what random views cost. */
@Command(name = "views", description =
        {"Time pairs of random views: the renderer on one thread, the loader with one thread and with all, and the"
        + " device, where the backend makes views itself.",
        "The renderer's time is processor time, the others are by the clock."})
final class BenchViewsCommand implements Callable<Integer> {
    @Mixin
    private BenchSamples samples;

    @Mixin
    private BenchOptions options;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        int count = samples.count();
        List<ViewBench.Case> cases = ViewBench.CASES.stream().filter(options.filter::wants).toList();
        options.filter.requireAny(!cases.isEmpty(), "recipe of " + ViewBench.CASES);
        Ceilings ceilings = options.ceilings(out);
        ResultTable table = options.table("views", spec, ceilings);
        cases.forEach(c -> table.add(ViewBench.render(c, ceilings, count, options.warmUps)));
        Set<Integer> threads = new LinkedHashSet<>(List.of(1, options.backend.threads()));
        threads.forEach(t -> cases.forEach(c -> table.add(ViewBench.load(c, ceilings, t, count, options.warmUps))));
        for (ViewBench.Case c : cases) {
            try (Backend backend = options.open()) {
                if (backend.rendersViews()) {
                    table.add(ViewBench.device(c, ceilings, backend, count, 1, options.warmUps));
                }
            }
        }
        options.print(table, out);
        return 0;
    }
}
