package org.jmoco.app;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.jmoco.checkpoint.CheckpointStore;

/**
 * While it is open, the end of the process by Ctrl-C or SIGTERM is told in a line on stderr, with how to go on. The exit code
 * stays that of the signal, and nothing is saved: the last checkpoint is whole at any moment.
 */
final class Interruption implements AutoCloseable {
    private final Thread hook;

    /** @param text asked for when the signal has come */
    Interruption(PrintWriter err, Supplier<String> text) {
        hook = new Thread(() -> {
            // On a terminal the cursor stands behind a progress bar.
            err.println((Boolean.getBoolean("jmoco.stderr.tty") ? System.lineSeparator() : "") + "jmoco: " + text.get());
            err.flush();
        });
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Of a training in a folder of its own. */
    static Interruption ofRun(PrintWriter err, String command, Path folder) {
        return new Interruption(err, () -> {
            List<Path> saved = CheckpointStore.forReading(folder).files();
            return "interrupted; " + (saved.isEmpty() ? "no checkpoint yet" : "last checkpoint " + saved.getLast())
                    + "; go on with ./jmoco " + command + " --resume --out " + folder;
        });
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending already, and the hook speaks.
        }
    }
}
