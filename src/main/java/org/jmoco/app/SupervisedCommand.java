package org.jmoco.app;

import java.util.Optional;
import java.util.function.Consumer;
import org.jmoco.data.DataSet;
import org.jmoco.data.DataSets;
import org.jmoco.data.ImageSet;
import org.jmoco.encoder.ResNet18;
import org.jmoco.report.RunFolder;
import org.jmoco.run.Display;
import org.jmoco.run.FinetuneRun;
import org.jmoco.tensor.UserError;
import org.jmoco.train.FinetuneConfig;
import org.jmoco.train.Pretrained;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What {@code jmoco finetune} and {@code jmoco probe} have in common: all but the defaults. */
abstract class SupervisedCommand extends TrainingCommand<FinetuneRun> {
    private static final String UNJUDGED =
            "note: there are no validation or test images, so nothing will be measured. For figures " + Splits.HELD_OUT;

    @Option(names = "--head", defaultValue = "fresh", paramLabel = "HEAD",
            description = "Last layer: ${COMPLETION-CANDIDATES}; projection trains the pretrained projection itself, as published"
                    + " (default: ${DEFAULT-VALUE}).")
    private FinetuneConfig.Head head;

    @Option(names = "--freeze", negatable = true, defaultValue = "false", fallbackValue = "true",
            description = "Train the last layer alone (the default of 'jmoco probe'), or the whole network (the default of"
                    + " 'jmoco finetune').")
    private boolean freeze;

    @Option(names = "--optimizer", defaultValue = "adam", paramLabel = "NAME",
            description = "${COMPLETION-CANDIDATES}; sgd has momentum 0.9 (default: ${DEFAULT-VALUE}).")
    private FinetuneConfig.OptimizerKind optimizer;

    @Option(names = "--dim", paramLabel = "N", defaultValue = "128",
            description = "Outputs of the projection, for --head projection from random weights (default: ${DEFAULT-VALUE}).")
    private int dim;

    @Option(names = "--vote", paramLabel = "N", defaultValue = "10",
            description = "Last epochs that vote (default: ${DEFAULT-VALUE}).")
    private int vote;

    @Mixin
    private HoldOutOption holdOut;

    @Mixin
    private PositiveOption positive;

    @Mixin
    private MachineOptions machine;

    private FinetuneConfig config;

    @Override
    MachineOptions machine() {
        return machine;
    }

    @Override
    Optional<String> remark(Optional<Pretrained> start) {
        return start.isPresent() || !freeze || spec.commandLine().getParseResult().hasMatchedOption("--from") ? Optional.empty()
                : Optional.of("note: no --from, so the frozen features are those of random weights; --from RUN probes a trained"
                        + " encoder");
    }

    /** All but the number of outputs of a fresh head, which only the images tell. */
    @Override
    void configure(Optional<Pretrained> start) {
        ResNet18.Config network = new ResNet18.Config(train.stem, train.width(), dim, train.splits);
        boolean projection = head == FinetuneConfig.Head.PROJECTION;
        // A resumed run hands over the record's value as if it had been typed, also where it was the default.
        boolean typed = !run.resume() && spec.commandLine().getParseResult().hasMatchedOption("--dim");
        if (typed && !projection) {
            throw UserError.usage("--dim " + dim + " is the length of a projection, and a fresh head has an output for each"
                    + " class: leave out --dim, or take --head projection");
        }
        if (start.isPresent() && projection) {
            ResNet18.Config given = start.get().architecture(train.splits);
            if (typed && dim != given.dim()) {
                throw UserError.usage("--dim " + dim + " is the length of a random projection, but that of " + run.from()
                        + " has " + given.dim() + ": leave out --dim, or take --from random");
            }
            network = network.withDim(given.dim()).withMlp(given.mlp());
        }
        config = new FinetuneConfig(network, head, freeze, optimizer, train.batch(), train.epochs(), learningRate(),
                train.weightDecay, run.seed(), views(), DataSets.normalisation(data.kind()), vote);
        start.ifPresent(s -> s.requireFits(config.network(), projection));
    }

    @Override
    DataSet look(DataSet images, Consumer<String> say) {
        int classes = classes(images);
        DataSet set = holdOut.of(images, say);
        if (set != images && !run.resume()) {
            trainedBefore().flatMap(t -> t.mayHaveSeen(set, data.single().path())).ifPresent(say);
        }
        config = head == FinetuneConfig.Head.FRESH ? config.withOutputs(classes) : config;
        DataSet judged = positive.of(set);
        if (unjudged(set)) {
            say.accept(UNJUDGED);
        } else {
            positive.hint(judged, say);
        }
        return judged;
    }

    private static boolean unjudged(DataSet set) {
        return !set.has(DataSet.VAL) && !set.has(DataSet.TEST);
    }

    @Override
    FinetuneRun open(RunFolder folder, DataSet set, Means means) {
        return new FinetuneRun(folder, means.backend(), config, set, means.threads(), means.feed(), means.policy());
    }

    @Override
    String train(FinetuneRun training, DataSet set, Display display, Consumer<String> say) {
        training.train(run.from(), display, say);
        return "classifier saved in " + run.out() + (unjudged(set) ? "; nothing was measured, since no image was held out" : "");
    }

    private int classes(DataSet set) {
        Splits.requireLabels(set, spec.name());
        ImageSet train = set.split(DataSet.TRAIN);
        if (!train.labelled()) {
            throw UserError.failed(train
                    + " has no labels to train a diagnosis from. Sort its images into a folder for each class.");
        }
        return train.classNames().size();
    }
}
