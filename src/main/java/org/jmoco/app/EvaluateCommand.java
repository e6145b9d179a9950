package org.jmoco.app;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.backend.Backend;
import org.jmoco.data.DataSet;
import org.jmoco.data.ImageSet;
import org.jmoco.encoder.ResNet18;
import org.jmoco.run.MetricsText;
import org.jmoco.tensor.UserError;
import org.jmoco.train.Classifier;
import org.jmoco.train.Metrics;
import org.jmoco.train.Pretrained;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code jmoco evaluate}: a trained classifier on labelled images. */
@Command(name = "evaluate", description = "Measure a trained classifier on labelled images: one line per metric with its 95 %% interval.")
final class EvaluateCommand implements Callable<Integer> {
    @Option(names = "--from", required = true, paramLabel = "RUN|FILE", description = "The folder of a finetune run, or a .safetensors file.")
    private Path from;

    @Mixin
    private DataOptions data;

    @Option(names = "--split", defaultValue = "test", paramLabel = "NAME", description = "train, val or test (default: ${DEFAULT-VALUE}).")
    private String split;

    @Option(names = "--image", paramLabel = "N", description = "Height and width of the images (default: the data set's own).")
    private Integer image;

    @Option(names = "--batch", paramLabel = "N", defaultValue = "64", description = "Images at a time (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "Seed of the bootstrap (default: ${DEFAULT-VALUE}).")
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
        Pretrained trained = Pretrained.load(from);
        DataSource source = DataSource.single(data, out::println);
        DataSet set = source.set();
        ImageSet images = set.split(split);
        ViewRecipe recipe = source.recipe();
        recipe = image == null ? recipe : recipe.withSize(image);
        ResNet18.Config network = trained.architecture(1);
        if (!images.labelled() || network.dim() < images.classNames().size()) {
            throw UserError.failed(from + ": has " + network.dim() + " outputs, but " + images + " needs "
                    + (images.labelled() ? images.classNames().size() : "labels") + ". Give the folder of a finetune run on this data set.");
        }
        try (Backend backend = Backends.open(backendOptions)) {
            Classifier classifier = new Classifier(backend, trained, images, recipe, set.normalisation(), batch);
            out.println(MetricsText.heading(split, trained.file().toString(), set));
            classifier.judge().metrics(set.positive(), Metrics.Bootstrap.ofSeed(seed)).lines(set.classNames()).forEach(out::println);
        }
        return 0;
    }
}
