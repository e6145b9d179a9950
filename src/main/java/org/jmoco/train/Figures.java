package org.jmoco.train;

import java.util.ArrayList;
import java.util.List;

/**
 * The figures of one classifier on one test set, prepared so that each resample of the images costs a pass over them. What they
 * mean stands at {@link Metrics}.
 */
final class Figures {
    /** In the order of {@link #of}. */
    static final List<String> NAMES = List.of("accuracy", "precision", "recall", "F1", "AUC");

    private final int[] classes;
    private final int[] labels;
    private final int[] predicted;
    private final List<Auc> aucs;

    /**
     * @param classes that precision, recall, F1 and AUC speak of, as a mean over them
     * @param aucs    one for each of these
     */
    Figures(int[] classes, int[] labels, int[] predicted, List<Auc> aucs) {
        this.classes = classes;
        this.labels = labels;
        this.predicted = predicted;
        this.aucs = aucs;
    }

    /** @param positive class that they speak of if there are two; otherwise the mean over all classes is taken */
    static Figures of(Outcome o, int positive) {
        int k = o.probability()[0].length;
        int[] classes = positive >= 0 && k == 2 ? new int[] {positive} : new int[k];
        List<Auc> aucs = new ArrayList<>();
        for (int c = 0; c < classes.length; c++) {
            classes[c] = classes.length == 1 ? positive : c;
            aucs.add(auc(classes[c], o.labels(), o.scores(classes[c])));
        }
        return new Figures(classes, o.labels(), o.predicted(), aucs);
    }

    static Auc auc(int positive, int[] labels, double[] score) {
        boolean[] isPositive = new boolean[labels.length];
        for (int i = 0; i < labels.length; i++) {
            isPositive[i] = labels[i] == positive;
        }
        return new Auc(score, isPositive);
    }

    int images() {
        return labels.length;
    }

    /** All figures of one sample, NaN where it does not define them. @param weight how often each image is in it; null: once */
    double[] of(int[] weight) {
        double[] sums = new double[NAMES.size()];
        int withPositives = 0;
        int withBoth = 0;
        for (int c = 0; c < classes.length; c++) {
            Confusion counts = Confusion.count(classes[c], labels, predicted, weight);
            if (counts.positives() > 0) {
                withPositives++;
                sums[1] += counts.precision();
                sums[2] += counts.recall();
                sums[3] += counts.f1();
                if (counts.negatives() > 0) {
                    withBoth++;
                    sums[4] += aucs.get(c).of(weight);
                }
            }
        }
        sums[0] = accuracy(weight);
        for (int m = 1; m < 4; m++) {
            sums[m] /= withPositives;
        }
        sums[4] /= withBoth;
        return sums;
    }

    private double accuracy(int[] weight) {
        long right = 0;
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] == predicted[i]) {
                right += weight == null ? 1 : weight[i];
            }
        }
        return (double) right / labels.length;
    }
}
