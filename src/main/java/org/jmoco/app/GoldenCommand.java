package org.jmoco.app;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jmoco.app.golden.GoldenRun;
import org.jmoco.backend.Backend;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.UserError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code jmoco golden}: recomputes what PyTorch computed. */
@Command(name = "golden", description =
        "Recompute the values of golden files (computed with PyTorch) and compare: one line for each kind of"
        + " value with its worst error and PASS or FAIL. Exit code 1 on a FAIL.")
final class GoldenCommand implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "FILE", description = "Golden files (.json).")
    private List<Path> files;

    @Mixin
    private BackendOptions backend;

    @Option(names = "--dtype", paramLabel = "TYPE",
            description = "f64 (reference backend only) or f32 (default: f64 on reference, else f32).")
    private String dtype;

    @Option(names = "--recorded", paramLabel = "DIR",
            description = "Compute nothing, judge the float32 record of the file of the same name in DIR: how PyTorch in another"
                    + " setting, or on another machine, does by the bounds of FILE.")
    private Path recorded;

    @Spec
    private CommandSpec spec;

    private UserError unopened;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        DType type = dtype();
        if (recorded != null && type != DType.F32) {
            throw UserError.usage("--recorded judges records in float32: leave out --backend reference and --dtype f64.");
        }
        boolean passed = true;
        for (Path file : files) {
            try {
                passed &= recorded == null ? GoldenRun.run(file, () -> open(type), type, out)
                        : GoldenRun.judge(file, recorded.resolve(file.getFileName()), out);
            } catch (UserError e) {
                if (files.size() == 1 || e == unopened) {
                    throw e;
                }
                passed = false; // the others are worth comparing all the same
                PrintWriter err = spec.commandLine().getErr();
                err.println("jmoco: " + (e.getMessage().contains(file.toString()) ? "" : file + ": ") + e.getMessage());
                err.flush();
                out.println(file.getFileName() + System.lineSeparator() + "  FAIL cannot be compared");
            }
        }
        out.println(passed ? "PASS" : "FAIL");
        out.flush();
        return passed ? 0 : Failure.FAILED;
    }

    private Backend open(DType type) {
        try {
            return Backends.open(backend, type);
        } catch (UserError e) {
            unopened = e; // no file's fault
            throw e;
        }
    }

    private DType dtype() {
        if (dtype == null) {
            return backend.backend() == BackendOptions.Name.REFERENCE ? DType.F64 : DType.F32;
        }
        return switch (dtype) {
            case "f32" -> DType.F32;
            case "f64" -> DType.F64;
            default -> throw UserError.usage("--dtype " + dtype + ": give f64 or f32.");
        };
    }
}
