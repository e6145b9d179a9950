package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jmoco.backend.Backend;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.backend.cuda.StepRig.Hook;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.encoder.ResNet18;
import org.jmoco.moco.MocoStep;
import org.jmoco.ptx.BlockOrder;
import org.jmoco.ptx.EmulatedGpu;
import org.jmoco.tensor.Bf16;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Complete training steps of the CUDA backend on the emulated device. Transients hold NaN before each step, and persistent
 * buffers are guarded from each other.
 */
class CudaStepTest {
    /** Those of the golden cases: three times what another f32 backend errs, plus 8 f32 epsilons. */
    private static final double PEER_FACTOR = 3;

    private static final double FLOOR = 8 * Math.ulp(1f);

    /** Between two draws from the same distribution, of root mean squares over some dozens of numbers and more. */
    private static final double MODEL_FACTOR = 2;

    private static final double F32_ROUNDOFF = 0x1p-24;

    private static final String SYMMETRIC = "pretrain splits 4 symmetric";

    /** Results that several tests compare with, by run and where it ran: computed by whichever test comes first. */
    private static final Map<String, Map<String, HostTensor>> DONE = new ConcurrentHashMap<>();

    /** Some training steps on a backend, with something done before each. */
    private record Run(String name, BiFunction<Backend, Hook, Map<String, HostTensor>> steps) {
        Map<String, HostTensor> on(Backend b) {
            return steps.apply(b, Hook.NONE);
        }

        /** In f64. */
        Map<String, HostTensor> truth() {
            return once("f64", () -> on(ReferenceBackend.open(DType.F64, 2)));
        }

        Map<String, HostTensor> reference() {
            return once("f32", () -> on(ReferenceBackend.open(DType.F32, 2)));
        }

        /** The reference with bf16 maps. */
        Map<String, HostTensor> model() {
            return once("bf16", () -> on(ReferenceBackend.open(DType.F32, DType.BF16, 2)));
        }

        /** As one graph, in plain order, on a device of 8.0. */
        Map<String, HostTensor> onDevice(Precision p) {
            return once("device " + p, () -> on(80, CudaOptions.of(p), BlockOrder.FORWARD));
        }

        private Map<String, HostTensor> once(String where, Supplier<Map<String, HostTensor>> compute) {
            return DONE.computeIfAbsent(name + " " + where, key -> compute.get());
        }

        Map<String, HostTensor> on(int capability, CudaOptions options, BlockOrder order) {
            return on(new EmulatedGpu(capability), options, order);
        }

        Map<String, HostTensor> on(EmulatedGpu gpu, CudaOptions options, BlockOrder order) {
            gpu.countTraffic(false);
            gpu.blockOrders(order);
            return steps.apply(CudaBackend.open(gpu, options),
                    StepRig.both(StepRig.guarding(gpu.memory()), StepRig.poisoning(gpu.memory())));
        }
    }

    private static List<Run> runs() {
        List<Run> runs = new ArrayList<>();
        for (int splits : new int[] {1, 4, 8}) {
            for (boolean symmetric : new boolean[] {false, true}) {
                runs.add(new Run("pretrain splits " + splits + (symmetric ? " symmetric" : ""),
                        (b, hook) -> StepRig.pretrain(b, StepRig.moco(splits, symmetric), hook)));
            }
        }
        runs.add(new Run("finetune", (b, hook) -> StepRig.finetune(b, 2, ResNet18.Stem.CIFAR, hook)));
        runs.add(new Run("finetune with the large stem", (b, hook) -> StepRig.finetune(b, 1, ResNet18.Stem.IMAGENET, hook)));
        return runs;
    }

    private static Run run(String name) {
        return runs().stream().filter(r -> r.name.equals(name)).findFirst().orElseThrow();
    }

    // ---- errors ------------------------------------------------------------------------------------------------

