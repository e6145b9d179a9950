package org.jmoco.bench;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntFunction;
import org.jmoco.backend.Backend;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;

/**
 * Asks whether the work that is to be timed is the work: an empty body, a wrong shape, a forgotten half fail. How exact an
 * operation is, the conformance suite holds. Convolutions, and matrix products of many operations, are checked at
 * {@value #SAMPLES} elements by their definition, everything else in full against the reference backend.
 */
final class OpCheck {
    private static final int SAMPLES = 64;

    /**
     * Allowed difference, relative to an element and to the root mean square of all: four roundings of bf16, the coarsest type
     * that a backend stores.
     */
    private static final double TOLERANCE = 0x1p-6;

    /** Above so many operations the reference backend would take seconds. */
    private static final double MOST_REFERENCE_FLOPS = 1e9;

    private OpCheck() {
    }

    /**
     * @param before what the operands held
     * @param got what the operation wrote
     * @throws IllegalStateException naming an element that is wrong
     */
    static void check(Problem p, Map<String, double[]> before, Map<String, HostTensor> got, double flops) {
        if (p.op().startsWith("conv2d")) {
            checkSamples(p, got.values().iterator().next(), convolution(p, before));
        } else if (flops <= MOST_REFERENCE_FLOPS) {
            reference(p, before).forEach((name, expected) -> compare(p, name, expected, got.get(name), 1));
        } else if (p.op().equals("info_nce")) {
            checkFirstRows(p, before, got);
        } else {
            checkSamples(p, got.values().iterator().next(), i -> Definition.linear(p, before, i));
        }
    }

    private static IntFunction<double[]> convolution(Problem p, Map<String, double[]> before) {
        ConvGeometry g = ConvolutionSetups.geometry(p);
        return switch (p.op()) {
            case "conv2d_fwd" -> i -> Definition.forward(g, before.get("x"), before.get("w"), i);
            case "conv2d_bwd_data" -> i -> Definition.backwardData(g, before.get("dy"), before.get("w"), i);
            default -> i -> Definition.backwardWeights(g, before.get("x"), before.get("dy"), i);
        };
    }

    private static Map<String, HostTensor> reference(Problem p, Map<String, double[]> before) {
        try (Backend reference = ReferenceBackend.open(DType.F32, Runtime.getRuntime().availableProcessors())) {
            OpTrial trial = new OpTrial(p, reference, 0, before);
            trial.run();
            return trial.written();
        }
    }

    /** @param element sum and sum of squares of an element's products */
    private static void checkSamples(Problem p, HostTensor got, IntFunction<double[]> element) {
        Philox random = new Philox(1, Philox.Purpose.TEST, 0, 0);
        for (int sample = 0; sample < SAMPLES; sample++) {
            int i = random.nextInt(got.size());
            double[] sums = element.apply(i);
            requireClose(p, "output", i, sums[0], got.get(i), Math.abs(sums[0]) + Math.sqrt(sums[1]));
        }
    }

    /** InfoNCE of the first rows alone has the same gradients, but for the mean over the batch. */
    private static void checkFirstRows(Problem p, Map<String, double[]> before, Map<String, HostTensor> got) {
        int n = p.size("n");
        int d = p.size("d");
        int rows = (int) Math.clamp(Math.round(MOST_REFERENCE_FLOPS / (4.0 * p.size("m") * d)), 1, n);
        Map<String, double[]> values = new LinkedHashMap<>(before);
        for (String name : new String[] {"q", "k", "dq"}) {
            values.put(name, Arrays.copyOf(before.get(name), rows * d));
        }
        Map<String, HostTensor> expected = reference(p.with("n", rows), values);
        compare(p, "dq", expected.get("dq"), got.get("dq"), (double) n / rows);
        if (!Double.isFinite(got.get("loss").get(0))) {
            throw new IllegalStateException("bench " + p.shape() + ": the loss is " + got.get("loss").get(0));
        }
    }

    /** The first elements of {@code got} times {@code factor} are those expected. */
    private static void compare(Problem p, String name, HostTensor expected, HostTensor got, double factor) {
        double square = 0;
        for (int i = 0; i < expected.size(); i++) {
            square += expected.get(i) * expected.get(i);
        }
        double rms = Math.sqrt(square / expected.size());
        for (int i = 0; i < expected.size(); i++) {
            requireClose(p, name, i, expected.get(i), got.get(i) * factor, Math.abs(expected.get(i)) + rms);
        }
    }

    private static void requireClose(Problem p, String name, int i, double expected, double got, double scale) {
        if (!(Math.abs(got - expected) <= TOLERANCE * scale)) {
            throw new IllegalStateException("bench " + p.shape() + ": the result is wrong, no time is taken: " + name + "[" + i + "] is " + got
                    + ", expected " + expected);
        }
    }
}
