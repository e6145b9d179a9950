package org.jmoco.app;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jmoco.backend.Backend;
import org.jmoco.bench.Gate;
import org.jmoco.bench.GateCounts;
import org.jmoco.bench.GateRatios;
import org.jmoco.bench.ResultTable;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code jmoco bench gate}: fails when something has become much slower, or a step larger. */
@Command(name = "gate", description = {"Check that nothing has become much slower (half a minute of two cores; exit code 1 if"
        + " something has).",
        "Speeds of the cpu backend are compared in turns with a copy and a matrix product of the same process, so the machine"
                + " need not be quiet; launches, operations, bytes and memory of a step are counted. The bounds stand in"
                + " benchmarks/gate.txt."})
final class BenchGateCommand implements Callable<Integer> {
    /** A ratio that fails is not believed before so many times as many rounds. */
    private static final int SECOND_LOOK = 3;

    @Option(names = "--rounds", paramLabel = "N", defaultValue = "7",
            description = "Rounds whose median counts; ${DEFAULT-VALUE} by default, and three times as many more if a ratio"
                    + " fails.")
    private int rounds;

    @Mixin
    private BenchOptions options;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (rounds < 1) {
            throw UserError.usage("--rounds " + rounds + ": at least one is needed");
        }
        PrintWriter out = spec.commandLine().getOut();
        List<Gate.Bound> bounds;
        try (InputStream in = BenchGateCommand.class.getResourceAsStream("/gate.txt")) {
            bounds = Gate.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8)).stream()
                    .filter(b -> options.filter.wants(b.name())).toList();
        }
        options.filter.requireAny(!bounds.isEmpty(), "bound");
        Map<String, Double> measured = new LinkedHashMap<>(GateCounts.ofStep());
        try (Backend backend = options.open()) {
            if (!backend.name().equals("cpu")) {
                throw UserError.usage("bench gate: the bounds are those of the cpu backend; say --backend cpu");
            }
        }
        ResultTable judged;
        if (bounds.stream().allMatch(b -> measured.containsKey(b.name()))) {
            judged = judge(bounds, measured, Map.of());
        } else {
            try (GateRatios ratios = new GateRatios(options::open)) {
                judged = judge(bounds, measured, ratios.measure(rounds));
                if (!Gate.passes(judged)) {
                    judged = judge(bounds, measured, ratios.measure(SECOND_LOOK * rounds));
                }
            }
        }
        options.print(judged, out);
        return Gate.passes(judged) ? 0 : 1;
    }

    private ResultTable judge(List<Gate.Bound> bounds, Map<String, Double> counts, Map<String, Double> ratios) {
        Map<String, Double> all = new LinkedHashMap<>(counts);
        all.putAll(ratios);
        all.keySet().removeIf(name -> !options.filter.wants(name));
        return Gate.judge(options.table("gate", spec, null), bounds, all);
    }
}
