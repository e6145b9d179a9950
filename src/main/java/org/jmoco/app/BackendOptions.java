package org.jmoco.app;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.jmoco.backend.cuda.CudaOptions;
import org.jmoco.backend.cuda.Precision;
import org.jmoco.data.DataSets;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;

/** Where and how a command computes. */
final class BackendOptions {
    /** Twice the hardware threads of the largest servers; more would only meet the system's own limit. */
    private static final int MOST_THREADS = 1024;

    /** In the order in which {@code auto} asks them. */
    enum Name {
        AUTO, CUDA, CPU, REFERENCE;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(names = "--backend", paramLabel = "NAME", defaultValue = "auto",
            description = "What computes: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}, the fastest that works here).")
    private Name backend;

    @Option(names = "--threads", paramLabel = "N",
            description = "Threads of the cpu backend and of the image pipeline (default: one for each core). Results do not"
                    + " depend on it.")
    private Integer threads;

    @Option(names = "--precision", paramLabel = "TYPE", defaultValue = "f32",
            description = "What the cuda backend computes in: ${COMPLETION-CANDIDATES}; tf32 and bf16 use tensor cores and need"
                    + " compute capability 8.0, f16 7.0; bf16 and f16 halve the memory of activations (default:"
                    + " ${DEFAULT-VALUE}; the only one of the other backends).")
    private Precision precision;

    @Option(names = "--no-graph",
            description = "cuda: enqueue the steps of a program one by one, with the same results (default: as one CUDA graph).")
    private boolean noGraph;

    @Option(names = "--branches",
            description = "cuda: encode the keys of a MoCo step on a second stream beside the queries, with the same results"
                    + " and more memory; not yet measured on a GPU (default: one after the other).")
    private boolean branches;

    @Option(names = "--cudnn-graph",
            description = "cuda: let engines of cuDNN's graph interface compete with its algorithms of version 7 when"
                    + " convolutions are measured; not yet tried on a GPU (default: algorithms of version 7 alone).")
    private boolean cudnnGraph;

    @Option(names = "--check-steps",
            description = "cuda: wait after each step, so that an error names the step that caused it; slow (default: do not"
                    + " wait).")
    private boolean checkSteps;

    @Option(names = "--nondeterministic",
            description = "cuda: allow convolution algorithms whose results differ from run to run (default: the same bits in"
                    + " every run).")
    private boolean nondeterministic;

    @Mixin
    private CudaLibsOption cudaLibs;

    /** Before any CUDA library is loaded. */
    void useCudaLibs() {
        cudaLibs.use();
    }

    /**
     * What can be said against these options without opening a backend; asked of every command before it does anything.
     *
     * @throws UserError if an option is the cuda backend's and another backend is named
     */
    void check() {
        if (withoutCuda()) {
            Backends.requirePlain(backend, cuda(line -> {}));
        }
    }

    /** True if a backend is named that knows nothing of the cuda backend's options. */
    boolean withoutCuda() {
        return backend == Name.CPU || backend == Name.REFERENCE;
    }

    /** The options of this kind that a command has, in itself or in another group of options. */
    static Optional<BackendOptions> of(CommandSpec spec) {
        for (CommandSpec group : spec.mixins().values()) {
            Optional<BackendOptions> found = group.userObject() instanceof BackendOptions o ? Optional.of(o) : of(group);
            if (found.isPresent()) {
                return found;
            }
        }
        return Optional.empty();
    }

    /** The options that were typed for a command, so that it can hand them to another one. */
    List<String> typed(CommandSpec spec) {
        List<String> all = new ArrayList<>();
        CommandSpec own = spec.mixins().values().stream().filter(group -> group.userObject() == this).findFirst().orElseThrow();
        for (OptionSpec o : spec.commandLine().getParseResult().matchedOptions()) {
            if (own.findOption(o.longestName()) == null || Boolean.FALSE.equals(o.getValue())) {
                continue;
            }
            all.add(o.longestName());
            if (!o.typeInfo().isBoolean()) {
                all.add(o.getValue().toString());
            }
        }
        return all;
    }

    Name backend() {
        return backend;
    }

    Precision precision() {
        return precision;
    }

    boolean branches() {
        return branches;
    }

    /** @throws UserError if fewer than one was asked for */
    int threads() {
        if (threads == null) {
            return Runtime.getRuntime().availableProcessors();
        }
        if (threads < 1) {
            throw UserError.usage("--threads " + threads + ": at least 1 is needed");
        }
        if (threads > MOST_THREADS) {
            throw UserError.usage("--threads " + threads + ": at most " + MOST_THREADS + "; as many as there are cores ("
                    + Runtime.getRuntime().availableProcessors() + " here) is best");
        }
        return threads;
    }

    /** Overrides {@code --threads}, for a command that varies it. */
    void useThreads(int n) {
        threads = n;
    }

    /** @param log gets a line where the cache of convolution algorithms cannot be used */
    CudaOptions cuda(Consumer<String> log) {
        CudaOptions o = CudaOptions.of(precision).withGraphs(!noGraph).withBranches(branches)
                .withDeterministic(!nondeterministic).withGraphEngines(cudnnGraph)
                .withCache(DataSets.defaultCacheFolder(), log);
        return checkSteps ? o.withCheckedSteps() : o;
    }
}
