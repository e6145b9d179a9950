package org.jmoco.backend.cuda;

import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * How the CUDA backend works.
 *
 * @param precision what a step computes in
 * @param graphs a program runs as one CUDA graph; false: its steps are enqueued one by one, with the same results
 * @param checkSteps without graphs: wait after each step, so that a fault of the device names the step that caused it
 * @param deterministic convolutions take algorithms that give the same bits in every run
 * @param cacheFolder where the choice of convolution algorithms is kept from start to start; null: nowhere
 * @param log gets a line where something is amiss that does not stop a run
 */
public record CudaOptions(Precision precision, boolean graphs, boolean checkSteps, boolean deterministic, Path cacheFolder,
        Consumer<String> log) {
    /** Graphs, deterministic, nothing kept. */
    public static CudaOptions of(Precision precision) {
        return new CudaOptions(precision, true, false, true, null, line -> {});
    }

    public CudaOptions withGraphs(boolean value) {
        return new CudaOptions(precision, value, checkSteps, deterministic, cacheFolder, log);
    }

    /** Without graphs; waits after each step. */
    public CudaOptions withCheckedSteps() {
        return new CudaOptions(precision, false, true, deterministic, cacheFolder, log);
    }

    public CudaOptions withDeterministic(boolean value) {
        return new CudaOptions(precision, graphs, checkSteps, value, cacheFolder, log);
    }

    public CudaOptions withCache(Path folder, Consumer<String> to) {
        return new CudaOptions(precision, graphs, checkSteps, deterministic, folder, to);
    }
}
