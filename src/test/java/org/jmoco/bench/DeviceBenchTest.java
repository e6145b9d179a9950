package org.jmoco.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jmoco.backend.Backend;
import org.jmoco.backend.cuda.CudaBackend;
import org.jmoco.backend.cuda.CudaOptions;
import org.jmoco.backend.cuda.Gpu;
import org.jmoco.backend.cuda.Precision;
import org.jmoco.ptx.EmulatedGpu;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The benchmarks on the emulated device: what they launch, when, and what they find. Its clock counts warp instructions. */
class DeviceBenchTest {
    private static final Ceilings CEILINGS = new Ceilings(1e9, 1e10);

    private final List<EmulatedGpu> devices = new ArrayList<>();

    private Backend open(Precision precision, boolean graphs) {
        EmulatedGpu gpu = new EmulatedGpu(90, 1L << 26);
        gpu.countTraffic(false);
        devices.add(gpu);
        return CudaBackend.open(gpu, CudaOptions.of(precision).withGraphs(graphs));
    }

    @TestFactory
    List<DynamicTest> operationsAreCheckedAndTimedInEveryPrecision() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Precision precision : new Precision[] {Precision.F32, Precision.BF16}) {
            for (String text : List.of("conv2d_fwd n2 h5 w7 c3 k4 r3 s3 st2 pd1",
                    "conv2d_bwd_data n2 h5 w7 c3 k4 r3 s3 st2 pd1 acc",
                    "conv2d_bwd_w n2 h5 w7 c3 k4 r3 s3 st1 pd1", "batch_norm_fwd n4 h3 w3 c8 g2 add relu",
                    "batch_norm_bwd n4 h3 w3 c8 g2 relu",
                    "linear_fwd n3 c7 k5", "info_nce n3 m13 d8", "sgd l33", "momentum l33", "copy l33")) {
                tests.add(DynamicTest.dynamicTest(text + " " + precision, () -> {
                    Row row = new OpBench(() -> open(precision, true), CEILINGS, Caches.WARM, 3, 1e-9, new WarmUps())
                            .measure(Problem.parse(text));
                    assertTrue(row.medianNanos() > 0 && row.bytes() > 0 && row.memoryBytes() > 0, row.toString());
                }));
            }
        }
        return tests;
    }

    /** Each problem has a device of its own, each timing its launches: as many as the clock of the device was asked about. */
    @Test
    void everyProblemHasAFreshContext() {
        OpBench bench = new OpBench(() -> open(Precision.F32, true), CEILINGS, Caches.WARM, 3, 1e-9, new WarmUps());
        bench.measure(Problem.parse("sgd l33"));
        bench.measure(Problem.parse("momentum l33"));
        assertEquals(2, devices.size());
        assertTrue(devices.get(0).counts().stream().allMatch(c -> c.kernel().startsWith("sgd")),
                devices.get(0).counts().toString());
        assertTrue(devices.get(1).counts().stream().allMatch(c -> c.kernel().startsWith("momentum")),
                devices.get(1).counts().toString());
        assertThrows(RuntimeException.class, () -> devices.get(0).synchronize(), "the first device is closed");
    }

    /** With cold caches the operation runs as often as with warm ones, and its time holds nothing of the flush. */
    @Test
    void theFlushIsNotTimed() {
        Problem p = Problem.parse("sgd l4097");
        Row warm = new OpBench(() -> open(Precision.F32, true), CEILINGS, Caches.WARM, 3, 1e-9, new WarmUps()).measure(p);
        Row cold = new OpBench(() -> open(Precision.F32, true), CEILINGS, Caches.COLD, 4096, new Stopwatch(3, 1e-9),
                new WarmUps()).measure(p);
        assertEquals(warm.medianNanos(), cold.medianNanos(), "warp instructions of one run");
        assertEquals(warm.memoryBytes(), cold.memoryBytes(), "the flush's buffers are not the operation's");
        assertEquals("cold", cold.toMap().get("caches"));
    }

    /** Copy, f32 product and the product in the feature maps' type all run and are checked. */
    @Test
    void ceilingsAreMeasuredInTheRunsPrecision() {
        for (Precision precision : new Precision[] {Precision.F32, Precision.BF16}) {
            Ceilings c = Ceilings.measure(() -> open(precision, true), new Stopwatch(3, 1e-9), new Ceilings.Sizes(4096, 256, 8),
                    new WarmUps());
            assertTrue(c.copyBytesPerSecond() > 0 && c.sgemmFlopsPerSecond() > 0 && c.mapFlopsPerSecond() > 0, c.toString());
        }
    }

    /** A GPU's clocks rise from idle: its own times are asked for until they agree, four at least. */
    @Test
    void aStepIsRepeatedUntilTheDevicesTimesAreSteady() {
        EmulatedGpu gpu = new EmulatedGpu(90, 1L << 26);
        gpu.countTraffic(false);
        AtomicInteger times = new AtomicInteger();
        Gpu counted = (Gpu) Proxy.newProxyInstance(Gpu.class.getClassLoader(), new Class<?>[] {Gpu.class}, (p, method, args) -> {
            times.addAndGet(method.getName().equals("time") ? 1 : 0);
            return method.invoke(gpu, args);
        });
        try (Backend backend = CudaBackend.open(counted, CudaOptions.of(Precision.F32))) {
            StepTrial trial = new StepTrial(backend, new StepSizes(4, 8, 2, 2, 9, 8, false));
            times.set(0);
            trial.warmUp(new WarmUps());
            assertTrue(times.get() >= 4, times + " times");
        }
    }

    /** One pair of events around several steps, and the loss is read once at the end. */
    @Test
    void stepsInATimingDoNotWaitForTheHost() {
        EmulatedGpu gpu = new EmulatedGpu(90, 1L << 26);
        gpu.countTraffic(false);
        Map<String, Integer> calls = new TreeMap<>();
        Gpu counted = (Gpu) Proxy.newProxyInstance(Gpu.class.getClassLoader(), new Class<?>[] {Gpu.class}, (p, method, args) -> {
            calls.merge(method.getName(), 1, Integer::sum);
            return method.invoke(gpu, args);
        });
        try (Backend backend = CudaBackend.open(counted, CudaOptions.of(Precision.F32))) {
            StepTrial trial = new StepTrial(backend, new StepSizes(4, 8, 2, 2, 9, 8, false));
            trial.warmUp(new WarmUps());
            Map<String, Integer> once = callsOf(calls, () -> trial.time(2, 1));
            Map<String, Integer> five = callsOf(calls, () -> trial.time(2, 5));
            assertEquals(null, once.get("time"));
            assertEquals(3, once.get("download"), "each of two losses, and the last again to be looked at");
            assertEquals(2, five.get("time"));
            assertEquals(1, five.get("download"));
        }
    }

    private static Map<String, Integer> callsOf(Map<String, Integer> calls, Runnable work) {
        calls.clear();
        work.run();
        return Map.copyOf(calls);
    }

    @Test
    void viewsAreMadeByTheDevice() {
        try (Backend backend = open(Precision.F32, true)) {
            ViewBench.Case tiny = new ViewBench.Case("covid-ct", 12, 9, 8, false);
            Map<String, Object> row = ViewBench.device(tiny, CEILINGS, backend, 3, 1e-9, new WarmUps());
            assertEquals(tiny + " device", row.get("problem"));
            assertTrue((Double) row.get("pairs_per_s") > 0, row.toString());
        }
    }
}
