package org.jmoco.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.commons.math3.stat.descriptive.rank.Percentile;
import org.jmoco.tensor.Philox;
import org.jmoco.tensor.UserError;

/**
 * Figures of a classifier on a test set, each with a bootstrap 95 % interval (percentile method: Efron, Tibshirani, "An
 * Introduction to the Bootstrap", 1993, chapter 13). Images are drawn with replacement, not by class, because the share
 * of the classes is chance as well.
 *
 * <p>With more than two classes precision, recall, F1 and AUC are means over the classes, each against the rest.
 *
 * <p>What the model does counts: if it never predicts a class, that precision is 0. What a sample lacks is left out: a
 * resample without positive (for the AUC: or without negative) images gives no value for the metrics that need them. How
 * often that happened stands in {@link #notes}.
 *
 * @param images    size of the test set
 * @param values    accuracy, precision, recall, F1, AUC, in this order
 * @param classes   that precision, recall, F1 and AUC speak of: the positive one of two, otherwise all
 * @param confusion of each of these against the rest
 * @param notes     sentences on degenerate samples; mostly none
 */
public record Metrics(int images, List<Metric> values, List<Integer> classes, List<Confusion> confusion, List<String> notes) {
    /**
     * Resamples by default. The standard error of an interval's end is then 1.5 % of its width, if the resampled values
     * are about normal: sqrt(0.025 * 0.975 / 2000) / 0.0584 = 0.06 deviations of 3.92.
     */
    public static final int RESAMPLES = 2000;

    private static final List<String> NAMES = Figures.NAMES;

    /** The one figure that needs no class to speak of. */
    private static final String ACCURACY = "accuracy";

    /**
     * A figure with its interval.
     *
     * @param value NaN if the test set does not define it (no positive image)
     * @param low   2.5 % of the resamples lie below; NaN if no resample defines it
     * @param high  2.5 % of the resamples lie above
     */
    public record Metric(String name, double value, double low, double high) {
        /** {@code AUC 0.8123 [0.7510, 0.8690]}. */
        @Override
        public String toString() {
            return Double.isNaN(value)
                    ? name + " undefined: the test set lacks a class that it needs"
                    : String.format(Locale.ROOT, "%s %.4f [%.4f, %.4f]", name, value, low, high);
        }
    }

    /** How the intervals are drawn. */
    public record Bootstrap(long seed, int resamples) {
        public Bootstrap {
            if (resamples < 1) {
                throw UserError.usage("bootstrap: " + resamples + " resamples; at least 1 is needed, 2000 are usual.");
            }
        }

        /** Resample number {@code b}: weight[i] becomes how often image i is in it. */
        void draw(int b, int[] weight) {
            Philox draw = new Philox(seed, Philox.Purpose.BOOTSTRAP, 0, b);
            Arrays.fill(weight, 0);
            for (int i = 0; i < weight.length; i++) {
                weight[draw.nextInt(weight.length)]++;
            }
        }

        /**
         * Seeds of resample number {@code b}: as many as there are, with replacement.
         *
         * @param row a stream of its own for each row
         */
        int[] drawSeeds(int b, int row, int seeds) {
            Philox draw = new Philox(seed, Philox.Purpose.BOOTSTRAP, 1 + row, b);
            int[] drawn = new int[seeds];
            Arrays.setAll(drawn, s -> draw.nextInt(seeds));
            return drawn;
        }

        /** @param seed of the run */
        public static Bootstrap ofSeed(long seed) {
            return new Bootstrap(seed, RESAMPLES);
        }
    }

    /**
     * Two classes.
     *
     * @param positive  the class that precision, recall, F1 and AUC speak of
     * @param labels    class of each image, 0 or 1
     * @param predicted predicted class of each image (it need not follow from the score: votes)
     * @param score     of each image, higher for the positive class
     */
    public static Metrics binary(int positive, int[] labels, int[] predicted, double[] score, Bootstrap bootstrap) {
        requireSizes(labels, predicted, score.length, 2);
        requireFinite(score);
        return compute(new int[] {positive}, labels, predicted, List.of(Figures.auc(positive, labels, score)), bootstrap);
    }

