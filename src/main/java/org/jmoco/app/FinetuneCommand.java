package org.jmoco.app;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.backend.Backend;
import org.jmoco.checkpoint.Checkpoint;
import org.jmoco.checkpoint.CheckpointStore;
import org.jmoco.data.DataSet;
import org.jmoco.data.ImageSet;
import org.jmoco.encoder.ResNet18;
import org.jmoco.report.RunEnvironment;
import org.jmoco.report.RunFolder;
import org.jmoco.train.FinetuneConfig;
import org.jmoco.train.HeldOut;
import org.jmoco.train.LearningRate;
import org.jmoco.train.Metrics;
import org.jmoco.train.Outcome;
import org.jmoco.train.Pretrained;
import org.jmoco.train.RunOutput;
import org.jmoco.train.SupervisedTrainer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code jmoco finetune}: transfer to a diagnosis. */
@Command(name = "finetune", defaultValueProvider = FinetuneCommand.Defaults.class,
        description = "Train a classifier on labelled images, from random or from pretrained weights; the last epochs vote.")
final class FinetuneCommand implements Callable<Integer> {
    /** The published transfer. */
    static final class Defaults extends CommandDefaults {
        Defaults() {
            super(Map.of("--epochs", Integer.toString(FinetuneConfig.DEFAULT_EPOCHS), "--batch", Integer.toString(FinetuneConfig.DEFAULT_BATCH),
                    "--lr", Double.toString(FinetuneConfig.DEFAULT_LR), "--schedule", LearningRate.Shape.CONSTANT.name(), "--out",
                    "runs/finetune"));
        }
    }

    @Mixin
    private DataOptions data;

    @Mixin
    private RunOptions run;

    @Mixin
    private TrainOptions train;

    @Mixin
    private ScheduleOptions schedule;

    @Option(names = "--head", defaultValue = "FRESH", paramLabel = "HEAD",
            description = "Last layer: ${COMPLETION-CANDIDATES}; PROJECTION trains the pretrained projection itself, as published (default: ${DEFAULT-VALUE}).")
    private FinetuneConfig.Head head;

    @Option(names = "--dim", paramLabel = "N", defaultValue = "128",
            description = "Outputs of the projection, for --head projection from random weights (default: ${DEFAULT-VALUE}).")
    private int dim;

    @Option(names = "--splits", paramLabel = "N", defaultValue = "8",
            description = "Groups of split batch norm; divides --batch (default: ${DEFAULT-VALUE}).")
    private int splits;

