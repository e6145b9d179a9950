package org.jmoco.backend.cuda;

import java.util.List;
import java.util.stream.Stream;
import org.jmoco.backend.conformance.OpCase;
import org.jmoco.backend.conformance.OpCases;
import org.jmoco.ptx.BlockOrder;
import org.jmoco.ptx.EmulatedGpu;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The operations that jmoco's own kernels carry out, as the shipped PTX computes them, against the reference backend: on the oldest
 * device in f32 and on one with bf16, each launch in several orders of its blocks.
 */
class KernelConformanceTest {
    private static final List<String> FAMILIES = List.of("batch_norm", "max_pool", "avg_pool", "relu", "l2_norm", "softmax",
            "cross_entropy", "gather_rows", "enqueue", "momentum", "sgd", "adam", "flag_non_finite", "fill", "copy", "select_row", "store",
            "increment");

    @TestFactory
    Stream<DynamicTest> inF32() {
        return cases().map(c -> DynamicTest.dynamicTest(c.problem(), () -> c.compareWithReference(open(70, Precision.F32))));
    }

    @TestFactory
    Stream<DynamicTest> inBf16() {
        return cases().map(c -> DynamicTest.dynamicTest(c.problem(), () -> c.compareWithReference(open(80, Precision.BF16))));
    }

    private static Stream<OpCase> cases() {
        String only = System.getProperty("case", "");
        return OpCases.all().stream().filter(c -> c.problem().contains(only) && FAMILIES.stream().anyMatch(c.problem()::startsWith));
    }

    private static CudaBackend open(int capability, Precision precision) {
        EmulatedGpu gpu = new EmulatedGpu(capability);
        gpu.blockOrders(BlockOrder.FORWARD, BlockOrder.REVERSE, BlockOrder.SHUFFLED);
        return CudaBackend.open(gpu, CudaOptions.of(precision));
    }
}
