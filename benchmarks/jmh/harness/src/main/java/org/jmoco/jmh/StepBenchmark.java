package org.jmoco.jmh;

import java.util.concurrent.TimeUnit;
import org.jmoco.backend.Backend;
import org.jmoco.backend.cpu.CpuBackend;
import org.jmoco.bench.StepSizes;
import org.jmoco.bench.StepTrial;
import org.jmoco.tensor.UserError;
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

/** One MoCo training step: {@link StepTrial} says what is checked and which seconds count. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class StepBenchmark {
    /** batch, image, width, splits, queue, dim */
    @Param("128 32 64 8 4096 128")
    private String problem;

    @Param("0")
    private int threads;

    private Backend backend;
    private StepTrial step;

    @Setup(Level.Trial)
    public void prepare() {
        backend = CpuBackend.open(Threads.of(threads));
        step = new StepTrial(backend, sizes(problem));
    }

    /** @throws UserError if these are not six whole numbers */
    static StepSizes sizes(String text) {
        if (!text.matches("\\d{1,9}( \\d{1,9}){5}")) {
            throw UserError.usage("sizes '" + text
                    + "': give batch, image, width, splits, queue and dim, as in '128 32 64 8 4096 128'");
        }
        String[] s = text.split(" ");
        return new StepSizes(Integer.parseInt(s[0]), Integer.parseInt(s[1]), Integer.parseInt(s[2]), Integer.parseInt(s[3]),
                Integer.parseInt(s[4]), Integer.parseInt(s[5]), false);
    }

    @Benchmark
    public void step() {
        step.run();
    }

    @TearDown(Level.Trial)
    public void close() {
        backend.close();
    }
}
