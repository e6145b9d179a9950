package org.jmoco.train;

import java.util.Arrays;
import java.util.OptionalInt;

/**
 * What a classifier, or a vote of several, says of labelled images.
 *
 * @param labels      class of each image
 * @param predicted   class that is said of each
 * @param probability images x classes
 */
public record Outcome(int[] labels, int[] predicted, double[][] probability) {
    /**
     * What one evaluation says: the class of the largest probability, the first among equals.
     *
     * @param probability N x K, row-major
     */
    static Outcome of(int[] labels, float[] probability, int classes) {
        double[][] p = new double[labels.length][classes];
        int[] predicted = new int[labels.length];
        for (int i = 0; i < labels.length; i++) {
            for (int k = 0; k < classes; k++) {
                p[i][k] = probability[i * classes + k];
                predicted[i] = p[i][k] > p[i][predicted[i]] ? k : predicted[i];
            }
        }
        return new Outcome(labels, predicted, p);
    }

    static Outcome of(int[] labels, MajorityVote vote) {
        return new Outcome(labels, vote.predicted(), vote.probability());
    }

    /** Probability of one class for each image. */
    public double[] scores(int ofClass) {
        double[] out = new double[labels.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = probability[i][ofClass];
        }
        return out;
    }

    /** The class that is said of every image; empty if there are two, or fewer than two images. */
    public OptionalInt onlyClass() {
        return predicted.length > 1 && Arrays.stream(predicted).allMatch(p -> p == predicted[0]) ? OptionalInt.of(predicted[0])
                : OptionalInt.empty();
    }

    /** Part of the images, 0 .. 1, of which the right class is said. */
    public double accuracy() {
        int right = 0;
        for (int i = 0; i < labels.length; i++) {
            right += predicted[i] == labels[i] ? 1 : 0;
        }
        return (double) right / labels.length;
    }

    /** Area under the ROC curve of one class's probability; NaN if all images are of it, or none. */
    public double auc(int positive) {
        boolean[] isPositive = new boolean[labels.length];
        for (int i = 0; i < labels.length; i++) {
            isPositive[i] = labels[i] == positive;
        }
        return new Auc(scores(positive), isPositive).of(null);
    }

    /**
     * All figures with their intervals.
     *
     * @param positive class that they speak of if there are two; -1 for the mean over classes
     */
    public Metrics metrics(int positive, Metrics.Bootstrap bootstrap) {
        return positive >= 0 && probability[0].length == 2
                ? Metrics.binary(positive, labels, predicted, scores(positive), bootstrap)
                : Metrics.multiclass(labels, predicted, probability, bootstrap);
    }
}
