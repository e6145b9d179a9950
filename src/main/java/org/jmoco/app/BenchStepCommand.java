package org.jmoco.app;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Program;
import org.jmoco.backend.Step;
import org.jmoco.bench.Ceilings;
import org.jmoco.bench.Rates;
import org.jmoco.bench.ResultTable;
import org.jmoco.bench.StepSizes;
import org.jmoco.bench.StepTrial;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code jmoco bench step}: one MoCo training step, timed; {@link StepTrial} says which seconds count. */
@Command(name = "step", description = "Time one MoCo training step on random images: forward of both encoders, loss, backward,"
        + " SGD, queue.")
final class BenchStepCommand implements Callable<Integer> {
    /** Figures of the whole step that stand at the top of the JSON object: scripts read them there. */
    private static final List<String> HEADLINE = List.of("images_per_s", "ms_median", "ms_min", "ms_max", "gflop", "memory_mb");

    @Mixin
    private StepOptions step;

    @Option(names = "--steps", paramLabel = "N", defaultValue = "10",
            description = "Timings that count (default: ${DEFAULT-VALUE}).")
    private int steps;

    @Option(names = "--queued", paramLabel = "N", defaultValue = "1", description = "Steps in one timing. More than one are enqueued"
            + " one behind the other and timed together, on a GPU by its own clock, and the loss is read at the end, as training does on a GPU"
            + " (default: ${DEFAULT-VALUE}).")
    private int queued;

    @Option(names = "--no-peaks", description =
            "Measure no copy and no matrix product: the columns that compare with them are left out.")
    private boolean noPeaks;

    @Option(names = "--print-program", description = "List the steps of the program with sizes, operations and bytes;"
            + " with --json or --tsv on stderr.")
    private boolean printProgram;

    @Option(names = "--time-steps", description =
            "Time each step of the program as well, a row each; --filter chooses among them.")
    private boolean timeSteps;

    @Mixin
    private BenchOptions options;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (steps < 1) {
            throw UserError.usage("--steps " + steps + ": at least one timing must count.");
        }
        if (queued < 1) {
            throw UserError.usage("--queued " + queued + ": a timing has at least one step.");
        }
        PrintWriter out = spec.commandLine().getOut();
        boolean text = options.isText();
        boolean each = timeSteps || options.filter.isGiven();
        StepSizes sizes = step.sizes();
        options.requireAny(sizes, program -> program.steps().stream().map(BenchStepCommand::name), "step of the program");
        Ceilings ceilings = noPeaks ? null : options.ceilings(out);
        try (Backend backend = options.open()) {
            StepTrial trial = new StepTrial(backend, sizes);
            Program program = trial.program();
            if (text) {
                out.println("backend " + backend.headline());
                out.print(backend.memory().table());
                out.flush();
            }
            if (printProgram) {
                program.print(text ? System.out : System.err); // stdout is for the program that reads it
            }
            Map<String, Object> whole = trial.row(trial.nanos(steps, queued, options.warmUps), ceilings);
            ResultTable table = options.table("step", spec, ceilings, backend.describe());
            sizes.toMap().forEach(table::head);
            if (queued > 1) {
                table.head("queued", queued);
            }
            HEADLINE.forEach(key -> table.head(key, whole.get(key)));
            PeakMemory.residentBytes().ifPresent(bytes -> table.head("peak_resident_mb", bytes * 1e-6));
            boolean branched = backend.runsBranches() && !program.branches().isEmpty();
            if (each) {
                if (branched) {
                    table.head("steps", Program.TIMED_IN_ORDER);
                }
                addEach(table, program, program.time(backend, steps), branched, ceilings, sizes.batch());
            } else {
                table.add(whole);
            }
            if (text) {
                print(out, whole);
                if (each && branched) {
                    out.println("steps: " + Program.TIMED_IN_ORDER);
                }
            }
            if (!text || each || !noPeaks) {
                options.print(table, out);
            } else {
                options.save(table, out);
            }
        }
        return 0;
    }

    private static String name(Step s) {
        return s.name() + " " + s.op() + " " + s.problem();
    }

    private void addEach(ResultTable table, Program program, long[] nanos, boolean branched, Ceilings ceilings, int batch) {
        List<Step> all = program.steps();
        for (int i = 0; i < all.size(); i++) {
            Step s = all.get(i);
            if (!options.filter.wants(name(s))) {
                continue;
            }
            double ns = Math.max(1, nanos[i]);
            Map<String, Object> m = new LinkedHashMap<>();
            if (branched) {
                m.put("branch", program.inBranch(i) ? program.branchOf(i) : null);
            }
            m.put("name", s.name());
            m.put("op", s.op());
            m.put("problem", s.problem());
            m.put("ms", ns * 1e-6);
            if (ceilings != null) {
                Rates.put(m, ceilings, ns, s.bytes(), s.flops());
            } else {
                m.put("gb_per_s", s.bytes() / ns);
                m.put("gflop_per_s", s.flops() / ns);
            }
            m.put("images_per_s", batch / ns * 1e9);
            table.add(m);
        }
    }

    private void print(PrintWriter out, Map<String, Object> r) {
        out.printf(Locale.ROOT, "%.2f images/s; step %.2f ms (median of %d%s, %.2f to %.2f), %.2f GFLOP%n", r.get("images_per_s"),
                r.get("ms_median"), r.get("samples"), queued > 1 ? " timings of " + queued + " steps" : "", r.get("ms_min"),
                r.get("ms_max"), r.get("gflop"));
        out.printf(Locale.ROOT, "memory %.2f MB planned%s%n", r.get("memory_mb"), PeakMemory.residentBytes().isPresent()
                ? String.format(Locale.ROOT, ", %.2f MB peak resident", PeakMemory.residentBytes().getAsLong() * 1e-6) : "");
    }
}
