package org.jmoco.backend.cuda;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
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
 * the same bits. If asked for, engines of cuDNN's graph interface are measured beside the algorithms; unasked they step in where
 * no algorithm will do.
 */
final class ConvolutionChoices implements AutoCloseable {
    /** A workspace may take this part of the device's memory; one arena serves all steps. */
    private static final int MEMORY_PER_WORKSPACE = 16;

    /** Elements of a tensor (cuDNN, cudnnSetTensor4dDescriptor: more than two giga-elements are not supported). */
    private static final long MOST_ELEMENTS = Integer.MAX_VALUE;

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
    private final CudaOptions options;
    private final AlgorithmFile file;
    private final Map<Problem, Choice> choices = new HashMap<>();

    ConvolutionChoices(Gpu gpu, CudaOptions options) {
        this.gpu = gpu;
        this.options = options;
        this.file = AlgorithmFile.open(gpu.info(), options.cacheFolder(), options.log());
    }

    /**
     * A convolution to be solved.
     *
     * @param graph by engines of the graph interface too
     * @param adding whether the result will be added to what is there; to algorithms of version 7 it makes no difference
     */
    private record Problem(Direction direction, ConvGeometry g, Precision precision, boolean deterministic, boolean graph,
            boolean adding) {
        /** As in the file. */
        @Override
        public String toString() {
            return direction.name().toLowerCase(Locale.ROOT) + " " + g + " " + precision + (deterministic ? "" : " any")
                    + (graph ? " graph" : "") + (adding ? " adding" : "");
        }
    }

    /** Nothing that cuDNN offers will do. */
    private static final class Unsolved extends Exception {
        private final RuntimeException reason;

        Unsolved(RuntimeException reason) {
            super(reason);
            this.reason = reason;
        }
    }

    /**
     * @param accumulate whether the result will be added to what is there
     * @throws UserError if a tensor is larger than cuDNN's, no algorithm is allowed, or device memory does not hold the operands
     */
    Choice choose(Direction direction, ConvGeometry g, boolean accumulate) {
        long most = Math.max(g.x().size(), g.y().size());
        if (most > MOST_ELEMENTS) {
            throw UserError.failed("cuda backend: the convolution " + g + " has a tensor of " + most
                    + " elements, and cuDNN takes at most " + MOST_ELEMENTS + ". Lower --batch, --image or --width");
        }
        Problem byGraph = new Problem(direction, g, options.precision(), options.deterministic(), true, accumulate);
        Problem problem = options.graphEngines() ? byGraph
                : new Problem(direction, g, options.precision(), options.deterministic(), false, false);
        Choice known = choices.getOrDefault(problem, choices.get(byGraph));
        if (known != null) {
            return known;
        }
        try {
            return solve(problem);
        } catch (Unsolved e) {
            return insteadOf(e, problem, byGraph);
        }
    }

    /** What the graph interface has where version 7 has nothing. */
    private Choice insteadOf(Unsolved e, Problem problem, Problem byGraph) {
        if (!problem.graph()) {
            try {
                Choice engine = solve(byGraph);
                options.log().accept("conv2d " + problem + ": " + engine.algorithm().name() + " of cuDNN's graph interface, since"
                        + " no algorithm of version 7 will do (" + e.reason.getMessage() + ")");
                return engine;
            } catch (Unsolved neither) {
                e.reason.addSuppressed(neither.reason);
            }
        }
        throw e.reason;
    }

    private Choice solve(Problem problem) throws Unsolved {
        List<GpuException> refusals = new ArrayList<>();
        List<Convolution> prepared = prepare(problem, refusals);
        Choice chosen = null;
        try {
            chosen = choose(problem, prepared, refusals);
            choices.put(problem, chosen);
            return chosen;
        } finally {
            for (Convolution c : prepared) {
                if (chosen == null || chosen.convolution() != c) {
                    c.close();
                }
            }
        }
    }

    /** The problem for version 7's calls and, where wanted, for the graph interface. @param refusals gets what version 7 refuses */
    private List<Convolution> prepare(Problem p, List<GpuException> refusals) {
        List<Convolution> prepared = new ArrayList<>();
        try {
            prepared.add(gpu.dnn().convolution(p.direction(), p.g(), options.precision()));
        } catch (GpuException e) {
            refusals.add(e);
        }
        if (p.graph()) {
            try {
                prepared.add(gpu.dnn().graphConvolution(p.direction(), p.g(), options.precision(), p.adding()));
            } catch (GpuException e) {
                options.log().accept("conv2d " + p + ": cuDNN's graph interface does not take it (" + e.getMessage()
                        + "); algorithms of version 7 alone are measured");
            }
        }
        return prepared;
    }

