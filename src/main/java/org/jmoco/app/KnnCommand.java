package org.jmoco.app;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.backend.Backend;
import org.jmoco.data.DataSet;
import org.jmoco.data.ImageSet;
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
@Command(name = "knn", description = {"Weighted kNN accuracy of an encoder's embeddings.",
        "Without --data on the images that the run was trained with; random weights, and files of no run, on phantoms."})
final class KnnCommand implements Callable<Integer> {
    @Option(names = "--from", defaultValue = RunOptions.RANDOM, paramLabel = "RUN|FILE|random",
            description = "An encoder: " + RunOptions.WEIGHTS + "; or random weights (default: ${DEFAULT-VALUE}).")
    private String from;

    @Mixin
    private DataOptions data;

    @Option(names = "--bank", defaultValue = "train", paramLabel = "SPLIT",
            description = "Labelled images that vote (default: ${DEFAULT-VALUE}).")
    private String bank;

    @Option(names = "--queries", defaultValue = "test", paramLabel = "SPLIT",
            description = "Images that are classified (default: ${DEFAULT-VALUE}).")
    private String queries;

    @Option(names = "--knn-k", paramLabel = "N",
            description = "Neighbours that vote (default: 200, in a small bank a tenth of it).")
    private Integer k;

    @Option(names = "--knn-temperature", paramLabel = "X", defaultValue = "0.1",
            description = "A vote weighs exp(similarity / X) (default: ${DEFAULT-VALUE}).")
    private double temperature;

    @Mixin
    private ImageSize image;

    @Option(names = "--width", paramLabel = "N", defaultValue = "64",
            description = "Width of a random encoder (default: ${DEFAULT-VALUE}).")
    private int width;

    @Option(names = "--dim", paramLabel = "N", defaultValue = "128",
            description = "Outputs of a random encoder (default: ${DEFAULT-VALUE}).")
    private int dim;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1",
            description = "Seed of a random encoder (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--batch", paramLabel = "N", defaultValue = "128",
            description = "Images at a time (default: ${DEFAULT-VALUE}).")
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
        Splits.requireName("--bank", bank);
        Splits.requireName("--queries", queries);
        Optional<TrainedRun> run = RunOptions.existing(from).map(TrainedRun::load);
        Optional<Pretrained> trained = run.map(TrainedRun::weights);
        trained.ifPresent(this::requireNoSizes);
        if (run.isEmpty() && !spec.commandLine().getParseResult().hasMatchedOption("--from")) {
            out.println("note: no --from, so random weights are measured; --from RUN measures a trained encoder");
        }
        DataSource source = run.filter(r -> !data.isGiven() && r.data().isPresent()).map(r -> r.own(out::println))
                .orElseGet(() -> DataSource.single(data, out::println));
        DataSet set = data.isGiven() && run.isPresent() ? run.get().withOwnSplit(source.set(), out::println) : source.set();
        run.ifPresent(r -> r.requireKnown(set, "--queries", queries));
        ImageSet voters = Splits.labelled(set, "--bank", bank, "knn");
        ImageSet classified = Splits.labelled(set, "--queries", queries, "knn");
        if (bank.equals(queries)) {
            out.println("note: each image is among its own neighbours, so the accuracy is too high: --bank and --queries are"
                    + " both " + bank);
        }
        ViewRecipe recipe = image.of(source, run.orElse(null), out::println);
        ResNet18.Config network = trained.map(t -> t.architecture(1))
                .orElse(new ResNet18.Config(ResNet18.Stem.CIFAR, width, dim, 1));
        try (Backend backend = Backends.open(backendOptions)) {
            ResNet18 encoder = new ResNet18(backend, "q", network, false);
            KnnMonitor monitor = new KnnMonitor(backend, encoder, new KnnMonitor.Task(voters, classified, recipe,
                    set.normalisation(), k == null ? KnnMonitor.defaultK(voters.size()) : k, temperature,
                    backendOptions.threads()), batch);
            backend.allocate();
            encoder.weights().upload(backend, trained.isPresent() ? trained.get().tensors()
                    : Initializer.weights(encoder.weights().specs(), seed));
            encoder.statistics().upload(backend,
                    trained.isPresent() ? trained.get().tensors() : Initializer.weights(encoder.statistics().specs(), seed));
            out.println(monitor);
            out.printf(Locale.ROOT, "kNN accuracy %.4f%n", monitor.measure());
        }
        return 0;
    }

    /** @throws UserError if a size of random weights is given beside trained ones that have another */
    private void requireNoSizes(Pretrained trained) {
        ResNet18.Config own = trained.architecture(1);
        requireSame("--width", width, own.width());
        requireSame("--dim", dim, own.dim());
    }

    private void requireSame(String option, int typed, int own) {
        if (spec.commandLine().getParseResult().hasMatchedOption(option) && typed != own) {
            throw UserError.usage(option + " " + typed + " is the size of a random encoder, but " + from + " has " + own
                    + ": leave out " + option + ", or take --from random");
        }
    }
}
