package org.jmoco.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.backend.Step;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;

/**
 * Measures one operation: fills its operands, runs it once, checks the result, then times it.
 *
 * <p>The check asks whether the work that is timed is the work (an empty body, a wrong shape, a forgotten half fail); how exact
 * an operation is, the conformance suite holds. Convolutions and matrix products are checked at {@value #SAMPLES} elements by
 * their definition, everything else in full against the reference backend.
 */
public final class OpBench {
    private static final int SAMPLES = 64;

    /**
     * Allowed difference, relative to an element and to the root mean square of all: four roundings of bf16, the coarsest type
     * that a backend stores.
     */
    private static final double TOLERANCE = 0x1p-6;

    /** Above so many operations the reference backend would take seconds. */
    private static final double MOST_REFERENCE_FLOPS = 1e9;

    private final Supplier<Backend> open;
    private final Ceilings ceilings;
    private final Stopwatch watch;

    /**
     * @param open opens a fresh backend for each problem
     * @param samples timed samples for each problem
     * @param warmUpSeconds longest warm-up of a problem
     */
    public OpBench(Supplier<Backend> open, Ceilings ceilings, int samples, double warmUpSeconds) {
        this.open = open;
        this.ceilings = ceilings;
        this.watch = new Stopwatch(samples, warmUpSeconds);
    }

    /** @throws IllegalStateException if the backend computes something else than the operation */
    public Row measure(Problem p) {
        OpSetup setup = OpSetup.of(p);
        Map<String, double[]> before = values(setup, p);
        try (Backend backend = open.get()) {
            Prepared op = prepare(backend, setup, before);
            op.program.run();
            Step step = op.program.steps().getFirst();
            check(p, setup, before, op.download(backend), step.flops());
            Stopwatch.Timing t = watch.time(backend, op.program);
            return new Row(p, t.median(), t.p10(), t.p90(), t.samples(), step.bytes(), step.flops(), ceilings);
        }
    }

    private record Prepared(Program program, Map<String, Buffer> buffers, OpSetup setup) {
        /** Everything that the operation writes. */
        Map<String, HostTensor> download(Backend backend) {
            Map<String, HostTensor> out = new LinkedHashMap<>();
            buffers.forEach((name, b) -> {
                if (program.steps().getFirst().writes().contains(b)) {
                    out.put(name, backend.download(b));
                }
            });
            return out;
        }
    }

    private static Map<String, double[]> values(OpSetup setup, Problem p) {
        Map<String, double[]> before = new LinkedHashMap<>();
        setup.operands().forEach((name, o) -> {
            double[] v = new double[Math.toIntExact(o.shape().size())];
            if (o.values() != null) {
                o.values().fill(v, new Philox(p.shape().hashCode(), Philox.Purpose.TEST, 0, name.hashCode()));
            } else {
                java.util.Arrays.fill(v, o.isReal() ? Double.NaN : Integer.MIN_VALUE); // poison: what is not written shows
            }
            before.put(name, v);
        });
        return before;
    }

    private static Prepared prepare(Backend backend, OpSetup setup, Map<String, double[]> before) {
        Map<String, Buffer> buffers = new LinkedHashMap<>();
        setup.operands().forEach((name, o) -> buffers.put(name, o.isReal()
                ? backend.declare(region(name), name, o.shape())
                : backend.memory().declare(Region.INPUT, name, o.dtype(), o.shape())));
        Recorder rec = backend.record("bench");
        setup.call().record(rec, buffers);
        Program program = rec.finish();
        backend.allocate();
        buffers.forEach((name, b) -> backend.upload(b, host(b.shape(), setup.operands().get(name), before.get(name))));
        return new Prepared(program, buffers, setup);
    }

    /** Weights lie where a backend keeps their copies in another type. */
    private static Region region(String operand) {
        return switch (operand) {
            case "w", "key", "query" -> Region.PARAMETERS;
            case "dw" -> Region.GRADIENTS;
            default -> Region.INPUT;
        };
    }

    private static HostTensor host(Shape shape, OpSetup.Operand o, double[] values) {
        if (!o.isReal()) {
            int[] v = new int[values.length];
            for (int i = 0; i < v.length; i++) {
                v[i] = (int) values[i];
            }
            return HostTensor.of(shape, v);
        }
        float[] v = new float[values.length];
        for (int i = 0; i < v.length; i++) {
            v[i] = (float) values[i];
        }
        return HostTensor.of(shape, v);
    }

    // ---- checking ----------------------------------------------------------------------------------------------

