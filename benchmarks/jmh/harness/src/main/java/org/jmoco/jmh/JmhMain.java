package org.jmoco.jmh;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jmoco.backend.Backend;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.bench.LayerBench;
import org.jmoco.bench.OpBench;
import org.jmoco.bench.Problem;
import org.jmoco.bench.ResultTable;
import org.jmoco.bench.ShapeLists;
import org.jmoco.bench.Stopwatch;
import org.jmoco.bench.ViewBench;
import org.jmoco.moco.MocoStep;
import org.jmoco.report.RunEnvironment;
import org.jmoco.tensor.UserError;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * Runs the JMH benchmarks and prints a row for each problem, over the iterations of all forks: median, 10th and 90th percentile.
 */
@Command(name = "run-jmh.sh", sortOptions = false,
        description = "The operations, layers, step and views of jmoco bench by JMH (1.37), in fresh processes, on the CPU.")
public final class JmhMain implements Callable<Integer> {
    /** What can be measured, by the names of {@code jmoco bench}. */
    private enum Subject {
        kernels(KernelBenchmark.class), layers(LayerBenchmark.class), step(StepBenchmark.class), views(ViewBenchmark.class);

        private final Class<?> benchmark;

        Subject(Class<?> benchmark) {
            this.benchmark = benchmark;
        }
    }

    @Parameters(index = "0", description = "${COMPLETION-CANDIDATES}.")
    private Subject subject;

    @Parameters(index = "1..*", paramLabel = "PROBLEM", description = "Problem strings, each quoted, instead of all.")
    private List<String> problems = new ArrayList<>();

    @Option(names = "--shapes", split = ",", defaultValue = "resnet18-32,info-nce,optimiser",
            description = "kernels: lists of benchmarks/shapes (default: ${DEFAULT-VALUE}).")
    private List<String> shapes;

    @Option(names = "--sizes", defaultValue = "128 32 64 8 4096 128",
            description = "layers and step: batch, image, width, splits, queue, dim (default: ${DEFAULT-VALUE}).")
    private String sizes;

    @Option(names = "--filter", paramLabel = "REGEX", defaultValue = "",
            description = "Only problems in whose text this is found (default: all).")
    private Pattern filter;

    @Option(names = "--forks", defaultValue = "2", description = "Processes for each problem (default: ${DEFAULT-VALUE}).")
    private int forks;

    @Option(names = "--warmup", defaultValue = "3", description = "Warm-up iterations in each (default: ${DEFAULT-VALUE}).")
    private int warmup;

    @Option(names = "--iterations", defaultValue = "5",
            description = "Iterations that count in each (default: ${DEFAULT-VALUE}).")
    private int iterations;

    @Option(names = "--seconds", defaultValue = "1", description = "Length of an iteration (default: ${DEFAULT-VALUE}).")
    private double seconds;

    @Option(names = "--threads", defaultValue = "0", description = "Threads of the cpu backend (default: one for each core).")
    private int threads;

    @Option(names = "--save", paramLabel = "FILE",
            description = "Also write the rows to FILE, tab-separated, with the full head.")
    private Path save;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help message and exit.")
    private boolean help;

    @Spec
    private CommandSpec spec;

    public static void main(String[] args) {
        System.exit(new CommandLine(new JmhMain()).setExecutionExceptionHandler(JmhMain::failed).execute(args));
    }

    /** Bad input and full disks are told in a line; anything else is a fault of the harness and keeps its trace. */
    private static int failed(Exception e, CommandLine commandLine, CommandLine.ParseResult parsed) throws Exception {
        if (!(e instanceof UserError || e instanceof RunnerException || e instanceof IOException)) {
            throw e;
        }
        commandLine.getErr().println("run-jmh: " + e.getMessage());
        return e instanceof UserError u ? u.exitCode() : 1;
    }

    @Override
    public Integer call() throws RunnerException, IOException {
        List<String> wanted = (problems.isEmpty() ? all() : problems).stream().filter(p -> filter.matcher(p).find()).toList();
        if (wanted.isEmpty()) {
            throw UserError.usage("--filter " + filter + ": nothing of " + subject + " matches");
        }
        wanted.forEach(this::requireReadable);
        ResultTable table = table(new Runner(options(wanted)).run());
        System.out.print(table.toText());
        if (save != null) {
            Files.writeString(save, table.toTsv());
        }
        return 0;
    }

    /** Told here: within a fork it would be a trace. */
    private void requireReadable(String problem) {
        switch (subject) {
            case kernels -> OpBench.require(Problem.parse(problem));
            case step -> StepBenchmark.sizes(problem);
            case layers, views -> { } // found among those that there are
        }
    }

    private List<String> all() {
        return switch (subject) {
            case kernels -> shapes.stream().flatMap(l -> ShapeLists.load(l).stream()).map(Problem::shape).distinct().toList();
            case layers -> layers();
            case step -> List.of(sizes);
            case views -> ViewBench.CASES.stream().map(Object::toString).toList();
        };
    }

    /** Each stage and operation of the step. */
    private List<String> layers() {
        try (Backend planning = CpuBackend.open(1)) { // records only
            return LayerBench.names(new MocoStep(planning, StepBenchmark.sizes(sizes).config()).program()).stream()
                    .map(n -> sizes + " " + n).toList();
        }
    }

    private Options options(List<String> wanted) {
        TimeValue time = TimeValue.milliseconds(Math.round(1000 * seconds));
        return new OptionsBuilder().include(Pattern.quote(subject.benchmark.getName()) + "\\..*")
                .param("problem", wanted.toArray(String[]::new))
                .param("threads", Integer.toString(threads)).forks(forks).mode(Mode.AverageTime).warmupIterations(warmup)
                .warmupTime(time)
                .measurementIterations(iterations).measurementTime(time).shouldFailOnError(true).build();
    }

    private ResultTable table(Collection<RunResult> results) {
        List<String> arguments = spec.commandLine().getParseResult().originalArgs();
        String device;
        try (Backend b = CpuBackend.open(Threads.of(threads))) {
            device = b.describe();
        }
        ResultTable table = ResultTable.of(subject + " by JMH 1.37",
                Stream.concat(Stream.of("benchmarks/run-jmh.sh"), arguments.stream()).toList(),
                RunEnvironment.now("", Threads.of(threads), device, arguments));
        results.forEach(r -> table.add(row(r)));
        return table;
    }

    private static Map<String, Object> row(RunResult r) {
        double[] nanos = r.getBenchmarkResults().stream().flatMap(f -> f.getIterationResults().stream())
                .mapToDouble(i -> i.getPrimaryResult().getScore()).sorted().toArray();
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("problem", r.getParams().getParam("problem"));
        m.put("ms_median", 1e-6 * Stopwatch.quantile(nanos, 0.5));
        m.put("ms_p10", 1e-6 * Stopwatch.quantile(nanos, 0.1));
        m.put("ms_p90", 1e-6 * Stopwatch.quantile(nanos, 0.9));
        m.put("iterations", nanos.length);
        m.put("forks", r.getBenchmarkResults().size());
        return m;
    }
}
