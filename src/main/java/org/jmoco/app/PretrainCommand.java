package org.jmoco.app;

import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.backend.Backend;
import org.jmoco.data.DataSet;
import org.jmoco.data.DataSets;
import org.jmoco.encoder.ResNet18;
import org.jmoco.moco.MocoConfig;
import org.jmoco.report.RunFolder;
import org.jmoco.run.Display;
import org.jmoco.run.PretrainRun;
import org.jmoco.train.CheckpointPolicy;
import org.jmoco.train.FeedOptions;
import org.jmoco.train.LearningRate;
import org.jmoco.train.Pretrained;
import org.jmoco.train.PretrainConfig;
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
            super(Map.of("--epochs", "200", "--batch", "128", "--lr", "0.03", "--schedule", LearningRate.Shape.COSINE.toString(),
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

    @Option(names = "--stem", defaultValue = "cifar", paramLabel = "STEM",
            description = "First layer: ${COMPLETION-CANDIDATES}; cifar is 3x3 for small images, imagenet 7x7 and max pool for 224 (default: ${DEFAULT-VALUE}; with --from that of the run).")
    private ResNet18.Stem stem;

    @Option(names = "--sgd-momentum", paramLabel = "X", defaultValue = "0.9", description = "Momentum of SGD (default: ${DEFAULT-VALUE}).")
    private double sgdMomentum;

    @Option(names = "--weight-decay", paramLabel = "X", defaultValue = "5e-4", description = "Weight decay (default: ${DEFAULT-VALUE}).")
    private double weightDecay;

    @Option(names = "--knn-every", paramLabel = "N", defaultValue = "5",
            description = "Epochs between two measurements of the kNN monitor, where the data set has labels; it measures after the last epoch"
                    + " anyway (default: ${DEFAULT-VALUE}).")
    private int knnEvery;

    @Mixin
    private ImageFeedOptions images;

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
        // What can be said against the options without any image is said before images are read.
        Optional<Pretrained> start = run.start(out::println);
        start.ifPresent(s -> Inherited.from(s, spec));
        PretrainConfig config = config();
        CheckpointPolicy policy = schedule.policy();
        FeedOptions feed = images.feed();
        int threads = backendOptions.threads();
        start.ifPresent(s -> s.requireFits(config.moco().encoder(), true));
        DataSet set = DataSource.single(data, out::println).set();
        try (RunFolder folder = RunFolder.open(run.out(), spec.name(), run.resume()); Backend backend = Backends.open(backendOptions)) {
            if (!folder.resumed()) {
                moco.resolve();
            }
            Map<String, Object> options = OptionRecord.of(spec);
            if (folder.resumed()) {
                OptionRecord.write(folder, options, backend.describe(), threads, spec);
            }
            PretrainRun training = new PretrainRun(folder, backend, config, set, threads, feed, policy);
            training.printHeader(out, options);
            if (program.print) {
                training.trainer().step().program().print(System.out);
            }
            training.begin(run.resume(), start, out::println);
            if (program.time != null) {
                training.trainer().printStepTimes(System.out, program.time);
                return 0;
            }
            // Not before all has been checked: a start that fails leaves no run behind that would be in the way of the next.
            if (!folder.resumed()) {
                OptionRecord.write(folder, options, backend.describe(), threads, spec);
            }
            try (Interruption told = Interruption.ofRun(spec.commandLine().getErr(), spec.name(), folder.path())) {
                training.train(new Display(run.progress(), System.err, null, run.tensorBoard()), out::println);
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

    private PretrainConfig config() {
        ViewRecipe recipe = ViewRecipe.of(data.kind());
        recipe = recipe.withSize(train.image(recipe.size()));
        if (moco.blur()) {
            recipe = recipe.v2();
        }
        ResNet18.Config encoder = new ResNet18.Config(stem, train.width(), moco.dim, moco.splits, moco.mlp());
        MocoConfig step = new MocoConfig(encoder, train.batch(), recipe.size(), moco.queue, moco.momentum, moco.temperature(), moco.symmetric,
                sgdMomentum, weightDecay);
        return new PretrainConfig(step, train.epochs(), schedule.learningRate(train.lr(), train.epochs()), run.seed(), recipe,
                DataSets.normalisation(data.kind()), knnEvery);
    }
}
