package org.jmoco.train;

import org.jmoco.augment.ViewLoader;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.augment.Views;
import org.jmoco.backend.Backend;
import org.jmoco.data.ImageSet;
import org.jmoco.data.Normalisation;
import org.jmoco.tensor.UserError;

/**
 * The images of a run and where their views are made: by threads of the host, which upload each batch, or by the device, which
 * holds them all. Order and views are functions of the seed, the epoch and the image, wherever they are made.
 */
final class TrainingImages {
    private final ImageSet set; // resized as the recipe asks
    private final ViewRecipe views;
    private final Normalisation normalisation;
    private final ViewLoader.Options loading;
    private final DeviceFeed device; // null if the host makes the views
    private final int lossEvery;

    /** @throws UserError if there are fewer images than one batch takes, or the device is to make views and cannot */
    TrainingImages(Backend backend, ImageSet given, ViewRecipe views, Normalisation normalisation, ViewLoader.Options loading,
            FeedOptions feeding) {
        if (given.size() < loading.batch()) {
            throw UserError.usage("--batch " + loading.batch() + " is larger than the " + given.size() + " images of "
                    + given.name() + ". Lower --batch.");
        }
        this.set = Views.prepare(given, views);
        this.views = views;
        this.normalisation = normalisation;
        this.loading = loading;
        device = feeding.onDevice(backend) ? new DeviceFeed(backend, set, views, normalisation, loading) : null;
        lossEvery = feeding.lossEvery();
    }

    /** Resized as the recipe asks. */
    ImageSet set() {
        return set;
    }

    /** Null if the host makes the views. */
    DeviceFeed device() {
        return device;
    }

    /** Images of a step. */
    int batch() {
        return loading.batch();
    }

    /** Whole batches of an epoch. */
    int steps() {
        return ViewLoader.steps(set.size(), loading);
    }

    /** In words: who makes the views. */
    String feeding() {
        return device == null ? "views by threads of the host" : device.describe(lossEvery);
    }

    /** The steps from where the run stands, on two views of each image. @param firstStep the next of the epoch */
    Batches pairs(int epoch, int firstStep, Batches.Step step) {
        return device == null
                ? new Batches.OnHost(ViewLoader.pairs(set, views, normalisation, loading, epoch, firstStep), step)
                : new Batches.OnDevice(device, lossEvery, epoch, firstStep, step);
    }

    /** The same on one view of each. */
    Batches singles(int epoch, int firstStep, Batches.Step step) {
        return device == null
                ? new Batches.OnHost(ViewLoader.single(set, views, normalisation, loading, epoch, firstStep), step)
                : new Batches.OnDevice(device, lossEvery, epoch, firstStep, step);
    }
}
