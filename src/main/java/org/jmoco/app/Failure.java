package org.jmoco.app;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jmoco.backend.cuda.GpuException;
import org.jmoco.tensor.UserError;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns what went wrong into one clear message on stderr and an exit code. */
final class Failure {
    static final int FAILED = CommandLine.ExitCode.SOFTWARE; // 1
    static final int USAGE = CommandLine.ExitCode.USAGE; // 2

    private static final Pattern CHOICES = Pattern.compile("expected one of \\[[^\\]]*\\] \\(case-insensitive\\)");

    private final String message;
    private final int exitCode;

    private Failure(String message, int exitCode) {
        this.message = message;
        this.exitCode = exitCode;
    }

    /** A command line that cannot be understood: the message, the nearest options, where the help is. */
    static int reportUsage(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        PrintWriter err = command.getErr();
        err.println("jmoco: " + words(e));
        UnmatchedArgumentException.printSuggestions(e, err);
        err.println("See '" + command.getCommandSpec().qualifiedName() + " --help'.");
        return USAGE;
    }

    private static String words(ParameterException e) {
        Set<String> commands = e.getCommandLine().getCommandSpec().subcommands().keySet();
        if (e instanceof UnmatchedArgumentException u && !commands.isEmpty() && !u.getUnmatched().isEmpty()
                && !u.getUnmatched().getFirst().startsWith("-")) {
            return "unknown command '" + u.getUnmatched().getFirst() + "'; there "
                    + (commands.size() == 1 ? "is " : "are ") + String.join(", ", commands);
        }
        Optional<String> meant = e instanceof UnmatchedArgumentException u ? written(u) : Optional.empty();
        if (meant.isPresent()) {
            return meant.get();
        }
        // picocli lists the constants of an enum by their names in Java; people type them in lower case.
        return CHOICES.matcher(e.getMessage()).replaceAll(m -> m.group().toLowerCase(Locale.ROOT));
    }

    /** An option in the wrong case, which picocli finds nothing like. */
    private static Optional<String> written(UnmatchedArgumentException e) {
        String typed = e.getUnmatched().isEmpty() ? "" : e.getUnmatched().getFirst().replaceFirst("=.*", "");
        Set<String> options = e.getCommandLine().getCommandSpec().optionsMap().keySet();
        return options.stream().filter(o -> o.equalsIgnoreCase(typed)).findFirst()
                .map(o -> "there is no option '" + typed + "'; it is written " + o);
    }

    /** Anything that a command threw. Worker threads wrap exceptions, so the causes are looked through as well. */
    static int report(Throwable thrown, boolean stacktrace, PrintWriter err) {
        Failure failure = of(thrown);
        err.println("jmoco: " + failure.message);
        if (stacktrace) {
            thrown.printStackTrace(err);
        }
        err.flush();
        return failure.exitCode;
    }

    private static Failure of(Throwable thrown) {
        for (Throwable e = thrown; e != null; e = e.getCause()) {
            switch (e) {
                case UserError user -> {
                    return new Failure(user.getMessage(), user.exitCode());
                }
                case GpuException gpu -> { // names call, step and device
                    return new Failure("cuda backend: " + gpu.getMessage(), FAILED);
                }
                case OutOfMemoryError memory -> {
                    return new Failure(outOfMemory(memory), FAILED);
                }
                case IOException io -> {
                    return new Failure(file(io), FAILED);
                }
                case UnsatisfiedLinkError link -> {
                    return new Failure("a native library cannot be loaded: " + link.getMessage()
                            + "; see 'jmoco doctor'", FAILED);
                }
                default -> { }
            }
        }
        String text = thrown.getMessage() == null ? "" : ": " + thrown.getMessage();
        return new Failure("internal error: " + thrown.getClass().getSimpleName() + text
                + " (run with --stacktrace to see where)", FAILED);
    }

    /** The JVM and JavaCPP both report exhausted native memory by this error too; only the first kind is cured by the heap. */
    private static String outOfMemory(OutOfMemoryError e) {
        String what = e.getMessage() == null ? "no detail" : e.getMessage();
        if (what.contains("heap space") || what.contains("GC overhead")) {
            return "out of Java heap (" + Runtime.getRuntime().maxMemory() / (1 << 20) + " MiB" + where(e)
                    + "): give it more, as in JMOCO_HEAP=8g, or use a smaller --image or --batch, or fewer images";
        }
        return "out of memory (" + what + "): use a smaller --batch, --width or --image, or free memory on this machine";
    }

    /** Which part of the program asked for more, where the JVM tells. */
    private static String where(OutOfMemoryError e) {
        return Arrays.stream(e.getStackTrace()).filter(f -> f.getClassName().startsWith("org.jmoco.")).findFirst()
                .map(f -> ", full in " + f.getClassName().substring(f.getClassName().lastIndexOf('.') + 1) + "."
                        + f.getMethodName()).orElse("");
    }

    private static String file(IOException e) {
        return switch (e) {
            case NoSuchFileException f -> f.getFile() + ": no such file or folder";
            case AccessDeniedException f -> f.getFile() + ": permission denied";
            case FileSystemException f -> f.getFile() + ": "
                    + (f.getReason() == null ? f.getClass().getSimpleName() : f.getReason());
            default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        };
    }
}
