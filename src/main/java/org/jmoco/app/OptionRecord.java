package org.jmoco.app;

import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jmoco.report.RunEnvironment;
import org.jmoco.report.RunFolder;
import org.jmoco.tensor.UserError;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The resolved options of a run, as they are kept in its folder, and the way back: a resumed run takes every option that is not
 * given again from there.
 */
final class OptionRecord {
    /** They say where and how, not what: not part of the record. */
    private static final Set<String> NOT_RECORDED = Set.of("--out", "--resume", "--progress", "--help", "--version",
            "--stacktrace", "--print-program", "--time-steps", "--tensorboard");

    /** These may differ between the starts of one run. */
    private static final Set<String> MAY_CHANGE = Set.of("--threads", "--backend", "--precision", "--no-graph", "--branches",
            "--cudnn-graph", "--cuda-libs", "--check-steps", "--nondeterministic", "--checkpoint-epochs", "--checkpoint-steps",
            "--feed", "--loss-every");

    /** The cuda backend's own: a run that goes on with another one leaves them behind. */
    private static final Set<String> CUDA_ONLY = Set.of("--precision", "--no-graph", "--branches", "--cudnn-graph", "--cuda-libs",
            "--check-steps", "--nondeterministic");

    private OptionRecord() {}

    /**
     * Long names with values: text, numbers and flags as strings, repeatable options as lists; those without value are left out.
     */
    static Map<String, Object> of(CommandSpec spec) {
        Map<String, Object> record = new LinkedHashMap<>();
        for (OptionSpec o : spec.options()) {
            Object value = o.getValue();
            boolean empty = value == null || value instanceof Collection<?> c && c.isEmpty();
            if (!empty && !NOT_RECORDED.contains(o.longestName())) {
                record.put(o.longestName(), value instanceof Collection<?> all ? all.stream().map(Object::toString).toList()
                        : value instanceof Double d ? plain(d) : value.toString());
            }
        }
        return record;
    }

    /**
     * Writes the options of a run and where it runs into its folder.
     *
     * @param backend what computes, in words
     * @throws UserError if the folder holds a run of other options
     */
    static void write(RunFolder folder, Map<String, Object> options, String backend, int threads, CommandSpec spec) {
        folder.recordOptions(options, MAY_CHANGE);
        folder.recordEnvironment(RunEnvironment.now(Version.number(), threads, backend,
                spec.commandLine().getParseResult().originalArgs()), spec.commandLine().getOut()::println);
    }

    /** A number as people type it: 0.0001 where Java writes 1.0E-4. */
    static String plain(double value) {
        return Double.isFinite(value) ? new BigDecimal(Double.toString(value)).stripTrailingZeros().toPlainString()
                : Double.toString(value);
    }

    /**
     * The arguments of a resumed run: what was typed, and the stored value of every option that was not; without the cuda
     * backend's own if another backend was typed.
     *
     * @return null if nothing has to be added
     * @throws UserError if there is no run to go on with
     */
    static List<String> resumed(CommandSpec spec, RunOptions run) {
        Map<String, Object> stored = run.resume() && run.out() != null ? stored(run.out()) : Map.of();
        if (!stored.isEmpty()) {
            requireOwn(run.out(), spec);
        }
        CommandLine.ParseResult typed = spec.commandLine().getParseResult();
        boolean leavesCuda = BackendOptions.of(spec).filter(BackendOptions::withoutCuda).isPresent();
        List<String> added = new ArrayList<>();
        stored.forEach((name, value) -> {
            OptionSpec option = spec.findOption(name);
            if (option == null || typed.hasMatchedOption(option) || leavesCuda && CUDA_ONLY.contains(name)) {
                return;
            }
            for (Object v : value instanceof Collection<?> c ? c : List.of(value)) {
                added.add(name + "=" + v);
            }
        });
        if (added.isEmpty()) {
            return null;
        }
        List<String> all = new ArrayList<>(typed.originalArgs());
        // The first of them is the command's own name.
        all.remove(spec.name());
        all.addAll(added);
        return all;
    }

    /** Another training's run has other options, each of which would be told as a difference. */
    private static void requireOwn(Path folder, CommandSpec spec) {
        RunFolder.storedCommand(folder).filter(c -> !c.equals(spec.name()))
                .filter(spec.parent().subcommands()::containsKey).ifPresent(c -> {
                    throw UserError.usage("--resume: " + folder + " holds a run of jmoco " + c + ". Go on with it by that"
                            + " command, or give --out the folder of a run of " + spec.name() + ".");
                });
    }

    private static Map<String, Object> stored(Path folder) {
        return RunFolder.storedOptions(folder).orElseThrow(() ->
                UserError.usage("--resume: " + folder + " holds no run to go on with. Give --out the folder of one, or leave"
                        + " out --resume to start a new run there."));
    }
}
