package org.jmoco.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The figures of one row of a comparison: the same training with several seeds, each judged on the same test images.
 *
 * @param values accuracy, precision, recall, F1, AUC, in this order
 */
public record SeedMetrics(List<Value> values) {
    /**
     * One figure.
     *
     * @param bySeed each seed's own; NaN where the test set does not define it
     * @param seeds  mean, deviation and the interval that the chance of training alone gives
     * @param low    2.5 % of the resamples of images and seeds together lie below: the interval to compare by, since the test
     *     images are a sample as well. With few seeds it is somewhat too narrow, since n seeds vary among themselves by (n - 1) /
     *     n of their variance
     * @param high   2.5 % lie above
     */
    public record Value(String name, double[] bySeed, SeedSummary seeds, double low, double high) {}

    /**
     * @param positive class that the figures speak of if there are two; -1 for the mean over classes
     * @param seeds    one outcome for each seed, all of the same images
     */
    public static SeedMetrics of(int positive, List<Outcome> seeds, Metrics.Bootstrap bootstrap) {
        List<Figures> figures = figures(positive, seeds);
        double[][] resampled = new double[Figures.NAMES.size()][bootstrap.resamples()];
        int[] weight = new int[figures.getFirst().images()];
        for (int b = 0; b < bootstrap.resamples(); b++) {
            bootstrap.draw(b, weight);
            double[] mean = mean(figures, weight, bootstrap.drawSeeds(b, 0, figures.size()));
            for (int m = 0; m < mean.length; m++) {
                resampled[m][b] = mean[m];
            }
        }
        List<Value> out = new ArrayList<>();
        for (int m = 0; m < resampled.length; m++) {
            int which = m;
            double[] bySeed = figures.stream().mapToDouble(f -> f.of(null)[which]).toArray();
            double[] defined = defined(resampled[m]);
            boolean undefined = Arrays.stream(bySeed).anyMatch(Double::isNaN);
            SeedSummary summary = undefined ? new SeedSummary(bySeed.length, Double.NaN, Double.NaN, Double.NaN, Double.NaN)
                    : SeedSummary.of(bySeed);
            out.add(new Value(Figures.NAMES.get(m), bySeed, summary, Metrics.percentile(defined, 2.5),
                    Metrics.percentile(defined, 97.5)));
        }
        return new SeedMetrics(List.copyOf(out));
    }

    /** The figure of a name, as in {@code get("AUC")}. */
    public Value get(String name) {
        return values.get(Figures.NAMES.indexOf(name));
    }

    static List<Figures> figures(int positive, List<Outcome> seeds) {
        Outcome first = seeds.getFirst();
        for (Outcome o : seeds) {
            if (!Arrays.equals(o.labels(), first.labels())) {
                throw new IllegalArgumentException("seeds: two outcomes are not of the same test images");
            }
        }
        return seeds.stream().map(o -> Figures.of(o, positive)).toList();
    }

    /** Figures of the drawn seeds, averaged. */
    static double[] mean(List<Figures> figures, int[] weight, int[] drawn) {
        int[] times = new int[figures.size()];
        for (int s : drawn) {
            times[s]++;
        }
        double[] mean = new double[Figures.NAMES.size()];
        for (int s = 0; s < times.length; s++) {
            if (times[s] > 0) {
                double[] f = figures.get(s).of(weight);
                for (int m = 0; m < mean.length; m++) {
                    mean[m] += f[m] * times[s];
                }
            }
        }
        for (int m = 0; m < mean.length; m++) {
            mean[m] /= drawn.length; // last, so that a mean of shares is never above 1
        }
        return mean;
    }

    static double[] defined(double[] values) {
        return Arrays.stream(values).filter(v -> !Double.isNaN(v)).toArray();
    }
}
