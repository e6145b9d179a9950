package org.jmoco.app;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jmoco.bench.PerformancePage;
import org.jmoco.checkpoint.AtomicFile;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code jmoco bench report}: the tables of docs/performance.md, made anew from benchmarks/results. */
@Command(name = "report", description = "Make the tables of a page anew from result files.")
final class BenchReportCommand implements Callable<Integer> {
    @Option(names = "--page", paramLabel = "FILE", defaultValue = "docs/performance.md",
            description = "The page (default: ${DEFAULT-VALUE}).")
    private Path page;

    @Option(names = "--benchmarks", paramLabel = "DIR", defaultValue = "benchmarks",
            description = "Where the page's paths start from (default: ${DEFAULT-VALUE}).")
    private Path benchmarks;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        String text;
        try {
            text = Files.readString(page);
        } catch (IOException e) {
            throw UserError.usage("--page " + page + ": cannot be read (" + e.getMessage()
                    + "); run this in the project's folder");
        }
        String updated = PerformancePage.update(text, benchmarks);
        if (!updated.equals(text)) {
            AtomicFile.replace(page, updated.getBytes(StandardCharsets.UTF_8));
        }
        spec.commandLine().getOut().println(page + (updated.equals(text) ? " is up to date" : " updated"));
        return 0;
    }
}
