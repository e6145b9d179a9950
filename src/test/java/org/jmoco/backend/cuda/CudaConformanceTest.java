package org.jmoco.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.jmoco.backend.Backend;
import org.jmoco.backend.BackendConformanceTest;
import org.jmoco.backend.conformance.OpCases;
import org.jmoco.ptx.BlockOrder;
import org.jmoco.ptx.EmulatedGpu;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * Every operation of the CUDA backend on the emulated device against the reference backend. A backend of one thread is one that
 * runs graphs and every launch in several orders of its blocks; one of more threads goes step by step, in plain order.
 */
class CudaConformanceTest {
    private static Backend open(int capability, Precision precision, int threads) {
        EmulatedGpu gpu = new EmulatedGpu(capability);
        gpu.countTraffic(false);
        if (threads == 1) {
            gpu.blockOrders(BlockOrder.FORWARD, BlockOrder.REVERSE, BlockOrder.SHUFFLED);
        }
        return CudaBackend.open(gpu, CudaOptions.of(precision).withGraphs(threads == 1));
    }

    /** On the oldest device. */
    @Nested
    class F32 extends BackendConformanceTest {
        @Override
        protected Backend open(int threads) {
            return CudaConformanceTest.open(70, Precision.F32, threads);
        }
    }

    /** What newer devices run other texts of: modules with a variant for sm_80 hold their f32 kernels twice. */
    @Nested
    class F32OnNewerDevices extends BackendConformanceTest {
        private static final List<String> TWICE = List.of("batch_norm", "relu", "max_pool", "avg_pool", "sgd", "adam", "momentum",
                "scale_loss", "flag_non_finite");

        @Test
        void eachOfThemHasCases() {
            assertEquals(List.of(), TWICE.stream()
                    .filter(name -> OpCases.all().stream().noneMatch(c -> c.problem().startsWith(name))).toList());
        }

        @Override
        protected boolean covers(String problem) {
            return TWICE.stream().anyMatch(problem::startsWith);
        }

        @Override
        protected Backend open(int threads) {
            return CudaConformanceTest.open(90, Precision.F32, threads);
        }
    }

    @Nested
    class Bf16 extends BackendConformanceTest {
        @Override
        protected Backend open(int threads) {
            return CudaConformanceTest.open(80, Precision.BF16, threads);
        }
    }

    /** On the oldest device, which has no bf16. */
    @Nested
    class F16 extends BackendConformanceTest {
        @Override
        protected Backend open(int threads) {
            return CudaConformanceTest.open(70, Precision.F16, threads);
        }
    }

    /** What differs from f32: products. */
    @Nested
    class Tf32 extends BackendConformanceTest {
        private static final List<String> PRODUCTS = List.of("conv2d", "linear", "info_nce");

        @Override
        protected boolean covers(String problem) {
            return PRODUCTS.stream().anyMatch(problem::startsWith);
        }

        @Override
        protected Backend open(int threads) {
            return CudaConformanceTest.open(80, Precision.TF32, threads);
        }
    }
}
