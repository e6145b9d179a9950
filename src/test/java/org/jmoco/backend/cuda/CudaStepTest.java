package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jmoco.backend.Backend;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.backend.cuda.StepRig.Hook;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.encoder.ResNet18;
import org.jmoco.ptx.BlockOrder;
import org.jmoco.ptx.EmulatedGpu;
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

    private static final String SYMMETRIC = "pretrain splits 4 symmetric";

    /** Some training steps on a backend, with something done before each. */
    private record Run(String name, BiFunction<Backend, Hook, Map<String, HostTensor>> steps) {
        Map<String, HostTensor> on(Backend b) {
            return steps.apply(b, Hook.NONE);
        }

        Map<String, HostTensor> on(int capability, CudaOptions options, BlockOrder order) {
            EmulatedGpu gpu = new EmulatedGpu(capability);
            gpu.countTraffic(false);
            gpu.blockOrders(order);
            return steps.apply(CudaBackend.open(gpu, options), StepRig.both(StepRig.guarding(gpu.memory()), StepRig.poisoning(gpu.memory())));
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
        return error <= bound ? null : String.format(Locale.ROOT, "%s is off by %.2e of its root mean square, allowed %.2e", name, error, bound);
    }

    // ---- against other backends --------------------------------------------------------------------------------

    @TestFactory
    Stream<DynamicTest> inF32AsExactAsAnyF32() {
        return runs().stream().map(r -> DynamicTest.dynamicTest(r.name, () -> {
            Map<String, HostTensor> truth = r.on(ReferenceBackend.open(DType.F64, 2));
            List<Map<String, HostTensor>> peers = List.of(r.on(ReferenceBackend.open(DType.F32, 2)), r.on(CpuBackend.open(2)));
            Map<String, HostTensor> got = r.on(70, CudaOptions.of(Precision.F32), BlockOrder.FORWARD);
            compare(truth, got, name -> {
                HostTensor t = truth.get(name);
                if (t.dtype() == DType.I32) {
                    return t.bitEquals(got.get(name)) ? null : name + " is " + got.get(name).get(0) + ", expected " + t.get(0);
                }
                double peer = peers.stream().mapToDouble(p -> Error.of(p.get(name), t).largest).max().orElseThrow();
                return verdict(name, Error.of(got.get(name), t).largest, PEER_FACTOR * peer + FLOOR);
            });
        }));
    }

    /**
     * Rounding to bf16 sends activations to the other side of zero, whose gradients then differ by all they are; so two
     * computations in bf16 err as much as each other and in other places. The reference backend with bf16 maps says how much.
     */
    @TestFactory
    Stream<DynamicTest> inBf16AndTf32AsExactAsTheModelOfBf16() {
        return Stream.concat(runs().stream().map(r -> asExactAsTheModel(r, Precision.BF16)),
                Stream.of(asExactAsTheModel(run(SYMMETRIC), Precision.TF32)));
    }

    private static DynamicTest asExactAsTheModel(Run r, Precision p) {
        return DynamicTest.dynamicTest(r.name + " " + p, () -> {
            Map<String, HostTensor> truth = r.on(ReferenceBackend.open(DType.F64, 2));
            Map<String, HostTensor> model = r.on(ReferenceBackend.open(DType.F32, DType.BF16, 2));
            Map<String, HostTensor> got = r.on(80, CudaOptions.of(p), BlockOrder.FORWARD);
            compare(truth, got, name -> {
                HostTensor t = truth.get(name);
                if (t.dtype() == DType.I32) {
                    return name.equals("correct") || t.bitEquals(got.get(name)) ? null : name + " differs"; // near ties may fall either way
                }
                double allowed = 2 * Error.of(model.get(name), t).rms + FLOOR;
                return verdict(name, Error.of(got.get(name), t).rms, name.startsWith("loss") ? allowed + lossError(name, truth, model) : allowed);
            });
        });
    }

    /**
     * A single number may be right by luck, so a loss is allowed what its inputs err as well: errors of relative size e in a
     * unit row of D numbers change its product with another row by about e / sqrt(D), and that over T is a logit's error; an error of logits
     * changes the cross-entropy by at most twice as much.
     */
    private static double lossError(String loss, Map<String, HostTensor> truth, Map<String, HostTensor> model) {
        double absolute = 0;
        for (String name : truth.keySet()) {
            if (name.startsWith(loss.replace("loss", "queries")) || name.startsWith(loss.replace("loss", "keys"))) {
                absolute += 2 * Error.of(model.get(name), truth.get(name)).rms / Math.sqrt(StepRig.DIM) / StepRig.TEMPERATURE;
            } else if (name.equals(loss.replace("loss", "logits"))) {
                absolute += 2 * Error.of(model.get(name), truth.get(name)).rms * rms(truth.get(name));
            }
        }
        return absolute / truth.get(loss).get(0);
    }

    private static double rms(HostTensor t) {
        double squares = 0;
        for (int i = 0; i < t.size(); i++) {
            squares += t.get(i) * t.get(i);
        }
        return Math.sqrt(squares / t.size());
    }

    // ---- against itself ----------------------------------------------------------------------------------------

    @TestFactory
    Stream<DynamicTest> graphsStepsAndOrdersOfBlocksGiveTheSameBits() {
        Run r = run(SYMMETRIC);
        return Stream.of(Precision.F32, Precision.BF16).map(p -> DynamicTest.dynamicTest(p.toString(), () -> {
            CudaOptions graphs = CudaOptions.of(p);
            Map<String, HostTensor> once = r.on(80, graphs, BlockOrder.FORWARD);
            assertSame(once, r.on(80, graphs, BlockOrder.SHUFFLED), "a second run, blocks in disorder");
            assertSame(once, r.on(80, graphs.withGraphs(false), BlockOrder.REVERSE), "steps one by one, blocks from the last");
        }));
    }

    private static void assertSame(Map<String, HostTensor> a, Map<String, HostTensor> b, String what) {
        a.forEach((name, t) -> assertTrue(t.bitEquals(b.get(name)), what + ": " + name + " differs"));
    }

    @Test
    void withoutDeterminismResultsMayDiffer() {
        // The stand-in for cuDNN sums in another order at each call where cuDNN promises nothing: so tests would see it.
        Map<String, HostTensor> some = run("finetune").on(80, CudaOptions.of(Precision.F32).withDeterministic(false), BlockOrder.FORWARD);
        Map<String, HostTensor> others = run("finetune").on(80, CudaOptions.of(Precision.F32).withDeterministic(false).withGraphs(false),
                BlockOrder.FORWARD);
        assertTrue(some.entrySet().stream().anyMatch(e -> !e.getValue().bitEquals(others.get(e.getKey()))));
    }
}
