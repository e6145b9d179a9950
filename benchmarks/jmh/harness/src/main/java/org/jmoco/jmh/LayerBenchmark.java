package org.jmoco.jmh;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Step;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.bench.LayerBench;
import org.jmoco.bench.StepTrial;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * All launches of one operation in one stage of a MoCo step, one after the other: a row of {@code jmoco bench layers}. The step
 * was checked as a whole; the launches work on what it left in memory.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class LayerBenchmark {
    /** batch, image, width, splits, queue, dim; stage; operation */
    @Param("128 32 64 8 4096 128 layer1 batch_norm_fwd")
    private String problem;

    @Param("0")
    private int threads;

    private Backend backend;
    private Step[] launches;

    @Setup(Level.Trial)
    public void prepare() {
        String[] words = problem.split(" ");
        backend = CpuBackend.open(Threads.of(threads));
        StepTrial step = new StepTrial(backend, StepBenchmark.sizes(String.join(" ", Arrays.copyOf(words, 6))));
        List<Step> chosen = LayerBench.launches(step.program(), words[6], words[7]);
        launches = chosen.toArray(Step[]::new);
        if (launches.length == 0) {
            throw new IllegalArgumentException(problem + ": the step has no " + words[7] + " in " + words[6]);
        }
    }

    @Benchmark
    public void launches() {
        for (Step s : launches) {
            s.work().run();
        }
    }

    @TearDown(Level.Trial)
    public void close() {
        backend.close();
    }
}
