package org.jmoco.train;

import org.jmoco.augment.ViewRecipe;
import org.jmoco.backend.Backend;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Normalisation;
import org.jmoco.encoder.ResNet18;

/** A trained network that judges labelled images; forward only. */
public final class Classifier {
    private final HeldOut images;

    /**
     * Declares the network, records its program, allocates and loads the weights: the backend serves this classifier alone.
     *
     * @param batch images at a time
     */
    public Classifier(Backend backend, Pretrained trained, ImageSet images, ViewRecipe views, Normalisation normalisation,
            int batch) {
        ResNet18 network = new ResNet18(backend, "q", trained.architecture(1), false);
        FeatureExtractor outputs = new FeatureExtractor(backend, network, FeatureExtractor.Output.PROBABILITIES, batch,
                views.size());
        this.images = new HeldOut("images", images, views, normalisation, outputs);
        backend.allocate();
        network.weights().upload(backend, trained.tensors());
        network.statistics().upload(backend, trained.tensors());
    }

    /** What the network says of the images. */
    public Outcome judge() {
        return images.last();
    }
}
