package org.jmoco.train;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jmoco.augment.ViewRecipe;
import org.jmoco.data.Normalisation;
import org.jmoco.encoder.ResNet18;
import org.jmoco.moco.MocoConfig;
import org.jmoco.tensor.UserError;

/**
 * A pretraining run.
 *
 * @param moco         the step
 * @param seed         of weights, queue, order, shuffling and views
 * @param views        how the two views of an image are made; its size is the step's
 * @param knnEvery     epochs between two measurements by the kNN monitor; it measures after the last one anyway
 */
public record PretrainConfig(MocoConfig moco, int epochs, LearningRate learningRate, long seed, ViewRecipe views,
        Normalisation normalisation, int knnEvery) {
    public PretrainConfig {
        if (epochs < 1) {
            throw UserError.usage("--epochs " + epochs + " must be at least 1.");
        }
        if (knnEvery < 1) {
            throw UserError.usage("--knn-every " + knnEvery + " must be at least 1.");
        }
        if (views.size() != moco.image()) {
            throw new IllegalArgumentException("pretrain: views of " + views.size() + " pixels for a step of " + moco.image());
        }
    }

    /** Everything here that decides the result, as options. */
    public Map<String, String> identity() {
        Map<String, String> id = new LinkedHashMap<>();
        ResNet18.Config e = moco.encoder();
        id.put("--stem", e.stem().name());
        id.put("--width", Integer.toString(e.width()));
        id.put("--dim", Integer.toString(e.dim()));
        if (e.mlp()) {
            id.put("--mlp", "true");
        }
        id.put("--splits", Integer.toString(e.splits()));
        id.put("--image", Integer.toString(moco.image()));
        id.put("--batch", Integer.toString(moco.batch()));
        id.put("--queue", Integer.toString(moco.queue()));
        id.put("--momentum", Double.toString(moco.m()));
        id.put("--temperature", Double.toString(moco.temperature()));
        id.put("--symmetric", Boolean.toString(moco.symmetric()));
        id.put("--seed", Long.toString(seed));
        id.put("--lr and --schedule", learningRate.identity(epochs));
        id.put("--sgd-momentum", Double.toString(moco.sgdMomentum()));
        id.put("--weight-decay", Double.toString(moco.weightDecay()));
        id.put("views", views.toString());
        id.put("normalisation", normalisation.toString());
        return id;
    }
}
