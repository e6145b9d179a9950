package org.jmoco.app;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
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
import org.jmoco.moco.MocoConfig;
import org.jmoco.report.RunEnvironment;
import org.jmoco.report.RunFolder;
import org.jmoco.train.KnnMonitor;
import org.jmoco.train.LearningRate;
import org.jmoco.train.MocoTrainer;
import org.jmoco.train.Pretrained;
import org.jmoco.train.PretrainConfig;
import org.jmoco.train.RunOutput;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code jmoco pretrain}: momentum contrast on images without labels. */
@Command(name = "pretrain", defaultValueProvider = PretrainCommand.Defaults.class,
        description = "Pretrain an encoder by momentum contrast (MoCo) on images without labels.")
final class PretrainCommand implements Callable<Integer> {
    /** The published chains' values. */
    static final class Defaults extends CommandDefaults {
        Defaults() {
            super(Map.of("--epochs", "200", "--batch", "128", "--lr", "0.03", "--schedule", LearningRate.Shape.COSINE.name(),
                    "--out", "runs/pretrain"));
        }
    }

    @Mixin
    private DataOptions data;

    @Mixin
    private RunOptions run;

    @Mixin
    private TrainOptions train;

    @Mixin
    private MocoOptions moco;

    @Mixin
    private ScheduleOptions schedule;

    @Option(names = "--stem", defaultValue = "CIFAR", paramLabel = "STEM",
            description = "First layer: ${COMPLETION-CANDIDATES}; CIFAR is 3x3 for small images, IMAGENET 7x7 and max pool for 224 (default: ${DEFAULT-VALUE}).")
    private ResNet18.Stem stem;

    @Option(names = "--sgd-momentum", paramLabel = "X", defaultValue = "0.9", description = "Momentum of SGD (default: ${DEFAULT-VALUE}).")
    private double sgdMomentum;

    @Option(names = "--weight-decay", paramLabel = "X", defaultValue = "5e-4", description = "Weight decay (default: ${DEFAULT-VALUE}).")
    private double weightDecay;

    @Option(names = "--v2", negatable = true, defaultValue = "false", fallbackValue = "true",
            description = "Add MoCo v2's Gaussian blur to the views.")
    private boolean v2;

    @Option(names = "--knn-every", paramLabel = "N", defaultValue = "5",
            description = "Epochs between two measurements of the kNN monitor, where the data set has labels; it measures after the last epoch"
                    + " anyway (default: ${DEFAULT-VALUE}).")
    private int knnEvery;

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
            return spec.commandLine().getParent().execute(resumed(resumed));
        }
        PrintWriter out = spec.commandLine().getOut();
        DataSource source = DataSource.single(data, out::println);
        DataSet set = source.set();
        ImageSet images = set.pretraining();
        PretrainConfig config = config(source);
        try (RunFolder folder = RunFolder.open(run.out(), spec.name(), run.resume()); Backend backend = Backends.open(backendOptions)) {
            Map<String, Object> options = OptionRecord.of(spec);
            folder.recordOptions(options, OptionRecord.MAY_CHANGE);
            folder.recordEnvironment(RunEnvironment.now(Version.number(), backendOptions.threads(), backend.describe(),
                    spec.commandLine().getParseResult().originalArgs()));
            CheckpointStore store = folder.checkpoints();
            RunRecorder[] recorder = new RunRecorder[1];
            MocoTrainer trainer = new MocoTrainer(backend, config, images, monitor(set, config), backendOptions.threads(),
                    new RunOutput(store, schedule.policy(), new LateListener(recorder)));
            backend.allocate();
            RunHeader.print(out, options, backend, set, images, trainer.step().pair().query());
            if (program.print) {
                trainer.step().program().print(System.out);
            }
            start(trainer, store, out);
            if (program.time != null) {
                trainer.printStepTimes(System.out, program.time);
                return 0;
            }
            int steps = images.size() / config.moco().batch();
            out.printf(Locale.ROOT, "a loss of ln(queue + 1) = %.4f is the level of guessing%n", Math.log(config.moco().queue() + 1.0));
            try (RunRecorder r = new RunRecorder(folder, "pretrain on " + set.name(), trainer.measures(), trainer.epochsDone(),
                    config.epochs(), steps, config.moco().batch(), run.progress(), System.err)) {
                recorder[0] = r;
                trainer.train();
                r.finish(result(trainer, set, store)).forEach(out::println);
            }
            out.println("encoder saved in " + folder.path());
        }
        return 0;
    }

    private String[] resumed(List<String> arguments) {
        List<String> all = new java.util.ArrayList<>(arguments);
        all.add(0, spec.name());
        return all.toArray(String[]::new);
    }

    private PretrainConfig config(DataSource source) {
        ViewRecipe recipe = source.recipe();
        recipe = recipe.withSize(train.image(recipe.size()));
        if (v2) {
            recipe = recipe.v2();
        }
        ResNet18.Config encoder = new ResNet18.Config(stem, train.width(), moco.dim, moco.splits);
        MocoConfig step = new MocoConfig(encoder, train.batch(), recipe.size(), moco.queue, moco.momentum, moco.temperature, moco.symmetric,
                sgdMomentum, weightDecay);
        return new PretrainConfig(step, train.epochs(), schedule.learningRate(train.lr()), run.seed(), recipe, source.set().normalisation(), knnEvery);
    }

    /** Labelled images to measure on, where the set has them: train votes, val (or else test) is classified. */
    private KnnMonitor.Task monitor(DataSet set, PretrainConfig config) {
        String queries = set.has(DataSet.VAL) ? DataSet.VAL : DataSet.TEST;
        if (!set.has(DataSet.TRAIN) || !set.has(queries) || !set.split(DataSet.TRAIN).labelled()) {
            return null;
        }
        return new KnnMonitor.Task(set.split(DataSet.TRAIN), set.split(queries), config.views(), config.normalisation(), KnnMonitor.defaultK(set.split(DataSet.TRAIN).size()),
                KnnMonitor.DEFAULT_TEMPERATURE, backendOptions.threads());
    }

    private void start(MocoTrainer trainer, CheckpointStore store, PrintWriter out) {
        Optional<Checkpoint> last = run.resume() ? store.loadLatest(CheckpointStore.OnDamage.USE_PREVIOUS, out::println) : Optional.empty();
        if (last.isPresent()) {
            trainer.resume(last.get());
            out.println("resumed from " + last.get().file());
        } else if (run.from().isPresent()) {
            trainer.initializeFrom(Pretrained.load(run.from().get()));
        } else {
            trainer.initialize();
        }
    }

    private static Map<String, Object> result(MocoTrainer trainer, DataSet set, CheckpointStore store) {
        Map<String, Object> r = new LinkedHashMap<>();
        r.put("data", set.name());
        r.put("phantom", set.phantom());
        r.put("epochs", trainer.epochsDone());
        if (trainer.monitor() != null) {
            r.put(KnnMonitor.ACCURACY, trainer.monitor().measure());
        }
        r.put("checkpoint", store.files().getLast().getFileName().toString());
        return r;
    }
}
