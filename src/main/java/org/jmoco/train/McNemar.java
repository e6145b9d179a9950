package org.jmoco.train;

import org.apache.commons.math3.distribution.BinomialDistribution;

/**
 * Test whether two classifiers are right equally often on the same images (McNemar, Psychometrika 12, 1947). Only images count
 * that one of them gets right and the other wrong; under the hypothesis each is a fair coin, so p comes from the binomial
 * distribution exactly, not from its chi-squared approximation, which is poor for the few images of a small test set.
 *
 * @param onlyFirst  images that the first alone gets right
 * @param onlySecond images that the second alone gets right
 * @param p          two-sided
 */
public record McNemar(int onlyFirst, int onlySecond, double p) {
    public static McNemar test(int[] labels, int[] first, int[] second) {
        int b = 0;
        int c = 0;
        for (int i = 0; i < labels.length; i++) {
            boolean right = first[i] == labels[i];
            boolean otherRight = second[i] == labels[i];
            b += right && !otherRight ? 1 : 0;
            c += otherRight && !right ? 1 : 0;
        }
        return of(b, c);
    }

    /** From the two counts. */
    public static McNemar of(int onlyFirst, int onlySecond) {
        int n = onlyFirst + onlySecond;
        double p = n == 0 ? 1 : Math.min(1,
                2 * new BinomialDistribution(null, n, 0.5).cumulativeProbability(Math.min(onlyFirst, onlySecond)));
        return new McNemar(onlyFirst, onlySecond, p);
    }
}
