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
import org.jmoco.bench.Ceilings;
import org.jmoco.bench.Gate;
import org.jmoco.bench.OpBench;
import org.jmoco.bench.Problem;
import org.jmoco.bench.ResultTable;
import org.jmoco.bench.Row;
import org.jmoco.bench.ViewBench;
import org.jmoco.moco.MocoStep;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code jmoco bench gate}: fails when something has become much slower beside a large copy and a large matrix product. */
@Command(name = "gate", description = {"Check that nothing has become much slower (about a minute; exit code 1 if something has).",
        "Speeds are compared with a large copy and a large matrix product of the same run, so the machine need not be quiet; the bounds stand"
                + " in benchmarks/gate.txt."})
final class BenchGateCommand implements Callable<Integer> {
    private static final int WIDTH = 32;
    private static final int BATCH = 64;

    @Mixin
    private BenchOptions options;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        Ceilings ceilings = options.ceilings(out);
        Map<String, Double> ratios = new LinkedHashMap<>();
        ratios.put("step", step() / ceilings.flopsPerSecond());
        OpBench bench = new OpBench(options::open, ceilings, options.samples(), 1);
        ratios.put("conv", flops(bench, "conv2d_fwd n64 h16 w16 c128 k128 r3 s3 st1 pd1") / ceilings.flopsPerSecond());
        ratios.put("info_nce", flops(bench, "info_nce n128 m4096 d128") / ceilings.flopsPerSecond());
        ratios.put("batch_norm", bytes(bench, "batch_norm_fwd n128 h32 w32 c64 g8 relu") / ceilings.copyBytesPerSecond());
        ratios.put("sgd", bytes(bench, "sgd l11234496") / ceilings.copyBytesPerSecond());
        double pairs = (Double) ViewBench.render(ViewBench.CASES.getFirst(), options.samples()).get("pairs_per_s");
        ratios.put("views", pairs / (ceilings.flopsPerSecond() * 1e-9));
        try (InputStream in = BenchGateCommand.class.getResourceAsStream("/gate.txt")) {
            List<Gate.Bound> bounds = Gate.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            ResultTable judged = Gate.judge(Map.of("benchmark", "gate"), bounds, ratios);
            options.print(judged, out);
            return Gate.passes(judged) ? 0 : 1;
        }
    }

    /** Operations per second of a MoCo step. */
    private double step() {
        StepOptions sizes = new StepOptions();
        sizes.width = WIDTH;
        sizes.batch = BATCH;
        sizes.image = 32;
        sizes.splits = 8;
        sizes.queue = 4096;
        sizes.dim = 128;
        try (Backend backend = options.open()) {
            MocoStep moco = new MocoStep(backend, sizes.config());
            backend.allocate();
            sizes.fill(backend, moco);
            double[] millis = sizes.time(backend, moco, options.samples());
            return moco.program().flops() / millis[millis.length / 2] * 1e3;
        }
    }

    private static double flops(OpBench bench, String problem) {
        Row row = bench.measure(Problem.parse(problem));
        return row.gigaflopsPerSecond() * 1e9;
    }

    private static double bytes(OpBench bench, String problem) {
        Row row = bench.measure(Problem.parse(problem));
        return row.gigabytesPerSecond() * 1e9;
    }
}
