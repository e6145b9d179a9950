package org.jmoco.app;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jmoco.recipe.Machine;
import org.jmoco.recipe.Recipes;
import org.jmoco.report.Progress;
import org.jmoco.tensor.UserError;
import org.jmoco.train.CheckpointPolicy;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code jmoco run}: a whole comparison from one file. */
@Command(name = "run", description = {
    "Run a recipe: chains of pretraining, transfer, rows against published figures, several seeds.",
    "covid is CIFAR-10 -> LUNA -> COVID-CT -> COVID or not; idc is CIFAR-10 -> IDC -> carcinoma or not; or a file of your own."
        + " The same command again reuses what is finished and goes on with what was interrupted."})
final class RunCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "RECIPE", description = "covid, idc, or FILE.yaml.")
    private String recipe;

    @Option(names = "--data", paramLabel = "NAME=DIR",
            description = "Where a data set of the recipe lies: cifar10, luna, covid-ct, idc, ct-unlabeled (in place of luna),"
                    + " images; repeat it for several sets (default: as the recipe says).")
    private List<String> data = List.of();

    @Option(names = "--scale", paramLabel = "NAME", defaultValue = "published",
            description = "published, or a scale of the recipe: small is for a CPU (default: ${DEFAULT-VALUE}).")
    private String scale;

    @Option(names = "--set", paramLabel = "KEY=VALUE",
            description = "Change a value of the recipe; repeat it for several: transfer.epochs=10, cifar10.lr=0.06,"
                    + " encoder.width=32 (default: none).")
    private List<String> sets = List.of();

    @Option(names = "--seeds", paramLabel = "N", description = "Transfers of each row (default: the recipe's).")
    private Integer seeds;

    @Option(names = "--rows", paramLabel = "NAME", split = ",", description = "Rows to run, as in random,all (default: all).")
    private List<String> rows = List.of();

    @Option(names = "--stages", paramLabel = "NAME", split = ",",
            description = "Stages that take part, as in cifar10,transfer; chains are shortened to them (default: all).")
    private List<String> stages = List.of();

    @Option(names = "--out", paramLabel = "DIR", description = "Folder of the run (default: runs/ and the recipe's name).")
    private Path out;

    @Option(names = "--store", paramLabel = "DIR",
            description = "Folder of pretrained encoders, which several recipes may share (default: encoders in the folder of"
                    + " the run).")
    private Path store;

    @Option(names = "--dry-run", description = "Print stages, steps, estimated time and memory, and end (default: run).")
    private boolean dryRun;

    @Option(names = "--progress", paramLabel = "HOW", defaultValue = "auto",
            description = "auto, bar, plain or none (default: ${DEFAULT-VALUE}, a bar on a terminal and plain lines otherwise).")
    private Progress.Mode progress;

    @Option(names = "--tensorboard",
            description = "Each training also writes scalars for TensorBoard into the folder tensorboard of its own (default:"
                    + " no).")
    private boolean tensorBoard;

    @Mixin
    private BackendOptions backend;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (seeds != null && seeds < 1) {
            throw UserError.usage("--seeds " + seeds + " must be at least 1");
        }
        PrintWriter print = spec.commandLine().getOut();
        Map<String, Path> folders = new LinkedHashMap<>();
        for (DataOptions.Source s : data.stream().map(DataOptions::parse).toList()) {
            if (s.path() != null && folders.put(s.name(), s.path()) != null) {
                throw UserError.usage("--data " + s.name()
                        + " is given twice; a stage that reads another folder of the same kind names it in the recipe: data: "
                        + s.name() + "=DIR");
            }
        }
        Recipes run = new Recipes(new Recipes.Request(recipe, scale, sets, seeds == null ? 0 : seeds, rows, stages, folders, out,
                store, OptionRecord.of(spec)), print);
        Machine machine = new Machine(() -> Backends.open(backend), backend.threads(), Version.number(),
                spec.commandLine().getParseResult().originalArgs(), CheckpointPolicy.DEFAULT, progress, System.err, tensorBoard);
        if (dryRun) {
            run.dryRun(machine);
        } else {
            try (Interruption told = new Interruption(spec.commandLine().getErr(),
                    () -> "interrupted; the same command again goes on with it")) {
                run.run(machine);
            }
        }
        return 0;
    }
}
