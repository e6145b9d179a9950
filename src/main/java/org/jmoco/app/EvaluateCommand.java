package org.jmoco.app;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.backend.Backend;
import org.jmoco.data.DataSet;
import org.jmoco.data.ImageSet;
import org.jmoco.run.MetricsText;
import org.jmoco.tensor.UserError;
import org.jmoco.train.Classifier;
import org.jmoco.train.Metrics;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code jmoco evaluate}: a trained classifier on labelled images. */
@Command(name = "evaluate", description =
        {"Measure a trained classifier on labelled images: one line per metric with its 95 %% interval.",
    "It judges by the weights of the last epoch alone. The result that a finetune run prints is the vote of its last epochs, so"
        + " the two differ a little.", "Without --data it takes the images that the run was trained with."})
final class EvaluateCommand implements Callable<Integer> {
    @Option(names = "--from", required = true, paramLabel = "RUN|FILE",
            description = "A classifier: " + RunOptions.WEIGHTS + ".")
    private Path from;

    @Mixin
    private DataOptions data;

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
        DataSource source = data.isGiven() ? DataSource.single(data, out::println) : own(trained, out);
        DataSet set = source.set();
        ImageSet images = Splits.labelled(set, "--split", split, "evaluate");
        trained.judgedOn(set).ifPresent(out::println);
        ViewRecipe recipe = image.of(source, trained, out::println);
        try (Backend backend = Backends.open(backendOptions)) {
            Classifier classifier = new Classifier(backend, trained.weights(), images, recipe, set.normalisation(), batch);
            String which = trained.weights().file() + trained.vote().filter(n -> n > 1)
                    .map(n -> " (weights of the last epoch; the run's result is the vote of " + n + " epochs)").orElse("");
            out.println(MetricsText.heading(split, which, set));
            classifier.judge().metrics(set.positive(), Metrics.Bootstrap.ofSeed(seed)).lines(set.classNames())
                    .forEach(out::println);
        }
        return 0;
    }

    /** The images that the run was trained with, if they are still there. */
    private DataSource own(TrainedRun trained, PrintWriter out) {
        String own = trained.data().orElseThrow(() -> UserError.usage("--data is missing: " + from
                + " does not tell what it was trained on. Give --data NAME=DIR, or --data phantom."));
        DataOptions.Source source;
        try {
            source = DataOptions.parse(own);
        } catch (UserError e) {
            throw UserError.usage("--data is missing: " + from + " was trained on " + own
                    + ", which is not to be found from here. Give --data NAME=DIR.");
        }
        out.println("--data " + own + ", as the run was trained");
        return DataSource.open(source, out::println);
    }
}
