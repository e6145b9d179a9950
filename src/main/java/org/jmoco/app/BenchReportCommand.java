package org.jmoco.app;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jmoco.bench.PerformancePage;
import org.jmoco.checkpoint.AtomicFile;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code jmoco bench report}: the tables of pages such as docs/performance.md, made anew from benchmarks/results. */
@Command(name = "report", description = "Make the tables of pages anew from result files.")
final class BenchReportCommand implements Callable<Integer> {
    @Option(names = "--page", paramLabel = "FILE",
            description = "A page; may be repeated (default: every page of docs/ that has such a table).")
    private List<Path> pages = List.of();

    @Option(names = "--benchmarks", paramLabel = "DIR", defaultValue = "benchmarks",
            description = "Where the page's paths start from (default: ${DEFAULT-VALUE}).")
    private Path benchmarks;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (pages.isEmpty()) {
            pages = PerformancePage.pages(Path.of("docs"));
        }
        List<String> texts = pages.stream().map(BenchReportCommand::read).toList();
        List<String> updated = texts.stream().map(t -> PerformancePage.update(t, benchmarks)).toList();
        for (int i = 0; i < pages.size(); i++) {
            boolean changes = !updated.get(i).equals(texts.get(i));
            if (changes) {
                AtomicFile.replace(pages.get(i), updated.get(i).getBytes(StandardCharsets.UTF_8));
            }
            spec.commandLine().getOut().println(pages.get(i) + (changes ? " updated" : " is up to date"));
        }
        return 0;
    }

    private static String read(Path page) {
        try {
            return Files.readString(page);
        } catch (IOException e) {
            throw UserError.usage("--page " + page + ": cannot be read (" + e.getMessage() + ")");
        }
    }
}
