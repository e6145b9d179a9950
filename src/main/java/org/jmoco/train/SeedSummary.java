package org.jmoco.train;

import java.util.Locale;
import org.apache.commons.math3.distribution.TDistribution;
import org.apache.commons.math3.stat.descriptive.DescriptiveStatistics;

/**
 * One figure over several seeds.
 *
 * @param n         number of seeds
 * @param deviation standard deviation with n - 1; NaN for one seed
 * @param low       lower end of the 95 % interval of the mean by Student's t; NaN for one seed
 * @param high      upper end
 */
public record SeedSummary(int n, double mean, double deviation, double low, double high) {
    public static SeedSummary of(double... values) {
        DescriptiveStatistics statistics = new DescriptiveStatistics(values);
        double mean = statistics.getMean();
        if (values.length < 2) {
            return new SeedSummary(values.length, mean, Double.NaN, Double.NaN, Double.NaN);
        }
        double deviation = statistics.getStandardDeviation();
        double half = new TDistribution(values.length - 1).inverseCumulativeProbability(0.975)
                * deviation / Math.sqrt(values.length);
        return new SeedSummary(values.length, mean, deviation, mean - half, mean + half);
    }

    /** {@code 0.8123 +- 0.0150 [0.7750, 0.8496] n 3}; without deviation and interval for one seed. */
    @Override
    public String toString() {
        return n < 2
                ? String.format(Locale.ROOT, "%.4f n %d", mean, n)
                : String.format(Locale.ROOT, "%.4f +- %.4f [%.4f, %.4f] n %d", mean, deviation, low, high, n);
    }
}
