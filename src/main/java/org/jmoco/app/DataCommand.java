package org.jmoco.app;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code jmoco data}: looks at images before anything is trained on them. */
@Command(
        name = "data",
        description = "List the known data sets, count what lies in a folder, draw images and their random views; remove decoded"
                + " copies of images.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {DataListCommand.class, DataFetchCommand.class, DataInfoCommand.class, DataShowCommand.class,
            DataClearCacheCommand.class})
final class DataCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    /** No command given. */
    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(),
                "data: a command is missing (list, fetch, info, show or clear-cache)");
    }
}
