package org.jmoco.app;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code jmoco doctor}: exit code 1 if something is missing that a command needs. */
@Command(name = "doctor", description = "Show what is installed, which backend would run, and how to cure what is missing.")
final class DoctorCommand implements Callable<Integer> {
    @Mixin
    private CudaLibsOption cudaLibs;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        cudaLibs.use();
        List<Doctor.Finding> findings = Doctor.examine();
        out.println("jmoco " + Version.number());
        for (Doctor.Finding f : findings) {
            out.printf("%-8s%-20s%s%n", f.status().name().toLowerCase(Locale.ROOT), f.subject(), f.text());
            if (f.cure() != null) {
                out.printf("%28scure: %s%n", "", f.cure());
            }
        }
        boolean healthy = findings.stream().noneMatch(f -> f.status() == Doctor.Status.MISSING);
        return healthy ? 0 : Failure.FAILED;
    }
}
