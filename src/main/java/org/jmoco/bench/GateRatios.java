package org.jmoco.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jmoco.backend.Backend;

/**
 * Speeds of a step and of single operations over that of a large copy or matrix product, on a machine that need not be quiet.
 *
 * <p>Everything is prepared and warmed up first. Then come rounds; in a round each side runs right after the peer that it is
 * divided by, each for {@value #SLICE_MILLIS} ms or once, so that both see nearly the same machine. What counts is the median of
 * the rounds' ratios.
 */
public final class GateRatios implements AutoCloseable {
    /** Short against the seconds for which another process comes and goes, long against a scheduler's slice of some ms. */
    private static final int SLICE_MILLIS = 20;
    private static final int WARM_UP_ROUNDS = 2;

    private static final String PRODUCT = "conv2d_bwd_data n16 h16 w16 c256 k256 r1 s1 st1 pd0"; // 4096 x 256 by 256 x 256
    private static final String COPY = "copy l16777216";
    private static final StepSizes STEP = new StepSizes(32, 32, 16, 8, 4096, 128, false);
    /** @param name of the bound */
    private record Named(String name, String problem) {
    }

    /** Divided by the product's operations/s. */
    private static final List<Named> COMPUTE = List.of(new Named("conv_fwd", "conv2d_fwd n32 h16 w16 c64 k64 r3 s3 st1 pd1"),
            new Named("conv_bwd_data", "conv2d_bwd_data n32 h16 w16 c64 k64 r3 s3 st1 pd1"),
            new Named("conv_bwd_w", "conv2d_bwd_w n32 h16 w16 c64 k64 r3 s3 st1 pd1"),
            new Named("info_nce", "info_nce n128 m4096 d128"));
    /** Divided by the copy's bytes/s. */
    private static final List<Named> MEMORY = List.of(new Named("batch_norm", "batch_norm_fwd n32 h32 w32 c64 g8 relu"),
            new Named("sgd", "sgd l11234496"));

    /** Something to run, and how much of its unit one run does. */
    private record Side(Runnable run, double amount) {
        /** Units per second over a slice. */
        double speed() {
            long start = System.nanoTime();
            int runs = 0;
            long nanos;
            do {
                run.run();
                runs++;
                nanos = System.nanoTime() - start;
            } while (nanos < SLICE_MILLIS * 1_000_000L);
            return amount * runs * 1e9 / nanos;
        }
    }

    private record Duel(String name, Side side, Side peer, List<Double> ratios) {
    }

    private final List<AutoCloseable> open = new ArrayList<>();
    private final List<Duel> duels = new ArrayList<>();

    /** Prepares, checks and warms up. @param opener opens a backend whose programs are done when they return */
    public GateRatios(Supplier<Backend> opener) {
        OpTrial product = trial(PRODUCT, opener);
        OpTrial copy = trial(COPY, opener);
        Side products = new Side(product::run, product.flops());
        Side copies = new Side(copy::run, copy.bytes());
        Backend backend = opener.get();
        open.add(backend);
        StepTrial step = new StepTrial(backend, STEP);
        add("step", new Side(step::run, step.program().flops()), products);
        COMPUTE.forEach(p -> {
            OpTrial t = trial(p.problem, opener);
            add(p.name, new Side(t::run, t.flops()), products);
        });
        MEMORY.forEach(p -> {
            OpTrial t = trial(p.problem, opener);
            add(p.name, new Side(t::run, t.bytes()), copies);
        });
        ViewBench.Case views = ViewBench.CASES.getFirst();
        add("views", new Side(ViewBench.renderer(views), 1e9), products); // pairs for each GFLOP
        for (int i = 0; i < WARM_UP_ROUNDS; i++) {
            round();
        }
        duels.forEach(d -> d.ratios.clear());
    }

    private OpTrial trial(String problem, Supplier<Backend> opener) {
        OpTrial t = OpTrial.checked(Problem.parse(problem), opener);
        open.add(t);
        return t;
    }

    private void add(String name, Side side, Side peer) {
        duels.add(new Duel(name, side, peer, new ArrayList<>()));
    }

    private void round() {
        for (Duel d : duels) {
            double before = d.peer.speed();
            double side = d.side.speed();
            double after = d.peer.speed();
            d.ratios.add(side / Math.sqrt(before * after));
        }
    }

    /** @return medians over these and all earlier rounds */
    public Map<String, Double> measure(int rounds) {
        for (int i = 0; i < rounds; i++) {
            round();
        }
        Map<String, Double> medians = new LinkedHashMap<>();
        duels.forEach(d -> medians.put(d.name,
                Stopwatch.quantile(d.ratios.stream().mapToDouble(r -> r).sorted().toArray(), 0.5)));
        return medians;
    }

    @Override
    public void close() {
        for (AutoCloseable c : open) {
            try {
                c.close();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
