package org.jmoco.train;

import java.util.Locale;
import org.apache.commons.math3.distribution.TDistribution;
import org.apache.commons.math3.stat.descriptive.DescriptiveStatistics;

/**
 * One figure between 0 and 1 (accuracy, F1, AUC) over several seeds.
 *
 * <p>The interval is Student's t interval of the mean on the scale of log-odds: logit(mean) +- t deviation / (sqrt(n) mean (1 -
 * mean)), turned back (the delta method: d logit(p) / dp = 1 / (p (1 - p))). It stays within 0 .. 1 whatever the seeds say, and
 * agrees with the plain t interval to first order where the deviation is small; that one leaves the range easily, since t is 4.3
 * for three seeds. It speaks of the chance of training alone; {@link SeedMetrics} adds that of the test images.
 *
 * @param n         number of seeds
 * @param deviation standard deviation with n - 1; NaN for one seed
 * @param low       lower end of the 95 % interval of the mean; NaN for one seed
 * @param high      upper end
 */
public record SeedSummary(int n, double mean, double deviation, double low, double high) {
    /** @throws IllegalArgumentException if a value does not lie in 0 .. 1 */
    public static SeedSummary of(double... values) {
        for (double v : values) {
            if (!(v >= 0 && v <= 1)) {
                throw new IllegalArgumentException("seed summary: " + v + " does not lie in 0 .. 1");
            }
        }
        DescriptiveStatistics statistics = new DescriptiveStatistics(values);
        double mean = statistics.getMean();
        if (values.length < 2) {
            return new SeedSummary(values.length, mean, Double.NaN, Double.NaN, Double.NaN);
        }
        double deviation = statistics.getStandardDeviation();
        if (deviation == 0) {
            return new SeedSummary(values.length, mean, 0, mean, mean);
        }
        double half = new TDistribution(values.length - 1).inverseCumulativeProbability(0.975)
                * deviation / (Math.sqrt(values.length) * mean * (1 - mean));
        double centre = Math.log(mean / (1 - mean));
        return new SeedSummary(values.length, mean, deviation, 1 / (1 + Math.exp(half - centre)),
                1 / (1 + Math.exp(-half - centre)));
    }

    /** {@code 0.8123 +- 0.0150 [0.7750, 0.8496] n 3}; without deviation and interval for one seed. */
    @Override
    public String toString() {
        return n < 2
                ? String.format(Locale.ROOT, "%.4f n %d", mean, n)
                : String.format(Locale.ROOT, "%.4f +- %.4f [%.4f, %.4f] n %d", mean, deviation, low, high, n);
    }
}
