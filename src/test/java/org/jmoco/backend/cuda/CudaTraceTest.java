package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Step;
import org.jmoco.backend.reference.ReferenceBackend;
import org.jmoco.moco.MocoStep;
import org.jmoco.ptx.EmulatedGpu;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Half;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Philox;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A pretraining step under the magnifying glass: before each of its operations the reference backend gets what the CUDA backend
 * has in memory, both carry it out, and results are compared. Errors cannot add up, so bounds are those of single operations, on
 * the very buffers, sizes and addresses of a training step.
 */
class CudaTraceTest {
    /** Sums of up to N H W = 2048 f32 products, relative to the largest result of the tensor. */
    private static final double SUMS = 64 * 0x1p-24;

    @ParameterizedTest
    @EnumSource(Precision.class)
    void everyOperationOfAStep(Precision precision) {
        EmulatedGpu gpu = new EmulatedGpu(80);
        gpu.countTraffic(false);
        try (CudaBackend cuda = CudaBackend.open(gpu, CudaOptions.of(precision).withGraphs(false));
                Backend reference = ReferenceBackend.open(DType.F32, precision.featureMaps(), 2)) {
            MocoStep device = start(cuda);
            MocoStep host = start(reference);
            List<Step> steps = device.program().steps();
            assertEquals(steps.size(), host.program().steps().size());
            for (int i = 0; i < steps.size(); i++) {
                Step d = steps.get(i);
                Step h = host.program().steps().get(i);
                copy(cuda, d.reads(), reference, h.reads());
                copy(cuda, d.writes(), reference, h.writes()); // a part of which may stay
                List<HostTensor> before = d.writes().stream().map(cuda::download).toList();
                d.work().run();
                h.work().run();
                for (int w = 0; w < d.writes().size(); w++) {
                    compare(cuda, d, d.writes().get(w), before.get(w), cuda.download(d.writes().get(w)),
                            reference.download(h.writes().get(w)));
                }
            }
        }
    }

    private static MocoStep start(Backend b) {
        MocoStep step = new MocoStep(b, StepRig.moco(4, true));
        b.allocate();
        step.pair().initialize(b, 3);
        step.queue().initialize(b, 3);
        step.sgd().setLearningRate(b, 0.03);
        step.setShuffle(b, new Philox(3, Philox.Purpose.SHUFFLE, 0, 0).permutation(StepRig.BATCH));
        for (Buffer view : List.of(step.view1(), step.view2())) {
            Philox random = new Philox(3, Philox.Purpose.TEST, 0, view == step.view1() ? 1 : 2);
            float[] x = new float[Math.toIntExact(view.size())];
            for (int i = 0; i < x.length; i++) {
                x[i] = (float) random.nextGaussian();
            }
            b.upload(view, HostTensor.of(view.shape(), x));
        }
        return step;
    }

    private static void copy(Backend from, List<Buffer> source, Backend to, List<Buffer> target) {
        for (int i = 0; i < source.size(); i++) {
            to.upload(target.get(i), from.download(source.get(i)));
        }
    }

    private static void compare(CudaBackend cuda, Step step, Buffer b, HostTensor before, HostTensor got, HostTensor expected) {
        double largest = 0;
        for (int i = 0; i < expected.size(); i++) {
            largest = Math.max(largest, Math.abs(expected.get(i)));
        }
        // Both backends round what they store: a value near the middle may go either way, by a unit in the last place.
        DType maps = cuda.featureMaps();
        boolean narrow = b.dtype().bytes == 2 || step.op().equals("conv2d_bwd_w") && maps.bytes == 2;
        double stored = narrow ? 2 * maps.roundoff() : 4 * 0x1p-24;
        // What is rounded is the part that is added to what was there.
        boolean added = narrow && b.dtype() == DType.F32 && step.problem().endsWith(" acc");
        double underflow = narrow && maps == DType.F16 ? 2 * Half.UNDERFLOW : 0;
        for (int i = 0; i < expected.size(); i++) {
            double size = Math.abs(expected.get(i)) + (added ? Math.abs(before.get(i)) : 0);
            double allowed = b.dtype() == DType.I32 ? 0 : underflow + stored * size + (SUMS + products(cuda, step)) * largest;
            double error = Math.abs(got.get(i) - expected.get(i));
            int at = i;
            assertTrue(error <= allowed, () -> step.name() + " " + step.op() + " " + step.problem() + " in " + cuda.arithmetic()
                    + ": " + b + " element " + at + " is " + got.get(at) + ", expected " + expected.get(at)
                    + ", allowed difference " + allowed);
        }
    }

    /** What rounding the operands of products makes of their sum: random signs, so a few times that of one product. */
    private static double products(CudaBackend cuda, Step step) {
        if (step.op().startsWith("conv2d") || step.op().startsWith("linear")) {
            return 8 * cuda.productRoundoff();
        }
        return step.op().equals("info_nce") ? 4 * cuda.contrastRoundoff() / StepRig.TEMPERATURE : 0;
    }
}
