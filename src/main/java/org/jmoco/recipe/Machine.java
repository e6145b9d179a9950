package org.jmoco.recipe;

import java.io.PrintStream;
import java.util.List;
import java.util.function.Supplier;
import org.jmoco.backend.Backend;
import org.jmoco.report.Progress;
import org.jmoco.report.RunEnvironment;
import org.jmoco.train.CheckpointPolicy;

/**
 * What a recipe runs on and how it shows itself.
 *
 * @param backend  opens one; each stage has its own
 * @param threads  that make views
 * @param version  of the program, part of every stage's hash
 * @param command  arguments of the command line, for the record
 * @param progress of the stages, on {@code err}
 * @param tensorBoard each training also writes scalars for TensorBoard
 */
public record Machine(Supplier<Backend> backend, int threads, String version, List<String> command, CheckpointPolicy policy,
        Progress.Mode progress, PrintStream err, boolean tensorBoard) {
    RunEnvironment environment(String describedBackend) {
        return RunEnvironment.now(version, threads, describedBackend, command);
    }
}
