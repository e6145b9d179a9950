package org.jmoco.app;

import java.util.Locale;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Option;

/** Where a command computes. {@code cpu} is the only one that {@code auto} needs to exist; it says what it chose. */
final class BackendOptions {
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
            description = "Threads of the cpu backend and of the image pipeline (default: one for each core). Results do not depend on it.")
    private Integer threads;

    Name backend() {
        return backend;
    }

    /** @throws UserError if fewer than one was asked for */
    int threads() {
        if (threads == null) {
            return Runtime.getRuntime().availableProcessors();
        }
        if (threads < 1) {
            throw UserError.usage("--threads " + threads + ": at least 1 is needed");
        }
        return threads;
    }

    /** Overrides {@code --threads}, for a command that varies it. */
    void useThreads(int n) {
        threads = n;
    }
}
