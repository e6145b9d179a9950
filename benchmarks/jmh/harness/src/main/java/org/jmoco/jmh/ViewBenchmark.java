package org.jmoco.jmh;

import java.util.concurrent.TimeUnit;
import org.jmoco.bench.ViewBench;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A pair of random views on one thread, checked before. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ViewBenchmark {
    /** A case of {@link ViewBench#CASES} as it is printed. */
    @Param("views cifar10 h32 w32 to 32")
    private String problem;

    @Param("0")
    private int threads; // the renderer has one; the parameter is that of the other benchmarks

    private Runnable pair;

    @Setup(Level.Trial)
    public void prepare() {
        pair = ViewBench.renderer(ViewBench.CASES.stream().filter(c -> c.toString().equals(problem)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException(problem + " is none of " + ViewBench.CASES)));
    }

    @Benchmark
    public void pair() {
        pair.run();
    }
}
