package org.jmoco.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jmoco.backend.Backend;
import org.jmoco.backend.cuda.CudaBackend;
import org.jmoco.backend.cuda.CudaOptions;
import org.jmoco.backend.cuda.Precision;
import org.jmoco.encoder.ResNet18;
import org.jmoco.moco.MocoConfig;
import org.jmoco.moco.MocoStep;
import org.jmoco.ptx.EmulatedGpu;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Benchmarks on the emulated device: their host code, their check of results and their bookkeeping; the times mean nothing. */
class CudaBenchTest {
    private static final Ceilings CEILINGS = new Ceilings(1e9, 1e10);

    private static Supplier<Backend> emulated(Precision p) {
        return () -> {
            EmulatedGpu gpu = new EmulatedGpu(80);
            gpu.countTraffic(false);
            return CudaBackend.open(gpu, CudaOptions.of(p));
        };
    }

    @TestFactory
    List<DynamicTest> everyOperationIsCheckedAndTimed() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Precision p : Precision.values()) {
            for (String text : List.of("conv2d_fwd n2 h5 w7 c3 k4 r3 s3 st2 pd1", "conv2d_bwd_data n2 h5 w7 c3 k4 r3 s3 st2 pd1 acc",
                    "conv2d_bwd_w n2 h5 w7 c3 k4 r3 s3 st1 pd1", "batch_norm_fwd n4 h3 w3 c5 g2 add relu", "batch_norm_inf n4 h3 w3 c5 g2",
                    "batch_norm_bwd n4 h3 w3 c5 g2 add relu", "max_pool_fwd n2 h7 w7 c3 r3 s3 st2 pd1", "avg_pool_fwd n2 h3 w3 c5", "avg_pool_bwd n2 h3 w3 c5",
                    "linear_fwd n3 c7 k5", "linear_bwd_data n3 c7 k5", "linear_bwd_w n3 c7 k5", "l2_norm_fwd n3 d7", "l2_norm_bwd n3 d7", "info_nce n3 m13 d7",
                    "cross_entropy n5 k2", "gather_rows n5 m3 d7", "enqueue n3 m7 d5", "momentum l33", "sgd l33", "adam l33", "copy l33")) {
                tests.add(DynamicTest.dynamicTest(text + " " + p, () -> {
                    Row row = new OpBench(emulated(p), CEILINGS, 3, 0.001).measure(Problem.parse(text));
                    assertTrue(row.medianNanos() > 0 && row.bytes() > 0 && row.floorMillis() > 0, row.toString());
                }));
            }
        }
        return tests;
    }

    @Test
    void theStepByLayer() {
        try (Backend b = emulated(Precision.BF16).get()) {
            MocoStep step = new MocoStep(b, new MocoConfig(new ResNet18.Config(ResNet18.Stem.CIFAR, 4, 8, 2), 4, 8, 9, 0.99, 0.1, false, 0.9, 5e-4));
            b.allocate();
            step.pair().initialize(b, 1);
            step.queue().initialize(b, 1);
            List<LayerBench.Share> shares = LayerBench.measure(b, step.program(), 3);
            Set<String> layers = shares.stream().map(s -> (String) s.toMap(CEILINGS, 1e9).get("layer")).collect(Collectors.toSet());
            assertEquals(Set.of("stem", "layer1", "layer2", "layer3", "layer4", "head"), layers);
            assertTrue(shares.stream().allMatch(s -> s.nanos() > 0));
        }
    }
}
