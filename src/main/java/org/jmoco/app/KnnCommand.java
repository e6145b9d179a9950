package org.jmoco.app;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.backend.Backend;
import org.jmoco.data.DataSet;
import org.jmoco.encoder.Initializer;
import org.jmoco.encoder.ResNet18;
import org.jmoco.tensor.UserError;
import org.jmoco.train.KnnMonitor;
import org.jmoco.train.Pretrained;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code jmoco knn}: how well an encoder's embeddings sort images, without training anything. */
@Command(name = "knn", description = "Weighted kNN accuracy of an encoder's embeddings.")
final class KnnCommand implements Callable<Integer> {
    @Option(names = "--from", defaultValue = RunOptions.RANDOM, paramLabel = "RUN|FILE|random",
            description = "The folder of a run, a .safetensors file, or random weights (default: ${DEFAULT-VALUE}).")
    private String from;

    @Mixin
    private DataOptions data;

    @Option(names = "--bank", defaultValue = "train", paramLabel = "SPLIT", description = "Labelled images that vote (default: ${DEFAULT-VALUE}).")
    private String bank;

    @Option(names = "--queries", defaultValue = "test", paramLabel = "SPLIT", description = "Images that are classified (default: ${DEFAULT-VALUE}).")
    private String queries;

    @Option(names = "--knn-k", paramLabel = "N", description = "Neighbours that vote (default: 200, in a small bank a tenth of it).")
    private Integer k;

    @Option(names = "--knn-temperature", paramLabel = "X", defaultValue = "0.1",
            description = "A vote weighs exp(similarity / X) (default: ${DEFAULT-VALUE}).")
    private double temperature;

    @Option(names = "--image", paramLabel = "N", description = "Height and width of the images (default: the data set's own).")
    private Integer image;

    @Option(names = "--width", paramLabel = "N", defaultValue = "64", description = "Width of a random encoder (default: ${DEFAULT-VALUE}).")
    private int width;

    @Option(names = "--dim", paramLabel = "N", defaultValue = "128", description = "Outputs of a random encoder (default: ${DEFAULT-VALUE}).")
    private int dim;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "Seed of a random encoder (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--batch", paramLabel = "N", defaultValue = "128", description = "Images at a time (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Mixin
    private BackendOptions backendOptions;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        if (batch < 1 || width < 1 || dim < 1) {
            throw UserError.usage("--batch, --width and --dim must be at least 1.");
        }
        Optional<Pretrained> trained = RunOptions.existing(from).map(Pretrained::load);
        DataSource source = DataSource.single(data, out::println);
        DataSet set = source.set();
        ViewRecipe recipe = source.recipe();
        recipe = image == null ? recipe : recipe.withSize(image);
        ResNet18.Config network = trained.map(t -> t.architecture(1)).orElse(new ResNet18.Config(ResNet18.Stem.CIFAR, width, dim, 1));
        try (Backend backend = Backends.open(backendOptions)) {
            ResNet18 encoder = new ResNet18(backend, "q", network, false);
            KnnMonitor monitor = new KnnMonitor(backend, encoder, new KnnMonitor.Task(set.split(bank), set.split(queries), recipe,
                    set.normalisation(), k == null ? KnnMonitor.defaultK(set.split(bank).size()) : k, temperature, backendOptions.threads()), batch);
            backend.allocate();
            encoder.weights().upload(backend, trained.isPresent() ? trained.get().tensors() : Initializer.weights(encoder.weights().specs(), seed));
            encoder.statistics().upload(backend,
                    trained.isPresent() ? trained.get().tensors() : Initializer.weights(encoder.statistics().specs(), seed));
            out.println(monitor);
            out.printf(Locale.ROOT, "kNN accuracy %.4f%n", monitor.measure());
        }
        return 0;
    }
}
