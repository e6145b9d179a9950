package org.jmoco.app;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code jmoco cuda}: NVIDIA's libraries. */
@Command(name = "cuda", description = "NVIDIA's libraries: install them where only a driver is.",
        subcommands = CudaInstallCommand.class)
final class CudaCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "say what to do, as in: jmoco cuda install");
    }
}
