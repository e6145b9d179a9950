package org.jmoco.app;

import picocli.CommandLine.Option;

/** Looks into the recorded program. */
final class ProgramOptions {
    @Option(names = "--print-program", description = "List the steps of the program with sizes, operations and bytes.")
    boolean print;

    @Option(names = "--time-steps", paramLabel = "N", arity = "0..1", fallbackValue = "5",
            description = "Time each step of the program N times (5 if no number is given), print the table and end without"
                    + " training.")
    Integer time;
}
