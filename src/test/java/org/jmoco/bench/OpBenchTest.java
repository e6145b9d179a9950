package org.jmoco.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Ops;
import org.jmoco.backend.Region;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class OpBenchTest {
    private static final Ceilings CEILINGS = new Ceilings(1e9, 1e10);

    /** More than the reference backend calculates in full: one row of the five is left out. */
    private static final String MANY_LOGITS = "cross_entropy n5 k1000003";

    private static final List<String> PROBLEMS = List.of("conv2d_fwd n2 h5 w7 c3 k4 r3 s3 st2 pd1",
                "conv2d_bwd_data n2 h5 w7 c3 k4 r3 s3 st2 pd1 acc",
                "conv2d_bwd_w n2 h5 w7 c3 k4 r3 s3 st1 pd1", "batch_norm_fwd n4 h3 w3 c5 g2 add relu",
                "batch_norm_inf n4 h3 w3 c5 g2",
                "batch_norm_bwd n4 h3 w3 c5 g2 add relu", "max_pool_fwd n2 h7 w7 c3 r3 s3 st2 pd1", "avg_pool_fwd n2 h3 w3 c5",
                "avg_pool_bwd n2 h3 w3 c5", "linear_fwd n3 c7 k5", "linear_bwd_data n3 c7 k5", "linear_bwd_w n3 c7 k5",
                "l2_norm_fwd n3 d7", "l2_norm_bwd n3 d7", "info_nce n3 m13 d7", "cross_entropy n5 k2", "gather_rows n5 m3 d7",
                "enqueue n3 m7 d5", "momentum l33", "sgd l33", "adam l33", "copy l33",
                MANY_LOGITS);

    @TestFactory
    List<DynamicTest> everyOperationIsCheckedAndTimed() {
        return PROBLEMS.stream().map(text -> DynamicTest.dynamicTest(text, () -> {
                    Problem p = Problem.parse(text);
                    Row row = new OpBench(() -> CpuBackend.open(1), CEILINGS, Caches.WARM, 3, 0.001, new WarmUps()).measure(p);
                    assertEquals(p, row.problem());
                    assertTrue(row.medianNanos() > 0 && row.p10Nanos() <= row.medianNanos()
                            && row.medianNanos() <= row.p90Nanos(), row.toString());
                    assertTrue(row.bytes() > 0 && row.floorMillis() > 0, row.toString());
                })).toList();
    }

    /** A body that does nothing, and one that does half, are found before anything is timed. */
    @Test
    void aBodyThatDoesNothingFails() {
        for (String problem : List.of("conv2d_fwd n2 h5 w7 c3 k4 r3 s3 st1 pd1", "sgd l33", "info_nce n3 m13 d7", "copy l7")) {
            OpBench bench = new OpBench(Idle::new, CEILINGS, Caches.WARM, 3, 0.001, new WarmUps());
            IllegalStateException e = assertThrows(IllegalStateException.class, () -> bench.measure(Problem.parse(problem)),
                    problem);
            assertTrue(e.getMessage().contains("the result is wrong"), e.getMessage());
        }
    }

    /** Where not every element is compared, zeros and elements that are not written are found all the same. */
    @Test
    void halfOfTheWorkFailsWhereRowsAreLeftOut() {
        for (boolean zeros : new boolean[] {false, true}) {
            OpBench bench = new OpBench(() -> new Idle() {
                @Override
                public void upload(Buffer dst, HostTensor src) {
                    boolean poison = Double.isNaN(src.get(0)) || src.get(0) == Integer.MIN_VALUE;
                    super.upload(dst, zeros && poison ? HostTensor.zeros(src.dtype(), src.shape()) : src);
                }
            }, CEILINGS, Caches.WARM, 3, 0.001, new WarmUps());
            IllegalStateException e = assertThrows(IllegalStateException.class, () -> bench.measure(Problem.parse(MANY_LOGITS)));
            assertTrue(e.getMessage().contains(zeros ? "dlogits[" : "the result is wrong"), e.getMessage());
            assertEquals(zeros, e.getMessage().contains("expected"), e.getMessage());
        }
    }

    /** Where not every row is compared, the first ones are and the last ones. */
    @Test
    void aWrongRowAtEitherEndIsFound() {
        Problem p = Problem.parse(MANY_LOGITS);
        Map<String, float[]> before = OpTrial.values(p);
        try (CpuBackend backend = CpuBackend.open(1)) {
            OpTrial trial = new OpTrial(p, backend, 0, before);
            trial.run();
            Map<String, HostTensor> got = trial.written();
            OpCheck.check(p, before, got, trial.step().flops());
            float[] gradient = got.get("dlogits").floats(); // the tensor's own
            for (int i : new int[] {0, gradient.length - 1}) {
                float right = gradient[i];
                gradient[i] = right + 0.1f;
                String said = assertThrows(IllegalStateException.class,
                        () -> OpCheck.check(p, before, got, trial.step().flops())).getMessage();
                assertTrue(said.contains("dlogits[" + i + "]"), said);
                gradient[i] = right;
            }
        }
    }

    /** Every operation that can be benchmarked is in the list of the test above. */
    @Test
    void noOperationIsLeftOut() {
        assertEquals(OpSetups.names(), new java.util.TreeSet<>(PROBLEMS.stream().map(p -> Problem.parse(p).op()).toList()));
    }

    @Test
    void aColdRunIsTimedAloneAfterItsFlush() {
        List<String> calls = new java.util.ArrayList<>();
        Idle backend = new Idle() {
            @Override
            public long nanos(Runnable work) {
                calls.add("start");
                work.run();
                calls.add("stop");
                return 5_000_000;
            }
        };
        Stopwatch.Timing t = new Stopwatch(3, 1e-9).time(backend, () -> calls.add("run"), () -> calls.add("flush"));
        assertEquals(5e6, t.median());
        assertEquals(16, t.runsPerSample());
        for (int i = 0; i < calls.size(); i += 4) {
            assertEquals(List.of("flush", "start", "run", "stop"), calls.subList(i, i + 4));
        }
    }

    @Test
    void aWarmUpThatItsLimitEndedIsToldOf() {
        int[] runs = {0};
        boolean[] moving = {true};
        Idle backend = new Idle() {
            private int samples;

            @Override
            public long nanos(Runnable work) {
                int before = runs[0];
                work.run();
                // 1, 2, 4, 8, 16 and again: none is like the fastest of the three before it
                return (runs[0] - before) * 1_000_000L * (moving[0] ? 1 << samples++ % 5 : 1);
            }
        };
        WarmUps told = new WarmUps();
        told.add("moving", new Stopwatch(3, 0.02).time(backend, () -> runs[0]++).warmUp());
        assertTrue(told.cut());
        moving[0] = false;
        told.add("steady", new Stopwatch(3, 0.5).time(backend, () -> runs[0]++).warmUp());
        assertTrue(told.toString().startsWith("1 of 2 ended by its limit, not with steady times: moving ("), told.toString());
    }

    @Test
    void quantilesLieBetweenNeighbours() {
        assertEquals(2, Stopwatch.quantile(new double[] {1, 2, 3}, 0.5));
        assertEquals(1.2, Stopwatch.quantile(new double[] {1, 2, 3}, 0.1), 1e-12);
        assertEquals(7, Stopwatch.quantile(new double[] {7}, 0.9));
    }

    @Test
    void theFloorIsTheSlowerOfMemoryAndArithmetic() {
        assertEquals(1e6, CEILINGS.floorNanos(1e6, 1e6), 1e-3);
        assertEquals(1e5, CEILINGS.floorNanos(1, 1e6), 1e-3);
    }

    /** The CPU backend with operations that are recorded and do nothing. */
    private static class Idle extends Backend {
        @Override
        public String name() {
            return "idle";
        }

        @Override
        public String describe() {
            return "idle";
        }

        @Override
        public DType real() {
            return DType.F32;
        }

        @Override
        protected Ops ops() {
            return (Ops) java.lang.reflect.Proxy.newProxyInstance(Ops.class.getClassLoader(), new Class<?>[] {Ops.class},
                    (proxy, method, arguments) -> (org.jmoco.backend.Work) () -> { });
        }

        @Override
        protected long placeArenas(Map<Region, Long> arenaBytes, List<Buffer> roots) {
            for (Buffer root : roots) {
                root.place(HostTensor.zeros(root.dtype(), root.shape()), 0);
            }
            return 0;
        }

        private final Map<Buffer, HostTensor> contents = new java.util.HashMap<>();

        @Override
        public void upload(Buffer dst, HostTensor src) {
            contents.put(dst, src);
        }

        @Override
        public HostTensor download(Buffer src) {
            return contents.get(src);
        }

        @Override
        public void close() {
            contents.clear();
        }
    }
}
