package org.jmoco.backend.cuda;

import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * How the CUDA backend works.
 *
 * @param precision what a step computes in
 * @param graphs a program runs as one CUDA graph; false: its steps are enqueued one by one, with the same results
 * @param branches branches of a program run on a second stream, beside its main line, with the same results; false: in order
 * @param checkSteps without graphs: wait after each step, so that a fault of the device names the step that caused it
 * @param deterministic convolutions take algorithms that give the same bits in every run
 * @param graphEngines engines of cuDNN's graph interface are measured beside the algorithms of version 7; false: those alone
 * @param cacheFolder where the choice of convolution algorithms is kept from start to start; null: nowhere
 * @param log gets a line where something is amiss that does not stop a run
 */
public record CudaOptions(Precision precision, boolean graphs, boolean branches, boolean checkSteps, boolean deterministic,
        boolean graphEngines, Path cacheFolder, Consumer<String> log) {
    /** Graphs, no branches, deterministic, algorithms of version 7, nothing kept. */
    public static CudaOptions of(Precision precision) {
        return new CudaOptions(precision, true, false, false, true, false, null, line -> {});
    }

    public CudaOptions withGraphs(boolean value) {
        return new CudaOptions(precision, value, branches, checkSteps, deterministic, graphEngines, cacheFolder, log);
    }

    public CudaOptions withBranches(boolean value) {
        return new CudaOptions(precision, graphs, value, checkSteps, deterministic, graphEngines, cacheFolder, log);
    }

    /** Without graphs; waits after each step. */
    public CudaOptions withCheckedSteps() {
        return new CudaOptions(precision, false, branches, true, deterministic, graphEngines, cacheFolder, log);
    }

    public CudaOptions withDeterministic(boolean value) {
        return new CudaOptions(precision, graphs, branches, checkSteps, value, graphEngines, cacheFolder, log);
    }

    public CudaOptions withGraphEngines(boolean value) {
        return new CudaOptions(precision, graphs, branches, checkSteps, deterministic, value, cacheFolder, log);
    }

    public CudaOptions withCache(Path folder, Consumer<String> to) {
        return new CudaOptions(precision, graphs, branches, checkSteps, deterministic, graphEngines, folder, to);
    }
}
