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
import org.jmoco.data.ImageSet;
import org.jmoco.encoder.ResNet18;
import org.jmoco.report.RunFolder;
import org.jmoco.run.Display;
import org.jmoco.run.FinetuneRun;
import org.jmoco.tensor.UserError;
import org.jmoco.train.CheckpointPolicy;
import org.jmoco.train.FeedOptions;
import org.jmoco.train.FinetuneConfig;
import org.jmoco.train.Pretrained;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What {@code jmoco finetune} and {@code jmoco probe} have in common: all but the defaults. */
abstract class SupervisedCommand implements Callable<Integer> {
    private static final String UNJUDGED = "note: there are no validation or test images, so nothing will be measured. For figures sort the images into"
            + " folders train, val and test, or take a recipe (./jmoco run), which holds parts of them out.";

    @Mixin
    private DataOptions data;

    @Mixin
    private RunOptions run;

    @Mixin
    private TrainOptions train;

    @Mixin
    private ScheduleOptions schedule;

    @Option(names = "--head", defaultValue = "fresh", paramLabel = "HEAD",
            description = "Last layer: ${COMPLETION-CANDIDATES}; projection trains the pretrained projection itself, as published (default: ${DEFAULT-VALUE}).")
    private FinetuneConfig.Head head;

    @Option(names = "--freeze", negatable = true, defaultValue = "false", fallbackValue = "true",
            description = "Train the last layer alone (the default of 'jmoco probe'), or the whole network (the default of 'jmoco finetune').")
    private boolean freeze;

    @Option(names = "--optimizer", defaultValue = "adam", paramLabel = "NAME",
            description = "${COMPLETION-CANDIDATES}; sgd has momentum 0.9 (default: ${DEFAULT-VALUE}).")
    private FinetuneConfig.OptimizerKind optimizer;

    @Option(names = "--dim", paramLabel = "N", defaultValue = "128",
            description = "Outputs of the projection, for --head projection from random weights (default: ${DEFAULT-VALUE}).")
    private int dim;

    @Option(names = "--splits", paramLabel = "N", defaultValue = "8",
            description = "Groups of split batch norm; divides --batch (default: ${DEFAULT-VALUE}).")
    private int splits;

    @Option(names = "--stem", defaultValue = "cifar", paramLabel = "STEM",
            description = "First layer of a random start: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}; with --from that of the run).")
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
        // What can be said against the options without any image is said before images are read.
        Optional<Pretrained> start = run.start(out::println);
        start.ifPresent(s -> Inherited.from(s, spec));
        FinetuneConfig asked = config(start);
        CheckpointPolicy policy = schedule.policy();
        FeedOptions feed = images.feed();
        int threads = backendOptions.threads();
        start.ifPresent(s -> s.requireFits(asked.network(), head == FinetuneConfig.Head.PROJECTION));
        DataSet set = DataSource.single(data, out::println).set();
        FinetuneConfig config = head == FinetuneConfig.Head.FRESH ? asked.withOutputs(classes(set)) : asked;
        try (RunFolder folder = RunFolder.open(run.out(), spec.name(), run.resume()); Backend backend = Backends.open(backendOptions)) {
            Map<String, Object> options = OptionRecord.of(spec);
            if (folder.resumed()) {
                OptionRecord.write(folder, options, backend.describe(), threads, spec);
            }
            FinetuneRun training = new FinetuneRun(folder, backend, config, set, threads, feed, policy);
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
            boolean unjudged = !set.has(DataSet.VAL) && !set.has(DataSet.TEST);
            if (unjudged) {
                out.println(UNJUDGED);
            }
            try (Interruption told = Interruption.ofRun(spec.commandLine().getErr(), spec.name(), folder.path())) {
                training.train(run.from(), new Display(run.progress(), System.err, null, run.tensorBoard()), out::println);
            }
            out.println("classifier saved in " + folder.path() + (unjudged ? "; nothing was measured, since no image was held out" : ""));
        }
        return 0;
    }

    private int classes(DataSet set) {
        Splits.requireLabels(set, spec.name());
        ImageSet train = set.split(DataSet.TRAIN);
        if (!train.labelled()) {
            throw UserError.failed(train + " has no labels to train a diagnosis from. Sort its images into a folder for each class.");
        }
        return train.classNames().size();
    }

    /** All but the number of outputs of a fresh head, which only the images tell. */
    private FinetuneConfig config(Optional<Pretrained> start) {
        ViewRecipe recipe = ViewRecipe.of(data.kind());
        recipe = recipe.withSize(train.image(recipe.size()));
        ResNet18.Config network = new ResNet18.Config(stem, train.width(), dim, splits);
        if (start.isPresent() && head == FinetuneConfig.Head.PROJECTION) {
            network = network.withDim(start.get().architecture(splits).dim()).withMlp(start.get().architecture(splits).mlp());
        }
        return new FinetuneConfig(network, head, freeze, optimizer, train.batch(), train.epochs(), schedule.learningRate(train.lr(), train.epochs()), weightDecay, run.seed(),
                recipe, DataSets.normalisation(data.kind()), vote);
    }
}
