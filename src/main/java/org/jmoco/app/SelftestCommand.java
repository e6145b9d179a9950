package org.jmoco.app;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jmoco.app.golden.GoldenRun;
import org.jmoco.app.selftest.SelftestReport;
import org.jmoco.app.selftest.StepSelftest;
import org.jmoco.backend.Backend;
import org.jmoco.backend.conformance.OpCase;
import org.jmoco.backend.conformance.OpCases;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code jmoco selftest}: is this machine's backend right? */
@Command(name = "selftest", description = "Try the backend on this machine: every operation against the reference backend, a"
        + " training step again, without graph, resumed and too large for memory, and golden files where given. Exit code 1 on"
        + " a FAIL.")
final class SelftestCommand implements Callable<Integer> {
    @Parameters(arity = "0..*", paramLabel = "FILE", description = "Golden files (.json) to recompute as well.")
    private List<Path> golden = List.of();

    @Option(names = "--case", paramLabel = "TEXT", split = ",",
            description = "Only the cases of operations whose problem contains one of these texts, by commas; no steps, no"
                    + " golden files.")
    private List<String> only = List.of();

    @Option(names = "--quick", description = "One case of each operation, smaller steps.")
    private boolean quick;

    @Option(names = "--failures-only", description = "Print no line for what passes.")
    private boolean failuresOnly;

    @Mixin
    private BackendOptions options;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        SelftestReport report = new SelftestReport(out, !failuresOnly);
        // Kept open to the end: a device that is let go of and taken again for each case spends the time on that.
        try (Backend keeper = Backends.open(options)) {
            report.say("selftest on " + keeper.headline());
            operations(report, keeper);
            if (only.isEmpty()) {
                new StepSelftest(quick).run(report, () -> Backends.open(options), otherwise(keeper), keeper.name().equals("cuda")
                        ? options.branches() ? "without graph and branches" : "without graph" : "with another number of threads");
                golden(report, keeper);
            }
        }
        if (report.tried() == 0) {
            throw UserError.usage("--case " + String.join(",", only) + ": no case contains that");
        }
        return report.end() ? 0 : Failure.FAILED;
    }

    private void operations(SelftestReport report, Backend keeper) {
        Set<String> seen = new HashSet<>();
        for (OpCase c : OpCases.all()) {
            boolean named = only.isEmpty() || only.stream().anyMatch(c.problem()::contains);
            if (named && c.runsOn(keeper) && (!quick || seen.add(c.problem().split(" ")[0]))) {
                report.part(c.problem(), () -> c.compareWithReference(Backends.open(options)));
            }
        }
    }

    /** The same backend, working in another way that may not show in results. */
    private Supplier<Backend> otherwise(Backend keeper) {
        return keeper.name().equals("cuda") ? () -> Backends.openStepByStep(options)
                : () -> Backends.open(options.backend(), options.threads() + 1, DType.F32);
    }

    private void golden(SelftestReport report, Backend keeper) {
        double roundoff = keeper.featureMaps() == keeper.real() ? keeper.productRoundoff() : keeper.featureMaps().roundoff();
        for (Path file : golden) {
            report.part("golden " + file.getFileName(), () -> {
                StringWriter text = new StringWriter();
                boolean passed = GoldenRun.run(file, () -> Backends.open(options), DType.F32, roundoff, new PrintWriter(text));
                report.say(text.toString().stripTrailing());
                if (!passed) {
                    throw new AssertionError("see the lines above");
                }
            });
        }
    }
}
