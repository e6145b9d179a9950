package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.LossScaling;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.encoder.ResNet18;
import org.jmoco.moco.MocoStep;
import org.jmoco.optim.LossScale;
import org.jmoco.ptx.BlockOrder;
import org.jmoco.ptx.EmulatedGpu;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Half;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.Shape;
import org.junit.jupiter.api.Test;

/** Complete training steps in f16 with a loss scale, on an emulated device of the oldest kind, which has no bf16. */
class F16StepTest {
    private static final double FLOOR = 8 * Math.ulp(1f);

    private static CudaBackend open(boolean graphs, BlockOrder order) {
        EmulatedGpu gpu = new EmulatedGpu(70);
        gpu.countTraffic(false);
        gpu.blockOrders(order);
        return CudaBackend.open(gpu, CudaOptions.of(Precision.F16).withGraphs(graphs));
    }

    /** Gradients of scaled losses are scaled; the first steps' scale is the first one. */
    private static Map<String, HostTensor> unscaled(Map<String, HostTensor> results) {
        Map<String, HostTensor> all = new LinkedHashMap<>(results);
        all.replaceAll((name, t) -> {
            if (!name.startsWith("gradients")) {
                return t;
            }
            float[] g = t.floats().clone();
            for (int i = 0; i < g.length; i++) {
                g[i] /= (float) LossScaling.scale(0);
            }
            return HostTensor.of(t.shape(), g);
        });
        return all;
    }

    /** Root mean square of the errors in units of that of the true values. */
    private static double error(HostTensor got, HostTensor truth) {
        double errors = 0;
        double squares = 0;
        for (int i = 0; i < truth.size(); i++) {
            errors += Math.pow(got.get(i) - truth.get(i), 2);
            squares += Math.pow(truth.get(i), 2);
        }
        return Math.sqrt(errors / squares);
    }

    /**
     * As exact as the reference with f16 maps, within a factor of two, as in bf16. A loss, which a single number may have right
     * by luck, is allowed what an error of a logit makes of it: 2 u / T for rows of unit length with errors of u.
     */
    private static void asExactAsTheModel(Function<Backend, Map<String, HostTensor>> steps) {
        Map<String, HostTensor> truth = steps.apply(ReferenceBackend.open(DType.F64, 2));
        Map<String, HostTensor> model = unscaled(steps.apply(ReferenceBackend.open(DType.F32, DType.F16, 2)));
        Map<String, HostTensor> got = unscaled(steps.apply(open(true, BlockOrder.FORWARD)));
        assertEquals(truth.keySet(), got.keySet());
        StringBuilder wrong = new StringBuilder();
        truth.forEach((name, t) -> {
            if (t.dtype() == DType.I32) {
                return;
            }
            double allowed = 2 * error(model.get(name), t) + FLOOR
                    + (name.startsWith("loss") ? 4 * Half.ROUNDOFF / StepRig.TEMPERATURE : 0);
            double error = error(got.get(name), t);
            if (!(error <= allowed)) {
                wrong.append(String.format(Locale.ROOT, "%s is off by %.2e of its root mean square, allowed %.2e%n", name, error,
                        allowed));
            }
        });
        assertTrue(wrong.isEmpty(), wrong.toString());
    }

    @Test
    void pretrainingIsAsExactAsTheModel() {
        asExactAsTheModel(b -> StepRig.pretrain(b, StepRig.moco(4, true), StepRig.Hook.NONE));
    }

    @Test
    void finetuningIsAsExactAsTheModel() {
        asExactAsTheModel(b -> StepRig.finetune(b, 2, ResNet18.Stem.CIFAR, StepRig.Hook.NONE));
    }

    @Test
    void graphsStepsAndOrdersOfBlocksGiveTheSameBits() {
        Map<String, HostTensor> once = StepRig.pretrain(open(true, BlockOrder.SHUFFLED), StepRig.moco(4, false),
                StepRig.Hook.NONE);
        Map<String, HostTensor> again = StepRig.pretrain(open(false, BlockOrder.REVERSE), StepRig.moco(4, false),
                StepRig.Hook.NONE);
        once.forEach((name, t) -> assertTrue(t.bitEquals(again.get(name)), name + " differs"));
    }

    private static HostTensor images(Shape shape, int view) {
        Philox random = new Philox(7, Philox.Purpose.TEST, 1, view);
        float[] x = new float[Math.toIntExact(shape.size())];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return HostTensor.of(shape, x);
    }

    /**
     * With a scale at which gradients overflow the weights stay as they are, bit for bit, until it has been halved often enough;
     * then they move, their copies with them.
     */
    @Test
    void overflowLeavesTheWeightsAndHalvesTheScale() {
        try (CudaBackend b = open(true, BlockOrder.FORWARD)) {
            MocoStep step = new MocoStep(b, StepRig.moco(4, false));
            b.allocate();
            step.pair().initialize(b, 7);
            step.queue().initialize(b, 7);
            step.sgd().setLearningRate(b, 0.03);
            assertEquals(0x1p16, step.scale().value(b));
            LossScale.load(step.scale(), b, Map.of("loss_scale.exponent", "8", "loss_scale.finite_steps", "5"));
            step.setShuffle(b, new Philox(7, Philox.Purpose.SHUFFLE, 0, 0).permutation(StepRig.BATCH));
            b.upload(step.view1(), images(step.view1().shape(), 1));
            b.upload(step.view2(), images(step.view2().shape(), 2));
            Buffer weights = step.pair().query().weights().flat();
            Buffer velocity = step.sgd().moments().get("velocity").flat();
            HostTensor before = b.download(weights);
            double scale = 0x1p24;
            int skipped = 0;
            while (true) {
                step.program().run();
                assertTrue(Double.isFinite(b.get(step.loss().loss())));
                if (step.scale().value(b) == scale) {
                    break;
                }
                skipped++;
                scale /= 2;
                assertEquals(scale, step.scale().value(b));
                assertTrue(before.bitEquals(b.download(weights)), "weights moved though gradients overflowed");
                assertTrue(HostTensor.zeros(DType.F32, velocity.shape()).bitEquals(b.download(velocity)), "the velocity moved");
            }
            assertTrue(skipped >= 1, "2^24 does not overflow: the test shows nothing");
            HostTensor after = b.download(weights);
            assertTrue(!before.bitEquals(after));
            HostTensor copy = b.downloadCopy(weights);
            for (int i = 0; i < after.size(); i++) {
                assertEquals(Half.round((float) after.get(i)), (float) copy.get(i), "copy of weight " + i);
            }
            Map<String, String> metadata = new LinkedHashMap<>();
            LossScale.save(step.scale(), b, metadata);
            assertEquals(Map.of("loss_scale.exponent", Integer.toString(8 - skipped), "loss_scale.finite_steps", "1"), metadata);
        }
    }
}
