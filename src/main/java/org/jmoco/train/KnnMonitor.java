package org.jmoco.train;

import org.jmoco.augment.ViewRecipe;
import org.jmoco.augment.Views;
import org.jmoco.backend.Backend;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.Program;
import org.jmoco.backend.Recorder;
import org.jmoco.backend.Region;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Normalisation;
import org.jmoco.encoder.ResNet18;
import org.jmoco.tensor.DType;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;
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
    private final Backend backend;
    private final Ranking ranking; // null where the host finds the neighbours

    /** Records the program; measures after {@link Backend#allocate()}. @param batch images per run of the program */
    public KnnMonitor(Backend backend, ResNet18 encoder, Task task, int batch) {
        this.task = task;
        WeightedKnn.requireUsable(task.temperature());
        extractor = new FeatureExtractor(backend, encoder, FeatureExtractor.Output.EMBEDDING, batch, task.views().size());
        bank = Views.evaluation(task.bank(), task.views());
        queries = Views.evaluation(task.queries(), task.views());
        this.backend = backend;
        ranking = backend.ranksRows() ? new Ranking() : null;
    }

    /** The neighbours by the backend: the features of both sets, and what it finds. */
    private final class Ranking {
        private final Buffer bankRows = backend.declare(Region.INPUT, "knn.bank", Shape.of(bank.size(), extractor.width()));
        private final Buffer queryRows = backend.declare(Region.INPUT, "knn.queries",
                Shape.of(queries.size(), extractor.width()));
        private final Buffer index = backend.memory()
                .declare(Region.OUTPUT, "knn.index", DType.I32, Shape.of(queries.size(), task.k()));
        private final Buffer similarity = backend.declare(Region.OUTPUT, "knn.similarity", index.shape());
        private final Program program;

        Ranking() {
            Recorder rec = backend.record("knn");
            rec.topK("knn.rank", index, similarity, queryRows, bankRows);
            program = rec.finish();
        }

        WeightedKnn.Result classify(HostTensor b, HostTensor q) {
            backend.upload(bankRows, b);
            backend.upload(queryRows, q);
            program.run();
            return WeightedKnn.vote(backend.download(index).ints(), backend.download(similarity).toF64().doubles(), task.k(),
                    bank.labels(), bank.classNames().size(), task.temperature());
        }
    }

    public Task task() {
        return task;
    }

    /** Part of the queries, 0 .. 1, whose class the neighbours vote for. */
    public double measure() {
        return classify().accuracy(queries.labels());
    }

    WeightedKnn.Result classify() {
        HostTensor b = extractor.extract(bank, task.normalisation());
        HostTensor q = extractor.extract(queries, task.normalisation());
        int d = extractor.width();
        if (ranking != null) {
            WeightedKnn.requireFinite(b.toF64().doubles(), d, "bank");
            WeightedKnn.requireFinite(q.toF64().doubles(), d, "query");
            return ranking.classify(b, q);
        }
        return new WeightedKnn(b.toF64().doubles(), bank.labels(), d, bank.classNames().size(), task.k(), task.temperature())
                .classify(q.toF64().doubles(), task.threads());
    }

    /** {@code weighted kNN, k 200, t 0.1: 118 images of covid-ct val by 425 of covid-ct train}. */
    @Override
    public String toString() {
        return "weighted kNN, k " + task.k() + ", t " + task.temperature() + ": " + task.queries().size() + " images of "
                + task.queries().name() + " by " + task.bank().size() + " of " + task.bank().name();
    }
}