    @Option(names = "--stem", defaultValue = "CIFAR", paramLabel = "STEM",
            description = "First layer of a random start: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private ResNet18.Stem stem;

    @Option(names = "--weight-decay", paramLabel = "X", defaultValue = "0", description = "Weight decay (default: ${DEFAULT-VALUE}).")
    private double weightDecay;

    @Option(names = "--vote", paramLabel = "N", defaultValue = "10", description = "Last epochs that vote (default: ${DEFAULT-VALUE}).")
    private int vote;

    @Mixin
    private BackendOptions backendOptions;

    @Mixin
    private ProgramOptions program;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        List<String> resumed = OptionRecord.resumed(spec, run);
        if (resumed != null) {
            resumed.add(0, spec.name());
            return spec.commandLine().getParent().execute(resumed.toArray(String[]::new));
        }
        PrintWriter out = spec.commandLine().getOut();
        DataSource source = DataSource.single(data, out::println);
        DataSet set = source.set();
        Optional<Pretrained> start = run.from().map(Pretrained::load);
        FinetuneConfig config = config(source, start);
        SupervisedTrainer.Data images = new SupervisedTrainer.Data(set.split(DataSet.TRAIN), split(set, DataSet.VAL), split(set, DataSet.TEST),
                set.positive());
        try (RunFolder folder = RunFolder.open(run.out(), spec.name(), run.resume()); Backend backend = Backends.open(backendOptions)) {
            Map<String, Object> options = OptionRecord.of(spec);
            folder.recordOptions(options, OptionRecord.MAY_CHANGE);
            folder.recordEnvironment(RunEnvironment.now(Version.number(), backendOptions.threads(), backend.describe(),
                    spec.commandLine().getParseResult().originalArgs()));
            CheckpointStore store = folder.checkpoints();
            RunRecorder[] recorder = new RunRecorder[1];
            SupervisedTrainer trainer = new SupervisedTrainer(backend, config, images, backendOptions.threads(),
                    new RunOutput(store, schedule.policy(), new LateListener(recorder)));
            backend.allocate();
            RunHeader.print(out, options, backend, set, images.train(), trainer.step().network());
            if (program.print) {
                trainer.step().program().print(System.out);
            }
            begin(trainer, start, store, out);
            if (program.time != null) {
                trainer.printStepTimes(System.out, program.time);
                return 0;
            }
            try (RunRecorder r = new RunRecorder(folder, "finetune on " + set.name(), trainer.measures(), trainer.epochsDone(),
                    config.epochs(), images.train().size() / config.batch(), config.batch(), run.progress(), System.err)) {
                recorder[0] = r;
                trainer.train();
                Map<String, Object> result = new LinkedHashMap<>();
                result.put("data", set.name());
                result.put("phantom", set.phantom());
                result.put("from", run.from().map(Object::toString).orElse(RunOptions.RANDOM));
                judge(out, "val", trainer.val(), set, result);
                judge(out, "test", trainer.test(), set, result);
                result.put("checkpoint", store.files().getLast().getFileName().toString());
                r.finish(result).forEach(out::println);
            }
            out.println("classifier saved in " + folder.path());
        }
        return 0;
    }

    private static ImageSet split(DataSet set, String name) {
        return set.has(name) ? set.split(name) : null;
    }

    private FinetuneConfig config(DataSource source, Optional<Pretrained> start) {
        ViewRecipe recipe = source.recipe();
        recipe = recipe.withSize(train.image(recipe.size()));
        int classes = source.set().split(DataSet.TRAIN).classNames().size();
        int random = head == FinetuneConfig.Head.FRESH ? classes : dim;
        ResNet18.Config network = new ResNet18.Config(stem, train.width(), random, splits);
        if (start.isPresent() && head == FinetuneConfig.Head.PROJECTION) {
            network = network.withDim(start.get().architecture(splits).dim());
        }
        return new FinetuneConfig(network, head, train.batch(), train.epochs(), schedule.learningRate(train.lr()), weightDecay, run.seed(),
                recipe, source.set().normalisation(), vote);
    }

    private void begin(SupervisedTrainer trainer, Optional<Pretrained> start, CheckpointStore store, PrintWriter out) {
        Optional<Checkpoint> last = run.resume() ? store.loadLatest(CheckpointStore.OnDamage.USE_PREVIOUS, out::println) : Optional.empty();
        if (last.isPresent()) {
            trainer.resume(last.get());
            out.println("resumed from " + last.get().file());
        } else if (start.isPresent()) {
            trainer.initializeFrom(start.get());
        } else {
            trainer.initialize();
        }
    }

    /** Prints and keeps the figures of the vote and of the last epoch alone. */
    private void judge(PrintWriter out, String split, HeldOut images, DataSet set, Map<String, Object> result) {
        if (images == null) {
            return;
        }
        Map<String, Outcome> outcomes = new LinkedHashMap<>();
        outcomes.put("vote of " + images.votes() + " epochs", images.voted());
        outcomes.put("last epoch", images.last());
        Map<String, Object> figures = new LinkedHashMap<>();
        outcomes.forEach((name, outcome) -> {
            out.println(MetricsText.heading(split, name, set));
            Metrics m = outcome.metrics(set.positive(), Metrics.Bootstrap.ofSeed(run.seed()));
            m.lines().forEach(out::println);
            figures.put(name.startsWith("vote") ? "vote" : "last", MetricsText.figures(m));
        });
        result.put(split, figures);
    }
}
