package org.jmoco.jmh;

import java.util.concurrent.TimeUnit;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.bench.OpTrial;
import org.jmoco.bench.Problem;
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
 * One operation by its problem string. Outputs are poisoned, the result is checked before it is timed and once more at the end.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class KernelBenchmark {
    @Param("sgd l11234496")
    private String problem;

    @Param("0")
    private int threads;

    private OpTrial trial;

    @Setup(Level.Trial)
    public void prepare() {
        trial = OpTrial.checked(Problem.parse(problem), () -> CpuBackend.open(Threads.of(threads)));
    }

    @Benchmark
    public void kernel() {
        trial.run();
    }

    @TearDown(Level.Trial)
    public void checkAgain() {
        trial.checkAgain();
        trial.close();
    }
}
