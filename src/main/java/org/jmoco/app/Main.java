package org.jmoco.app;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.jmoco.tensor.UserError;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The program: {@code jmoco COMMAND [options]}. Exit codes: 0 done, 1 failed, 2 usage. */
@Command(
        name = "jmoco",
        scope = ScopeType.INHERIT, // help, version and layout hold for each subcommand
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        usageHelpAutoWidth = true,
        sortOptions = false,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = { // in the order of their use
            DemoCommand.class,
            RunCommand.class,
            PretrainCommand.class,
            FinetuneCommand.class,
            ProbeCommand.class,
            EvaluateCommand.class,
            KnnCommand.class,
            PredictCommand.class,
            ReportCommand.class,
            ExportCommand.class,
            DataCommand.class,
            BenchCommand.class,
            GoldenCommand.class,
            SelftestCommand.class,
            DoctorCommand.class,
            CudaCommand.class,
            BundleCommand.class,
            HelpCommand.class,
        })
public final class Main implements Callable<Integer> {
    @Option(names = "--stacktrace", scope = ScopeType.INHERIT,
            description = "Print the Java stack trace of an error (default: one line).")
    private boolean stacktrace;

    @Spec
    private CommandSpec spec;

    Main() {
    }

    public static void main(String[] args) {
        StandardError.restore();
        StandardOutput stdout = StandardOutput.install();
        PrintWriter out = new PrintWriter(System.out, true);
        PrintWriter err = new PrintWriter(System.err, true);
        int code = run(out, err, args);
        out.flush();
        System.exit(stdout.judge(code, err));
    }

    /**
     * Runs one command line.
     *
     * @param out what commands print through picocli's {@code getOut()}
     * @param err messages
     * @return the exit code
     */
    static int run(PrintWriter out, PrintWriter err, String... args) {
        Main main = new Main();
        CommandLine line = main.commandLine().setOut(out).setErr(err);
        try {
            return line.execute(args);
        } catch (Throwable e) { // errors of the JVM (out of memory, no native library), which picocli lets through
            return Failure.report(e, main.stacktrace, err);
        }
    }

    private CommandLine commandLine() {
        CommandLine line = new CommandLine(this);
        // Here and not in the annotation, whose values the commands inherit.
        line.getCommandSpec().usageMessage().description(
                "Self-supervised learning (MoCo) on medical images: pretrain, fine-tune, evaluate.");
        return line
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionStrategy(Main::checkAndRun)
                .setParameterExceptionHandler(Failure::reportUsage)
                .setExecutionExceptionHandler((e, cmd, parsed) -> Failure.report(e, stacktrace, cmd.getErr()));
    }

    /** What can be said against a command's options by themselves is said before it reads or makes anything. */
    private static int checkAndRun(ParseResult typed) {
        ParseResult command = typed;
        while (command.hasSubcommand()) {
            command = command.subcommand();
        }
        if (!command.isUsageHelpRequested() && !command.isVersionHelpRequested()) {
            try {
                TypedValues.check(command);
                BackendOptions.of(command.commandSpec()).ifPresent(BackendOptions::check);
            } catch (UserError e) { // picocli hands only this kind to its handler
                throw new ExecutionException(command.commandSpec().commandLine(), e.getMessage(), e);
            }
        }
        return new RunLast().execute(typed);
    }

    /** No command given. */
    @Override
    public Integer call() {
        PrintWriter err = spec.commandLine().getErr();
        err.println("jmoco: a command is missing");
        spec.commandLine().usage(err);
        return Failure.USAGE;
    }
}
