package org.jmoco.train;

/**
 * Counts of one class against the rest.
 *
 * @param tp of the class and predicted so
 * @param fp predicted so but not of the class
 * @param tn neither
 * @param fn of the class but not predicted so
 */
public record Confusion(long tp, long fp, long tn, long fn) {
    /** {@code weight[i]} images like image i, as a bootstrap resample draws them; null stands for one each. */
    static Confusion count(int positive, int[] labels, int[] predicted, int[] weight) {
        long tp = 0;
        long fp = 0;
        long tn = 0;
        long fn = 0;
        for (int i = 0; i < labels.length; i++) {
            int w = weight == null ? 1 : weight[i];
            if (predicted[i] == positive) {
                if (labels[i] == positive) {
                    tp += w;
                } else {
                    fp += w;
                }
            } else if (labels[i] == positive) {
                fn += w;
            } else {
                tn += w;
            }
        }
        return new Confusion(tp, fp, tn, fn);
    }

    public long positives() {
        return tp + fn;
    }

    public long negatives() {
        return tn + fp;
    }

    /** tp / (tp + fp); 0 if nothing was predicted to be of the class, as scikit-learn counts it. */
    public double precision() {
        return tp + fp == 0 ? 0 : (double) tp / (tp + fp);
    }

    /** tp / (tp + fn); NaN without an image of the class. */
    public double recall() {
        return (double) tp / (tp + fn);
    }

    /** 2 tp / (2 tp + fp + fn), the harmonic mean of precision and recall; NaN where there is neither. */
    public double f1() {
        return 2.0 * tp / (2 * tp + fp + fn);
    }

    /** {@code tp 90 fp 12 tn 86 fn 15}. */
    @Override
    public String toString() {
        return "tp " + tp + " fp " + fp + " tn " + tn + " fn " + fn;
    }
}
