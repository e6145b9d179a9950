package org.jmoco.jmh;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jmoco.backend.Backend;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.bench.LayerBench;
import org.jmoco.bench.Problem;
import org.jmoco.bench.ResultTable;
import org.jmoco.bench.ShapeLists;
import org.jmoco.bench.StepSizes;
import org.jmoco.bench.ViewBench;
import org.jmoco.moco.MocoStep;
import org.jmoco.report.RunEnvironment;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * Runs the JMH benchmarks of kernels, layers, step or views and prints a row for each problem, over the iterations of all forks:
 * median, 10th and 90th percentile. {@code benchmarks/run-jmh.sh --help} has the options.
 */
public final class JmhMain {
    private static final Map<String, Class<?>> BENCHMARKS = new LinkedHashMap<>();

    static {
        BENCHMARKS.put("kernels", KernelBenchmark.class);
        BENCHMARKS.put("layers", LayerBenchmark.class);
        BENCHMARKS.put("step", StepBenchmark.class);
        BENCHMARKS.put("views", ViewBenchmark.class);
    }

    private static final Map<String, String> OPTIONS = new LinkedHashMap<>();

    static {
        OPTIONS.put("--shapes", "resnet18-32,info-nce,optimiser");
        OPTIONS.put("--sizes", "128 32 64 8 4096 128");
        OPTIONS.put("--filter", "");
        OPTIONS.put("--forks", "2");
        OPTIONS.put("--warmup", "3");
        OPTIONS.put("--iterations", "5");
        OPTIONS.put("--seconds", "1");
        OPTIONS.put("--threads", "0");
        OPTIONS.put("--save", "");
    }

    private static final class Usage extends Exception {
        private static final long serialVersionUID = 1L;

        Usage(String message) {
            super(message);
        }
    }

    private JmhMain() {
    }

    public static void main(String[] args) {
        try {
            List<String> problems = new ArrayList<>();
            parse(args, problems);
            Collection<RunResult> results = new Runner(options(args[0], problems)).run();
            ResultTable table = table(args, results);
            System.out.print(table.toText());
            if (!OPTIONS.get("--save").isEmpty()) {
                Files.writeString(Path.of(OPTIONS.get("--save")), table.toTsv());
            }
        } catch (Usage e) {
            System.err.println("run-jmh: " + e.getMessage());
            System.exit(2);
        } catch (RunnerException | IOException e) {
            System.err.println("run-jmh: " + e.getMessage());
            System.exit(1);
        }
    }

    private static void parse(String[] args, List<String> problems) throws Usage {
        if (args.length == 0 || !BENCHMARKS.containsKey(args[0])) {
            throw new Usage("say what to measure: one of " + BENCHMARKS.keySet() + "; options: " + OPTIONS.keySet());
        }
        for (int i = 1; i < args.length; i++) {
            if (!args[i].startsWith("--")) {
                problems.add(args[i]);
            } else if (i + 1 == args.length || OPTIONS.replace(args[i], args[++i]) == null) {
                throw new Usage(args[i] + ": known are " + OPTIONS.keySet() + ", each with a value");
            }
        }
        Function<String, List<String>> all = what -> switch (what) {
            case "kernels" -> Arrays.stream(OPTIONS.get("--shapes").split(",")).flatMap(l -> ShapeLists.load(l).stream()).map(Problem::shape)
                    .distinct().toList();
            case "layers" -> layers();
            case "step" -> List.of(OPTIONS.get("--sizes"));
            default -> ViewBench.CASES.stream().map(Object::toString).toList();
        };
        if (problems.isEmpty()) {
            problems.addAll(all.apply(args[0]));
        }
        Pattern wanted = Pattern.compile(OPTIONS.get("--filter"));
        problems.removeIf(p -> !wanted.matcher(p).find());
        if (problems.isEmpty()) {
            throw new Usage("--filter " + OPTIONS.get("--filter") + ": nothing of " + args[0] + " matches");
        }
    }

    /** Each stage and operation of the step. */
    private static List<String> layers() {
        StepSizes sizes = StepBenchmark.sizes(OPTIONS.get("--sizes"));
        try (Backend planning = CpuBackend.open(1)) { // records only
            return LayerBench.names(new MocoStep(planning, sizes.config()).program()).stream().map(n -> OPTIONS.get("--sizes") + " " + n).toList();
        }
    }

    private static Options options(String what, List<String> problems) {
        TimeValue time = TimeValue.milliseconds(Math.round(1000 * Double.parseDouble(OPTIONS.get("--seconds"))));
        return new OptionsBuilder().include(Pattern.quote(BENCHMARKS.get(what).getName()) + "\\..*")
                .param("problem", problems.toArray(String[]::new)).param("threads", OPTIONS.get("--threads"))
                .forks(Integer.parseInt(OPTIONS.get("--forks"))).mode(Mode.AverageTime)
                .warmupIterations(Integer.parseInt(OPTIONS.get("--warmup"))).warmupTime(time)
                .measurementIterations(Integer.parseInt(OPTIONS.get("--iterations"))).measurementTime(time).shouldFailOnError(true).build();
    }

    private static ResultTable table(String[] args, Collection<RunResult> results) {
        RunEnvironment e = RunEnvironment.now("", Threads.of(Integer.parseInt(OPTIONS.get("--threads"))), description(), List.of(args));
        Map<String, Object> head = new LinkedHashMap<>();
        head.put("benchmark", args[0] + " by JMH 1.37");
        head.put("command", "benchmarks/run-jmh.sh " + String.join(" ", Arrays.stream(args).map(a -> a.contains(" ") ? '"' + a + '"' : a).toList()));
        head.put("date", e.started());
        head.put("commit", e.commit());
        head.put("device", e.backend());
        head.put("cpu", e.cpu());
        head.put("processors", e.processors());
        head.put("threads", e.threads());
        head.put("os", e.os());
        head.put("java", e.java());
        head.put("jvm_flags", RunEnvironment.jvmFlags());
        ResultTable table = new ResultTable(head);
        results.forEach(r -> table.add(row(r)));
        return table;
    }

    private static String description() {
        try (Backend b = CpuBackend.open(Threads.of(Integer.parseInt(OPTIONS.get("--threads"))))) {
            return b.describe();
        }
    }

    private static Map<String, Object> row(RunResult r) {
        double[] nanos = r.getBenchmarkResults().stream().flatMap(f -> f.getIterationResults().stream()).mapToDouble(JmhMain::score).sorted().toArray();
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("problem", r.getParams().getParam("problem"));
        m.put("ms_median", 1e-6 * quantile(nanos, 0.5));
        m.put("ms_p10", 1e-6 * quantile(nanos, 0.1));
        m.put("ms_p90", 1e-6 * quantile(nanos, 0.9));
        m.put("iterations", nanos.length);
        m.put("forks", r.getBenchmarkResults().size());
        return m;
    }

    private static double score(IterationResult i) {
        return i.getPrimaryResult().getScore();
    }

    /** Linear between the two nearest. */
    private static double quantile(double[] sorted, double q) {
        double at = q * (sorted.length - 1);
        int low = (int) at;
        int high = Math.min(low + 1, sorted.length - 1);
        return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
    }
}
