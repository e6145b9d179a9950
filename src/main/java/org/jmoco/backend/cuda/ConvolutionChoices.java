package org.jmoco.backend.cuda;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jmoco.backend.ConvGeometry;
import org.jmoco.backend.cuda.Dnn.Algorithm;
import org.jmoco.backend.cuda.Dnn.Convolution;
import org.jmoco.backend.cuda.Dnn.Direction;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.Shape;
import org.jmoco.tensor.UserError;

/**
 * Which of cuDNN's algorithms solves which problem: the fastest by measurement among those that are deterministic (unless
 * that is lifted) and whose workspace is affordable. Measured once, while a program is recorded; what was measured is kept on
 * disk by device and version of cuDNN, so that the next start is quick and, since algorithms round differently, computes
 * the same bits.
 */
final class ConvolutionChoices implements AutoCloseable {
    /** A workspace may take this part of the device's memory; one arena serves all steps. */
    private static final int MEMORY_PER_WORKSPACE = 16;

    /** A sample lasts about this long: thousands of times the clock's step of half a microsecond. */
    private static final long SAMPLE_NANOS = 1_000_000;

    private static final int MOST_RUNS_PER_SAMPLE = 32;

    /** The least of three samples: what disturbs a measurement only makes it longer. */
    private static final int SAMPLES = 3;

    /** A prepared problem and how to solve it. */
    record Choice(Convolution convolution, Algorithm algorithm) {
        long workspaceBytes() {
            return algorithm.workspaceBytes();
        }

        void run(long out, long first, long second, float beta, long workspace) {
            convolution.run(algorithm, out, first, second, beta, workspace, algorithm.workspaceBytes());
        }
    }

    private final Gpu gpu;
    private final Precision precision;
    private final boolean deterministic;
    private final AlgorithmFile file;
    private final Map<String, Choice> choices = new HashMap<>(); // by problem

    ConvolutionChoices(Gpu gpu, CudaOptions options) {
        this.gpu = gpu;
        this.precision = options.precision();
        this.deterministic = options.deterministic();
        this.file = AlgorithmFile.open(gpu.info(), options.cacheFolder(), options.log());
    }

    /** @throws UserError if no algorithm is allowed, or device memory does not hold the operands */
    Choice choose(Direction direction, ConvGeometry g) {
        String problem = direction.name().toLowerCase(Locale.ROOT) + " " + g + " " + precision + (deterministic ? "" : " any");
        Choice known = choices.get(problem);
        if (known == null) {
            Convolution convolution = gpu.dnn().convolution(direction, g, precision);
            known = new Choice(convolution, choose(problem, direction, g, convolution));
            choices.put(problem, known);
        }
        return known;
    }

    private Algorithm choose(String problem, Direction direction, ConvGeometry g, Convolution convolution) {
        List<Algorithm> all = convolution.algorithms();
        List<Algorithm> candidates = new ArrayList<>(all);
        candidates.removeIf(a -> deterministic && !a.deterministic() || a.workspaceBytes() > workspaceLimit());
        if (candidates.isEmpty()) {
            throw UserError.failed("cuda backend: cuDNN offers nothing for " + problem + " that is "
                    + (deterministic ? "deterministic and " : "") + "content with a workspace of " + workspaceLimit() / 1_000_000
                    + " MB; it has " + all + (deterministic ? ". --nondeterministic allows all of them" : ""));
        }
        Algorithm kept = file.get(problem, candidates);
        if (kept != null) {
            return kept;
        }
        Algorithm fastest = candidates.size() == 1 ? candidates.getFirst()
                : fastest(problem, direction, g, convolution, candidates);
        file.put(problem, fastest);
        return fastest;
    }

    private long workspaceLimit() {
        return gpu.info().memoryBytes() / MEMORY_PER_WORKSPACE;
    }

    private Algorithm fastest(String problem, Direction direction, ConvGeometry g, Convolution convolution,
            List<Algorithm> candidates) {
        Shape[] operands = switch (direction) {
            case FORWARD -> new Shape[] {g.y(), g.x(), g.filter()};
            case BACKWARD_DATA -> new Shape[] {g.x(), g.y(), g.filter()};
            case BACKWARD_WEIGHTS -> new Shape[] {g.filter(), g.x(), g.y()};
        };
        DType type = precision.featureMaps();
        long[] at = new long[operands.length];
        try {
            for (int i = 0; i < at.length; i++) {
                at[i] = gpu.allocate(operands[i].size() * type.bytes, "convolution to measure");
            }
            Algorithm best = null;
            long bestNanos = Long.MAX_VALUE;
            List<String> failures = new ArrayList<>();
            for (Algorithm a : candidates) {
                long nanos = measure(new Choice(convolution, a), at, failures);
                if (nanos < bestNanos) {
                    bestNanos = nanos;
                    best = a;
                }
            }
            if (best == null) {
                throw new GpuException("conv2d " + problem + ": every algorithm of cuDNN failed: " + String.join("; ", failures));
            }
            return best;
        } catch (GpuOutOfMemoryException e) {
            throw UserError.failed("cuda backend: out of device memory while the convolution " + problem + " was measured: "
                    + e.getMessage() + ". Lower --batch, --image or --width", e);
        } finally {
            for (long address : at) {
                if (address != 0) {
                    gpu.free(address);
                }
            }
        }
    }

    /** Nanoseconds of one run; Long.MAX_VALUE, with a line in {@code failures}, if the algorithm cannot be had. */
    private long measure(Choice c, long[] at, List<String> failures) {
        long workspace = 0;
        try {
            workspace = c.workspaceBytes() == 0 ? 0 : gpu.allocate(c.workspaceBytes(), "workspace to measure");
            long ws = workspace;
            Runnable once = () -> c.run(at[0], at[1], at[2], 0, ws);
            gpu.time(once); // loads code
            int runs = (int) Math.clamp(SAMPLE_NANOS / Math.max(1, gpu.time(once)), 1, MOST_RUNS_PER_SAMPLE);
            long least = Long.MAX_VALUE;
            for (int i = 0; i < SAMPLES; i++) {
                least = Math.min(least, gpu.time(() -> {
                    for (int r = 0; r < runs; r++) {
                        once.run();
                    }
                }) / runs);
            }
            return least;
        } catch (GpuException e) {
            // cuDNN lists algorithms by rules of thumb and may yet refuse one; another will do.
            failures.add(c.algorithm().name() + ": " + e.getMessage());
            return Long.MAX_VALUE;
        } finally {
            if (workspace != 0) {
                gpu.free(workspace);
            }
        }
    }

    /** Writes what is new to disk. */
    void save() {
        file.save();
    }

    @Override
    public void close() {
        choices.values().forEach(c -> c.convolution().close());
        choices.clear();
    }
}
