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
 * {@value #SAMPLES} elements by their definition, losses of many logits in their first rows, everything else in full against the
 * reference backend. What is not compared must at least be there: no element holds poison any more.
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

    /**
     * Logits of whose softmax the reference backend takes a second, or so: its exponentials are counted as one operation each.
     */
    private static final int MOST_REFERENCE_LOGITS = 1 << 22;

    /** Losses over rows that know nothing of each other, and their gradients: a tenth of the rows has a tenth of the mean. */
    private static final Map<String, String> GRADIENT_OF_LOSS = Map.of("info_nce", "dq", "cross_entropy", "dlogits");

    private OpCheck() {
    }

    /**
     * @param before what the operands that are read held
     * @param got what the operation wrote
     * @throws IllegalStateException naming an element that is wrong
     */
    static void check(Problem p, Map<String, float[]> before, Map<String, HostTensor> got, double flops) {
        requireWritten(p, got);
        boolean loss = GRADIENT_OF_LOSS.containsKey(p.op());
        if (p.op().startsWith("conv2d")) {
            checkSamples(p, got.values().iterator().next(), convolution(p, before));
        } else if (loss && referenceRows(p) < p.size("n")) {
            checkEnds(p, before, got, referenceRows(p));
        } else if (loss || flops <= MOST_REFERENCE_FLOPS) {
            reference(p, before).forEach((name, expected) -> compare(p, name, expected, got.get(name), 0, 1));
        } else {
            checkSamples(p, got.values().iterator().next(), i -> Definition.linear(p, before, i));
        }
    }

    private static void requireWritten(Problem p, Map<String, HostTensor> got) {
        got.forEach((name, t) -> {
            for (int i = 0; i < t.size(); i++) {
                double v = t.get(i);
                if (Double.isNaN(v) || v == Integer.MIN_VALUE) {
                    throw wrong(p, name + "[" + i + "] is " + v);
                }
            }
        });
    }

    /** How many rows of a loss the reference backend calculates in a second or so. */
    private static int referenceRows(Problem p) {
        double rows = p.op().equals("info_nce") ? MOST_REFERENCE_FLOPS / (4.0 * p.size("m") * p.size("d"))
                : (double) MOST_REFERENCE_LOGITS / p.size("k");
        return Math.clamp(Math.round(rows), 1, p.size("n"));
    }

    private static IntFunction<double[]> convolution(Problem p, Map<String, float[]> before) {
        ConvGeometry g = ConvolutionSetups.geometry(p);
        return switch (p.op()) {
            case "conv2d_fwd" -> i -> Definition.forward(g, before.get("x"), before.get("w"), i);
            case "conv2d_bwd_data" -> i -> Definition.backwardData(g, before.get("dy"), before.get("w"), i);
            default -> i -> Definition.backwardWeights(g, before.get("x"), before.get("dy"), i);
        };
    }

    private static Map<String, HostTensor> reference(Problem p, Map<String, float[]> before) {
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

    /** A loss of some rows alone has the same gradients, but for the mean over the batch: the first rows and the last. */
    private static void checkEnds(Problem p, Map<String, float[]> before, Map<String, HostTensor> got, int rows) {
        int n = p.size("n");
        String gradient = GRADIENT_OF_LOSS.get(p.op());
        for (int first : new int[] {0, n - rows}) {
            Map<String, float[]> values = new LinkedHashMap<>(before);
            values.replaceAll((name, v) -> name.equals("queue") ? v
                    : Arrays.copyOfRange(v, v.length / n * first, v.length / n * (first + rows)));
            HostTensor expected = reference(p.with("n", rows), values).get(gradient);
            compare(p, gradient, expected, got.get(gradient), expected.size() / rows * first, (double) n / rows);
        }
        if (!Double.isFinite(got.get("loss").get(0))) {
            throw wrong(p, "the loss is " + got.get("loss").get(0));
        }
    }

    /** The elements of {@code got} from {@code from} on, times {@code factor}, are those expected. */
    private static void compare(Problem p, String name, HostTensor expected, HostTensor got, int from, double factor) {
        double square = 0;
        for (int i = 0; i < expected.size(); i++) {
            square += expected.get(i) * expected.get(i);
        }
        double rms = Math.sqrt(square / expected.size());
        for (int i = 0; i < expected.size(); i++) {
            requireClose(p, name, from + i, expected.get(i), got.get(from + i) * factor, Math.abs(expected.get(i)) + rms);
        }
    }

    private static void requireClose(Problem p, String name, int i, double expected, double got, double scale) {
        if (!(Math.abs(got - expected) <= TOLERANCE * scale)) {
            throw wrong(p, name + "[" + i + "] is " + got + ", expected " + expected);
        }
    }

    private static IllegalStateException wrong(Problem p, String what) {
        return new IllegalStateException("bench " + p.shape() + ": the result is wrong, no time is taken: " + what);
    }
}
