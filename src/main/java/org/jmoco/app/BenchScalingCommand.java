package org.jmoco.app;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jmoco.backend.Backend;
import org.jmoco.bench.Caches;
import org.jmoco.bench.Ceilings;
import org.jmoco.bench.ContrastScaling;
import org.jmoco.bench.OpBench;
import org.jmoco.bench.ResultTable;
import org.jmoco.bench.StepSizes;
import org.jmoco.bench.StepTrial;
import org.jmoco.report.ScalingPng;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code jmoco bench scaling}: the MoCo step, or InfoNCE alone, while one size grows, beside what a roofline predicts. */
@Command(name = "scaling", description =
        {"Time the MoCo step while one size grows, beside a roofline's prediction; --vary queue times InfoNCE"
        + " alone, fused and with stored logits.",
        "The other sizes are those of the options; give small ones to keep a long sweep short."})
final class BenchScalingCommand implements Callable<Integer> {
    enum Vary {
        BATCH, QUEUE, WIDTH, IMAGE, THREADS;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(names = "--vary", required = true, paramLabel = "SIZE", description = "What grows: ${COMPLETION-CANDIDATES}.")
    private Vary vary;

    @Option(names = "--values", required = true, split = ",", paramLabel = "N", description = "Its values, as 16,32,64,128.")
    private List<Integer> values;

    @Option(names = "--png", paramLabel = "FILE", description = "Draw measured and predicted times into FILE.")
    private Path png;

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
        if (values.stream().anyMatch(v -> v < 1)) {
            throw UserError.usage("--values " + values + ": each must be at least 1");
        }
        List<Integer> wanted = values.stream().filter(v -> options.filter.wants(vary + " " + v)).toList();
        options.filter.requireAny(!wanted.isEmpty(), "value of " + values);
        PrintWriter out = spec.commandLine().getOut();
        samples.count();
        StepSizes sizes = step.sizes();
        wanted.forEach(v -> require(sizes, v));
        ResultTable table;
        if (vary == Vary.THREADS) {
            table = options.table("scaling by threads", spec, null); // each row has its own ceilings: fewer threads reach less
            for (int v : wanted) {
                options.progress(spec, wanted.indexOf(v), wanted.size(), vary + " " + v);
                options.backend.useThreads(v);
                Ceilings ceilings = options.ceilings(out);
                Map<String, Object> row = step(sizes, v, ceilings);
                row.putAll(ceilings.toMap());
                table.add(row);
            }
        } else {
            Ceilings ceilings = options.ceilings(out);
            table = options.table("scaling by " + vary, spec, ceilings);
            wanted.forEach(v -> {
                options.progress(spec, wanted.indexOf(v), wanted.size(), vary + " " + v);
                table.add(vary == Vary.QUEUE ? contrast(sizes, ceilings).measure(v) : step(sizes, v, ceilings));
            });
        }
        table.head("problem", fixed(sizes));
        options.print(table, out);
        if (png != null) {
            draw(table, sizes).ifPresent(System.err::println);
        }
        return 0;
    }

    private ContrastScaling contrast(StepSizes sizes, Ceilings ceilings) {
        OpBench bench = new OpBench(options::open, ceilings, Caches.WARM, samples.count(), 0.5, options.warmUps);
        return new ContrastScaling(bench, sizes.batch(), sizes.dim());
    }

    /** @throws UserError if a step cannot have these sizes, before anything is measured */
    private void require(StepSizes base, int value) {
        if (vary == Vary.QUEUE) {
            ContrastScaling.problems(base.batch(), base.dim(), value).forEach(OpBench::require);
        } else {
            with(base, value).config();
        }
    }

    private StepSizes with(StepSizes base, int value) {
        return switch (vary) {
            case BATCH -> base.withBatch(value);
            case QUEUE -> base.withQueue(value);
            case WIDTH -> base.withWidth(value);
            case IMAGE -> base.withImage(value);
            case THREADS -> base;
        };
    }

    private Map<String, Object> step(StepSizes base, int value, Ceilings ceilings) {
        StepSizes sizes = with(base, value);
        try (Backend backend = options.open()) {
            StepTrial trial = new StepTrial(backend, sizes);
            Map<String, Object> whole = trial.row(trial.nanos(samples.count(), 1, options.warmUps), ceilings);
            Map<String, Object> m = new LinkedHashMap<>();
            m.put("problem", sizes.toString());
            m.put(vary.toString(), value);
            for (String column : new String[] {"ms_median", "ms_p10", "ms_p90", "images_per_s"}) {
                m.put(column, whole.get(column));
            }
            double predicted = (Double) whole.get("floor_ms");
            m.put("predicted_ms", predicted);
            m.put("measured_over_predicted", (Double) whole.get("ms_median") / predicted);
            m.put("gflop", whole.get("gflop"));
            m.put("gflop_per_s", whole.get("gflop_per_s"));
            m.put("memory_mb", whole.get("memory_mb"));
            return m;
        }
    }

    /** The sizes that stay. */
    private String fixed(StepSizes s) {
        return switch (vary) {
            case QUEUE -> "InfoNCE, " + s.batch() + " queries, " + s.dim() + " features";
            case THREADS -> s.toString();
            default -> s.toString().replaceFirst(" " + (vary == Vary.BATCH ? "n" : vary.toString()) + "\\d+", "");
        };
    }

    private Optional<String> draw(ResultTable table, StepSizes sizes) {
        double[] x = column(table, vary.toString());
        List<ScalingPng.Series> series = vary == Vary.QUEUE
                ? List.of(new ScalingPng.Series("fused", column(table, "fused_ms")),
                        new ScalingPng.Series("stored logits", column(table, "stored_ms")),
                        new ScalingPng.Series("roofline, fused", column(table, "predicted_ms")))
                : List.of(new ScalingPng.Series("measured", column(table, "ms_median")),
                        new ScalingPng.Series("roofline", column(table, "predicted_ms")));
        return ScalingPng.draw(png, fixed(sizes), vary.toString(), "ms", x, series);
    }

    private static double[] column(ResultTable table, String name) {
        return table.rows().stream().mapToDouble(r -> ((Number) r.get(name)).doubleValue()).toArray();
    }
}
