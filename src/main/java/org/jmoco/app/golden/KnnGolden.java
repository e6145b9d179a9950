package org.jmoco.app.golden;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import org.jmoco.train.WeightedKnn;

/** The weighted kNN classifier on made features. It computes in f64 on the host, whatever the backend. */
final class KnnGolden {
    /** Of a class centre in a feature, from the description of the golden files. */
    private static final double CENTRE_WEIGHT = 0.25;

    private KnnGolden() {}

    static void run(JsonNode root, CaseConfig config, GoldenReport report) {
        int rows = config.count("bank");
        int d = config.count("dim");
        int classes = config.count("classes");
        int queries = config.count("queries");
        double[] centres = new double[classes * d];
        long centreSeed = config.seed(GoldenStream.KNN_CENTRE);
        for (int i = 0; i < centres.length; i++) {
            centres[i] = GoldenStream.u(centreSeed, i);
        }
        int[] bankLabels = new int[rows];
        double[] bank = new double[rows * d];
        for (int i = 0; i < rows; i++) {
            bankLabels[i] = (int) Math.floor((GoldenStream.u(config.seed(GoldenStream.KNN_LABEL), i) + 1) / 2 * classes);
            point(config.seed(GoldenStream.KNN_BANK), i, centres, bankLabels[i], bank, d);
        }
        int[] queryLabels = new int[queries];
        double[] query = new double[queries * d];
        for (int j = 0; j < queries; j++) {
            queryLabels[j] = j % classes;
            point(config.seed(GoldenStream.KNN_QUERY), j, centres, queryLabels[j], query, d);
        }
        report.equal("bank labels", "bank", bankLabels, root.path("bank_labels"));
        report.equal("query labels", "query", queryLabels, root.path("query_labels"));

        WeightedKnn knn = new WeightedKnn(bank, bankLabels, d, classes, config.count("k"), config.number("t"));
        compare(root, report, knn.classify(query, 1), queryLabels);
    }

    /** Row {@code row} becomes u + 0.25 centre[label], scaled to length 1. */
    private static void point(long seed, int row, double[] centres, int label, double[] to, int d) {
        double squares = 0;
        for (int j = 0; j < d; j++) {
            double x = GoldenStream.u(seed, (long) row * d + j) + CENTRE_WEIGHT * centres[label * d + j];
            to[row * d + j] = x;
            squares += x * x;
        }
        for (int j = 0; j < d; j++) {
            to[row * d + j] /= Math.sqrt(squares);
        }
    }

    private static void compare(JsonNode root, GoldenReport report, WeightedKnn.Result result, int[] queryLabels) {
        report.equal("predicted classes", "query", result.predicted(), root.path("predicted"));
        for (int q = 0; q < queryLabels.length; q++) {
            JsonNode first = root.path("neighbours_first").path(q);
            int[] nearest = Arrays.copyOf(result.neighbours()[q], Math.min(first.size(), result.neighbours()[q].length));
            report.equal("nearest neighbours", "query " + q + " neighbour", nearest, first);
            report.numbers("scores", "query " + q + " class", result.scores()[q], root.path("scores").path(q), null, 0);
        }
        report.number("top-1 accuracy", "all queries", result.accuracy(queryLabels), root.path("top1_accuracy").asDouble(), null);
    }
}
