package org.jmoco.run;

import java.io.PrintStream;
import java.util.function.Consumer;
import org.jmoco.report.Progress;

/**
 * Where a run shows how far it is.
 *
 * @param mode  of the progress
 * @param err   takes the bar, or the plain lines
 * @param tensorBoard write scalars for TensorBoard into the run folder's sub-folder tensorboard
 * @param lines takes one line per epoch; null: they go where the progress goes, without tearing a bar
 */
public record Display(Progress.Mode mode, PrintStream err, Consumer<String> lines, boolean tensorBoard) {
    public Display(Progress.Mode mode, PrintStream err) {
        this(mode, err, null, false);
    }

    public Display(Progress.Mode mode, PrintStream err, Consumer<String> lines) {
        this(mode, err, lines, false);
    }
}
