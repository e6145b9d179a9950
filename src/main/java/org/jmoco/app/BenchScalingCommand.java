package org.jmoco.app;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jmoco.backend.Backend;
import org.jmoco.bench.Ceilings;
import org.jmoco.bench.Prediction;
import org.jmoco.bench.ResultTable;
import org.jmoco.moco.MocoStep;
import org.jmoco.report.ScalingPng;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code jmoco bench scaling}: the MoCo step while one of its sizes grows, beside what a roofline predicts. */
@Command(name = "scaling", description = {"Time the MoCo step while one size grows, beside a roofline's prediction.",
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
    private BenchOptions options;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (values.stream().anyMatch(v -> v < 1)) {
            throw UserError.usage("--values " + values + ": each must be at least 1");
        }
        PrintWriter out = spec.commandLine().getOut();
        Ceilings ceilings = options.ceilings(out);
        ResultTable table = options.table("scaling by " + vary, spec.commandLine().getParseResult().originalArgs(), ceilings);
        List<double[]> points = new ArrayList<>(); // value, measured, predicted
        for (int value : values) {
            set(value);
            try (Backend backend = options.open()) {
                MocoStep moco = new MocoStep(backend, step.config());
                backend.allocate();
                step.fill(backend, moco);
                double[] millis = step.time(backend, moco, options.samples());
                double predicted = Prediction.millis(moco.program(), ceilings);
                double median = millis[millis.length / 2];
                points.add(new double[] {value, median, predicted});
                table.add(row(value, millis, predicted, backend));
            }
        }
        options.print(table, out);
        if (png != null) {
            double[][] columns = IntStream.range(0, 3).mapToObj(c -> points.stream().mapToDouble(p -> p[c]).toArray()).toArray(double[][]::new);
            ScalingPng.draw(png, "MoCo step, " + others(), vary.toString(), columns[0], columns[1], columns[2]).ifPresent(System.err::println);
        }
        return 0;
    }

    private void set(int value) {
        switch (vary) {
            case BATCH -> step.batch = value;
            case QUEUE -> step.queue = value;
            case WIDTH -> step.width = value;
            case IMAGE -> step.image = value;
            case THREADS -> options.backend.useThreads(value);
        }
    }

    private String others() {
        Map<Vary, Integer> sizes = new LinkedHashMap<>();
        sizes.put(Vary.BATCH, step.batch);
        sizes.put(Vary.IMAGE, step.image);
        sizes.put(Vary.WIDTH, step.width);
        sizes.put(Vary.QUEUE, step.queue);
        sizes.remove(vary);
        StringBuilder s = new StringBuilder();
        sizes.forEach((k, v) -> s.append(s.isEmpty() ? "" : ", ").append(k).append(' ').append(v));
        return s.toString();
    }

    private Map<String, Object> row(int value, double[] sortedMillis, double predicted, Backend backend) {
        double median = sortedMillis[sortedMillis.length / 2];
        Map<String, Object> m = new LinkedHashMap<>();
        m.put(vary.toString(), value);
        m.put("ms_median", median);
        m.put("ms_min", sortedMillis[0]);
        m.put("ms_max", sortedMillis[sortedMillis.length - 1]);
        m.put("images_per_s", step.batch / median * 1e3);
        m.put("predicted_ms", predicted);
        m.put("measured_over_predicted", median / predicted);
        m.put("planned_mb", backend.memory().totalBytes() * 1e-6);
        m.put("stored_logits_mb", 4e-6 * Arrays.stream(new long[] {step.batch, step.queue + 1}).reduce(1, (a, b) -> a * b));
        return m;
    }
}