    /**
     * Any number of classes.
     *
     * @param probability images x classes
     */
    public static Metrics multiclass(int[] labels, int[] predicted, double[][] probability, Bootstrap bootstrap) {
        int classes = probability.length == 0 ? 0 : probability[0].length;
        requireSizes(labels, predicted, probability.length, classes);
        List<Auc> aucs = new ArrayList<>();
        int[] all = new int[classes];
        for (int c = 0; c < classes; c++) {
            all[c] = c;
            double[] score = new double[labels.length];
            for (int i = 0; i < score.length; i++) {
                score[i] = probability[i][c];
            }
            requireFinite(score);
            aucs.add(Figures.auc(c, labels, score));
        }
        return compute(all, labels, predicted, aucs, bootstrap);
    }

    /** The metric of a name, as in {@code get("AUC")}. */
    public Metric get(String name) {
        return values.get(NAMES.indexOf(name));
    }

    /**
     * One line per metric, then the counts, then notes if there are any.
     *
     * @param names of the classes
     */
    public List<String> lines(List<String> names) {
        boolean means = confusion.size() > 1;
        List<String> out = new ArrayList<>();
        values.forEach(m -> out.add((means && !m.name.equals(ACCURACY) ? "mean over classes: " : "") + m));
        for (int c = 0; c < confusion.size(); c++) {
            out.add("confusion " + (means ? names.get(classes.get(c)) + " against the rest: " : "") + confusion.get(c));
        }
        notes.forEach(n -> out.add("note: " + n));
        for (int c = 0; c < confusion.size(); c++) {
            String name = '"' + names.get(classes.get(c)) + '"';
            if (confusion.get(c).tp() + confusion.get(c).fp() == 0) {
                out.add("note: precision: no image is predicted to be of class " + name + ", which counts as 0");
            }
            if (means && confusion.get(c).positives() == 0) {
                out.add("note: class " + name + " has no image and is left out of the means over classes");
            }
        }
        return out;
    }

    private static Metrics compute(
            int[] classes, int[] labels, int[] predicted, List<Auc> aucs, Bootstrap bootstrap) {
        int n = labels.length;
        Figures figures = new Figures(classes, labels, predicted, aucs);
        double[] whole = figures.of(null);
        double[][] resampled = new double[NAMES.size()][bootstrap.resamples()];
        int[] weight = new int[n];
        for (int b = 0; b < bootstrap.resamples(); b++) {
            bootstrap.draw(b, weight);
            double[] values = figures.of(weight);
            for (int m = 0; m < values.length; m++) {
                resampled[m][b] = values[m];
            }
        }
        List<Metric> values = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        for (int m = 0; m < whole.length; m++) {
            double[] defined = Arrays.stream(resampled[m]).filter(v -> !Double.isNaN(v)).toArray();
            values.add(new Metric(NAMES.get(m), whole[m], percentile(defined, 2.5), percentile(defined, 97.5)));
            if (defined.length < bootstrap.resamples() && !Double.isNaN(whole[m])) {
                notes.add(NAMES.get(m) + ": " + (bootstrap.resamples() - defined.length) + " of " + bootstrap.resamples()
                        + " resamples lack a class that it needs and are left out of its interval");
            }
        }
        List<Confusion> confusion = new ArrayList<>();
        for (int c : classes) {
            confusion.add(Confusion.count(c, labels, predicted, null));
        }
        return new Metrics(n, List.copyOf(values), Arrays.stream(classes).boxed().toList(), List.copyOf(confusion),
                List.copyOf(notes));
    }

    /** By linear interpolation between order statistics (R's type 7, NumPy's default). */
    static double percentile(double[] values, double percent) {
        return values.length == 0
                ? Double.NaN
                : new Percentile().withEstimationType(Percentile.EstimationType.R_7).evaluate(values, percent);
    }

    private static void requireSizes(int[] labels, int[] predicted, int scores, int classes) {
        if (labels.length == 0) {
            throw UserError.failed("metrics: the test set has no image. Check --data and the split.");
        }
        if (predicted.length != labels.length || scores != labels.length) {
            throw new IllegalArgumentException("metrics: " + labels.length + " labels, " + predicted.length
                    + " predictions and " + scores + " scores");
        }
        for (int[] some : new int[][] {labels, predicted}) {
            for (int c : some) {
                if (c < 0 || c >= classes) {
                    throw new IllegalArgumentException("metrics: class " + c + " among " + classes + " classes");
                }
            }
        }
    }

    private static void requireFinite(double[] score) {
        for (int i = 0; i < score.length; i++) {
            if (!Double.isFinite(score[i])) {
                throw UserError.failed("metrics: the score of image " + i + " is " + score[i]
                        + ", so the network has diverged. Train again with a lower --lr.");
            }
        }
    }
}