    /** Largest error and root mean square of the errors, both in units of the root mean square of the true values. */
    private record Error(double largest, double rms) {
        static Error of(HostTensor got, HostTensor truth) {
            double errors = 0;
            double largest = 0;
            for (int i = 0; i < truth.size(); i++) {
                double e = Math.abs(got.get(i) - truth.get(i));
                largest = Double.isNaN(e) ? Double.POSITIVE_INFINITY : Math.max(largest, e);
                errors += e * e;
            }
            double unit = CudaStepTest.rms(truth);
            return new Error(largest / unit, Math.sqrt(errors / truth.size()) / unit);
        }
    }

    private static void compare(Map<String, HostTensor> truth, Map<String, HostTensor> got, Function<String, String> verdict) {
        assertEquals(truth.keySet(), got.keySet());
        List<String> wrong = truth.keySet().stream().map(verdict).filter(v -> v != null).toList();
        assertTrue(wrong.isEmpty(), () -> String.join("\n", wrong));
    }

    private static String verdict(String name, double error, double bound) {
        return error <= bound ? null : String.format(Locale.ROOT, "%s is off by %.2e of its root mean square, allowed %.2e", name,
                error, bound);
    }

    // ---- against other backends --------------------------------------------------------------------------------

    @TestFactory
    Stream<DynamicTest> inF32AsExactAsAnyF32() {
        return runs().stream().map(r -> DynamicTest.dynamicTest(r.name, () -> {
            Map<String, HostTensor> truth = r.truth();
            List<Map<String, HostTensor>> peers = List.of(r.reference(), r.on(CpuBackend.open(2)));
            Map<String, HostTensor> got = r.on(70, CudaOptions.of(Precision.F32), BlockOrder.FORWARD);
            compare(truth, got, name -> {
                HostTensor t = truth.get(name);
                if (t.dtype() == DType.I32) {
                    return t.bitEquals(got.get(name)) ? null : name + " is " + got.get(name).get(0) + ", expected " + t.get(0);
                }
                String ofLogits = name.startsWith("loss") ? lossIsThatOfItsLogits(name, got, Precision.F32) : null;
                if (ofLogits != null) {
                    return ofLogits;
                }
                double peer = peers.stream().mapToDouble(p -> Error.of(p.get(name), t).largest).max().orElseThrow();
                return verdict(name, Error.of(got.get(name), t).largest, PEER_FACTOR * peer + FLOOR);
            });
        }));
    }

    /**
     * Rounding to bf16 sends activations to the other side of zero, whose gradients then differ by all they are; so two
     * computations in bf16 err as much as each other and in other places. The reference backend with bf16 maps says how much: the
     * root mean square of a tensor's errors is the same in both, but for the luck of the draw (0.84 to 1.14 times as much in
     * these runs).
     *
     * <p>In tf32 an operand of a product is off by up to 2^-10 where a bf16 number is by 2^-8, and nothing else is rounded.
     * Errors of a forward pass grow with that, so those of the first step's are a quarter. Errors of gradients come from the
     * activations on the other side of zero: there are a quarter as many of them, each as wrong as before, so root mean squares
     * are a half; and what is computed from weights that such gradients made inherits that.
     *
     * <p>Losses are not among them. A loss is one number, errors of either sign add up to it, and they may come to nothing in one
     * computation: their ratio has no bound. What a loss must be follows from the logits, which are many numbers:
     * {@link #lossIsThatOfItsLogits}.
     */
    @TestFactory
    Stream<DynamicTest> inBf16AndTf32AsExactAsTheModelOfBf16() {
        return runs().stream().flatMap(r -> Stream.of(Precision.BF16, Precision.TF32).map(p ->
                DynamicTest.dynamicTest(r.name + " " + p, () -> asExactAsTheModel(r.truth(), r.model(), r.onDevice(p), p))));
    }

    private static void asExactAsTheModel(Map<String, HostTensor> truth, Map<String, HostTensor> model,
            Map<String, HostTensor> got, Precision p) {
        double bf16Products = Bf16.ROUNDOFF;
        double products = p == Precision.TF32 ? p.productRoundoff() : bf16Products;
        compare(truth, got, name -> {
            HostTensor t = truth.get(name);
            if (t.dtype() == DType.I32) {
                // near ties may fall either way
                return name.equals("correct") || t.bitEquals(got.get(name)) ? null : name + " differs";
            }
            if (name.startsWith("loss")) {
                return lossIsThatOfItsLogits(name, got, p);
            }
            boolean firstForward = name.matches("(queries|keys|logits|queue before) 0.*");
            double smaller = firstForward ? products / bf16Products : Math.sqrt(products / bf16Products);
            return verdict(name, Error.of(got.get(name), t).rms,
                    MODEL_FACTOR * smaller * Error.of(model.get(name), t).rms + FLOOR);
        });
    }

