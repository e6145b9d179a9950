package org.jmoco.train;

import org.jmoco.augment.ViewRecipe;
import org.jmoco.augment.Views;
import org.jmoco.backend.Backend;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Normalisation;
import org.jmoco.encoder.ResNet18;
import org.jmoco.tensor.UserError;

/**
 * How well an encoder's embeddings sort images by class, without training anything: each query image takes the class that its k
 * nearest bank images vote for (Wu et al. 2018; facebookresearch/moco's CIFAR demo). Normalised outputs of the last layer, in
 * evaluation mode.
 */
public final class KnnMonitor {
    /** Name of the measure in records and files. */
    public static final String ACCURACY = "knn_accuracy";

    /** Neighbours in the CIFAR demo. */
    public static final int DEFAULT_K = 200;

    /** The CIFAR demo's 200 neighbours of 50,000 images; in a small bank a tenth of it, or else all classes would vote alike. */
    public static int defaultK(int bankSize) {
        return Math.min(DEFAULT_K, Math.max(1, bankSize / 10));
    }

    /** Temperature of the votes in the CIFAR demo. */
    public static final double DEFAULT_TEMPERATURE = 0.1;

    /**
     * What is measured.
     *
     * @param bank        labelled images that vote
     * @param queries     labelled images that are classified, of the same classes
     * @param k           neighbours; lowered to the size of the bank
     * @param temperature votes weigh exp(similarity / temperature)
     */
    public record Task(ImageSet bank, ImageSet queries, ViewRecipe views, Normalisation normalisation, int k, double temperature,
            int threads) {
        public Task {
            if (k < 1) {
                throw UserError.usage("--knn-k " + k + " must be at least 1; " + DEFAULT_K + " is usual.");
            }
            if (!bank.classNames().equals(queries.classNames())) {
                throw UserError.failed("kNN: " + bank + " and " + queries + " do not have the same classes");
            }
            k = Math.min(k, bank.size());
        }
    }

    private final Task task;
    private final FeatureExtractor extractor;
    private final ImageSet bank; // as evaluation sees it
    private final ImageSet queries;

    /** Records the program; measures after {@link Backend#allocate()}. @param batch images per run of the program */
    public KnnMonitor(Backend backend, ResNet18 encoder, Task task, int batch) {
        this.task = task;
        extractor = new FeatureExtractor(backend, encoder, FeatureExtractor.Output.EMBEDDING, batch, task.views().size());
        bank = Views.evaluation(task.bank(), task.views());
        queries = Views.evaluation(task.queries(), task.views());
    }

    public Task task() {
        return task;
    }

    /** Part of the queries, 0 .. 1, whose class the neighbours vote for. */
    public double measure() {
        double[] b = extractor.extract(bank, task.normalisation()).toF64().doubles();
        double[] q = extractor.extract(queries, task.normalisation()).toF64().doubles();
        WeightedKnn knn = new WeightedKnn(b, bank.labels(), b.length / bank.size(), bank.classNames().size(), task.k(), task.temperature());
        return knn.classify(q, task.threads()).accuracy(queries.labels());
    }

    /** {@code weighted kNN, k 200, t 0.1: 118 images of covid-ct val by 425 of covid-ct train}. */
    @Override
    public String toString() {
        return "weighted kNN, k " + task.k() + ", t " + task.temperature() + ": " + task.queries().size() + " images of "
                + task.queries().name() + " by " + task.bank().size() + " of " + task.bank().name();
    }
}
