package org.jmoco.app;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jmoco.backend.Backend;
import org.jmoco.bench.Ceilings;
import org.jmoco.bench.ResultTable;
import org.jmoco.report.RunEnvironment;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What all benchmarks of parts have in common: where they run, how often, how the rows are printed. */
final class BenchOptions {
    @Mixin
    BackendOptions backend;

    @Option(names = "--samples", paramLabel = "N", defaultValue = "11",
            description = "Timed samples for each row; the median and the 10th and 90th percentile are shown (default: ${DEFAULT-VALUE}).")
    private int samples;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Option(names = "--tsv", description = "Print tab-separated lines after a head of # lines.")
    private boolean tsv;

    @Option(names = "--save", paramLabel = "FILE", description = "Also write the rows to FILE, tab-separated, with the full head.")
    private Path save;

    /** @throws UserError below 3, where percentiles mean nothing */
    int samples() {
        if (samples < 3) {
            throw UserError.usage("--samples " + samples + ": at least 3 are needed");
        }
        return samples;
    }

    boolean isText() {
        return !json && !tsv;
    }

    Backend open() {
        return Backends.open(backend);
    }

    /** Measures what this machine reaches at best, and says so where people read. */
    Ceilings ceilings(PrintWriter out) {
        Ceilings c = Ceilings.measure(this::open, samples());
        if (isText()) {
            out.printf(java.util.Locale.ROOT, "measured ceilings: copy %.1f GB/s, matrix product %.1f GFLOP/s; a row's floor is the larger of"
                    + " bytes / copy and operations / product%n", c.copyBytesPerSecond() * 1e-9, c.flopsPerSecond() * 1e-9);
        }
        return c;
    }

    ResultTable table(String command, List<String> arguments, Ceilings ceilings) {
        String description;
        try (Backend b = open()) {
            description = b.describe();
        }
        RunEnvironment e = RunEnvironment.now(Version.number(), backend.threads(), description, arguments);
        Map<String, Object> head = new LinkedHashMap<>();
        head.put("benchmark", command);
        head.put("command", e.command().stream().collect(Collectors.joining(" ")));
        head.put("date", e.started());
        head.put("commit", e.commit());
        head.put("device", e.backend());
        head.put("cpu", e.cpu());
        head.put("processors", e.processors());
        head.put("threads", e.threads());
        head.put("os", e.os());
        head.put("java", e.java());
        if (ceilings != null) {
            head.put("copy_gb_per_s", ceilings.copyBytesPerSecond() * 1e-9);
            head.put("product_gflop_per_s", ceilings.flopsPerSecond() * 1e-9);
        }
        return new ResultTable(head);
    }

    void print(ResultTable table, PrintWriter out) {
        if (json) {
            out.println(table.toJson());
        } else {
            out.print(tsv ? table.toTsv() : table.toText());
        }
        out.flush();
        if (save != null) {
            try {
                if (save.toAbsolutePath().getParent() != null) {
                    Files.createDirectories(save.toAbsolutePath().getParent());
                }
                Files.writeString(save, table.toTsv());
            } catch (IOException e) {
                throw UserError.failed("--save " + save + ": cannot be written (" + e.getMessage() + "); the rows stand above");
            }
        }
    }

}
