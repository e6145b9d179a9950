package org.jmoco.app;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Program;
import org.jmoco.bench.Ceilings;
import org.jmoco.bench.ResultTable;
import org.jmoco.bench.WarmUps;
import org.jmoco.bench.StepSizes;
import org.jmoco.moco.MocoConfig;
import org.jmoco.moco.MocoStep;
import org.jmoco.report.RunEnvironment;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** What all benchmarks have in common: where they run, which rows, and how these are printed. */
final class BenchOptions {
    @Mixin
    BackendOptions backend;

    @Mixin
    BenchFilter filter;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Option(names = "--tsv", description = "Print tab-separated lines after a head of # lines.")
    private boolean tsv;

    @Option(names = "--save", paramLabel = "FILE",
            description = "Also write the rows to FILE, tab-separated, with the full head.")
    private Path save;

    /** Of everything that is measured here. */
    final WarmUps warmUps = new WarmUps();

    /** @throws UserError if two ways of printing are asked for */
    boolean isText() {
        if (json && tsv) {
            throw UserError.usage("--json and --tsv: choose one");
        }
        return !json && !tsv;
    }

    Backend open() {
        return Backends.open(backend);
    }

    /**
     * Asks before anything is measured whether a step can be, and whether the filter leaves a row of it. Only for a filter is the
     * step recorded: on a GPU that opens the device and measures convolutions, which takes seconds.
     *
     * @param rows of a program that has not run
     * @throws UserError if these sizes do not go together, or nothing is left
     */
    void requireAny(StepSizes sizes, Function<Program, Stream<String>> rows, String what) {
        MocoConfig config = sizes.config();
        if (filter.isGiven()) {
            filter.pattern();
            try (Backend planning = open()) {
                filter.requireAny(rows.apply(new MocoStep(planning, config).program()).anyMatch(filter::wants), what);
            }
        }
    }

    /**
     * Measures what this machine reaches at best, and says so where people read.
     *
     * @throws UserError before anything is measured, if the ways of printing or the filter make no sense
     */
    Ceilings ceilings(PrintWriter out) {
        boolean text = isText();
        filter.pattern();
        Ceilings c = Ceilings.measure(this::open, warmUps);
        if (text) {
            out.printf(Locale.ROOT, "measured ceilings: copy %.1f GB/s, matrix product %.1f GFLOP/s; a row's floor is the larger"
                    + " of bytes / copy and operations / product%n", c.copyBytesPerSecond() * 1e-9, c.flopsPerSecond() * 1e-9);
            out.flush();
        }
        return c;
    }

    /** An empty table whose head says on what, with what and when it was measured. */
    ResultTable table(String benchmark, CommandSpec spec, Ceilings ceilings) {
        try (Backend b = open()) {
            return table(benchmark, spec, ceilings, b.describe());
        }
    }

    /** @param description of the open backend: another one takes a second on a GPU */
    ResultTable table(String benchmark, CommandSpec spec, Ceilings ceilings, String description) {
        List<String> arguments = spec.commandLine().getParseResult().originalArgs();
        RunEnvironment e = RunEnvironment.now(Version.number(), backend.threads(), description, arguments);
        ResultTable table = ResultTable.of(benchmark, e.command(), e);
        if (ceilings != null) {
            ceilings.toMap().forEach(table::head);
        }
        return table;
    }

    /** Says on stderr what is being measured, where more than one row is: a large one takes a minute. */
    void progress(CommandSpec spec, int done, int all, Object row) {
        if (all > 1) {
            PrintWriter err = spec.commandLine().getErr();
            err.println("row " + (done + 1) + " of " + all + ": " + row);
            err.flush();
        }
    }

    void print(ResultTable table, PrintWriter out) {
        PeakMemory.residentBytes().ifPresent(bytes -> table.head("peak_resident_mb", bytes * 1e-6));
        tellWarmUps(table);
        if (json) {
            out.println(table.toJson());
        } else {
            out.print(tsv ? table.toTsv() : table.toText());
        }
        save(table, out);
    }

    private void tellWarmUps(ResultTable table) {
        if (!warmUps.isEmpty()) {
            table.head("warm_up", warmUps.toString());
        }
    }

    /** For a command that prints in its own words, and has done so. */
    void save(ResultTable table, PrintWriter out) {
        tellWarmUps(table);
        if (isText()) {
            warmUps.warning().ifPresent(out::println);
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
