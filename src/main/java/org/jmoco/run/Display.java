package org.jmoco.run;

import java.io.PrintStream;
import java.util.function.Consumer;
import org.jmoco.report.Progress;

/**
 * Where a run shows how far it is.
 *
 * @param mode  of the progress
 * @param err   takes the bar, or the plain lines
 * @param lines takes one line per epoch; null: they go where the progress goes, without tearing a bar
 */
public record Display(Progress.Mode mode, PrintStream err, Consumer<String> lines) {
    public Display(Progress.Mode mode, PrintStream err) {
        this(mode, err, null);
    }
}
