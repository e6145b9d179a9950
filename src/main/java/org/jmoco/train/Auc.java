package org.jmoco.train;

import java.util.Comparator;
import java.util.stream.IntStream;
import org.apache.commons.math3.stat.ranking.NaNStrategy;
import org.apache.commons.math3.stat.ranking.NaturalRanking;
import org.apache.commons.math3.stat.ranking.TiesStrategy;

/**
 * Area under the ROC curve as the Mann-Whitney statistic: the share of pairs of a positive and a negative image in which
 * the positive one has the higher score, a tie counting half. Scores are ranked once; each bootstrap resample then takes
 * one pass over the images.
 */
final class Auc {
    /** Images by ascending score. */
    private final int[] order;

    /** By position in {@code order}: the rank of the score, equal for equal scores. */
    private final int[] rank;

    private final boolean[] positive;

    Auc(double[] scores, boolean[] positive) {
        double[] ranks = new NaturalRanking(NaNStrategy.FAILED, TiesStrategy.MINIMUM).rank(scores);
        this.order = IntStream.range(0, scores.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> ranks[i]))
                .mapToInt(Integer::intValue)
                .toArray();
        this.rank = IntStream.of(order).map(i -> (int) ranks[i]).toArray();
        this.positive = positive;
    }

    /** Of {@code weight[i]} images like image i, null standing for one each. NaN if all are positive or all negative. */
    double of(int[] weight) {
        long positives = 0;
        long negatives = 0;
        // Twice the number of pairs in the right order, so that a tie is the integer 1.
        long twicePairs = 0;
        int at = 0;
        while (at < order.length) {
            long tiedPositives = 0;
            long tiedNegatives = 0;
            int r = rank[at];
            for (; at < order.length && rank[at] == r; at++) {
                int w = weight == null ? 1 : weight[order[at]];
                if (positive[order[at]]) {
                    tiedPositives += w;
                } else {
                    tiedNegatives += w;
                }
            }
            twicePairs += tiedPositives * (2 * negatives + tiedNegatives);
            positives += tiedPositives;
            negatives += tiedNegatives;
        }
        return twicePairs / (2.0 * positives * negatives);
    }
}