    private Choice choose(Problem problem, List<Convolution> prepared, List<GpuException> refusals) throws Unsolved {
        List<Choice> all = new ArrayList<>();
        for (Convolution c : prepared) {
            try {
                c.algorithms().forEach(a -> all.add(new Choice(c, a)));
            } catch (GpuException e) {
                refusals.add(e);
            }
        }
        List<String> measured = new ArrayList<>();
        refusals.forEach(e -> measured.add("refused: " + e.getMessage()));
        if (all.isEmpty()) {
            throw new Unsolved(new GpuException("conv2d " + problem + ": cuDNN offers nothing" + (measured.isEmpty() ? ""
                    : "; " + String.join("; ", measured)), refusals.isEmpty() ? null : refusals.getFirst()));
        }
        List<Choice> candidates = all.stream().filter(c -> allowed(c.algorithm())).toList();
        if (candidates.isEmpty()) {
            throw new Unsolved(UserError.failed("cuda backend: cuDNN offers nothing for " + problem + " that is "
                    + (options.deterministic() ? "deterministic and " : "") + "content with a workspace of "
                    + workspaceLimit() / 1_000_000 + " MB; it has " + all.stream().map(Choice::algorithm).toList()
                    + measured.stream().map(" "::concat).collect(Collectors.joining())
                    + (all.stream().allMatch(c -> repeats(c.algorithm())) ? "" : ". --nondeterministic allows more of them")));
        }
        Algorithm kept = file.get(problem.toString(), candidates.stream().map(Choice::algorithm).toList());
        if (kept != null) {
            return candidates.stream().filter(c -> c.algorithm().equals(kept)).findFirst().orElseThrow();
        }
        // One alone is measured where that is written down: it may yet refuse, and somebody may wish to know what it takes.
        Choice fastest = candidates.size() == 1 && !file.keeps() ? candidates.getFirst()
                : fastest(problem, candidates, measured);
        all.stream().map(Choice::algorithm).filter(a -> !allowed(a)).forEach(a -> measured.add(a.name() + (repeats(a)
                ? " wants " + a.workspaceBytes() + " B" : " not deterministic")));
        file.put(problem.toString(), fastest.algorithm(), String.join("; ", measured));
        return fastest;
    }

    private boolean allowed(Algorithm a) {
        return repeats(a) && a.workspaceBytes() <= workspaceLimit();
    }

    /** As far as that is asked for. */
    private boolean repeats(Algorithm a) {
        return a.deterministic() || !options.deterministic();
    }

    private long workspaceLimit() {
        return gpu.info().memoryBytes() / MEMORY_PER_WORKSPACE;
    }

    /** @param measured gets what each candidate takes, or why it cannot be had */
    private Choice fastest(Problem problem, List<Choice> candidates, List<String> measured) throws Unsolved {
        ConvGeometry g = problem.g();
        Shape[] operands = switch (problem.direction()) {
            case FORWARD -> new Shape[] {g.y(), g.x(), g.filter()};
            case BACKWARD_DATA -> new Shape[] {g.x(), g.y(), g.filter()};
            case BACKWARD_WEIGHTS -> new Shape[] {g.filter(), g.x(), g.y()};
        };
        DType type = options.precision().featureMaps();
        long[] at = new long[operands.length];
        try {
            for (int i = 0; i < at.length; i++) {
                at[i] = gpu.allocate(operands[i].size() * type.bytes, "convolution to measure");
            }
            Choice best = null;
            long bestNanos = Long.MAX_VALUE;
            for (Choice c : candidates) {
                long nanos = measure(c, problem.adding() ? 1 : 0, at, measured);
                if (nanos < bestNanos) {
                    bestNanos = nanos;
                    best = c;
                }
            }
            if (best == null) {
                throw new Unsolved(new GpuException("conv2d " + problem + ": every algorithm of cuDNN failed: "
                        + String.join("; ", measured)));
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

    /** Nanoseconds of one run; Long.MAX_VALUE if the algorithm cannot be had. Either stands in {@code measured} then. */
    private long measure(Choice c, float beta, long[] at, List<String> measured) {
        long workspace = 0;
        try {
            workspace = c.workspaceBytes() == 0 ? 0 : gpu.allocate(c.workspaceBytes(), "workspace to measure");
            long ws = workspace;
            Runnable once = () -> c.run(at[0], at[1], at[2], beta, ws);
            gpu.time(once); // loads code
            int runs = Math.clamp(SAMPLE_NANOS / Math.max(1, gpu.time(once)), 1, MOST_RUNS_PER_SAMPLE);
            long least = Long.MAX_VALUE;
            for (int i = 0; i < SAMPLES; i++) {
                least = Math.min(least, gpu.time(() -> {
                    for (int r = 0; r < runs; r++) {
                        once.run();
                    }
                }) / runs);
            }
            measured.add(String.format(Locale.ROOT, "%s %.1f us, %d B", c.algorithm().name(), least * 1e-3, c.workspaceBytes()));
            return least;
        } catch (GpuException e) {
            // cuDNN lists algorithms by rules of thumb and may yet refuse one; another will do.
            measured.add(c.algorithm().name() + ": " + e.getMessage());
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
