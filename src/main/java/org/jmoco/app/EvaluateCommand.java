package org.jmoco.app;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.backend.Backend;
import org.jmoco.data.DataSet;
import org.jmoco.data.ImageSet;
import org.jmoco.run.MetricsText;
import org.jmoco.tensor.UserError;
import org.jmoco.train.Classifier;
import org.jmoco.train.Metrics;
import org.jmoco.train.Outcome;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code jmoco evaluate}: a trained classifier on labelled images. */
@Command(name = "evaluate", description =
        {"Measure a trained classifier on labelled images: one line per metric with its 95 %% interval.",
    "It judges by the weights of the last epoch alone. The result that a finetune run prints is the vote of its last epochs: the"
        + " two differ, in a short training by several hundredths of AUC and more of F1.",
    "Without --data it takes the images that the run was trained with."})
final class EvaluateCommand implements Callable<Integer> {
    @Option(names = "--from", required = true, paramLabel = "RUN|FILE",
            description = "A classifier: " + RunOptions.WEIGHTS + ".")
    private Path from;

    @Mixin
    private DataOptions data;

    @Option(names = "--classes", paramLabel = "NETWORK=IMAGES",
            description = "Which class of the network is which of the images, where the names differ:"
                    + " covid=lesion,normal=\"no lesion\" (default: those of the same names, capitals aside).")
    private String classes;

    @Mixin
    private PositiveOption positive;

    @Option(names = "--split", defaultValue = "test", paramLabel = "NAME",
            description = "train, val or test (default: ${DEFAULT-VALUE}).")
    private String split;

    @Mixin
    private ImageSize image;

    @Option(names = "--batch", paramLabel = "N", defaultValue = "64",
            description = "Images at a time (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1",
            description = "Seed of the bootstrap (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Mixin
    private BackendOptions backendOptions;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        if (batch < 1) {
            throw UserError.usage("--batch " + batch + " must be at least 1.");
        }
        Splits.requireName("--split", split);
        TrainedRun trained = TrainedRun.load(from);
        trained.requireClassifier("evaluate");
        DataSource source = data.isGiven() ? DataSource.single(data, out::println) : trained.own(out::println);
        Splits.requireLabels(source.set(), "evaluate");
        DataSet named = trained.judgedOn(source.set(), data.isGiven(), classes, out::println);
        boolean theRuns = named.positiveByOrder() || !trained.positiveByOrder();
        DataSet set = positive.of(theRuns ? trained.withOwnPositive(named) : named);
        if (trained.positiveByOrder()) {
            positive.hint(set, out::println);
        }
        ImageSet images = images(trained, set, out);
        ViewRecipe recipe = image.of(source, trained, out::println);
        try (Backend backend = Backends.open(backendOptions)) {
            Classifier classifier = new Classifier(backend, trained.weights(), images, recipe, set.normalisation(), batch);
            String which = trained.weights().file() + trained.vote().filter(n -> n > 1)
                    .map(n -> " (weights of the last epoch; the run's result is the vote of " + n + " epochs)").orElse("");
            out.println(MetricsText.heading(split, which, set));
            Outcome said = classifier.judge();
            said.metrics(set.positive(), Metrics.Bootstrap.ofSeed(seed)).lines(set.classNames()).forEach(out::println);
            MetricsText.oneClass(said, set.classNames()).ifPresent(out::println);
        }
        return 0;
    }

    private ImageSet images(TrainedRun trained, DataSet set, PrintWriter out) {
        Optional<ImageSet> heldOut = trained.heldOut(set, split);
        heldOut.ifPresent(h -> out.println(split + ": the " + h.size() + " images that the run held out"
                + (data.isGiven() ? ", by their names" : "")));
        ImageSet images = heldOut.orElseGet(() -> Splits.labelled(set, "--split", split, "evaluate"));
        if (split.equals(DataSet.TRAIN) && trained.kind().equals(set.name())) {
            out.println("note: the run was trained on these images, or on some of them: the figures say nothing of others");
        }
        return images;
    }
}
