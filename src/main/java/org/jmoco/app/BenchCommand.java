package org.jmoco.app;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code jmoco bench}: measurements. */
@Command(name = "bench", description = "Measure speed.",
        subcommands = {BenchStepCommand.class, BenchKernelsCommand.class, BenchLayersCommand.class, BenchViewsCommand.class,
                BenchEpochCommand.class, BenchScalingCommand.class, BenchGateCommand.class, BenchReportCommand.class})
final class BenchCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "say what to measure, as in: jmoco bench step");
    }
}
