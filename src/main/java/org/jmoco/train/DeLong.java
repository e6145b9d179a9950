package org.jmoco.train;

import java.util.Arrays;
import java.util.List;
import org.apache.commons.math3.distribution.NormalDistribution;
import org.apache.commons.math3.stat.StatUtils;
import org.apache.commons.math3.stat.ranking.NaNStrategy;
import org.apache.commons.math3.stat.ranking.NaturalRanking;
import org.apache.commons.math3.stat.ranking.TiesStrategy;

/**
 * Test for the difference of two areas under ROC curves on the same images (DeLong, DeLong, Clarke-Pearson, "Comparing the areas
 * under two or more correlated receiver operating characteristic curves: a nonparametric approach", Biometrics 44, 1988).
 *
 * <p>A row is one scoring of the images, or several (seeds); of several, the mean of their areas is tested: each area is a mean
 * of comparisons of a positive with a negative image, so the mean of areas has the mean of their structural components. The test
 * then speaks of these trained networks on other images, not of other seeds.
 *
 * @param difference of the mean areas, first minus second
 * @param error      its standard error
 * @param z          difference / error; 0 if both are 0
 * @param p          two-sided, by the normal distribution
 * @param low        lower end of the 95 % interval of the difference, not below -1
 * @param high       upper end, not above 1
 */
public record DeLong(double difference, double error, double z, double p, double low, double high) {
    /** Components by midranks, as Sun and Xu (IEEE Signal Processing Letters 21, 2014) compute them: n log n instead of m n. */
    private record Components(double[] ofPositives, double[] ofNegatives) {
        static Components of(boolean[] positive, double[] scores) {
            int[] p = indices(positive, true);
            int[] n = indices(positive, false);
            double[] among = ranks(scores);
            double[] amongP = ranks(pick(scores, p));
            double[] amongN = ranks(pick(scores, n));
            double[] v10 = new double[p.length];
            double[] v01 = new double[n.length];
            for (int i = 0; i < p.length; i++) {
                v10[i] = (among[p[i]] - amongP[i]) / n.length; // share of the negatives below this positive
            }
            for (int j = 0; j < n.length; j++) {
                v01[j] = 1 - (among[n[j]] - amongN[j]) / p.length; // share of the positives above this negative
            }
            return new Components(v10, v01);
        }

        private static double[] ranks(double[] values) {
            return new NaturalRanking(NaNStrategy.FAILED, TiesStrategy.AVERAGE).rank(values);
        }

        private static int[] indices(boolean[] positive, boolean wanted) {
            return java.util.stream.IntStream.range(0, positive.length).filter(i -> positive[i] == wanted).toArray();
        }

        private static double[] pick(double[] values, int[] indices) {
            return Arrays.stream(indices).mapToDouble(i -> values[i]).toArray();
        }
    }

    /**
     * @param positive of each image
     * @param a        scorings of the first row, higher for positive images
     * @param b        of the second
     * @throws IllegalArgumentException unless there are two images of each kind
     */
    public static DeLong test(boolean[] positive, List<double[]> a, List<double[]> b) {
        long positives = java.util.stream.IntStream.range(0, positive.length).filter(i -> positive[i]).count();
        if (positives < 2 || positive.length - positives < 2) {
            throw new IllegalArgumentException("DeLong's test needs two positive and two negative images");
        }
        Components first = mean(positive, a);
        Components second = mean(positive, b);
        double[] d10 = minus(first.ofPositives, second.ofPositives);
        double[] d01 = minus(first.ofNegatives, second.ofNegatives);
        double difference = StatUtils.mean(d10);
        double error = Math.sqrt(StatUtils.variance(d10) / d10.length + StatUtils.variance(d01) / d01.length);
        double z = difference == 0 ? 0 : difference / error;
        NormalDistribution normal = new NormalDistribution();
        double half = normal.inverseCumulativeProbability(0.975) * error;
        return new DeLong(difference, error, z, 2 * normal.cumulativeProbability(-Math.abs(z)), Math.max(-1, difference - half),
                Math.min(1, difference + half));
    }

    private static Components mean(boolean[] positive, List<double[]> scorings) {
        List<Components> all = scorings.stream().map(s -> Components.of(positive, s)).toList();
        return new Components(mean(all.stream().map(Components::ofPositives).toList()),
                mean(all.stream().map(Components::ofNegatives).toList()));
    }

    private static double[] mean(List<double[]> vectors) {
        double[] out = new double[vectors.getFirst().length];
        for (double[] v : vectors) {
            for (int i = 0; i < out.length; i++) {
                out[i] += v[i] / vectors.size();
            }
        }
        return out;
    }

    private static double[] minus(double[] x, double[] y) {
        double[] out = new double[x.length];
        Arrays.setAll(out, i -> x[i] - y[i]);
        return out;
    }
}
