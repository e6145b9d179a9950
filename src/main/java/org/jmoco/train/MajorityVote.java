package org.jmoco.train;

/**
 * What several epochs predict together: the class that most of them predict; among classes with equally many votes, the
 * one of the higher mean probability; among those equal too, the lower class. (The published COVID-CT code votes over ten
 * epochs as well but gives a tie of two classes to class 0.)
 */
public final class MajorityVote {
    private final int images;
    private final int classes;
    private final int[] votes;
    private final double[] sums;
    private int epochs;

    public MajorityVote(int images, int classes) {
        this.images = images;
        this.classes = classes;
        this.votes = new int[images * classes];
        this.sums = new double[images * classes];
    }

    /** Adds an epoch's predictions. @param probability images x classes, row-major; not kept */
    public void add(float[] probability) {
        if (probability.length != images * classes) {
            throw new IllegalArgumentException("vote: " + probability.length + " probabilities for " + images
                    + " images and " + classes + " classes");
        }
        for (int i = 0; i < images; i++) {
            int best = 0;
            for (int c = 0; c < classes; c++) {
                float p = probability[i * classes + c];
                sums[i * classes + c] += p;
                if (p > probability[i * classes + best]) {
                    best = c;
                }
            }
            votes[i * classes + best]++;
        }
        epochs++;
    }

    /** Epochs added. */
    public int epochs() {
        return epochs;
    }

    /** The class of each image. */
    public int[] predicted() {
        int[] out = new int[images];
        for (int i = 0; i < images; i++) {
            int best = 0;
            for (int c = 1; c < classes; c++) {
                int a = i * classes + c;
                int b = i * classes + best;
                if (votes[a] > votes[b] || votes[a] == votes[b] && sums[a] > sums[b]) {
                    best = c;
                }
            }
            out[i] = best;
        }
        return out;
    }

    /** Mean over the epochs, images x classes. */
    public double[][] probability() {
        double[][] out = new double[images][classes];
        for (int i = 0; i < images; i++) {
            for (int c = 0; c < classes; c++) {
                out[i][c] = sums[i * classes + c] / epochs;
            }
        }
        return out;
    }

    /** The mean probability of one class, as {@link Metrics#binary} takes it. */
    public double[] probability(int ofClass) {
        double[] out = new double[images];
        for (int i = 0; i < images; i++) {
            out[i] = sums[i * classes + ofClass] / epochs;
        }
        return out;
    }

    /** Votes so far, images x classes, for a checkpoint. */
    public int[] votes() {
        return votes.clone();
    }

    /** Sums of probabilities so far, images x classes, for a checkpoint. */
    public double[] sums() {
        return sums.clone();
    }

    /** Goes on from what a checkpoint holds. */
    public void restore(int epochs, int[] votes, double[] sums) {
        if (votes.length != this.votes.length || sums.length != this.sums.length) {
            throw new IllegalArgumentException("vote: state of " + votes.length + " votes and " + sums.length
                    + " sums, expected " + this.votes.length);
        }
        this.epochs = epochs;
        System.arraycopy(votes, 0, this.votes, 0, votes.length);
        System.arraycopy(sums, 0, this.sums, 0, sums.length);
    }
}