    /**
     * A loss against the cross-entropy of the logits that the backend itself made: of the logits that it returns, or of the rows
     * that it multiplied for them. If each logit of a row is off by at most d, then its cross-entropy c is off by at most log(1 +
     * e^2d (e^c - 1)) - c, as the others may all rise by d and the right one fall by d.
     */
    private static String lossIsThatOfItsLogits(String loss, Map<String, HostTensor> got, Precision p) {
        String step = loss.substring("loss".length());
        double expected = 0;
        double allowed = 0;
        for (double[][] logits : logits(step, got)) {
            double d = 0;
            for (double[] row : logits) {
                double largest = Arrays.stream(row).map(Math::abs).max().orElseThrow();
                d = Math.max(d, 4 * F32_ROUNDOFF * largest); // exponentials and logarithms of f32 numbers of this size
            }
            if (got.containsKey("queries" + step + " half 0")) {
                // Both rows have length 1: their products' absolute values add up to 1 at most. Each operand is rounded, then D
                // are added.
                d += (2 * p.contrastRoundoff() + StepRig.DIM * F32_ROUNDOFF) / StepRig.TEMPERATURE;
            }
            for (double[] row : logits) {
                double c = crossEntropy(row);
                expected += c / logits.length;
                allowed += (Math.log1p(Math.exp(2 * d) * Math.expm1(c)) - c) / logits.length;
            }
        }
        double error = Math.abs(got.get(loss).get(0) - expected);
        allowed += 4 * F32_ROUNDOFF * expected;
        return error <= allowed ? null : String.format(Locale.ROOT,
                "%s is %.7e, of its own logits it is %.7e: off by %.2e, allowed %.2e", loss, got.get(loss).get(0), expected,
                error, allowed);
    }

    /** The logits of each part of a loss, in f64, with the label's in front. */
    private static List<double[][]> logits(String step, Map<String, HostTensor> got) {
        List<double[][]> all = new ArrayList<>();
        HostTensor given = got.get("logits" + step);
        if (given != null) {
            all.add(new double[StepRig.BATCH][]);
            for (int n = 0; n < StepRig.BATCH; n++) {
                int label = StepRig.label(Integer.parseInt(step.trim()), n);
                all.getLast()[n] = new double[] {given.get(2 * n + label), given.get(2 * n + 1 - label)};
            }
            return all;
        }
        HostTensor queue = got.get("queue before" + step);
        int length = Math.toIntExact(queue.size()) / StepRig.DIM;
        for (int half = 0; got.containsKey("queries" + step + " half " + half); half++) {
            HostTensor q = got.get("queries" + step + " half " + half);
            HostTensor k = got.get("keys" + step + " half " + half);
            double[][] logits = new double[StepRig.BATCH][length + 1];
            for (int n = 0; n < StepRig.BATCH; n++) {
                logits[n][0] = dot(q, n, k, n) / StepRig.TEMPERATURE;
                for (int m = 0; m < length; m++) {
                    logits[n][m + 1] = dot(q, n, queue, m) / StepRig.TEMPERATURE;
                }
            }
            all.add(logits);
        }
        return all;
    }

    private static double dot(HostTensor a, int i, HostTensor b, int j) {
        double sum = 0;
        for (int d = 0; d < StepRig.DIM; d++) {
            sum += a.get(i * StepRig.DIM + d) * b.get(j * StepRig.DIM + d);
        }
        return sum;
    }

    /** Of a row whose right logit stands in front. */
    private static double crossEntropy(double[] row) {
        return Math.log(Arrays.stream(row).map(v -> Math.exp(v - row[0])).sum());
    }

