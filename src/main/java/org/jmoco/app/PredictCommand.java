package org.jmoco.app;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.augment.Views;
import org.jmoco.backend.Backend;
import org.jmoco.data.DatasetCard;
import org.jmoco.data.ImageFiles;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Normalisation;
import org.jmoco.encoder.ResNet18;
import org.jmoco.report.StoredRun;
import org.jmoco.run.FinetuneRun;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.UserError;
import org.jmoco.train.FeatureExtractor;
import org.jmoco.train.Pretrained;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code jmoco predict}: what a trained classifier says of image files. */
@Command(name = "predict", description = {"Classify image files with a finetune run: one line each, the likeliest class first.",
        "A file that cannot be read is named on stderr, the others are classified all the same, and the exit code is 1.",
        "Images are prepared as the run's test images were, and judged by the weights of its last epoch. For research, not for"
                + " diagnosis."})
final class PredictCommand implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "IMAGE", description = "PNG, JPEG, BMP or TIFF files.")
    private List<Path> files;

    @Option(names = "--from", required = true, paramLabel = "RUN", description = "The folder of a finetune run that has ended.")
    private Path from;

    @Option(names = "--batch", paramLabel = "N", defaultValue = "16",
            description = "Images at a time (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Mixin
    private BackendOptions backendOptions;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (batch < 1) {
            throw UserError.usage("--batch " + batch + " must be at least 1.");
        }
        if (!Files.exists(from)) {
            throw UserError.failed("--from " + from + ": there is no such folder; give the --out of a finetune run");
        }
        if (!Files.isDirectory(from)) {
            throw UserError.usage("--from " + from
                    + ": must be the folder of a finetune run, which knows its classes and how images are prepared.");
        }
        StoredRun run = StoredRun.readOutcome(from);
        TrainedRun network = TrainedRun.load(from);
        network.requireClassifier("predict");
        Path predictions = from.resolve(FinetuneRun.PREDICTIONS);
        if (!Files.exists(predictions) || !run.result().containsKey("data")) {
            throw UserError.failed(from
                    + ": has no predictions.json and result.json of a finished finetune run; finish it with --resume, or give"
                    + " another.");
        }
        List<String> classes = network.classes();
        Pretrained trained = network.weights();
        String data = run.result().get("data").toString();
        ViewRecipe recipe = recipe(data, network);
        List<UserError> unread = new ArrayList<>();
        Optional<ImageSet> readable = ImageFiles.read(files, unread::add);
        PrintWriter err = spec.commandLine().getErr();
        unread.forEach(e -> err.println("jmoco: " + e.getMessage()));
        if (readable.isEmpty()) {
            return Failure.FAILED;
        }
        ImageSet images = readable.get();
        ImageFiles.warning(images).ifPresent(err::println);
        PrintWriter out = spec.commandLine().getOut();
        if (Boolean.TRUE.equals(run.result().get("phantom"))) {
            out.println("trained on phantom images: what it says of real ones means nothing");
        }
        try (Backend backend = Backends.open(backendOptions)) {
            ResNet18 classifier = new ResNet18(backend, "q", trained.architecture(1), false);
            FeatureExtractor outputs = new FeatureExtractor(backend, classifier, FeatureExtractor.Output.PROBABILITIES, batch,
                    recipe.size());
            backend.allocate();
            classifier.weights().upload(backend, trained.tensors());
            classifier.statistics().upload(backend, trained.tensors());
            HostTensor p = outputs.extract(Views.evaluation(images, recipe), normalisation(data));
            print(out, images, classes, p);
        }
        if (!unread.isEmpty()) {
            out.flush();
            err.println("jmoco: " + unread.size() + " of " + files.size() + " files could not be read, see above");
            return Failure.FAILED;
        }
        return 0;
    }

    private static ViewRecipe recipe(String data, TrainedRun network) {
        ViewRecipe views = ViewRecipe.of(data);
        return views.withSize(network.image().orElse(views.size()))
                .withEvaluation(network.evaluation().orElse(views.evaluation()));
    }

    /** Images of the user's own are normalised as {@code --data images} does. */
    private static Normalisation normalisation(String data) {
        return DatasetCard.load(DatasetCard.NAMES.contains(data) ? data : "luna").normalisation();
    }

    private static void print(PrintWriter out, ImageSet images, List<String> classes, HostTensor p) {
        int k = p.shape().dim(1);
        for (int i = 0; i < images.size(); i++) {
            int row = i * k;
            List<Integer> order = java.util.stream.IntStream.range(0, classes.size()).boxed()
                    .sorted((a, b) -> Double.compare(p.get(row + b), p.get(row + a))).toList();
            StringBuilder line = new StringBuilder(images.imageName(i)).append(':');
            order.forEach(c -> line.append(String.format(Locale.ROOT, "  %s %.4f", classes.get(c), p.get(row + c))));
            out.println(line);
        }
    }
}
