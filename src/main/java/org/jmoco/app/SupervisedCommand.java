package org.jmoco.app;

import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.backend.Backend;
import org.jmoco.data.DataSet;
import org.jmoco.encoder.ResNet18;
import org.jmoco.report.RunEnvironment;
import org.jmoco.report.RunFolder;
import org.jmoco.run.Display;
import org.jmoco.run.FinetuneRun;
import org.jmoco.train.FinetuneConfig;
import org.jmoco.train.Pretrained;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What {@code jmoco finetune} and {@code jmoco probe} have in common: all but the defaults. */
abstract class SupervisedCommand implements Callable<Integer> {
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

    @Option(names = "--freeze", negatable = true, defaultValue = "false", fallbackValue = "true",
            description = "Train the last layer alone, as 'jmoco probe' does (default: the whole network).")
    private boolean freeze;

    @Option(names = "--optimizer", defaultValue = "ADAM", paramLabel = "NAME",
            description = "${COMPLETION-CANDIDATES}; SGD has momentum 0.9 (default: ${DEFAULT-VALUE}).")
    private FinetuneConfig.OptimizerKind optimizer;

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
            resumed.add(0, spec.name());
            return spec.commandLine().getParent().execute(resumed.toArray(String[]::new));
        }
        PrintWriter out = spec.commandLine().getOut();
        DataSource source = DataSource.single(data, out::println);
        DataSet set = source.set();
        Optional<Pretrained> start = run.from().map(Pretrained::load);
        FinetuneConfig config = config(source, start);
        try (RunFolder folder = RunFolder.open(run.out(), spec.name(), run.resume()); Backend backend = Backends.open(backendOptions)) {
            Map<String, Object> options = OptionRecord.of(spec);
            folder.recordOptions(options, OptionRecord.MAY_CHANGE);
            folder.recordEnvironment(RunEnvironment.now(Version.number(), backendOptions.threads(), backend.describe(),
                    spec.commandLine().getParseResult().originalArgs()));
            FinetuneRun training = new FinetuneRun(folder, backend, config, set, backendOptions.threads(), images.feed(),
                    schedule.policy());
            training.printHeader(out, options);
            if (program.print) {
                training.trainer().step().program().print(System.out);
            }
            training.begin(run.resume(), start, out::println);
            if (program.time != null) {
                training.trainer().printStepTimes(System.out, program.time);
                return 0;
            }
            training.train(run.from().map(Object::toString).orElse(RunOptions.RANDOM), new Display(run.progress(), System.err, null, run.tensorBoard()), out::println);
            out.println("classifier saved in " + folder.path());
        }
        return 0;
    }

    private FinetuneConfig config(DataSource source, Optional<Pretrained> start) {
        ViewRecipe recipe = source.recipe();
        recipe = recipe.withSize(train.image(recipe.size()));
        int classes = source.set().split(DataSet.TRAIN).classNames().size();
        int random = head == FinetuneConfig.Head.FRESH ? classes : dim;
        ResNet18.Config network = new ResNet18.Config(stem, train.width(), random, splits);
        if (start.isPresent() && head == FinetuneConfig.Head.PROJECTION) {
            network = network.withDim(start.get().architecture(splits).dim()).withMlp(start.get().architecture(splits).mlp());
        }
        return new FinetuneConfig(network, head, freeze, optimizer, train.batch(), train.epochs(), schedule.learningRate(train.lr(), train.epochs()), weightDecay, run.seed(),
                recipe, source.set().normalisation(), vote);
    }
}