    private static void check(Problem p, OpSetup setup, Map<String, double[]> before, Map<String, HostTensor> got, double flops) {
        if (p.op().startsWith("conv2d")) {
            checkConvolution(p, before, got.values().iterator().next());
        } else if (flops <= MOST_REFERENCE_FLOPS) {
            try (Backend reference = ReferenceBackend.open(DType.F32, Runtime.getRuntime().availableProcessors())) {
                Prepared op = prepare(reference, setup, before);
                op.program.run();
                op.download(reference).forEach((name, expected) -> compare(p, name, expected, got.get(name)));
            }
        } else if (p.op().equals("info_nce")) {
            checkFirstRows(p, before, got);
        } else {
            checkLinear(p, before, got.values().iterator().next());
        }
    }

    private static void compare(Problem p, String name, HostTensor expected, HostTensor got) {
        double square = 0;
        for (int i = 0; i < expected.size(); i++) {
            square += expected.get(i) * expected.get(i);
        }
        double rms = Math.sqrt(square / expected.size());
        for (int i = 0; i < expected.size(); i++) {
            requireClose(p, name, i, expected.get(i), got.get(i), Math.abs(expected.get(i)) + rms);
        }
    }

    private static void requireClose(Problem p, String name, int i, double expected, double got, double scale) {
        if (!(Math.abs(got - expected) <= TOLERANCE * scale)) {
            throw new IllegalStateException("bench " + p.shape() + ": the result is wrong, no time is taken: " + name + "[" + i + "] is " + got
                    + ", expected " + expected);
        }
    }

    private static void checkConvolution(Problem p, Map<String, double[]> before, HostTensor got) {
        ConvGeometry g = OpSetup.convolution(p);
        Philox random = new Philox(1, Philox.Purpose.TEST, 0, 0);
        for (int sample = 0; sample < SAMPLES; sample++) {
            int i = random.nextInt(got.size());
            double[] sums = switch (p.op()) { // the sum, and the sum of absolute products
                case "conv2d_fwd" -> Definition.forward(g, before.get("x"), before.get("w"), i);
                case "conv2d_bwd_data" -> Definition.backwardData(g, before.get("dy"), before.get("w"), i);
                default -> Definition.backwardWeights(g, before.get("x"), before.get("dy"), i);
            };
            requireClose(p, "output", i, sums[0], got.get(i), Math.abs(sums[0]) + Math.sqrt(sums[1]));
        }
    }

    private static void checkLinear(Problem p, Map<String, double[]> before, HostTensor got) {
        Philox random = new Philox(1, Philox.Purpose.TEST, 0, 0);
        for (int sample = 0; sample < SAMPLES; sample++) {
            int i = random.nextInt(got.size());
            double[] sums = Definition.linear(p, before, i);
            requireClose(p, "output", i, sums[0], got.get(i), Math.abs(sums[0]) + Math.sqrt(sums[1]));
        }
    }

    /** InfoNCE of the first rows alone has the same gradients, but for the mean over the batch. */
    private static void checkFirstRows(Problem p, Map<String, double[]> before, Map<String, HostTensor> got) {
        int n = p.size("n");
        int d = p.size("d");
        int rows = (int) Math.clamp(Math.round(MOST_REFERENCE_FLOPS / (4.0 * p.size("m") * d)), 1, n);
        Map<String, Integer> sizes = new LinkedHashMap<>(p.sizes());
        sizes.put("n", rows);
        OpSetup few = OpSetup.of(new Problem(p.op(), sizes, p.flags(), 1, ""));
        Map<String, double[]> values = new LinkedHashMap<>(before);
        for (String name : new String[] {"q", "k", "dq"}) {
            values.put(name, java.util.Arrays.copyOf(before.get(name), rows * d));
        }
        try (Backend reference = ReferenceBackend.open(DType.F32, Runtime.getRuntime().availableProcessors())) {
            Prepared op = prepare(reference, few, values);
            op.program.run();
            HostTensor expected = op.download(reference).get("dq");
            double square = 0;
            for (int i = 0; i < expected.size(); i++) {
                square += expected.get(i) * expected.get(i);
            }
            double rms = Math.sqrt(square / expected.size());
            for (int i = 0; i < expected.size(); i++) {
                requireClose(p, "dq", i, expected.get(i), got.get("dq").get(i) * n / rows, Math.abs(expected.get(i)) + rms);
            }
        }
        if (!Double.isFinite(got.get("loss").get(0))) {
            throw new IllegalStateException("bench " + p.shape() + ": the loss is " + got.get("loss").get(0));
        }
    }
}
