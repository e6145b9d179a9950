package org.jmoco.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * Two rows of a table, image by image: the same test images, judged by the networks (seeds) of one row and of the other. What is
 * asked is how much better the second row is than the first.
 *
 * <p>Three views, since each answers something else: the bootstrap draws images and seeds, so its interval is for other images
 * and other seeds; DeLong's test and McNemar's are for these networks on other images. p values are of single tests: who makes
 * many comparisons and picks the smallest must correct for that.
 *
 * @param differences second minus first, for accuracy, precision, recall, F1, AUC, in this order
 * @param auc         DeLong's test for the mean areas of the seeds, second minus first; null unless there are two classes
 * @param accuracy    McNemar's test for the two rows' predictions, each the majority of its seeds
 */
public record Comparison(List<Difference> differences, DeLong auc, McNemar accuracy) {
    /**
     * One figure's difference by the paired bootstrap: each resample draws the images once for both rows, and each row's seeds.
     *
     * @param low  2.5 % of the resamples lie below
     * @param high 2.5 % lie above
     * @param p    two-sided: twice the share of resamples on the other side of 0 (or on it), at least 1 / resamples, since no
     *     resample beyond 0 does not mean never
     */
    public record Difference(String name, double value, double low, double high, double p) {}

    /** @param positive class that the figures speak of if there are two; -1 for the mean over classes */
    public static Comparison of(int positive, List<Outcome> first, List<Outcome> second, Metrics.Bootstrap bootstrap) {
        List<Figures> a = SeedMetrics.figures(positive, first);
        List<Figures> b = SeedMetrics.figures(positive, second);
        int[] labels = first.getFirst().labels();
        if (!Arrays.equals(labels, second.getFirst().labels())) {
            throw new IllegalArgumentException("comparison: the two rows were not judged on the same test images");
        }
        double[] whole = difference(a, b, null, every(a), every(b));
        double[][] resampled = new double[whole.length][bootstrap.resamples()];
        int[] weight = new int[labels.length];
        for (int r = 0; r < bootstrap.resamples(); r++) {
            bootstrap.draw(r, weight);
            double[] d = difference(a, b, weight, bootstrap.drawSeeds(r, 0, a.size()), bootstrap.drawSeeds(r, 1, b.size()));
            for (int m = 0; m < d.length; m++) {
                resampled[m][r] = d[m];
            }
        }
        List<Difference> differences = new ArrayList<>();
        for (int m = 0; m < whole.length; m++) {
            double[] defined = SeedMetrics.defined(resampled[m]);
            differences.add(new Difference(Figures.NAMES.get(m), whole[m], Metrics.percentile(defined, 2.5),
                    Metrics.percentile(defined, 97.5), p(defined)));
        }
        boolean binary = positive >= 0 && first.getFirst().probability()[0].length == 2;
        return new Comparison(List.copyOf(differences), binary ? deLong(positive, labels, first, second) : null,
                McNemar.test(labels, majority(first), majority(second)));
    }

    /** The difference of a name, as in {@code get("AUC")}. */
    public Difference get(String name) {
        return differences.get(Figures.NAMES.indexOf(name));
    }

    /** In words: the AUC first, the metric that depends on no threshold, then the others whose interval excludes 0. */
    public String verdict() {
        return verdict(this::get);
    }

    /** As {@link #verdict()}, of differences that were kept. @param difference by the name of its figure */
    public static String verdict(Function<String, Difference> difference) {
        Difference auc = difference.apply("AUC");
        StringBuilder s = new StringBuilder("AUC: ").append(auc.low() > 0 ? "better, the interval of its difference lies above 0"
                : auc.high() < 0 ? "worse, the interval of its difference lies below 0"
                : "no difference shown, the interval of its difference contains 0");
        for (String metric : List.of("accuracy", "F1")) {
            Difference d = difference.apply(metric);
            if (d.low() > 0 || d.high() < 0) {
                s.append("; ").append(metric).append(d.low() > 0 ? ": better (above 0)" : ": worse (below 0)");
            }
        }
        return s.toString();
    }

    /** What the seeds of a row predict together: each seed a vote, ties by the mean probability. */
    public static int[] majority(List<Outcome> seeds) {
        Outcome first = seeds.getFirst();
        int classes = first.probability()[0].length;
        int[] out = new int[first.labels().length];
        for (int i = 0; i < out.length; i++) {
            double[] votes = new double[classes];
            for (Outcome o : seeds) {
                votes[o.predicted()[i]] += 2; // a whole vote outweighs every sum of mean probabilities, which is at most 1
                for (int k = 0; k < classes; k++) {
                    votes[k] += o.probability()[i][k] / seeds.size();
                }
            }
            for (int k = 1; k < classes; k++) {
                out[i] = votes[k] > votes[out[i]] ? k : out[i];
            }
        }
        return out;
    }

    private static int[] every(List<Figures> seeds) {
        int[] out = new int[seeds.size()];
        Arrays.setAll(out, i -> i);
        return out;
    }

    private static double[] difference(List<Figures> a, List<Figures> b, int[] weight, int[] seedsA, int[] seedsB) {
        double[] d = SeedMetrics.mean(b, weight, seedsB);
        double[] minus = SeedMetrics.mean(a, weight, seedsA);
        for (int m = 0; m < d.length; m++) {
            d[m] -= minus[m];
        }
        return d;
    }

    private static double p(double[] differences) {
        long below = Arrays.stream(differences).filter(d -> d <= 0).count();
        long above = Arrays.stream(differences).filter(d -> d >= 0).count();
        return differences.length == 0 ? Double.NaN
                : Math.min(1, Math.max(1.0 / differences.length, 2.0 * Math.min(below, above) / differences.length));
    }

    private static DeLong deLong(int positive, int[] labels, List<Outcome> first, List<Outcome> second) {
        boolean[] isPositive = new boolean[labels.length];
        int positives = 0;
        for (int i = 0; i < labels.length; i++) {
            isPositive[i] = labels[i] == positive;
            positives += isPositive[i] ? 1 : 0;
        }
        if (positives < 2 || labels.length - positives < 2) {
            return null;
        }
        return DeLong.test(isPositive, second.stream().map(o -> o.scores(positive)).toList(),
                first.stream().map(o -> o.scores(positive)).toList());
    }
}