    private static double rms(HostTensor t) {
        double squares = 0;
        for (int i = 0; i < t.size(); i++) {
            squares += t.get(i) * t.get(i);
        }
        return Math.sqrt(squares / t.size());
    }

    @Test
    void aLossThatIsNotThatOfItsLogitsIsSeen() {
        Map<String, HostTensor> got = new HashMap<>(run(SYMMETRIC).reference());
        HostTensor right = got.get("loss 1");
        assertNull(lossIsThatOfItsLogits("loss 1", got, Precision.F32));
        got.put("loss 1", HostTensor.of(right.shape(), new double[] {right.get(0) * 1.0001}));
        assertNotNull(lossIsThatOfItsLogits("loss 1", got, Precision.F32));
        got.put("loss 1", HostTensor.of(right.shape(), new double[] {right.get(0) * 1.1}));
        assertNotNull(lossIsThatOfItsLogits("loss 1", got, Precision.BF16));
    }

    // ---- against itself ----------------------------------------------------------------------------------------

    @TestFactory
    Stream<DynamicTest> graphsStepsAndOrdersOfBlocksGiveTheSameBits() {
        Run r = run(SYMMETRIC);
        return Stream.of(Precision.F32, Precision.BF16).map(p -> DynamicTest.dynamicTest(p.toString(), () -> {
            Map<String, HostTensor> once = r.onDevice(p);
            CudaOptions graphs = CudaOptions.of(p);
            assertSame(once, r.on(80, graphs.withGraphs(false), BlockOrder.REVERSE), "steps one by one, blocks from the last");
            CudaOptions branches = graphs.withBranches(true);
            assertSame(once, r.on(80, branches, BlockOrder.SHUFFLED),
                    "a second graph, keys on a branch before the queries, blocks in disorder");
            EmulatedGpu late = new EmulatedGpu(80);
            late.branchLast(true);
            assertSame(once, r.on(late, branches.withGraphs(false), BlockOrder.FORWARD),
                    "keys on a branch, behind, step by step");
        }));
    }

    /** The plan of memory for steps in order lets keys and queries share activations and workspace: a race on two streams. */
    @Test
    void branchesInAPlanWithoutThemAreARace() {
        EmulatedGpu gpu = new EmulatedGpu(80);
        gpu.countTraffic(false);
        gpu.prepareBranch();
        CudaOptions inOrder = CudaOptions.of(Precision.F32).withGraphs(false);
        try (CudaBackend b = CudaBackend.open(gpu, inOrder)) {
            MocoStep step = new MocoStep(b, StepRig.moco(4, false));
            b.allocate();
            step.pair().initialize(b, 7);
            for (boolean graphs : new boolean[] {false, true}) {
                try (CudaProgram beside = new CudaProgram(gpu, step.program(), inOrder.withGraphs(graphs).withBranches(true))) {
                    String m = assertThrows(GpuException.class, beside::run).getMessage();
                    assertTrue(m.matches(".*race between streams: step q\\.\\S+ \\S+ \\(.*\\) beside it .* what step k\\.\\S+"
                            + " \\S+ \\(.*\\) in the branch .*'(activations|scratch)'.*"), m);
                }
            }
        }
    }

    private static void assertSame(Map<String, HostTensor> a, Map<String, HostTensor> b, String what) {
        a.forEach((name, t) -> assertTrue(t.bitEquals(b.get(name)), what + ": " + name + " differs"));
    }

    @Test
    void withoutDeterminismResultsMayDiffer() {
        // The stand-in for cuDNN sums in another order at each call where cuDNN promises nothing: so tests would see it.
        Map<String, HostTensor> some = run("finetune").on(80, CudaOptions.of(Precision.F32).withDeterministic(false),
                BlockOrder.FORWARD);
        Map<String, HostTensor> others = run("finetune").on(80,
                CudaOptions.of(Precision.F32).withDeterministic(false).withGraphs(false), BlockOrder.FORWARD);
        assertTrue(some.entrySet().stream().anyMatch(e -> !e.getValue().bitEquals(others.get(e.getKey()))));
    }
}
