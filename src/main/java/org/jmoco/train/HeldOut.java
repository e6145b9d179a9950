package org.jmoco.train;

import java.util.Map;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.augment.Views;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Normalisation;
import org.jmoco.tensor.HostTensor;
import org.jmoco.tensor.Shape;

/** Images that a network is judged by: what it says of them now, and what the last epochs said together. */
public final class HeldOut {
    private final String name;
    private final ImageSet images; // as evaluation sees them
    private final Normalisation normalisation;
    private final FeatureExtractor classifier;
    private final MajorityVote vote;

    /**
     * @param name       of its state in a checkpoint
     * @param images     as they were read
     * @param classifier gives probabilities; of more outputs than classes the first ones are the classes
     */
    HeldOut(String name, ImageSet images, ViewRecipe views, Normalisation normalisation, FeatureExtractor classifier) {
        this.name = name;
        this.images = Views.evaluation(images, views);
        this.normalisation = normalisation;
        this.classifier = classifier;
        this.vote = new MajorityVote(images.size(), classes());
    }

    private int classes() {
        return images.classNames().size();
    }

    public ImageSet images() {
        return images;
    }

    /** What the network says with its present weights. */
    public Outcome last() {
        return Outcome.of(images.labels(), probability(), classes());
    }

    /** As {@link #last}, and the epoch's vote is counted. */
    Outcome vote() {
        float[] p = probability();
        vote.add(p);
        return Outcome.of(images.labels(), p, classes());
    }

    /** Epochs that have voted. */
    public int votes() {
        return vote.epochs();
    }

    /** What the epochs that voted say together. @throws IllegalStateException if none has */
    public Outcome voted() {
        if (vote.epochs() == 0) {
            throw new IllegalStateException(name + ": no epoch has voted yet");
        }
        return Outcome.of(images.labels(), vote);
    }

    /** N x K, row-major. */
    private float[] probability() {
        HostTensor outputs = classifier.extract(images, normalisation);
        int d = outputs.shape().dim(1);
        float[] p = new float[images.size() * classes()];
        for (int i = 0; i < images.size(); i++) {
            for (int k = 0; k < classes(); k++) {
                p[i * classes() + k] = (float) outputs.get(i * d + k);
            }
        }
        return p;
    }

    void save(Map<String, HostTensor> tensors) {
        Shape shape = Shape.of(images.size(), classes());
        tensors.put(name + ".vote_epochs", HostTensor.of(Shape.SCALAR, new int[] {vote.epochs()}));
        tensors.put(name + ".votes", HostTensor.of(shape, vote.votes()));
        tensors.put(name + ".vote_sums", HostTensor.of(shape, vote.sums()));
    }

    void load(Map<String, HostTensor> tensors) {
        vote.restore((int) tensors.get(name + ".vote_epochs").get(0), tensors.get(name + ".votes").ints(),
                tensors.get(name + ".vote_sums").doubles());
    }

    /** What {@link #save} writes. */
    void shapes(Map<String, Shape> all) {
        Shape shape = Shape.of(images.size(), classes());
        all.put(name + ".vote_epochs", Shape.SCALAR);
        all.put(name + ".votes", shape);
        all.put(name + ".vote_sums", shape);
    }
}
